"""When explanations mislead: a sink, redundancy, masks that are strange words, a wrong answer explained faithfully."""

from functools import partial
from typing import TYPE_CHECKING

from heta_core.learning import _traps as of
from heta_core.learning._misleading_on_paper import still
from heta_core.learning._traps import HIGH, ONCE, TRUTHS
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

# The four traps: what to conclude, what to do in the app, and what the link to it asks for beside the text.
TRAPS = {
    "sink": (
        "Sink",
        "Looking is not using: attention, and even the flow M, can point at a word that nothing depends on.",
        "On Explore, read Transition beside KL. Final multiplies Transition by S and KL combined: where both are "
        "small, the word drops out.",
        "",
    ),
    "redundancy": (
        "Redundancy",
        "A low score does not mean that a word says nothing: another word may say the same.",
        "On Explore, score whole sentences, or mark what says the same as one block.",
        "",  # its blocks are measured
    ),
    "masks": (
        "Masks",
        "Trust what stays high under every mask. What only one mask calls important may be an effect of that mask.",
        "On Explore, explain the same text with another mask, and compare.",
        "&mask=mean",
    ),
    "wrong": (
        "Wrong but faithful",
        "A faithful explanation shows what the model used. Only the text can tell whether the answer is true.",
        "On Explore, replace the place that the map calls important. If the answer follows, the map was right.",
        "",
    ),
}


def measure(lm: "LanguageModel") -> Data:
    """Every state of the four pictures."""
    seen = {"sink": of.sink, "redundancy": of.redundancy, "masks": of.masks, "wrong": of.wrong}
    names = ("title", "conclude", "act", "link")
    return {name: dict(zip(names, trap, strict=True)) | seen[name](lm) for name, trap in TRAPS.items()}


def places(data: Data, word: str) -> list[int]:
    """Where a word stands in a row of words."""
    return [k for k, (_, body, _, _) in enumerate(data["parts"]) if body == word]


def steady(data: Data) -> list[int]:
    """The words that every mask calls important; what a mask cannot tell of is left out."""
    each = zip(*(m["kl"] for m in data["masks"]), strict=True)
    return [k for k, kl in enumerate(each) if min((v for v in kl if v is not None), default=0.0) >= HIGH]


def named(data: Data, k: int) -> str:
    """A word of the row; where it stands there more than once, which of them."""
    word = data["parts"][k][1]
    all_ = places(data, word)
    return f"“{word}”" if len(all_) == 1 else f"the {('first', 'second', 'third')[all_.index(k)]} “{word}”"


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    twice, masks, wrong = data["redundancy"], data["masks"], data["wrong"]["stories"]
    one, two, both = twice["sets"]
    cup = places(masks, "cup")[-1]
    zero, mean, *_ = (m["kl"][cup] for m in masks["masks"])
    return {
        "first": _unbroken(one["kl"]),
        "second": _unbroken(two["kl"]),
        "both": words.number(both["kl"]),
        "alone": words.number(twice["alone"]),
        "known": twice["chances"][0]["label"],
        "instead": both["chances"][0]["label"],
        "zero": words.number(zero),
        "mean": words.number(mean),
        "steady": " and ".join(named(masks, k) for k in steady(masks)),
        "hat": masks["hat"]["label"],
        "wrong": wrong[0]["chances"][0]["label"],
        "p_wrong": words.percent(wrong[0]["chances"][0]["p"]),
        "without": wrong[-1]["chances"][0]["label"],
        "p_without": words.percent(wrong[-1]["chances"][0]["p"]),
    }


def _unbroken(kl: float) -> str:
    return words.number(kl).replace(" ", "\u00a0")


LESSON = Lesson(
    name="misleading",
    number=9,
    title="When explanations mislead",
    idea=(
        "Every number here is measured, and can still be misread. A [[attention-sink|sink]] takes "
        "[[attention|attention]], and nothing depends on it. Two sentences that say the same thing make each other "
        "look unimportant.",
        "A [[mask|mask]] is itself something strange to read: with another mask, another word may seem to matter.",
        "And an explanation is about the model, not about the world. It can be right about an answer that is wrong.",
    ),
    look="Choose one of the four traps, then change one thing and watch what the numbers do and do not show.",
    question="Two sentences say where Noah is. Masking the first moves the prediction by {first} nats, masking the "
    "second by {second}. Does the model need neither of them?",
    answer="It needs one of them. With both masked at once the prediction moves by {both} nats, and the answer changes "
    "from “{known}” to “{instead}”. The [[kl|KL]] of a word says what is lost without it while everything else stays.",
    exercises=(
        Exercise(
            "Delete one of the two sentences about Noah, then mask the other.",
            "Now that it stands alone, masking it moves the prediction by {alone} nats. The sentence is the same; only "
            "the other one has gone.",
            ONCE,
        ),
        Exercise(
            "In “Masks”, which words would you dare to call important?",
            "Those that stay high, whatever stands in their place: {steady}. The “cup” of the question has {zero} nats "
            "when it is set to zero, and {mean} with the mean. Low is no proof either: ask about the hat instead, and "
            "the answer is “{hat}”.",
        ),
        Exercise(
            "In “Wrong but faithful”, find the word that makes the model fail.",
            "“Then”, which Littletown never learnt. Without it the answer is “{without}” with {p_without}; with it the "
            "sentence has no effect, and the answer is “{wrong}” with {p_wrong}.",
            TRUTHS[0][1],
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    solved=partial(still, is_solved=True),
)
