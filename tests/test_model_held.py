"""The one model of all sessions: loaded once, given up where nobody waits, and gone from memory after the next one."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heta_core import loading
from heta_core.errors import Cancelled, LoadError
from pages.ui import model_held

ROOT = Path(__file__).parents[1]
WAIT = 60.0  # seconds that no test takes


class Loads:
    """What stands in the place of `loading.load`: it goes on for as long as it is not let go."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.go = threading.Event()
        self.most_at_once, self._now = 0, 0

    def __call__(
        self, name: str, *, dtype: str, device: str | None, download: bool, progress: loading.Progress
    ) -> object:
        self.names.append(name)
        self.asked = dtype, device
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            while not self.go.wait(0.005):
                progress("weights", 0.5)
            if name == "broken":
                raise LoadError("It is broken.")
            return object()
        finally:
            self._now -= 1


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loads]:
    found = Loads()
    monkeypatch.setattr(loading, "load", found)
    monkeypatch.setattr(model_held, "_held", None)
    yield found
    found.go.set()


def ended(one: model_held.Loading) -> BaseException | None:
    return one.future.exception(timeout=WAIT)


def test_two_who_ask_for_one_model_wait_for_the_same(loads: Loads) -> None:
    with model_held.waiting("a", may_download=False) as one, model_held.waiting("a", may_download=True) as other:
        loads.go.set()
        assert one is other and one.future.result(WAIT) is not None
    with model_held.waiting("a", may_download=False) as later:
        assert later is one
    assert loads.names == ["a"]


def test_one_who_leaves_takes_nothing_from_who_stays(loads: Loads) -> None:
    with model_held.waiting("a", may_download=False) as one:
        with model_held.waiting("a", may_download=False):
            pass
        time.sleep(0.05)
        assert not one.future.done()
        loads.go.set()
        assert one.future.result(WAIT) is not None


def test_loading_ends_when_the_last_one_leaves_and_begins_anew_for_the_next(loads: Loads) -> None:
    with model_held.waiting("a", may_download=False) as one:
        pass
    assert isinstance(ended(one), Cancelled)
    with model_held.waiting("a", may_download=False) as other:
        loads.go.set()
        assert other is not one and other.future.result(WAIT) is not None


def test_a_second_model_is_not_read_before_the_first_has_ended(loads: Loads) -> None:
    with model_held.waiting("a", may_download=False) as one:
        end = time.monotonic() + WAIT
        while not loads.names and time.monotonic() < end:
            time.sleep(0.002)  # its thread may take a moment
        with model_held.waiting("b", may_download=False) as other:
            time.sleep(0.05)
            assert loads.names == ["a"]
            loads.go.set()
            assert one.future.result(WAIT) is not None and other.future.result(WAIT) is not None
    assert loads.most_at_once == 1


def test_weights_are_loaded_as_the_server_says(loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_DTYPE", "bfloat16")
    monkeypatch.setenv("HETA_DEVICE", "auto")
    loads.go.set()
    with model_held.waiting("a", may_download=False) as one:
        assert one.future.result(WAIT) is not None
    assert loads.asked == ("bfloat16", "auto")


def test_what_failed_is_tried_again(loads: Loads) -> None:
    loads.go.set()
    for _ in range(2):
        with model_held.waiting("broken", may_download=False) as one:
            assert isinstance(ended(one), LoadError)
    assert loads.names == ["broken"] * 2


SWITCHING = """
import gc, os, sys
sys.path.insert(0, "tests")
import torch
from conftest import byte_tokenizer
from transformers import GPT2Config, GPT2LMHeadModel
from heta_core.allocator import keep_freed
from heta_core.passes.capture import capture
from pages.ui import model_held

keep_freed()
names = [os.path.join(sys.argv[1], name) for name in "ab"]
for name in names:
    GPT2LMHeadModel(GPT2Config(vocab_size=264, n_embd=512, n_layer=6, n_head=8, n_positions=64)).save_pretrained(name)
    byte_tokenizer().save_pretrained(name)

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def ask(name):
    with model_held.waiting(name, may_download=False) as loading:
        capture(loading.future.result(), (1, 2, 3))

gc.collect()
for k in range(11):
    ask(names[k % 2])
    print(resident())
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read where Linux tells it")
def test_ten_switches_leave_no_more_in_memory_than_the_first(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SWITCHING, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    first, second, *_, last = map(int, run.stdout.split())
    print(f"\nresident after models 1, 2 and 11: {first / 1e6:.0f}, {second / 1e6:.0f} and {last / 1e6:.0f} MB")
    assert last < 1.1 * first
