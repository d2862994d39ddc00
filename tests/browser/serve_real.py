"""The app on the shipped model, as `python serve_real.py PORT FOLDER`: FOLDER gets a line for each step of work.

A line is the processor's seconds of the worker's thread, the clock's, the number of the question, whether it ended by
this step, and what the step was; torch computes in that thread where it has one core, so the first figure stays what it
is while other programs are busy.
"""

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ["OMP_NUM_THREADS"] = "1"

from streamlit.web import cli  # noqa: E402 - needs the path above

from pages.ui.runs import Run  # noqa: E402

PORT, FOLDER = sys.argv[1], Path(sys.argv[2])
take = Run._take
asked: list[Run] = []


def measured(run: Run) -> None:
    """A step of work, and how long it took."""
    busy, clock = time.thread_time(), time.perf_counter()
    take(run)
    busy, clock = time.thread_time() - busy, time.perf_counter() - clock
    if run not in asked:
        asked.append(run)
    is_last = run.steps.gi_frame is None  # of a generator that has come to its end
    with (FOLDER / "steps.txt").open("a") as log:
        log.write(f"{busy:.4f}\t{clock:.4f}\t{asked.index(run)}\t{is_last:d}\t{run.latest.busy}\n")


Run._take = measured
cli.main(
    ["run", str(ROOT / "app.py"), "--server.port", PORT, "--server.address", "127.0.0.1", "--server.headless", "true"]
)
