"""A run taken along: everything, to open again here or to go on with, and its numbers as a table."""

import streamlit as st

from heta_core.evaluation import record, rows
from pages.errors.desk import Desk


def draw(desk: Desk) -> None:
    """The buttons; files are written when they are asked for."""
    with st.container(horizontal=True):
        st.download_button(
            "Save the run",
            lambda: record.dumps(desk.record),
            "heta-run.jsonl",
            "application/jsonl",
            on_click="ignore",
            icon=":material/download:",
            help="A line for every example, with all scores, tags and notes. It opens again here, without the model.",
        )
        st.download_button(
            "Save the numbers as CSV",
            lambda: rows.long_csv(desk.outcomes, desk.remarks),
            "heta-run.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
            help="A row for every example, method and measure.",
        )
