"""How many jobs of one visitor go on at the same time: the further ones wait, in the order in which they were asked.

A job that no page looks at does not go on, so it keeps no other from going on either.
"""

import threading
import time
from typing import Protocol

from pages.ui import allowed

_KEPT = 60.0  # seconds after which a job that nobody looks at loses its place


class Job(Protocol):
    """What is known of a job here."""

    visitor: str
    looked: float  # when a page last did

    @property
    def is_wanted(self) -> bool:
        """It is alive and looked at."""


_jobs: dict[str, list[Job]] = {}  # of every visitor, as they were asked
_lock = threading.Lock()


def enter(job: Job) -> None:
    """Give a job its place among those of its visitor; it may be called at every look."""
    if allowed.current().jobs is None:
        return
    now = time.monotonic()
    with _lock:
        own = _jobs.setdefault(job.visitor, [])
        if not any(job is other for other in own):
            own.append(job)
        for visitor, jobs in list(_jobs.items()):
            _jobs[visitor] = [one for one in jobs if one.is_wanted or now - one.looked < _KEPT]
            if not _jobs[visitor]:
                del _jobs[visitor]


def before(job: Job) -> "list[Job]":
    """The jobs that go on while this one waits; none where it may go on itself."""
    most = allowed.current().jobs
    if most is None:
        return []
    with _lock:
        wanted = [one for one in _jobs.get(job.visitor, []) if one.is_wanted]
    return [] if any(job is one for one in wanted[:most]) or job not in wanted else wanted[:most]
