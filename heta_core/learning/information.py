"""How far one word moves the prediction: the KL under masking, read as the sum that it is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import bars, note, row_of_words, sentence, table
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

# Title → text. Of the second nothing says where Kate is, so that the model is in doubt.
TEXTS = (
    ("It is sure", "Kate went to the garden. Noah went to the kitchen. Question: Where is Kate? Answer:"),
    ("It is in doubt", "Anna ran to the museum. Tom ran to the park. Question: Where is Kate? Answer:"),
)
OPENS_WITH = 1  # the token that is masked first: the name that the sure text begins with


def measure(lm: "LanguageModel") -> Data:
    """The prepared texts with each of their tokens masked."""
    from heta_core.teaching.terms import masked_one_by_one

    return {"opens": OPENS_WITH, "texts": [{"title": title} | masked_one_by_one(lm, text) for title, text in TEXTS]}


def reply(lm: "LanguageModel", event: Mapping[str, object]) -> Data:
    """The same of the reader's own text."""
    from heta_core.teaching import asking
    from heta_core.teaching.terms import masked_one_by_one

    text = asking.text_of(lm, event)
    return masked_one_by_one(lm, text) | {"strangers": asking.strangers(text)}


def masked(text: Data, label: str, nth: int = 0) -> Data:
    """What masking the nth token of this label does."""
    places = [i for i, found in enumerate(text["labels"]) if found == label]
    found: Data = text["masked"][places[nth]]
    return found


def token(found: Data, label: str) -> Data:
    """One of the next tokens."""
    return next(t for t in found["tokens"] if t["label"] == label)


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    sure, doubt = data["texts"]
    name, asked, place, rival = (masked(sure, *which) for which in (("Kate",), ("Kate", 1), ("garden",), ("kitchen",)))
    spread = max(asked["tokens"], key=lambda t: float(t["q"]))
    return {
        "answer": sure["answer"],
        "kl": words.number(name["kl"]),
        "once_in": words.number(float(f"{1 / token(name, sure['answer'])['q']:.2g}")),
        "kl_place": words.number(place["kl"]),
        "kl_rival": words.number(rival["kl"]),
        "kl_asked": words.number(asked["kl"]),
        "spread": spread["label"],
        "p_spread": words.percent(spread["q"]),
        "kl_where": words.number(masked(sure, "Where")["kl"]),
        "kl_end": words.number(masked(sure, ":", 1)["kl"]),
        "kl_park": words.number(masked(doubt, "park")["kl"]),
        "negative": words.number(token(masked(doubt, "park"), "museum")["term"], 3),
    }


def still(data: Data) -> str:
    """The sure text with every KL, and one of the sums."""
    sure, doubt = data["texts"]
    numbers = [one["kl"] for one in sure["masked"]]
    name, place = masked(sure, "Kate"), masked(doubt, "park")
    return "".join(
        (
            row_of_words(sure["parts"], [f"{kl:.2f}" for kl in numbers], [kl / max(numbers) for kl in numbers]),
            note("Below each word its KL in nats. With the whole text, and with the first “Kate” masked:"),
            bars([{"label": t["label"], "p": t["p"]} for t in sure["whole"]["tokens"][:2]]),
            bars([{"label": t["label"], "p": t["q"]} for t in sorted(name["tokens"], key=lambda t: -t["q"])[:3]]),
            sentence(doubt["text"]),
            note("“park” masked: p with the whole text, q without the word."),
            _sum(place),
        )
    )


def _sum(found: Data) -> str:
    """The largest terms, the rest, and the KL that they add up to."""
    largest = sorted(found["tokens"], key=lambda t: -abs(t["term"]))[:3]
    rest = found["kl"] - sum(t["term"] for t in largest)
    rows = [(words.quoted(t["label"]), f"{t['p']:.4f}", f"{t['q']:.2g}", words.number(t["term"], 3)) for t in largest]
    rows += [("all other tokens", "", "", words.number(rest, 3)), ("<b>KL, nats</b>", "", "", f"{found['kl']:.3f}")]
    return table(("next token", "p", "q", "p · ln(p / q)"), rows)


LESSON = Lesson(
    name="information",
    number=6,
    title="Information: take a word away",
    idea=(
        "[[mask|Mask]] one word: its [[embedding|embedding]] is set to zero, all else stays. Ask again. If the "
        "[[prediction|prediction]] stays as it was, the model can do without that word while all others are there.",
        "How far the prediction moves is one number, the [[kl|KL]], in [[nats|nats]]. For every possible next "
        "[[token|token]] take p · ln(p / q), with p from the whole text and q without the word, and add them all up.",
        "A model that was nearly certain leaves one term that counts: that of its old answer. {kl} nats without the "
        "first “Kate” mean that “{answer}” is left with one chance in about {once_in}.",
    ),
    look="Press a word to mask it. Press it again to put it back.",
    question="Without the first “Kate” the model says “kitchen”. How far, then, does the prediction move when "
    "“kitchen” itself is masked? Guess before you press.",
    answer="Hardly at all: {kl_rival} nats. While Kate's own sentence is there, the other place is not needed. The "
    "word that takes over is not the word that the answer hung on: “Kate” has {kl}, and “garden” {kl_place}.",
    exercises=(
        Exercise(
            "Choose the text in doubt and mask “park”. One term of the sum is below zero. Can a whole KL be?",
            "No. “museum” has {negative}: it becomes likelier, so ln(p / q) is below zero. But it counts with its "
            "small p, and “park”, which loses, with its large one. The sum, here {kl_park}, is never below zero.",
        ),
        Exercise(
            "In the sure text compare the two “Kate”. Does a smaller KL mean that the answer stays?",
            "No. Masking the “Kate” of the question gives {kl_asked} instead of {kl}, and “{answer}” is gone all the "
            "same: many places share its chance, “{spread}” first with {p_spread}. What counts is how unlikely the old "
            "answer became, not what came instead.",
        ),
        Exercise(
            "Which word of the sure text has the highest KL? Is it evidence?",
            "“Where”, with {kl_where}; the last “:” has {kl_end}. Without either the model says “Kate”: the question "
            "is broken. The KL says how far the prediction moved, not why.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    reply=reply,
)
