"""What Learn shows. The address says it: what is chosen goes into it, and a teacher can hand it out."""

import streamlit as st

from heta_core.learning import lessons
from heta_core.views import glossary
from pages.ui import state

LESSON, TOWN = "lesson", "littletown"  # of the address
PARTS = {"lessons": "Lessons", TOWN: "Littletown", "glossary": "Glossary"}
_KEY, _LAST = "heta.learn.part", "learn.lesson"


def part() -> str:
    """The part of the page that the address names."""
    if glossary.PARAMETER in st.query_params:
        return "glossary"
    return TOWN if lesson() == TOWN else "lessons"


def draw() -> None:
    """The choice of a part."""
    if part() == "lessons" and any(each.name == lesson() for each in lessons()):
        state.put(_LAST, lesson())
    state.set_widget(_KEY, part())
    st.segmented_control(
        "What to learn from",
        list(PARTS),
        required=True,
        format_func=PARTS.__getitem__,
        key=_KEY,
        on_change=_chosen,
        label_visibility="collapsed",
    )


def _chosen() -> None:
    """Runs before the script does. Among the lessons it is the one that was read last."""
    chosen = state.widget(_KEY)
    for name in (glossary.PARAMETER, LESSON, *st.query_params.keys() - {"present"}):
        st.query_params.pop(name, None)
    if chosen == "glossary":
        st.query_params[glossary.PARAMETER] = ""
    else:
        st.query_params[LESSON] = TOWN if chosen == TOWN else state.get(_LAST, lessons()[0].name)


def lesson() -> str:
    """The lesson that the address names, the first where it names none; whether there is such a lesson is not said."""
    return st.query_params.get(LESSON) or lessons()[0].name


def word() -> str | None:
    """The word of the glossary that the address names."""
    return st.query_params.get(glossary.PARAMETER) or None


def go_to(name: str) -> None:
    """Another lesson. It is drawn alone, without the choice of a part, which would keep it in mind."""
    st.query_params[LESSON] = name
    state.put(_LAST, name)
