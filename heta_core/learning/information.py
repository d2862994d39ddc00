"""How far one word moves the prediction: the KL under masking, read as the sum that it is."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from heta_core.teaching import charts
from heta_core.teaching.charts import Bar
from heta_core.teaching.contract import Data, Exercise, Lesson, Limits
from heta_core.teaching.drawing import Writer, found, note, row_of_words, sentence, table
from heta_core.teaching.ink import Fill
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

# Title → text. Of the second nothing says where Kate is, so that the model is in doubt.
TEXTS = (
    ("It is sure", "Kate went to the garden. Noah went to the kitchen. Question: Where is Kate? Answer:"),
    ("It is in doubt", "Anna ran to the museum. Tom ran to the park. Question: Where is Kate? Answer:"),
)
SMALLEST = 1e-3  # of a chance that is written in full
OPENS_WITH = 1  # the token that is masked first: the name that the sure text begins with


def measure(lm: "LanguageModel") -> Data:
    """The prepared texts with each of their tokens masked."""
    from heta_core.teaching.terms import masked_one_by_one

    return {"opens": OPENS_WITH, "texts": [{"title": title} | masked_one_by_one(lm, text) for title, text in TEXTS]}


def reply(lm: "LanguageModel", event: Mapping[str, object], limits: Limits = Limits()) -> Data:
    """The same of the reader's own text."""
    from heta_core.teaching import asking
    from heta_core.teaching.terms import masked_one_by_one

    text = asking.text_of(event)
    return masked_one_by_one(lm, text, limits) | {"strangers": asking.strangers(text)}


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


def still(data: Data, *, is_solved: bool = False) -> str:
    """The sure text with every KL, what one of them moves, and one of the sums."""
    (sure, doubt), write = data["texts"], found(is_solved=is_solved)
    kls = [one["kl"] for one in sure["masked"]]
    first = data["opens"]  # whose KL the idea tells of
    numbers = [str(f"{kl:.2f}") if k == first else write(f"{kl:.2f}") for k, kl in enumerate(kls)]
    return "".join(
        (
            row_of_words(sure["parts"], numbers, [kl / max(kls) for kl in kls]),
            note("Below each word its KL in nats. What follows, with and without the first “Kate”:"),
            _moved(sure["masked"][first]["tokens"]),
            sentence(doubt["text"]),
            note("“park” masked: p with the whole text, q without the word."),
            _sum(masked(doubt, "park"), write),
        )
    )


def _moved(tokens: Sequence[Data]) -> str:
    """Both predictions, one below the other for each of the likeliest next tokens."""
    shown = sorted(tokens, key=lambda t: -max(t["p"], t["q"]))[:3]
    rows = [
        (
            words.quoted(t["label"]),
            [Bar(((t["p"], "light"),), words.percent(t["p"])), Bar(((t["q"], "hatched"),), words.percent(t["q"]))],
        )
        for t in shown
    ]
    key: list[tuple[Fill, str]] = [("light", "p, with the whole text"), ("hatched", "q, without the first “Kate”")]
    return charts.bars("The next token with the whole text and without the first “Kate”", rows, key, full=1)


def _chance(value: float) -> str:
    return f"{value:.4f}" if value >= SMALLEST else charts.plain(value, 2)


def _sum(moved: Data, write: Writer) -> str:
    """The largest terms, the rest, and the KL that they add up to."""
    largest = sorted(moved["tokens"], key=lambda t: -abs(t["term"]))[:3]
    rest = moved["kl"] - sum(t["term"] for t in largest)
    rows = [
        (words.quoted(t["label"]), f"{t['p']:.4f}", _chance(t["q"]), write(words.number(t["term"], 3))) for t in largest
    ]
    ends = [("all other tokens", write(words.number(rest, 3))), ("KL, nats", write(f"{moved['kl']:.3f}"))]
    return table(("next token", "p", "q", "p · ln(p / q)"), [*rows, *((name, "", "", n) for name, n in ends)])


LESSON = Lesson(
    name="information",
    number=6,
    title="Information: take a word away",
    idea=(
        "[[mask|Mask]] one word: its [[embedding|embedding]] is set to zero, all else stays. Ask again. If the "
        "[[prediction|prediction]] stays as it was, the model can do without that word while all others are there.",
        "How far the prediction moves is one number, the [[kl|KL]], in [[nats|nats]]. For every possible next "
        "[[token|token]] take p · ln(p / q), with p from the whole text and q without the word, and add them all up. "
        "p comes first: with p and q exchanged it is another number.",
        "If the model was nearly certain, only one term matters: that of its old answer. {kl} nats without the first "
        "“Kate” mean that “{answer}” is left with one chance in about {once_in}.",
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
            "small p, and “park”, which loses, with its large one: the sum is {kl_park}. No KL is ever below zero, "
            "since ln x ≤ x − 1: with x = q / p the sum of p · ln(p / q) is at least the sum of p − q, which is zero.",
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
    solved=partial(still, is_solved=True),
    reply=reply,
)
