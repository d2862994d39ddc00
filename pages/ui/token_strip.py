"""The component of the first screen: what goes to the browser, and what comes back, checked."""

from dataclasses import dataclass, replace

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import SettingsError
from heta_core.grouping import GROUPINGS
from heta_core.groups import Groups, joining, merged, opened, singles
from heta_core.settings import Weights
from heta_core.targets import Choice, as_asked
from heta_core.views import strip
from pages.ui import component, examples, history, session
from pages.ui.question import Question, rule, scored

_LONGEST_WORD = 200  # characters that a word may be swapped for or compared with
_LONGEST_FOIL = 64  # tokens
_MOST_STRETCHES = 4096  # that are scored as blocks at once
# Text is read once, at import.
_COMPONENT = st.components.v2.component(
    "heta_token_strip",
    html=component.HTML,
    css=component.style("strip", "plane"),
    js=component.script(*component.SCREEN, "main"),
)


@dataclass(frozen=True, slots=True)
class Event:
    """A click that the server has to answer, as far as the browser can be trusted."""

    kind: str
    position: int | None
    stop: int | None
    token_id: int | None
    foil: tuple[int, ...]
    index: int | None
    text: str
    is_whole: bool
    weights: Weights | None
    stretches: Groups = ()  # of what is scored, apart and in order, at least one of them more than a unit


def draw(result: Attribution) -> None:
    """The strip with everything around it. Draw it once in a run."""
    history.note(result)
    data = {"view": strip.payload(result), "page": _surroundings(result)}
    _COMPONENT(key=session.STRIP, data=data, on_event_change=_received)


def _surroundings(result: Attribution) -> dict[str, object]:
    busy, twin = session.busy(), examples.swap_of(result)
    return {
        "busy": {"text": busy.busy, "fraction": busy.fraction} if busy else None,
        "examples": [example.title for example in examples.index()],
        "swap": {"from": twin[0], "to": twin[1]} if twin else None,
        "follow_pin": session.is_open("heads"),
        "history": history.around(),
    }


def read_event(raw: object) -> Event | None:
    """The event, or None where it is not one that this component sends."""
    if not isinstance(raw, dict) or not isinstance(raw.get("kind"), str):
        return None
    text, foil = raw.get("text"), raw.get("foil")
    ids = [_whole(token_id) for token_id in foil[:_LONGEST_FOIL]] if isinstance(foil, list) else []
    return Event(
        kind=raw["kind"],
        position=_whole(raw.get("position")),
        stop=_whole(raw.get("stop")),
        token_id=_whole(raw.get("token_id")),
        foil=tuple(token_id for token_id in ids if token_id is not None),
        index=_whole(raw.get("index")),
        text=text[:_LONGEST_WORD] if isinstance(text, str) else "",
        is_whole=raw.get("whole") is True,
        weights=_weights(raw.get("weights")),
        stretches=_stretches(raw.get("stretches")),
    )


def _stretches(raw: object) -> Groups:
    """Pairs (start, stop) that follow one another; none at all where one of them is no such pair."""
    found: list[tuple[int, int]] = []
    edge = 0
    for pair in raw if isinstance(raw, list) and len(raw) <= _MOST_STRETCHES else ():
        start, stop = (_whole(x) for x in pair) if isinstance(pair, list) and len(pair) == 2 else (None, None)
        if start is None or stop is None or not edge <= start < stop:
            return ()
        found.append((start, stop))
        edge = stop
    return tuple(found) if any(stop - start > 1 for start, stop in found) else ()


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _weights(raw: object) -> Weights | None:
    if not isinstance(raw, dict):
        return None
    try:
        return Weights(beta=raw.get("beta"), gamma=raw.get("gamma"), scaling=raw.get("scaling"))  # type: ignore[arg-type]
    except SettingsError:
        return None


def _received() -> None:
    """Runs before the script does."""
    event, shown = read_event(session.strip_event()), session.view()
    if event is None or shown is None:
        return
    if event.weights is not None:
        session.set_weights(event.weights)
    respond(event, shown)


# What needs nothing but the click.
_PLAIN = {
    "edit": lambda: session.edit(True),
    "stop": session.stop,
    "back": history.back,
    "forward": history.forward,
}


def respond(event: Event, shown: Attribution) -> None:
    """Do what a click asks for."""
    question = Question(shown.source.model, shown.tokens, settings=shown.settings, groups=scored(shown))
    is_inside = event.position is not None and event.position < shown.n_units
    if event.kind == "target":
        session.ask(replace(question, choice=_choice(event, shown)))
    elif event.kind in ("scored", "open", "block", "blocks"):
        _cut(question, event, shown)
    elif event.kind == "rather":
        _rather(question, event, shown)
    elif event.kind == "exchange" and shown.foil:
        session.ask(exchanged(question, shown))
    elif event.kind == "example" and event.index is not None and event.index < len(examples.index()):
        session.show(examples.opened(event.index))
    elif event.kind == "twin" and (twin := examples.swap_of(shown)) is not None:
        session.show(twin[2].with_weights(session.weights()))
    elif event.kind == "swap" and is_inside:
        _swap(event, shown)
    elif event.kind == "heads" and is_inside:
        session.look_at_heads(event.position)  # type: ignore[arg-type]  # not None where it is inside
    elif event.kind in _PLAIN:
        _PLAIN[event.kind]()


def _choice(event: Event, shown: Attribution) -> Choice:
    """What is asked for, where the strip counts what is scored: of a block all of its tokens."""
    places, position, stop = shown.places, event.position, event.stop
    if position is None:
        return Choice(None, event.token_id, stop, event.foil)
    if position >= len(places):  # after the text
        return Choice(position - len(places) + len(shown.tokens), event.token_id, stop, event.foil)
    start, end = places[position]
    if stop is not None:
        stop = places[stop - 1][1] if position < stop <= len(places) else stop
    elif event.token_id is None and not event.foil and end - start > 1:
        stop = end
    return Choice(start, event.token_id, stop, event.foil)


def _cut(question: Question, event: Event, shown: Attribution) -> None:
    """The same question, with other blocks scored."""
    choice, groups = as_asked(shown.target), shown.groups or singles(shown.n_context)
    position, stop = event.position, event.stop
    if event.kind == "scored" and event.text in ("tokens", *GROUPINGS):
        by = next((name for name in GROUPINGS if name == event.text), None)
        session.ask(replace(question, choice=choice, groups=by))
    elif event.kind == "open" and position is not None and position < len(groups):
        session.ask(replace(question, choice=choice, groups=opened(groups, position)))
    elif event.kind == "block" and position is not None and stop is not None and position < stop - 1 < len(groups):
        session.ask(replace(question, choice=choice, groups=merged(groups, position, stop)))
    elif event.kind == "blocks" and event.stretches and event.stretches[-1][1] <= len(groups):
        session.ask(replace(question, choice=choice, groups=joining(groups, event.stretches)))


def _rather(question: Question, event: Event, shown: Attribution) -> None:
    """What is explained now, rather than a typed text."""
    typed, target = event.text.rstrip(), shown.target
    if not typed:
        session.say("A word is needed to compare with, got nothing: type what the model might have said instead.")
        return
    if target.text.startswith(" ") and not typed[0].isspace():
        typed = f" {typed}"
    is_span = len(target.said) > 1
    choice = Choice(target.position, stop=target.stop) if is_span else Choice(target.position, target.token_id)
    session.ask(replace(question, choice=choice, foil=typed, is_whole=event.is_whole))


def exchanged(question: Question, shown: Attribution) -> Question:
    """The foil rather than what is explained now. A string takes its place in the text."""
    target = shown.target
    said, foil = (tuple(one.token_id for one in side) for side in (target.said, target.foil))
    if target.kind == "contrast":
        asked = (target.asked[1], target.asked[0]) if target.asked else None
        return replace(question, choice=Choice(target.position, foil[0], foil=said, asked=asked))
    return replace(question, choice=Choice(target.position, stop=target.stop, foil=said), said=foil)


def _swap(event: Event, shown: Attribution) -> None:
    """The same text with one word replaced."""
    assert event.position is not None
    start, stop = shown.units.spans[event.position]
    if start == stop:
        session.say("A word of the text can be swapped; this token was added by the tokenizer: pick another one.")
        return
    if not event.text.strip():
        session.say("A word is needed to swap for, got nothing: type one, or edit the text.")
        return
    text = shown.tokens.text
    start, stop = _word(text, start, stop)
    changed = text[:start] + event.text.strip() + text[stop:]
    session.ask(Question(shown.source.model, changed, settings=shown.settings, groups=rule(shown)))


def _word(text: str, start: int, stop: int) -> tuple[int, int]:
    """The whole word that text[start:stop] is a part of, without the space around it."""
    piece = text[start:stop]
    start += len(piece) - len(piece.lstrip())
    stop -= len(piece) - len(piece.rstrip())
    if text[start:stop].isalnum():
        while start > 0 and text[start - 1].isalnum():
            start -= 1
        while stop < len(text) and text[stop].isalnum():
            stop += 1
    return start, stop
