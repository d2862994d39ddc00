"""What the chosen model is, whether the method is known to hold on it, and what it takes: told before it is loaded."""

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import streamlit as st

from heta_core.errors import HetaError
from pages.ui import allowed, engine_cache, session
from pages.ui.plain import plain

if TYPE_CHECKING:
    from heta_core.models.card import Card

_KEY = "heta.model.card"
_PACKED = ("8bit", "4bit")
_STANDINGS = {
    "proven": "the whole method holds on models of this family",
    "partial": "KL and Hessian work; there is no transition and so no gate",
    "no_attention": "KL and Hessian work; there is no attention, so no transition and no gate",
    "not_text_decoder": "no decoder-only language model of text",
    "refused": "it cannot be used",
}


def draw() -> None:
    """Closed until it is wanted: cutting the text takes the model's tokenizer."""
    with st.popover("About this model", icon=":material/info:", key=_KEY, on_change="rerun") as popover:
        if popover.open:
            if engine_cache.starting(patience=0):
                with st.spinner("Starting the engine"):
                    engine_cache.warm().result()
            for line in told(session.model(), shown.tokens.text if (shown := session.view()) else session.draft()):
                st.markdown(line)


def told(name: str, text: str) -> Iterator[str]:
    """Every fact on a line of its own, as Markdown."""
    yield f"**{plain(name)}**"
    try:
        allowed.check_model(name)
        card = importlib.import_module("heta_core.models.card").card(name)
        yield from _facts(card)
        yield _cost(card, text)
    except HetaError as error:
        yield plain(str(error))


def _facts(card: "Card") -> Iterator[str]:
    shape = [
        f"{short(card.n_parameters)} parameters",
        *([f"{card.n_layers} layers"] if card.n_layers else []),
        *([f"{card.n_heads} heads"] if card.n_heads else []),
        *([f"{card.context:,} tokens of context"] if card.context else []),
    ]
    yield " · ".join(shape)
    licence = card.licence or "not stated beside its files"
    yield f"Stored in {card.stored}, loaded in {allowed.current().dtype} · licence: {plain(licence)}"
    found = card.standing
    if found is None:
        yield f"Family {plain(card.model_type)}: tried when the model is loaded."
        return
    reason = f" ({plain(found.reason)})" if found.reason else ""
    yield f"Family {plain(card.model_type)}: {_STANDINGS[found.standing]}{reason}. Checked again when it is loaded."


def _cost(card: "Card", text: str) -> str:
    """In memory, and of the text in the box where there is one."""
    if not text.strip():
        return "Write a text to see what it will take."
    dtype = allowed.current().dtype
    if dtype in _PACKED:
        return f"What it takes in {dtype} is known when it is loaded."
    device = allowed.current().device
    beforehand = importlib.import_module("heta_core.cost.beforehand").beforehand
    found = beforehand(card, text, dtype=dtype, device=None if device == "auto" else device)
    return plain(f"{found.words}.")


def short(n: float) -> str:
    """A number as models are named by it: 124 M, 8.0 B."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g} {letter}"
    return f"{n:g}"
