"""Looking is not influencing: attention of the last layer beside masking, on a text where they disagree."""

from functools import partial
from typing import TYPE_CHECKING

from heta_core.learning import _rivals as rivals
from heta_core.learning._looking_on_paper import still
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

# What is pressed → the text, the word that tells the answer, and the one of the same kind beside it.
TEXTS = (
    (
        "Where is Mary?",
        "Mary went to the museum. Anna went to the office. Question: Where is Mary? Answer:",
        ("museum", "office"),
    ),
    (
        "Who is in the school?",
        "Alice went to the forest. Kate went to the school. Question: Who is in the school? Answer:",
        ("Kate", "Alice"),
    ),
)
_LEAST_SHOWN = 0.005  # of a share or in nats; less has no shade to speak of


def measure(lm: "LanguageModel") -> Data:
    """Both texts word by word, the first with other places, and how often looking and masking disagree."""
    return {
        "texts": [of_text(lm, *text) for text in TEXTS],
        "places": elsewhere(lm),
        "typical": rivals.summed_up(rivals.typical(lm, rivals.PER_SKILL)),
    }


def of_text(lm: "LanguageModel", title: str, text: str, places: tuple[str, str]) -> Data:
    """Where the last layer looks, and what happens without each word. Two forward passes for each token."""
    from heta_core.teaching import asking
    from heta_core.views import strip

    result = asking.looked(lm, text)
    n = result.n_context
    labels = strip.labels(result.tokens)[:n]
    assert result.information is not None
    return {
        "title": title,
        "text": text,
        "parts": strip.token_parts(result.tokens)[:n],
        "labels": labels,
        "answer": labels.index(places[0]),
        "rival": labels.index(places[1]),
        "said": words.label(result.target.text),
        "attention": strip.numbers(rivals.scores(lm, result, "last_attention")),
        "kl": strip.numbers(result.information.kl),
        "chances": asking.chances(result.prediction),
        "without": [asking.chances(said)[:6] for said in asking.without_each(lm, result)],
    }


def elsewhere(lm: "LanguageModel") -> list[Data]:
    """The first text with each other place of the town as the rival: how it is looked at, and what masking it does."""
    from heta_core.littletown.words import PLACES
    from heta_core.teaching import asking
    from heta_core.views import strip

    _, text, (answer, rival) = TEXTS[0]
    found = []
    for place in PLACES:
        if place in (answer, rival):
            continue
        result = asking.looked(lm, text.replace(rival, place))
        at = result.tokens.pieces.index(f" {place}")
        assert result.information is not None
        found.append(
            {
                "place": place,
                "said": words.label(result.target.text),
                "attention": strip.short(rivals.scores(lm, result, "last_attention")[at]),
                "kl": strip.short(result.information.kl[at]),
                "without": words.label(result.information.first_choices[at].piece),
            }
        )
    return found


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    text, other = data["texts"]
    answer, rival = text["answer"], text["rival"]
    asked = len(text["labels"]) - 1 - text["labels"][::-1].index("Mary")
    mark, stop = other["labels"].index("?"), other["answer"] + other["labels"][other["answer"] :].index(".")
    attention = data["typical"]["rows"][0]
    return {
        "rival": text["labels"][rival],
        "answer": text["labels"][answer],
        "look_rival": words.percent(text["attention"][rival], 0),
        "look_answer": words.percent(text["attention"][answer], 0),
        "look_asked": words.percent(text["attention"][asked], 0),
        "turned": text["without"][answer][0]["label"],
        "first": text["without"][1][0]["label"],
        "look_first": words.percent(text["attention"][1], 0),
        "kl_first": words.number(text["kl"][1]),
        "other": other["labels"][other["answer"]],
        "look_other": words.percent(other["attention"][other["answer"]], 0),
        "kl_other": words.number(other["kl"][other["answer"]]),
        "look_mark": words.percent(other["attention"][mark], 0),
        "kl_mark": words.number(other["kl"][mark]),
        "look_stop": words.percent(other["attention"][stop], 0),
        "kl_stop": words.number(other["kl"][stop]),
        "turned_stop": other["without"][stop][0]["label"],
        "n_places": str(len(data["places"])),
        "kl_places": words.number(max(each["kl"] for each in data["places"])),
        "n": str(data["typical"]["n"]),
        "differs": words.percent(attention["differs"], 0),
        "unchanged": words.percent(attention["unchanged"], 0),
        "spearman": words.number(attention["spearman"], 2),
    }


LESSON = Lesson(
    name="looking",
    number=2,
    title="Looking is not influencing",
    idea=(
        "[[attention|Attention]] is where a model looks. In the last [[layer|layer]] it is easy to draw: from the last "
        "[[token|token]], the mean of all [[head|heads]]. It is tempting to read it as a reason: what is looked at "
        "must matter.",
        "[[mask|Masking]] asks the other way round: take one word away and see what the model says then. How far the "
        "whole [[prediction|prediction]] moves is the [[kl|KL]], in [[nats|nats]]. [[heta|HETA]], the method of this "
        "app, uses it as well: its score, in lessons 4 to 7, is made of a flow M, a curvature S and this KL, called I.",
        "In this text the last layer gives “{rival}” {look_rival} of its attention, and without it nothing changes. "
        "“{answer}” gets {look_answer}, and without it the model says “{turned}”.",
    ),
    look="Press a word to mask it and watch the bars. Then change the colouring.",
    question="How can a word that the last layer does not look at decide the answer?",
    answer="Its meaning has moved. By then the question's “Mary” holds it, and there the last layer does look "
    "({look_asked}). Swap “{answer}” and “{rival}” in the text, and copy what that “Mary” then holds into the original "
    "run: the answer swaps too. A late layer reads what earlier layers have written at a place, not only its word.",
    exercises=(
        Exercise(
            "Mask the first “Mary”. The last layer gives it {look_first} of its attention.",
            "It decides as well (KL {kl_first} nats): without it the model says “{first}”. Nothing else tells who went "
            "to the {answer}.",
        ),
        Exercise(
            "Open the text on Explore and write “hotel” instead of “office”. Does the KL of the new word grow?",
            "No. We tried all {n_places} other places of the town: the KL of each is {kl_places} nats, and the model "
            "says “{answer}”.",
            TEXTS[0][1],
        ),
        Exercise(
            "Choose “Who is in the school?”. Do the two colourings agree there?",
            "In their highest word: “{other}” gets {look_other} of the attention and a KL of {kl_other} nats. Not in "
            "the others: “?” gets {look_mark}, and masking it moves nothing (KL {kl_mark}); the “.” of the same "
            "sentence gets {look_stop}, and without it the model says “{turned_stop}” (KL {kl_stop}). Looking can go "
            "with influence. It is no proof of it.",
        ),
        Exercise(
            "Choose “{n} questions”. Does attention say nothing at all?",
            "It says something: the two orders agree a little ([[spearman|Spearman]] {spearman}, where 1 is the same "
            "order and 0 is chance). Yet in {differs} the word that is looked at most is not the one whose masking "
            "moves the prediction most, and in {unchanged} masking it does not change the answer.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    solved=partial(still, is_solved=True),
)
