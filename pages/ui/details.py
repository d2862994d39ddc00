"""What lies below the strip and is drawn only when opened: figures, every number, files."""

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.report import LARGEST, loads
from heta_core.taking.page import report_in
from heta_core.views import words
from pages.ui import session, taking
from pages.ui.theme import page_theme

_WAIT = "This follows when the answer above is finished."


def draw(result: Attribution) -> None:
    """The four panels."""
    is_running = session.busy() is not None
    with _panel("breakdown", "The three components, word by word") as panel:
        if panel.open:
            st.caption(_WAIT) if is_running else _breakdown(result)
    with _panel("heads", "Layers and heads of one word") as panel:
        if panel.open:
            st.caption(_WAIT) if is_running else _heads(result)
    with _panel("table", "Every number") as panel:
        if panel.open:
            st.caption(_WAIT) if is_running else _table(result)
    with _panel("files", "Save and reopen") as panel:
        if panel.open:
            _files(result)


def _panel(name: str, title: str):  # type: ignore[no-untyped-def]  # Streamlit's container type is not public
    return st.expander(title, key=session.PANELS[name], on_change="rerun")


def _breakdown(result: Attribution) -> None:
    from heta_core.views import figures  # plotly takes half a second, which the first screen should not wait for

    st.plotly_chart(figures.breakdown(result, page_theme()), key="heta.breakdown", config=_PICTURE)


def _heads(result: Attribution) -> None:
    from heta_core.views import figures

    st.plotly_chart(figures.heads(result, taking.pinned(result), page_theme()), key="heta.heads", config=_PICTURE)
    st.caption("Pin another word above to see where its flow comes from.")


_PICTURE = {"toImageButtonOptions": {"format": "svg", "filename": "heta"}, "displaylogo": False}


def _table(result: Attribution) -> None:
    table = result.to_dataframe()
    for column in ("token", "first_choice"):
        if column in table:
            table[column] = table[column].map(words.label)
    st.dataframe(table, hide_index=True, key="heta.table")


def _files(result: Attribution) -> None:
    taking.draw(result)
    st.file_uploader("Open a saved JSON or HTML", type=["json", "html"], key=session.UPLOAD, on_change=_opened)


def _opened() -> None:
    file = session.uploaded()
    if file is None:
        return
    try:
        text = text_of(file.getvalue())
        session.show(loads(report_in(text) if file.name.lower().endswith(".html") else text))
    except ReportError as error:
        session.say(str(error))


def text_of(content: bytes) -> str:
    """The text of a report that was dropped.

    Raises:
        ReportError: it is too large, or no text.
    """
    if len(content) > 4 * LARGEST:  # of the longest UTF-8
        raise ReportError(f"A report has at most {LARGEST:,} characters, found {len(content):,} bytes.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReportError(
            f"A report is UTF-8 text, found other bytes ({error}): open a file saved by this app."
        ) from error
