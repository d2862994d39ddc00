"""Memory that is freed and kept: the next batch finds its pages there."""

import platform
import subprocess
import sys

import pytest

# In a process of its own: what the allocator is told holds for all of it.
BATCHES = """
import resource
import numpy as np
from heta_core.allocator import hand_back, keep_freed, kept
if {keeps}:
    assert keep_freed()
for n in range(30):
    pieces = [np.ones(1_000_000) for _ in range(8)]  # 8 MB each
    held = kept()
    del pieces
    if n == 4:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, kept() - held)
"""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")


def run(program: str, **environment: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PATH": "", **environment}
    )
    return [int(word) for word in done.stdout.split()]


def test_pages_of_freed_memory_are_not_taken_anew() -> None:
    plain, _ = run(BATCHES.format(keeps=False))
    keeping, _ = run(BATCHES.format(keeps=True))
    # At the default each of 25 · 8 pieces takes its two thousand pages again.
    assert plain > 50_000
    assert keeping < 1_000


def test_what_is_kept_counts_as_free() -> None:
    _, by_default = run(BATCHES.format(keeps=False))
    _, kept = run(BATCHES.format(keeps=True))
    assert by_default == 0
    assert kept > 60_000_000  # eight pieces


@pytest.mark.parametrize(
    "environment", [{"MALLOC_ARENA_MAX": "2"}, {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=100000"}]
)
def test_an_environment_that_says_how_to_allocate_is_obeyed(environment: dict[str, str]) -> None:
    program = "from heta_core.allocator import keep_freed, kept; print(int(keep_freed()), kept())"
    assert run(program, **environment) == [0, 0]
