"""What is a next token? Probabilities of every word, under the reader's own edits."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from heta_core.teaching.contract import Data, Exercise, Lesson, Limits
from heta_core.teaching.drawing import bars, beside, found, sentence
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

_SCENE = "Kate ran to the museum. Noah went to the garden. "
_HERE = ("Noah", "Kate")
# What the buttons below the picture do → the text then. The first is where the lesson opens.
EDITS = (
    ("Ask where Noah is", _SCENE + "Question: Where is Noah? Answer:"),
    ("Ask where Kate is", _SCENE + "Question: Where is Kate? Answer:"),
    ("Ask who is in the garden", _SCENE + "Question: Who is in the garden? Answer:"),
    ("Take the question away", "Kate ran to the museum. Noah went to the"),
    ("Begin with nothing but a name", "Noah"),
)
OPEN = 3  # the one whose answer its text does not tell
# The exercises: both at one place, and somebody of whom nothing is told.
_ASKED = "Question: Where is {}? Answer:"
TOGETHER = "Kate ran to the garden. Noah went to the garden. "
NOBODY = "Dan"
SURE = 0.5  # more: one answer is likelier than all others together


def measure(lm: "LanguageModel") -> Data:
    """What follows each of the prepared texts, and each of the exercises."""
    from heta_core.littletown.words import NAMES, PLACES

    return {
        "vocabulary": lm.vocabulary,
        "places": len(PLACES),
        "edits": [{"title": title} | said(lm, text) for title, text in EDITS],
        "least": min(of_each(lm, EDITS[OPEN][1], PLACES)),
        "together": [first(lm, TOGETHER, name) for name in _HERE],
        "nobody": [first(lm, _SCENE, name) for name in NAMES if name not in _HERE],
    }


def first(lm: "LanguageModel", scene: str, name: str) -> Data:
    """The likeliest place of somebody after a scene. One forward pass."""
    found: Data = said(lm, scene + _ASKED.format(name))["chances"][0]
    return {"name": name} | found


def of_each(lm: "LanguageModel", text: str, chosen: Sequence[str]) -> list[float]:
    """What each of some words has of the probability after a text. One forward pass."""
    from heta_core.answers import next_log_probs
    from heta_core.typed import token_of
    from heta_core.views import strip

    log_p = next_log_probs(lm, [text])[0]
    return [strip.short(math.exp(log_p[token_of(lm.tokenizer, f" {word}")])) for word in chosen]


def said(lm: "LanguageModel", text: str, limits: Limits = Limits()) -> Data:
    """The likeliest words after a text. One forward pass."""
    from heta_core.teaching import asking

    return {"text": text} | asking.next_of(lm, text, limits)


def reply(lm: "LanguageModel", event: Mapping[str, object], limits: Limits = Limits()) -> Data:
    """What follows the reader's own text."""
    from heta_core.teaching import asking

    text = asking.text_of(event)
    return said(lm, text, limits) | {"strangers": asking.strangers(text)}


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    asked, _, _, open_, name = data["edits"]
    nobody = next(each for each in data["nobody"] if each["name"] == NOBODY)
    return {
        "vocabulary": str(data["vocabulary"]),
        "sure": words.percent(asked["chances"][0]["p"]),
        "answer": asked["chances"][0]["label"],
        "open": open_["chances"][0]["label"],
        "p_open": words.percent(open_["chances"][0]["p"]),
        "verb": name["chances"][0]["label"],
        "p_verb": words.percent(name["chances"][0]["p"]),
        "places": str(data["places"]),
        "p_least": words.percent(data["least"]),
        "p_one": words.percent(data["together"][0]["p"]),
        "p_other": words.percent(data["together"][1]["p"]),
        "nobody": nobody["label"],
        "p_nobody": words.percent(nobody["p"]),
        "n_others": str(len(data["nobody"])),
        "most": words.percent(SURE, 0),
    }


def still(data: Data, *, is_solved: bool = False) -> str:
    """What follows the first text; what follows without its question is to be found."""
    asked, _, _, open_, _ = data["edits"]
    return beside(
        sentence(asked["text"]) + bars(asked["chances"][:5]),
        sentence(open_["text"]) + bars(open_["chances"][:5], found(is_solved=is_solved)),
    )


LESSON = Lesson(
    name="next-token",
    number=1,
    title="What is a next token?",
    idea=(
        "A language model does one thing: it reads a text and gives every [[token|token]] it knows a "
        "[[probability|probability]] of coming next. Littletown, the small model of these lessons, knows {vocabulary} "
        "of them: every word of its world, and single bytes and pieces of words to spell anything else.",
        "There is no answer hidden anywhere, only these numbers. Change the text and they change.",
    ),
    look="Change the text, or press one of the buttons, and watch the bars.",
    question="Asked where Noah is, the model is {sure} sure of “{answer}”. Without the question, how sure can it be of "
    "the place that follows “went to the”?",
    answer="Hardly at all: its world has {places} places, and each gets about one chance in {places}, from {p_least} "
    "to {p_open} (“{open}”). Being unsure is right where the text does not say; the [[entropy|entropy]] below the bars "
    "measures it. After a bare “Noah” the model expects a verb: “{verb}” with {p_verb}.",
    exercises=(
        Exercise(
            "Give both people the same place, then ask for either.",
            "The probability goes to that place whoever is asked for, Noah ({p_one}) or Kate ({p_other}): the two "
            "sentences agree.",
        ),
        Exercise(
            "Ask for somebody of whom nothing is told, such as Dan.",
            "“{nobody}” gets {p_nobody}. The model could spread its probability, as it does after “went to the”. Here "
            "it has not learnt to: for any of {n_others} people of whom nothing is told, it gives one place more than "
            "{most}.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    solved=partial(still, is_solved=True),
    reply=reply,
)
