"""The component of Generate: a film of steps above the strip of Explore; what goes to the browser and what comes back.

A step that has not changed is not written anew.
"""

from dataclasses import replace
from typing import Any

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import HetaError
from heta_core.generated import GenerationAttribution
from heta_core.targets import Choice
from heta_core.views import film, strip
from pages.generate import branches, forking
from pages.generate.branches import Branch
from pages.ui import component, state, token_strip
from pages.ui.question import Question
from pages.ui.token_strip import Event

_COMPONENT = st.components.v2.component(
    "heta_film",
    html=component.HTML,
    css=component.style("strip", "plane", "film"),
    js=component.script(*component.SCREEN, "film", "forks", "generate"),
)


def draw(branch: Branch, generation: GenerationAttribution) -> None:
    """The film with everything around it. Draw it once in a run."""
    busy = branches.busy()
    data = {
        "film": film.payload(generation, branch.drawn),
        "branch": {
            "number": branch.number,
            "step": branch.step,
            "token": branch.token,
            "jump": branch.jump,
            "joined": branch.is_joined,
        },
        "together": _together(branch.joint, branch.n_together),
        "branches": [_fork(other) for other in branches.branches()],
        "page": {
            "busy": {"text": busy.busy, "fraction": busy.fraction} if busy else None,
            "examples": [],
            "swap": None,
            "follow_pin": False,
        },
    }
    _COMPONENT(key=branches.FILM, data=data, on_event_change=_received)


def _together(joint: Attribution | None, number: int) -> dict[str, Any] | None:
    return None if joint is None else {"number": number} | strip.payload(joint)


def _fork(branch: Branch) -> dict[str, Any]:
    """A continuation as its card shows it."""
    g = branch.generation
    answer = range(g.n_prompt, len(g.tokens)) if g else range(0)
    parts, labels = (strip.token_parts(g.tokens), strip.labels(g.tokens)) if g else ([], [])
    return {
        "number": branch.number,
        "parent": branch.parent,
        "name": branch.name,
        "n_given": g.n_given if g else 0,
        "ids": [g.tokens.ids[i] for i in answer] if g else [],
        "tokens": [parts[i] for i in answer],
        "labels": [labels[i] for i in answer],
        "ending": g.ending if g else None,
    }


def _received() -> None:
    """Runs before the script does."""
    event, shown = token_strip.read_event(state.event(branches.FILM)), branches.active()
    if event is None or shown is None or shown.generation is None:
        return
    if event.weights is not None:
        branches.set_weights(event.weights)
    try:
        respond(event, shown, shown.generation)
    except HetaError as error:
        branches.say(str(error))


def respond(event: Event, branch: Branch, g: GenerationAttribution) -> None:
    """Do what a click asks for.

    Raises:
        HetaError: it cannot be done.
    """
    place, other = event.position, branches.find(event.index)
    k = -1 if place is None else place - g.n_prompt
    if event.kind in ("look", "join") and 0 <= k < g.n_new:
        # What was asked to be looked at together and is not there yet cannot have been left.
        is_awaited = branch.is_joined and branch.joint is None
        branch.step, branch.token, branch.is_joined = k, event.index, event.kind == "join" or is_awaited
    elif event.kind == "branch" and other is not None:
        branches.activate(other)
    elif event.kind == "remove" and other is not None:
        branches.remove(other)
    elif event.kind == "force" and place is not None and event.token_id is not None:
        forking.force(branch, g, place, event.token_id)
    elif event.kind in ("delete", "swap") and place is not None and place < len(g.tokens):
        forking.change_word(branch, g, place, None if event.kind == "delete" else event.text)
    elif event.kind in ("target", "rather", "exchange"):
        _explain(event, branch, g)
    elif event.kind == "edit":
        branches.edit(True)
    elif event.kind == "stop":
        branches.stop()


def _explain(event: Event, branch: Branch, g: GenerationAttribution) -> None:
    """Several steps together, or one thing rather than another."""
    question = Question(g.source.model, g.tokens, settings=g.settings)
    joint = branch.joint
    # The prompt explains, it is not explained here: Explore does that.
    place = event.position if event.position is not None and g.n_prompt <= event.position < len(g.tokens) else None
    if event.kind == "exchange" and joint is not None and joint.foil:
        branches.explain_together(branch, token_strip.exchanged(question, joint))
    elif event.kind == "target" and place is not None:
        choice = Choice(place, event.token_id, event.stop, event.foil)
        branches.explain_together(branch, replace(question, choice=choice))
    elif event.kind == "rather" and place is not None and event.text.strip():
        typed = event.text.rstrip()
        if g.tokens.pieces[place].startswith(" ") and not typed[0].isspace():
            typed = f" {typed}"
        stop = event.stop if event.stop is not None and event.stop > place + 1 else None
        compared = replace(question, choice=Choice(place, stop=stop), foil=typed, is_whole=event.is_whole)
        branches.explain_together(branch, compared)
