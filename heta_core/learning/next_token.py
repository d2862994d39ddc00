"""What is a next token? Probabilities of every word, under the reader's own edits."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import bars, sentence
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

_SCENE = "Mia ran to the museum. Noah went to the garden. "
# What the buttons below the picture do → the text then. The first is where the lesson opens.
EDITS = (
    ("Ask where Noah is", _SCENE + "Question: Where is Noah? Answer:"),
    ("Ask where Mia is", _SCENE + "Question: Where is Mia? Answer:"),
    ("Ask who is in the garden", _SCENE + "Question: Who is in the garden? Answer:"),
    ("Take the question away", "Mia ran to the museum. Noah went to the"),
    ("Begin with nothing but a name", "Noah"),
)


def measure(lm: "LanguageModel") -> Data:
    """What follows each of the prepared texts."""
    return {"vocabulary": lm.vocabulary, "edits": [{"title": title} | said(lm, text) for title, text in EDITS]}


def said(lm: "LanguageModel", text: str) -> Data:
    """The likeliest words after a text. One forward pass."""
    from heta_core.teaching import asking

    return {"text": text} | asking.next_of(lm, text)


def reply(lm: "LanguageModel", event: Mapping[str, object]) -> Data:
    """What follows the reader's own text."""
    from heta_core.teaching import asking

    text = asking.text_of(lm, event)
    return said(lm, text) | {"strangers": asking.strangers(text)}


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    asked, _, _, open_, name = data["edits"]
    return {
        "vocabulary": str(data["vocabulary"]),
        "sure": words.percent(asked["chances"][0]["p"]),
        "answer": asked["chances"][0]["label"],
        "open": open_["chances"][0]["label"],
        "p_open": words.percent(open_["chances"][0]["p"]),
        "verb": name["chances"][0]["label"],
        "p_verb": words.percent(name["chances"][0]["p"]),
    }


def still(data: Data) -> str:
    """Three of the texts with what follows them."""
    return "".join(sentence(edit["text"]) + bars(edit["chances"][:5]) for edit in data["edits"][:4:3])


LESSON = Lesson(
    name="next-token",
    number=1,
    title="What is a next token?",
    idea=(
        "A language model does one thing: it reads a text and gives every [[token|token]] it knows a "
        "[[probability|probability]] of coming next. Littletown, the small model of these lessons, knows {vocabulary} "
        "of them: whole words and marks.",
        "There is no answer hidden anywhere, only these numbers. Change the text and they change.",
    ),
    look="Change the text, or press one of the buttons, and watch the bars.",
    question="Asked where Noah is, the model is {sure} sure of “{answer}”. Without the question, how sure can it be of "
    "the place that follows “went to the”?",
    answer="Not at all: in its world every place is as good as another. Its first choice, “{open}”, gets {p_open}, and "
    "that is a guess. Being unsure is right where the text does not say. After a bare “Noah” it expects a verb: "
    "“{verb}” with {p_verb}.",
    exercises=(
        Exercise(
            "Give both people the same place, then ask for either.",
            "The probability goes to that place whoever is asked for: the two sentences agree.",
        ),
        Exercise(
            "Ask for somebody of whom nothing is told, such as Ben.",
            "The model still gives one word most of the probability: it has no way to say that it does not know.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    reply=reply,
)
