"""Amounts of memory, and what is left of it on several systems."""

import os
from pathlib import Path

import pytest

from heta_core import memory
from heta_core.errors import SettingsError
from heta_core.memory import available, in_words, parsed

GB = 10**9
MEMINFO = "MemTotal: 16000000 kB\nMemFree: 1000000 kB\nMemAvailable: 8000000 kB\n"


def system(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "n"),
    [("2GB", 2 * GB), ("1.5g", 1.5 * GB), (" 800 MB ", 8e8), ("1GiB", 2**30), ("2000000000", 2 * GB), ("3 Ki", 3072)],
)
def test_amounts_are_read(text: str, n: float) -> None:
    assert parsed(text) == n


@pytest.mark.parametrize("text", ["10XB", "", "GB", "-1GB", "0", "0.1", "1,5GB", "nan", "1e9"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"number with its unit, got .*: write 2GB"):
        parsed(text)


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1.24 * GB, "1.2 GB"),
        (12.6 * GB, "13 GB"),
        (123 * GB, "120 GB"),
        (999e6, "1.0 GB"),
        (5e5, "500 kB"),
        (2e12, "2.0 TB"),
    ],
)
def test_amounts_are_told_with_two_digits(n: float, words: str) -> None:
    assert in_words(n) == words


def test_what_the_kernel_calls_available_is(tmp_path: Path) -> None:
    assert available(system(tmp_path, {"proc/meminfo": MEMINFO})) == 8_000_000 * 1024


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "0::/box/job\n",
        "sys/fs/cgroup/box/memory.max": f"{4 * GB}\n",
        "sys/fs/cgroup/box/memory.current": f"{3 * GB}\n",
        "sys/fs/cgroup/box/memory.stat": f"anon {2 * GB}\ninactive_file {GB}\n",
        "sys/fs/cgroup/box/job/memory.max": "max\n",
        "sys/fs/cgroup/box/job/memory.current": f"{GB}\n",
    }
    assert available(system(tmp_path, files)) == 2 * GB


def test_so_does_one_of_the_older_kind_seen_from_inside(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "5:cpu:/\n4:memory:/docker/abc\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{5 * GB}\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{2 * GB}\n",
        "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 500\n",
    }
    assert available(system(tmp_path, files)) == 3 * GB + 500


def test_a_limit_that_is_used_up_leaves_nothing(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "1000\n",
        "sys/fs/cgroup/memory.current": "2000\n",
    }
    assert available(system(tmp_path, files)) == 0


def test_elsewhere_half_of_all_memory_counts_as_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__, raising=False)
    assert available(tmp_path) == 1000 * 4096 // 2


def test_where_nothing_is_told_little_is_assumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert available(tmp_path) == memory._SMALLEST
