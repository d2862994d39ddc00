"""The guided tour of a page: its steps in words, and the component that offers and shows it.

All of it happens in the browser, which also remembers who has seen or declined it: nothing goes back to the server.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from pages.ui import component

_KEY = "heta.tour"
_ASSETS = Path(__file__).resolve().parents[2] / "assets" / "tour"
# Text is read once, at import.
_COMPONENT = st.components.v2.component(
    "heta_tour",
    html='<div class="tour-again">\n</div>',
    css=(_ASSETS / "tour.css").read_text("utf-8"),
    js="\n".join([component.script("basics"), (_ASSETS / "tour.js").read_text("utf-8")]),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing on a page that the tour points at.

    `places` are CSS selectors, the first that is on the screen counts, and all that it finds are ringed together; they
    are looked for on the page and inside its components. `wait` finds what shows that the reader has done what `ask`
    says: the tour goes on when what it finds has changed.
    """

    name: str
    title: str
    text: str
    places: tuple[str, ...]
    ask: str = ""
    wait: str = ""


_EXPLORE = (
    Step(
        "question",
        "A question about one word",
        "The model went on with this word. Beside it stands how sure of it the model was.",
        (".heta .head",),
    ),
    Step(
        "text",
        "What the model read",
        "The stronger its colour, the higher the word's score.",
        (".heta .strip",),
        ask="Click a word to pin it.",
        wait=".heta .tok.pin",
    ),
    Step(
        "word",
        "The numbers of a word",
        "Read the bars downwards: they multiply and add up to its score. Below them: what the model says without it.",
        (".heta .card.pinned > :not(button, .hint)",),
    ),
    Step(
        "components",
        "What the score is made of",
        "Final is everything together. The tabs beside it colour the text by one component alone.",
        (".heta .tabs",),
        ask="Choose another tab.",
        wait=".heta .tabs [aria-pressed=true]",
    ),
    Step(
        "ranking",
        "The ranking",
        "Every word with its share of the score. β weighs the Hessian, γ what masking the word changes.",
        (".heta .rankhead, .heta .rank tbody tr:nth-child(-n + 3)",),
        ask="Drag β or γ.",
        wait=".heta .weights output",
    ),
    Step(
        "candidates",
        "Other answers",
        "What the model could have said, with its probability. A click explains that word instead.",
        (".heta .could header, .heta .could ol",),
        ask="Click another word of the list.",
        wait=".heta .head h1",
    ),
    Step(
        "swap",
        "Change the text",
        "Swap one word, or write a text of your own. Does the answer follow?",
        (".heta .tools [data-key=swap], .heta .tools [data-key=edit]",),
    ),
    Step(
        "truth",
        "Does the picture tell the truth?",
        "A picture can mislead. Here it is put to the test: words are masked, highest score first, "
        "or the model is scrambled.",
        (".st-key-heta-panel-truth",),
    ),
)

_GENERATE = (
    Step(
        "film",
        "An answer, word by word",
        "Each frame is a word that the model wrote, with its probability. The page explains the one in front.",
        (".heta .reel",),
        ask="Click another frame.",
        wait=".heta .frame[aria-current=step]",
    ),
    Step(
        "play",
        "Play it",
        "Play goes through the words one after another. The arrow keys do it step by step.",
        (".heta .moving",),
    ),
    Step(
        "text",
        "The reasons of this step",
        "The stronger its colour, the higher the word's score here. The model's own earlier words have scores, too.",
        (".heta .strip",),
        ask="Click a coloured word to pin it.",
        wait=".heta .tok.pin",
    ),
    Step(
        "together",
        "Several words at once",
        "A stretch of the answer, or all of it, can be explained together.",
        (".heta .asking",),
    ),
    Step(
        "candidates",
        "What if it had said something else?",
        "A click on another word makes the model go on from there. Both texts then stand side by side.",
        (".heta .could header, .heta .could ol",),
    ),
    Step(
        "prompt",
        "Your own text",
        "Write a prompt or a chat here. The model goes on, and each of its words is explained.",
        (".heta .tools [data-key=edit]",),
    ),
)

TOURS = {"Explore": _EXPLORE, "Generate": _GENERATE}  # by the title of the page
_FOR = {
    "Explore": "asks about one word",
    "Generate": "explains a whole answer",
    "Library": "keeps what you save",
    "Compare": "sets methods side by side",
    "Learn": "has short lessons",
}
_SIDEBAR = ("[data-testid=stSidebar] [data-testid=stPageLink]", "[data-testid=stExpandSidebarButton]")


def steps(title: str, pages: Sequence[str]) -> tuple[Step, ...]:
    """The tour of a page, none where it has no tour; it ends with what the other ones of `pages` are for."""
    own = TOURS.get(title)
    if own is None:
        return ()
    others = [f"{page} {_FOR[page]}" for page in pages if page in _FOR and page != title]
    return (*own, Step("pages", "Where to go on", f"{', '.join(others)}.", _SIDEBAR)) if others else own


def draw(title: str, pages: Sequence[str]) -> None:
    """The button that asks for the tour of a page that has one, and the offer on a first visit."""
    if found := steps(title, pages):
        _COMPONENT(key=_KEY, data={"page": title, "steps": [asdict(step) for step in found]})
