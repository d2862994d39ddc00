"""Which library this visitor has, and how finished analyses get into it by themselves.

A server that only its own user reaches keeps them in that user's library. Any other keeps nothing unless it is
configured to, and then every browser has a library of its own.
"""

import ipaddress
import logging
import os
import re

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import HetaError
from heta_core.generated import GenerationAttribution
from heta_core.library import reading, writing
from heta_core.library import state as library_state
from heta_core.library.entry import Shelf
from heta_core.library.place import VARIABLE, place
from heta_core.settings import Weights
from pages.ui import allowed, state, visitor
from pages.ui.plain import plain
from pages.ui.runs import Run

# Headers that a proxy adds: behind one, every visitor comes from this computer.
_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")
_log = logging.getLogger("heta")


def shelf() -> Shelf | None:
    """Where this visitor's analyses are kept; None where nothing is.

    Raises:
        SettingsError: what was decided about it is nothing that can be done.
    """
    alone = is_private()
    path = place(is_private=alone, environment={**os.environ, VARIABLE: allowed.current().kept})
    return None if path is None else Shelf(path, "" if alone else visitor.token())


def is_private() -> bool:
    """Only the user of this computer reaches the server: it listens to nobody else, and was asked directly."""
    headers = st.context.headers
    host = headers.get("Host", "localhost")  # without a browser, as in tests, there is no request
    asked = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    return (
        _is_loopback(str(st.get_option("server.address") or ""))
        and _is_loopback(asked.strip("[]"))
        and not any(name in headers for name in _PROXIED)
    )


def _is_loopback(address: str) -> bool:
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:  # another name, or none: a server that listens to all
        return False


def recognise() -> None:
    """Let the browser keep its token where it has a library of its own, or where its jobs are counted."""
    try:
        has = shelf()
    except HetaError:  # the Library says what is wrong; every other page works without one
        has = None
    if (has is not None and has.owner) or allowed.current().jobs is not None:
        visitor.recognise()


def keep(run: Run | None, weights: Weights) -> None:
    """Save what a run came to, once, if it came to its end. It may be called at every drawing.

    Whatever goes wrong is said in one line and goes no further, as in `keep_known`.
    """
    if run is None or run.is_live or run.is_kept:
        return
    run.is_kept = True
    if not run.problem and run.result is not None and _is_finished(run.result):
        _save(run.result.with_weights(weights))


def keep_known(result: Attribution) -> None:
    """Save what was answered from memory, unless it is there: another visitor may have been the first to ask."""
    _save(result, is_known=True)


def _save(result: Attribution | GenerationAttribution, *, is_known: bool = False) -> None:
    try:
        own = shelf()
        if own is None or not library_state.is_saving(own) or (is_known and reading.kept(own, result)):
            return
        writing.save(own, result)
    except HetaError as error:
        _log.warning("not saved: %s", error)
        st.toast(f"Not saved in the Library. {plain(str(error))}", icon=":material/error:", duration="long")
        return
    if state.once("told of the library"):
        st.toast("Saved. Finished analyses wait for you in the Library.", icon=":material/bookmark:")


def _is_finished(result: Attribution | GenerationAttribution) -> bool:
    """All that was planned is done; what the reader stopped early is not."""
    work = result.fraction if isinstance(result, GenerationAttribution) else result.work.fraction
    return result.is_complete and work >= 1
