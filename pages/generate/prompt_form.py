"""What the reader asks for on Generate: a prompt or a chat, and how the model goes on."""

from typing import Any

import streamlit as st

from heta_core.errors import SettingsError
from heta_core.settings import Decoding
from pages.generate import branches
from pages.generate.branches import Branch
from pages.generate.generating import Request, Turn
from pages.ui import controls, examples, session, state
from pages.ui.engine_cache import EMBEDDED

_PREFIX = "heta.prompt."
_PLAIN, _CHAT = "Plain text", "Chat"
_GREEDY, _SAMPLED, _GIVEN = "The most probable word", "A drawn word", "An answer of my own"
_MOST_TURNS = 9
_TEXT = "Mia ran to the museum. Noah went to the garden."


def messages() -> None:
    """What did not work, how a continuation ended early, and whether the text is one that the model can know."""
    controls.trouble(branches.problem())
    shown = branches.active()
    g = shown.generation if shown else None
    strangers = controls.unknown_words(g.tokens.text) if g and g.source.model == EMBEDDED else []
    notes = {
        "end": "The model ended at once: it has nothing to say after this prompt. Write another one.",
        "context": f"The model takes no more than {len(g.tokens) if g else 0} tokens: what was generated is kept.",
    }
    note = notes.get(g.ending or "") if g else None
    if g and g.ending == "end" and g.n_new - g.n_given > 1:
        note = None
    with controls.slot(bool(strangers or note)):
        if note:
            st.info(note, icon=":material/info:")
        if strangers:
            controls.outside(strangers)


def draw() -> None:
    """The form: open on demand, and where there is nothing else to show."""
    is_open = branches.active() is None or branches.is_editing()
    with controls.slot(is_open):
        if is_open:
            _form()
    controls.progress(branches.busy() if branches.active() is None else None)


def _form() -> None:
    with st.container(horizontal=True):
        kind = _choice("kind", "Prompt", (_PLAIN, _CHAT))
        how = _choice("how", "The model goes on with", (_GREEDY, _SAMPLED, _GIVEN))
    if kind == _CHAT and session.model() == EMBEDDED:
        st.caption("Littletown was never taught to chat: choose a chat model at the left, or write plain text.")
    with st.form("heta.prompt.form"):
        _chat() if kind == _CHAT else _area("text", "Prompt", _opening())
        _area("answer", "The answer to explain") if how == _GIVEN else _decoding(how == _SAMPLED)
        with st.container(horizontal=True):
            st.form_submit_button(
                "Explain this answer" if how == _GIVEN else "Generate", type="primary", on_click=_asked
            )
            if kind == _CHAT and _n_turns() < _MOST_TURNS:
                st.form_submit_button("Add a turn", on_click=_turns, args=(2,))
            if kind == _CHAT and _n_turns() > 1:
                st.form_submit_button("Remove the last turn", on_click=_turns, args=(-2,))
            if branches.active() is not None:
                st.form_submit_button("Cancel", on_click=branches.edit, args=(False,))


def _chat() -> None:
    _area("system", "System (optional)", height=68)
    for i in range(_n_turns()):
        _area(f"turn{i}", f"{'Assistant' if i % 2 else 'User'} {i // 2 + 1}", height=68)


def _decoding(is_sampled: bool) -> None:
    with st.container(horizontal=True):
        _number("steps", "Tokens at most", 16, 1, 512)
        if is_sampled:
            _number("temperature", "Temperature", 1.0, 0.05, 5.0, 0.05)
            _number("top_k", "Top-k (0: all)", 0, 0, 1000)
            _number("top_p", "Top-p", 1.0, 0.01, 1.0, 0.01)
            _number("seed", "Seed", 0, 0, 2**31)
        help_text = r"Optional. Several are separated by |; \n is the end of a line."
        st.text_input("Stop at", _kept("stop", ""), key=f"{_PREFIX}stop", width=160, help=help_text)


def _choice(name: str, label: str, options: tuple[str, ...]) -> str:
    key = f"{_PREFIX}{name}"
    return st.segmented_control(label, options, default=_kept(name, options[0]), key=key, required=True) or options[0]


def _area(name: str, label: str, value: str = "", height: int = 110) -> None:
    st.text_area(label, _kept(name, value), key=f"{_PREFIX}{name}", height=height, persist_state="session")


def _number(name: str, label: str, value: Any, low: Any, high: Any, step: Any = 1) -> None:
    st.number_input(label, low, high, _kept(name, value), step, key=f"{_PREFIX}{name}", width=130)


def _kept(name: str, default: Any) -> Any:
    """What stood in a field when the form was sent last."""
    return state.get("prompt.fields", {}).get(name, default)


def _opening() -> str:
    return examples.opened(0).tokens.text if examples.index() else _TEXT


def _n_turns() -> int:
    return int(state.get("prompt.turns", 1))


def _turns(more: int) -> None:
    _keep()
    state.put("prompt.turns", max(1, min(_MOST_TURNS, _n_turns() + more)))


def _keep() -> dict[str, Any]:
    """What stands in the fields, kept for the next time the form opens."""
    names = ("kind", "how", "text", "answer", "system", *(f"turn{i}" for i in range(_MOST_TURNS)))
    names += ("steps", "temperature", "top_k", "top_p", "seed", "stop")
    fields = {name: state.widget(f"{_PREFIX}{name}") for name in names}
    kept = state.get("prompt.fields", {}) | {name: value for name, value in fields.items() if value is not None}
    state.put("prompt.fields", kept)
    return kept  # type: ignore[no-any-return]


def _asked(*, may_download: bool = False) -> None:
    """Runs before the script does."""
    fields = _keep()
    try:
        decoding = _decoding_of(fields)
    except SettingsError as error:
        branches.say(str(error))
        return
    is_given = fields.get("how") == _GIVEN
    answer = fields.get("answer", "") if is_given else None
    prompt = _messages(fields) if fields.get("kind") == _CHAT else fields.get("text", "")
    if not prompt or (is_given and not answer):
        what = "An answer to explain" if prompt else "A prompt"
        branches.say(f"{what} is needed, got an empty text: write at least one word.")
        return
    request = Request(session.model(), prompt, decoding, answer, may_download=may_download)
    branches.ask(Branch("Given answer" if is_given else "Original"), request)


def _messages(fields: dict[str, Any]) -> tuple[Turn, ...]:
    system = fields.get("system", "")
    turns = [Turn("assistant" if i % 2 else "user", fields.get(f"turn{i}", "")) for i in range(_n_turns())]
    return (*((Turn("system", system),) if system.strip() else ()), *turns)


def _decoding_of(fields: dict[str, Any]) -> Decoding:
    """The decoding that the fields describe.

    Raises:
        SettingsError: a field has a value that it cannot have.
    """
    stop = tuple(part.replace("\\n", "\n") for part in fields.get("stop", "").split("|") if part)
    steps = fields.get("steps", 16)
    if fields.get("how") != _SAMPLED:
        return Decoding(steps=steps, stop=stop)
    top_k, top_p = fields.get("top_k") or None, fields.get("top_p", 1.0)
    return Decoding(
        method="sample",
        steps=steps,
        temperature=fields.get("temperature", 1.0),
        top_k=top_k,
        top_p=top_p if top_p < 1 else None,
        seed=fields.get("seed", 0),
        stop=stop,
    )


def model_chosen() -> None:
    """Another model is for the next prompt; one that is not here is offered first."""
    name = session.model().strip()
    branches.edit(True)
    session.offer(None if controls.is_here(name) else name)


def download(name: str) -> None:
    """Fetch a model with the next prompt, which the form holds."""
    session.offer(None)
    session.set_model(name)
    _asked(may_download=True)
