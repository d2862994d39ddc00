"""What the reader sets: the model, the text; and what the page says about it."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from heta_core.errors import HetaError
from heta_core.littletown import lexicon
from heta_core.models.suggested import Suggestion, suggested
from pages.ui import allowed, engine_cache, keeping, model_card, session
from pages.ui.engine_cache import EMBEDDED, Step
from pages.ui.plain import plain
from pages.ui.question import Question, rule

_LONGEST_NAME = 200
_LOOK = 1.0  # seconds between two looks at an engine that starts
_MOST_UNKNOWN = 0.25  # a larger part of unknown words has left Littletown's world


def slot(is_filled: bool) -> DeltaGenerator:
    """A place on the page that is always there, so that what follows it keeps its own.

    What a run no longer draws goes away when the run ends; an empty place goes away at once, also where the run ends
    by starting the next one.
    """
    return st.container() if is_filled else st.empty()


def model_picker(on_change: Callable[[], None] | None = None) -> None:
    """The models that are on this computer, and room to type another id; or those that can be asked here."""
    only = allowed.names()
    local = [
        m
        for m in engine_cache.local_models() or ()
        if m.problem is None and (m.place != "folder" or keeping.is_private())
    ]
    here = [allowed.current().opening, EMBEDDED, session.model(), *session.asked_models(), *(m.name for m in local)]
    sizes = {} if only else {s.name: s for s in suggested() if s.name not in here}
    st.selectbox(
        "Model",
        list(only or dict.fromkeys([*here, *sizes])),
        format_func=lambda name: _with_size(name, sizes),
        key=session.MODEL,
        on_change=on_change or _model_chosen,
        accept_new_options=not only,
        persist_state="session",
        help="The models that this server lets you ask."
        if only
        else "What you asked before and what is on this computer, then some to download (↓). Type any other Hugging "
        "Face id or a folder.",
    )
    if session.model() == EMBEDDED:
        st.caption(f"A small model of one made-up town.{_elsewhere()}")
    if not only and not engine_cache.warm().done():
        _until_warm()
    model_card.draw()


@st.fragment(run_every=_LOOK)
def _until_warm() -> None:
    """What is missing from the list, until it can be read."""
    if engine_cache.warm().done():
        st.rerun()
    st.caption("More models are listed when the engine has started.")


def _with_size(name: str, sizes: dict[str, Suggestion]) -> str:
    """A model that would have to be downloaded says how large it is."""
    found = sizes.get(name)
    if found is None:
        return name
    return f"↓ {model_card.short(found.n_parameters)} · {name}" + (" (gated)" if found.is_gated else "")


def _elsewhere() -> str:
    """What to do with a text that the embedded model cannot know."""
    if not allowed.names():
        return " For your own text choose another model, or type a Hugging Face id such as gpt2."
    return " For your own text choose another model." if len(allowed.names()) > 1 else " It knows that town alone."


def _model_chosen() -> None:
    name = session.model().strip()[:_LONGEST_NAME]
    shown = session.view()
    if not name or shown is None or name == shown.source.model:
        return
    session.offer(None)
    if is_here(name):
        session.ask(Question(name, shown.tokens.text, groups=rule(shown)))
    else:
        session.offer(name)


def is_here(name: str) -> bool:
    """The model needs no download. One that cannot be asked here is offered for none: asking it says why."""
    if not allowed.is_allowed(name):
        return True
    return all(_is_one_here(one) for one in name.split(" + "))  # a model, or that and an adapter for it


def _is_one_here(name: str) -> bool:
    is_folder = "/" in name and name[:1] in "/.~"
    return is_folder or name == EMBEDDED or any(m.name == name for m in engine_cache.local_models(is_urgent=True) or ())


def download_offer(ask: Callable[[str], None] | None = None) -> None:
    """Size and licence before a download, and the network only after a click; `ask` is what follows it."""
    name = session.offered()
    with slot(name is not None):
        if name is not None:
            _offer(name, ask or download)


def _offer(name: str, ask: Callable[[str], None]) -> None:
    with st.container(border=True):
        st.text(f"{name} is not on this computer.")
        remote = session.described()
        if remote is None:
            st.button("Ask the Hugging Face hub for its size and licence", on_click=_describe, args=(name,))
        else:
            gated = " Its licence must be accepted at the hub first." if remote.is_gated else ""
            st.text(f"{remote.n_bytes / 1e6:,.0f} MB to download; licence: {remote.licence or 'not stated'}.{gated}")
            st.button("Download and use it", type="primary", on_click=ask, args=(name,))
        st.button("Not now", on_click=session.offer, args=(None,))


def _describe(name: str) -> None:
    try:
        session.offer(name, engine_cache.describe_remote(name))
    except HetaError as error:
        session.say(str(error))


def download(name: str) -> None:
    """Ask this model about the text on the screen, or in the box, and let it be downloaded for that."""
    shown = session.view()
    session.offer(None)
    text = shown.tokens.text if shown else session.draft()
    session.ask(Question(name, text, may_download=True, groups=rule(shown)))


def messages() -> None:
    """What did not work, and whether the text is one that the model can know."""
    trouble(session.problem())
    shown = session.view()
    strangers = unknown_words(shown.tokens.text) if shown and shown.source.model == EMBEDDED else []
    with slot(bool(strangers)):
        if strangers:
            outside(strangers)
            _other_models()


def trouble(problem: str | None) -> None:
    """What did not work."""
    with slot(problem is not None):
        if problem is not None:
            st.error(plain(problem), icon=":material/error:")


def outside(strangers: list[str]) -> None:
    """Words that Littletown does not know."""
    listed = ", ".join(strangers[:5]) + (", …" if len(strangers) > 5 else "")
    st.warning(
        f"Littletown does not know {plain(listed)}: what it says about this text means little. {_advice()}",
        icon=":material/explore_off:",
    )


def _advice() -> str:
    if not allowed.names():
        return "Choose another model at the left, or type a Hugging Face id there."
    return "Choose another model at the left." if len(allowed.names()) > 1 else "Keep to the words of its town."


def _other_models() -> None:
    """The first models on this computer that could read any text, one click away."""
    local = (m.name for m in engine_cache.local_models() or () if m.problem is None and m.name != EMBEDDED)
    others = [name for name in local if allowed.is_allowed(name)]
    with st.container(horizontal=True):
        for name in others[:3]:
            st.button(f"Load {plain(name)}", on_click=_switch, args=(name,))


def _switch(name: str) -> None:
    session.set_model(name)
    _model_chosen()


def unknown_words(text: str) -> list[str]:
    """The words that Littletown never saw, where they are more than a quarter of the text; else none."""
    strangers = lexicon.strangers(text)
    n_words = len(lexicon.ANY_WORD.findall(text))
    return list(dict.fromkeys(strangers)) if len(strangers) > _MOST_UNKNOWN * n_words else []


def first_wait() -> None:
    """How far the first question is, while there is no result yet that could say it."""
    progress(session.busy() if session.view() is None else None)


def progress(step: Step | None) -> None:
    """A bar, as long as there is something to wait for."""
    with slot(step is not None):
        if step is not None:
            st.progress(step.fraction or 0.0, plain(step.busy))


def text_form() -> None:
    """The text box: open on demand, and where there is nothing else to show."""
    is_open = session.view() is None or session.is_editing()
    with slot(is_open):
        if is_open:
            _form()


def _form() -> None:
    with st.form("heta.text"):
        st.text_area("Text up to the word to explain", session.draft(), key=session.DRAFT, height=110)
        st.text_input("Next word (optional; the model's own choice if empty)", key=session.WORD)
        with st.container(horizontal=True):
            st.form_submit_button("Explain", type="primary", on_click=_explain)
            if session.view() is not None:
                st.form_submit_button("Cancel", on_click=session.edit, args=(False,))


def _explain() -> None:
    text, word = session.typed()
    if not text:
        session.say("A prompt is needed, got an empty text: write at least two words.")
        return
    if word and not word[0].isspace() and not text[-1].isspace():
        word = f" {word}"
    session.ask(Question(session.model(), text, word=word or None, groups=rule(session.view())))
