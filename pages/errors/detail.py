"""One example: what each method shades, why it was flagged, and what the reader writes beside it."""

import numpy as np
import streamlit as st

from heta_core.evaluation.outcome import Outcome, Remark
from heta_core.evaluation.plan import BASELINE
from heta_core.evaluation.signs import KNOWN, flips, signs
from heta_core.library.entry import cleaned
from heta_core.targets import as_asked
from heta_core.views import shaded
from heta_core.views.words import percent, quoted
from pages.errors import desk
from pages.errors.desk import Desk
from pages.ui import catalogue, session, state
from pages.ui.plain import plain
from pages.ui.question import Question
from pages.ui.theme import page_theme

_GOING = "errors.going"


def draw(table: Desk, outcome: Outcome, method: str) -> None:
    """The card of an example."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(outcome.example.id)}** · {plain(outcome.dataset)}", width="stretch")
            if outcome.tokens is not None:
                st.button("Open in Explore", icon=":material/open_in_new:", on_click=_open, args=(table, outcome))
        if outcome.problem is not None:
            st.warning(plain(outcome.problem), icon=":material/block:")
            st.text(outcome.example.prompt)
        else:
            _answered(outcome, method)
            _texts(outcome)
        _remarks(table, outcome)


def _answered(outcome: Outcome, method: str) -> None:
    answer, target = outcome.answer, outcome.target
    assert answer is not None and target is not None
    told = f"Target {quoted(target.text)}, p {percent(answer.p)}; the model says {quoted(answer.said)}."
    st.markdown(plain(told))
    met = signs(outcome, method)
    for sign in KNOWN:
        if sign.name in met:
            st.markdown(f":material/flag: **{sign.title}** · {plain(_why(sign.name, outcome) or sign.meaning)}")


def _why(name: str, outcome: Outcome) -> str | None:
    """A sign in the words of this example, where it has some."""
    if name == "fragile" and outcome.tokens is not None:
        pieces = _pieces(outcome)
        found = [quoted(pieces[unit]) for unit in flips(outcome)]
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        known = outcome.example.evidence or outcome.example.question
        where = " outside of question and evidence" if known else ""
        return f"Masked alone, each of these{where} changes the answer: {', '.join(found[:5])}{more}."
    if name == "failed":
        return "; ".join(f"{one.method}: {one.problem}" for one in outcome.scored if one.problem)
    if name == "unstable" and outcome.stays is not None:
        return f"One of HETA's five highest keeps its place in {percent(outcome.stays)} of redraws of its probes."
    return None


def _pieces(outcome: Outcome) -> list[str]:
    assert outcome.tokens is not None
    return ["".join(outcome.tokens.pieces[start:stop]) for start, stop in outcome.places]


def _texts(outcome: Outcome) -> None:
    """The text once for each method, shaded by its scores."""
    evidence, distractor = (outcome.units_in(spans) for spans in (outcome.example.evidence, outcome.example.distractor))
    pieces, theme = _pieces(outcome), page_theme()
    for scored in outcome.scored:
        if scored.method == BASELINE:
            continue  # what was drawn blindly says nothing about this text
        title = catalogue.title(scored.method)
        if scored.problem is not None:
            st.caption(f"{plain(title)}: failed. {plain(scored.problem)}")
            continue
        text = shaded.markup(pieces, np.array(scored.scores), theme, underlined=evidence, dotted=distractor - evidence)
        st.html(shaded.titled(title, text, theme))
    lines = [
        *(["underlined: the known evidence"] if evidence else []),
        *(["dotted: the distractor"] if distractor else []),
    ]
    st.caption(
        "Each text is shaded against its own highest; hover a token for its share. What speaks against the target has "
        f"the other colour.{' ' if lines else ''}{'; '.join(lines).capitalize()}{'.' if lines else ''}"
    )


def _open(table: Desk, outcome: Outcome) -> None:
    """Runs before the script does: the same question on Explore, with the run's settings."""
    assert outcome.tokens is not None and outcome.target is not None
    state.once("opened")  # else Explore would open its own example over it
    session.set_weights(table.plan.weights)
    groups = table.plan.grouping
    choice = as_asked(outcome.target)
    session.ask(Question(outcome.model, outcome.tokens, choice, table.plan.settings, groups=groups))
    state.put(_GOING, True)


def follow() -> None:
    """Go where the last click led; called before anything of the page is drawn."""
    if state.get(_GOING):
        state.put(_GOING, None)
        st.switch_page("app.py")


def _remarks(table: Desk, outcome: Outcome) -> None:
    before = table.remarks.get(outcome.key, Remark())
    key = "heta.errors.words." + " ".join(outcome.key)
    with st.form(f"{key}.form", border=False):
        left, right = st.columns((1, 2))
        left.text_input("Tags", ", ".join(before.tags), key=f"{key}.tags", placeholder="with commas between them")
        right.text_input("Note", before.note, key=f"{key}.note")
        st.form_submit_button("Keep", on_click=_keep, args=(outcome, key))


def _keep(outcome: Outcome, key: str) -> None:
    """Runs before the script does."""
    tags, note = (state.widget(f"{key}.{name}") or "" for name in ("tags", "note"))
    desk.remark(outcome.key, Remark(cleaned(tags.split(",")), note.strip()))
