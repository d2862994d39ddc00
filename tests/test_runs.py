"""One thread for each model, and the questions that wait for it."""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from heta_core.errors import InputError
from pages.generate.branches import Branch
from pages.ui import runs
from pages.ui.engine_cache import Step
from pages.ui.runs import Run

WAIT = 60.0  # seconds that no test takes


class Asked:
    """A question whose steps are let through one by one."""

    def __init__(self, model: str, name: str = "", *, log: list[str] | None = None) -> None:
        self.gate = threading.Semaphore(0)
        self.is_closed = threading.Event()
        self.threads: set[int] = set()
        self._name, self._log = name, [] if log is None else log
        self.run = Run(self._steps(), model=model)

    def _steps(self) -> Iterator[Step]:
        try:
            for n in range(100):
                self.gate.acquire(timeout=WAIT)
                self.threads.add(threading.get_ident())
                self._log.append(self._name)
                yield Step(f"step {n}", n / 100, SimpleNamespace(n=n) if n else None)
        finally:
            self.is_closed.set()


def until(holds: Callable[[], object], run: Run | None = None) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end, "nothing happened"
        if run is not None:
            run.advance()
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def readers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look holds for as long as a test takes, unless the test says otherwise: a busy computer ends none."""
    monkeypatch.setattr(runs, "_LOOK", 10 * WAIT)


@pytest.fixture
def model(request: pytest.FixtureRequest) -> str:
    """A model of this test's own."""
    return str(request.node.name)


def test_the_work_is_done_in_another_thread_and_a_look_brings_what_is_new(model: str) -> None:
    asked = Asked(model)
    asked.gate.release(3)
    until(lambda: asked.run.latest.busy == "step 2", asked.run)
    assert asked.run.result.n == 2 and asked.run.busy is asked.run.latest
    assert len(asked.threads) == 1 and threading.get_ident() not in asked.threads
    asked.run.stop()
    asked.gate.release(5)


def test_what_ended_after_a_drawing_is_drawn_once_more(model: str) -> None:
    asked = Asked(model)
    asked.gate.release(50)
    until(lambda: asked.run.result is not None, asked.run)
    drawn = asked.run.result
    asked.gate.release(50)
    until(lambda: not asked.run.is_live)
    assert asked.run.result.n > drawn.n
    branch = Branch("a continuation", together=asked.run)
    assert branch.runs == [asked.run]
    assert asked.run.advance() and not asked.run.advance()
    assert branch.runs == []


def test_one_thread_works_for_all_questions_to_a_model(model: str) -> None:
    one, other = Asked(model), Asked(model)
    for asked in (one, other):
        asked.gate.release(200)
        until(lambda asked=asked: not asked.run.is_live, asked.run)
    assert one.threads == other.threads
    assert one.run.result.n == other.run.result.n == 99


def test_a_first_picture_comes_before_what_is_refined(model: str) -> None:
    log: list[str] = []
    old, new = Asked(model, "old", log=log), Asked(model, "new", log=log)
    old.gate.release(3)
    until(lambda: old.run.latest.busy == "step 2", old.run)
    old.run.looked = new.run.looked = time.monotonic()
    threads = [threading.Thread(target=asked.run.advance) for asked in (old, new)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    del log[:]
    new.gate.release(4)  # the thread is inside a step of the old one, or already waits for the new one
    old.gate.release(1)
    until(lambda: new.run.result is not None, new.run)
    first = log.index("new")
    assert log[first : first + 2] == ["new", "new"] and first <= 1
    for asked in (old, new):
        asked.run.stop()
        asked.gate.release(5)


def test_who_waits_is_told_how_many_come_first(model: str) -> None:
    all_asked = [Asked(model) for _ in range(3)]
    for asked in all_asked:
        asked.run.advance()
    words = [asked.run.busy.busy for asked in all_asked]
    assert words == ["Asking the model", "Waiting: 1 ahead", "Waiting: 2 ahead"]
    all_asked[0].run.stop()
    assert all_asked[2].run.busy.busy == "Waiting: 1 ahead"
    for asked in all_asked:
        asked.run.stop()
        asked.gate.release(5)


def test_the_more_questions_there_are_the_less_often_each_is_drawn_but_not_its_first_picture(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_MOMENT", 0.1)
    all_asked, looks = [Asked(model) for _ in range(5)], []
    all_asked[0].gate.release(2)
    until(lambda: all_asked[0].run.result is not None, all_asked[0].run)
    for asked in all_asked:
        asked.run.looked = time.monotonic()
        runs._desk(model).admit(asked.run)
    monkeypatch.setattr(runs.state, "give_way", lambda: looks.append(all_asked[0].run.looked))
    start = time.monotonic()
    assert all_asked[0].run.advance()
    assert time.monotonic() - start >= 0.5
    assert looks and start < looks[0] and looks == sorted(set(looks))  # it counts as looked at meanwhile
    monkeypatch.setattr(runs, "_MOMENT", WAIT)
    for asked in all_asked:
        asked.gate.release(2)  # whichever the thread is inside of
    start = time.monotonic()
    assert all_asked[1].run.advance() and all_asked[1].run.result is not None
    assert time.monotonic() - start < WAIT
    for asked in all_asked:
        asked.run.stop()
        asked.gate.release(9)


def test_stopping_keeps_what_is_there_and_lets_go_of_the_work(model: str) -> None:
    asked = Asked(model)
    asked.gate.release(2)
    until(lambda: asked.run.result is not None, asked.run)
    asked.run.stop()
    assert asked.run.busy is None and not asked.run.advance()
    asked.gate.release(1)  # the step that it is inside of, if any
    assert asked.is_closed.wait(WAIT)
    assert asked.run.result.n == 1


def test_what_nobody_looks_at_waits_and_is_taken_up_again(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_LOOK", 0.2)
    left, other = Asked(model), Asked(model)
    left.gate.release(2)
    until(lambda: left.run.result is not None, left.run)
    time.sleep(0.3)
    left.gate.release(1)  # it may be inside a step
    other.gate.release(1)
    until(lambda: other.run.latest.busy == "step 0", other.run)  # which the thread does after that
    n = left.run.latest.fraction
    left.gate.release(50)
    other.gate.release(9)
    until(lambda: other.run.latest.busy == "step 9", other.run)
    assert left.run.latest.fraction == n and left.run.is_live
    other.gate.release(99)  # the step that its thread is inside of, and those until it sees that the other is wanted
    until(lambda: left.run.latest.fraction > 0.4, left.run)
    for asked in (left, other):
        asked.run.stop()
        asked.gate.release(99)


def test_too_many_questions_are_refused_with_a_reason(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_MOST", 2)
    all_asked = [Asked(model) for _ in range(3)]
    for asked in all_asked:
        asked.run.advance()
    assert [asked.run.is_live for asked in all_asked] == [True, True, False]
    assert all_asked[2].run.problem == (
        "2 questions wait for this model, which is all it takes: try again in a minute."
    )
    for asked in all_asked:
        asked.run.stop()
        asked.gate.release(5)


def test_an_error_that_a_person_can_act_on_is_kept_as_words(model: str) -> None:
    def steps() -> Iterator[Step]:
        yield Step("Reading")
        raise InputError("Need at least 2 tokens, got 1: add a word.")

    run = Run(steps(), model=model)
    until(lambda: not run.is_live, run)
    assert run.problem == "Need at least 2 tokens, got 1: add a word." and not run.advance()


def test_a_bug_reaches_the_page_that_looks_and_the_thread_lives_on(model: str) -> None:
    def steps() -> Iterator[Step]:
        yield Step("Reading")
        raise ZeroDivisionError("a bug")

    run = Run(steps(), model=model)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        until(lambda: False, run)
    assert not run.is_live and not run.advance()
    asked = Asked(model)
    asked.gate.release(1)
    until(lambda: asked.run.latest.busy == "step 0", asked.run)
    asked.run.stop()
    asked.gate.release(5)


def test_a_thread_without_work_ends_and_the_next_question_has_one_again(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_IDLE", 0.1)
    for _ in range(2):
        asked = Asked(model)
        asked.gate.release(200)
        until(lambda asked=asked: not asked.run.is_live, asked.run)
        until(lambda: not any(thread.name == f"model {model}" for thread in threading.enumerate()))
