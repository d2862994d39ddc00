"""Looking is not influencing: attention of the last layer beside masking, on a text where they disagree."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import note, row_of_words, sentence, table
from heta_core.views import words

if TYPE_CHECKING:
    import numpy as np

    from heta_core.attribution import Attribution
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
# What is held against masking → how it is called here.
RIVALS = (
    ("last_attention", "Attention, last layer"),
    ("attention_rollout", "Rollout, all layers"),
    ("transition", "HETA's gate M"),
)
PER_SKILL, SEED = 8, 1  # held-out questions
_LEAST_SHOWN = 0.005  # of a share or in nats; less has no shade to speak of


def measure(lm: "LanguageModel") -> Data:
    """Both texts word by word, and how often looking and masking disagree."""
    found = typical(lm, PER_SKILL)
    return {"texts": [of_text(lm, *text) for text in TEXTS], "typical": summed_up(found)}


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
        "attention": strip.numbers(scores(lm, result, "last_attention")),
        "kl": strip.numbers(result.information.kl),
        "chances": asking.chances(result.prediction),
        "without": [asking.chances(said)[:6] for said in asking.without_each(lm, result)],
    }


def typical(lm: "LanguageModel", per_skill: int) -> dict[str, list[tuple[bool, bool, float]]]:
    """Rival → for each held-out question: is its highest word the KL's, does masking it change the answer, Spearman.

    The start mark and the last token, which every text has, do not compete.
    """
    from heta_core.littletown.lessons import SKILLS, held_out
    from heta_core.teaching import asking

    found: dict[str, list[tuple[bool, bool, float]]] = {name: [] for name, _ in RIVALS}
    for skill in SKILLS:
        for instance in list(held_out(skill, PER_SKILL, SEED))[:per_skill]:
            result = asking.looked(lm, instance.prompt)
            for name, _ in RIVALS:
                found[name].append(compared(result, scores(lm, result, name)))
    return found


def scores(lm: "LanguageModel", result: "Attribution", name: str) -> "np.ndarray[Any, Any]":
    """(T,) of a method, or of M, which is there already."""
    from heta_core.groups import singles
    from heta_core.methods import Asked, named

    if name == "transition":
        assert result.transition is not None
        return result.transition.scores
    asked = Asked(lm, result.tokens, result.target, singles(result.n_context), result.settings)
    *_, (_, found) = named(name).score(asked, 0)
    assert found is not None
    return found


def compared(result: "Attribution", values: "np.ndarray[Any, Any]") -> tuple[bool, bool, float]:
    """One question of `typical`."""
    from heta_core.agreement import spearman

    assert result.information is not None
    competing = slice(1, result.n_context - 1)
    kl = result.information.kl[competing]
    top = int(values[competing].argmax())
    is_changed = result.information.first_choices[1 + top].token_id != result.target.token_id
    return top == int(kl.argmax()), is_changed, spearman(values[competing], kl) or 0.0


def summed_up(found: Mapping[str, list[tuple[bool, bool, float]]]) -> Data:
    """Shares and means over the questions."""
    rows = []
    for name, title in RIVALS:
        same, changed, correlations = zip(*found[name], strict=True)
        n = len(same)
        rows.append(
            {
                "title": title,
                "differs": round(1 - sum(same) / n, 4),
                "unchanged": round(1 - sum(changed) / n, 4),
                "spearman": round(sum(correlations) / n, 3),
            }
        )
    return {"n": n, "rows": rows}


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    text, other = data["texts"]
    answer, rival = text["answer"], text["rival"]
    asked = len(text["labels"]) - 1 - text["labels"][::-1].index("Mary")
    attention = data["typical"]["rows"][0]
    return {
        "rival": text["labels"][rival],
        "answer": text["labels"][answer],
        "look_rival": words.percent(text["attention"][rival], 0),
        "look_answer": words.percent(text["attention"][answer], 0),
        "look_asked": words.percent(text["attention"][asked], 0),
        "kl_rival": words.number(text["kl"][rival]),
        "kl_answer": words.number(text["kl"][answer]),
        "turned": text["without"][answer][0]["label"],
        "first": text["without"][1][0]["label"],
        "look_first": words.percent(text["attention"][1], 0),
        "kl_first": words.number(text["kl"][1]),
        "other": other["labels"][other["answer"]],
        "look_other": words.percent(other["attention"][other["answer"]], 0),
        "kl_other": words.number(other["kl"][other["answer"]]),
        "n": str(data["typical"]["n"]),
        "differs": words.percent(attention["differs"], 0),
        "unchanged": words.percent(attention["unchanged"], 0),
        "spearman": words.number(attention["spearman"], 2),
    }


def still(data: Data) -> str:
    """The first text in both colourings, and how typical it is."""
    text, typical_ = data["texts"][0], data["typical"]
    drawn = [sentence(text["text"])]
    for title, values, written in (
        ("Where the last layer looks (share of its attention)", text["attention"], lambda v: words.percent(v, 0)),
        ("What the answer needs (KL in nats when masked)", text["kl"], words.number),
    ):
        numbers = [written(v) if v >= _LEAST_SHOWN else "" for v in values]
        drawn += [note(title), row_of_words(text["parts"], numbers, [v / max(values) for v in values])]
    rows = [
        (r["title"], words.percent(r["differs"], 0), words.percent(r["unchanged"], 0), words.number(r["spearman"], 2))
        for r in typical_["rows"]
    ]
    head = ("", "highest word is not the KL's", "masking it keeps the answer", "Spearman with KL")
    return "".join([*drawn, note(f"Over {typical_['n']} held-out questions:"), table(head, rows)])


LESSON = Lesson(
    name="looking",
    number=2,
    title="Looking is not influencing",
    idea=(
        "[[attention|Attention]] is where a model looks. A map of the last [[layer|layer]] is easy to draw, and it is "
        "tempting to read it as a reason: what is looked at must matter.",
        "[[mask|Masking]] asks the other way round: take one word away and see what the model says then. How far the "
        "whole [[prediction|prediction]] moves is the [[kl|KL]], in [[nats|nats]].",
        "In this text the last layer gives “{rival}” {look_rival} of its attention, and without it nothing changes. "
        "“{answer}” gets {look_answer}, and without it the model says “{turned}”.",
    ),
    look="Press a word to mask it and watch the bars. Then change the colouring.",
    question="How can a word that the last layer does not look at decide the answer?",
    answer="Its meaning has moved. By then the question's “Mary” holds it, and there the last layer does look "
    "({look_asked}). Give that one place what it holds when the two places of the text are swapped, and the answer "
    "swaps. Who looks at a place late reads what was brought there, not only the word that stands there.",
    exercises=(
        Exercise(
            "Mask the first “Mary”. The last layer gives it {look_first} of its attention.",
            "It decides as well (KL {kl_first} nats): without it the model says “{first}”. Nothing else tells who went "
            "to the {answer}.",
        ),
        Exercise(
            "Open the text on Explore and write “hotel” instead of “office”. Does the KL of the new word grow?",
            "No. Whatever the other place is called, masking it moves nothing, and the model says “{answer}”.",
            TEXTS[0][1],
        ),
        Exercise(
            "Choose “Who is in the school?”. Do the two colourings agree there?",
            "They do: “{other}” gets {look_other} of the attention and a KL of {kl_other} nats. Looking can go with "
            "influence. It is no proof of it.",
        ),
        Exercise(
            "Choose “{n} questions”. Does attention say nothing at all?",
            "It says something: the orders agree a little (Spearman {spearman}). Yet in {differs} the word that is "
            "looked at most is not the one whose masking moves the prediction most, and in {unchanged} masking it does "
            "not change the answer.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
)
