"""Runs that the page keeps by themselves: gone on with, opened, annotated, deleted; on a tiny model."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.datasets import read  # noqa: E402 - the pages need the path above
from heta_core.errors import InputError, SettingsError  # noqa: E402
from heta_core.evaluation import earlier  # noqa: E402
from heta_core.evaluation.keeping import NAME, Loose, keeping  # noqa: E402
from heta_core.evaluation.outcome import Remark  # noqa: E402
from heta_core.evaluation.plan import Plan, corpus  # noqa: E402
from heta_core.evaluation.record import Record  # noqa: E402
from heta_core.language_model import LanguageModel  # noqa: E402
from pages.errors import desk, shelf  # noqa: E402
from pages.errors.asking import Asked  # noqa: E402
from pages.ui import engine_cache  # noqa: E402
from pages.ui import keeping as libraries  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402

DATA = read("3 9 41 9\n7 33 12 5\n70 3 9 41", "mine.txt")


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of runs, beside a library, with the tiny model in memory and a desk of this test's own."""

    def loaded(name: str, may_download: bool) -> Iterator[Step]:
        yield Step("Loading")
        return llama

    held: dict[str, object] = {}
    monkeypatch.setattr(engine_cache, "loaded", loaded)
    monkeypatch.setattr(desk.state, "get", lambda name, default=None: held.get(name, default))
    monkeypatch.setattr(desk.state, "put", held.__setitem__)
    monkeypatch.setattr(libraries, "is_private", lambda: True)
    monkeypatch.setenv("HETA_LIBRARY", str(tmp_path / "library.sqlite"))
    return tmp_path / "runs"


@pytest.fixture
def asked(llama: LanguageModel) -> Asked:
    model = llama.source.model
    plan = Plan(methods=("recency",), metrics=("deletion",), models=(model,), corpora=(corpus(DATA),))
    return Asked(DATA, model, plan)


def begun(asked: Asked, n: int | None = None) -> desk.Desk:
    """A run taken until n examples are there, or to its end, and then left."""
    desk.begin(asked)
    table = desk.current()
    assert table is not None and table.run is not None
    while table.run.is_live and (n is None or len(table.outcomes) < n):
        table.run.step()
    table.run.stop()
    return table


def ids(table: desk.Desk) -> list[str]:
    return [outcome.example.id for outcome in table.outcomes]


def test_a_run_that_was_left_is_gone_on_with_and_nothing_is_done_twice(asked: Asked, runs: Path) -> None:
    first = begun(asked, 1)
    assert ids(first) == ["1"] and [path.name for path in runs.iterdir()] == [first.folder.name]
    again = begun(asked)
    assert again.folder == first.folder and ids(again) == ["1", "2", "3"]
    assert again.outcomes[0] == first.outcomes[0]
    (found,) = earlier.earlier(runs)
    assert (found.n_done, found.plan.n_asked, found.is_complete, found.plan) == (3, 3, True, asked.plan)


def test_a_finished_run_is_begun_anew_and_so_is_one_with_another_plan(asked: Asked, runs: Path) -> None:
    begun(asked)
    assert len(begun(asked).outcomes) == 3 and len(earlier.earlier(runs)) == 2
    begun(replace(asked, plan=replace(asked.plan, seed=1)), 1)
    begun(asked, 1)
    assert len(earlier.earlier(runs)) == 4


def test_a_run_opens_as_it_was_with_what_was_written_meanwhile(asked: Asked) -> None:
    table = begun(asked, 2)
    table.run.is_live = False
    desk.remark(table.outcomes[0].key, Remark(("odd",), "look again"))
    desk.open_kept(table.folder)
    opened = desk.current()
    assert opened is not table and opened.run is None and (opened.n_asked, ids(opened)) == (3, ["1", "2"])
    assert opened.remarks == {table.outcomes[0].key: Remark(("odd",), "look again")}
    assert opened.record.sources == table.record.sources != ()


def test_a_remark_is_kept_while_the_run_goes_on(asked: Asked) -> None:
    desk.begin(asked)
    table = desk.current()
    while not table.outcomes:
        table.run.step()
    desk.remark(table.outcomes[0].key, Remark((), "now"))
    while table.run.is_live:
        table.run.step()
    assert earlier.opened(table.folder).remarks == {table.outcomes[0].key: Remark((), "now")}
    assert table.record.remarks == table.remarks and len(table.outcomes) == 3


def test_a_run_that_goes_on_has_its_remarks(asked: Asked) -> None:
    table = begun(asked, 1)
    desk.remark(table.outcomes[0].key, Remark((), "before"))
    assert begun(asked).remarks == {table.outcomes[0].key: Remark((), "before")}


def test_a_run_of_another_process_is_not_written_into(asked: Asked, runs: Path) -> None:
    left = begun(asked, 1)
    with keeping(left.folder, asked.plan):
        desk.begin(asked)
        table = desk.current()
        while table.run.is_live:
            table.run.step()
        assert "at work in another process" in table.run.problem
    assert begun(asked).folder == left.folder


def test_where_nothing_is_saved_nothing_is_kept(asked: Asked, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_LIBRARY", "off")
    assert shelf.folder() is None and len(begun(asked).outcomes) == 3
    monkeypatch.setenv("HETA_LIBRARY", str(runs.parent / "library.sqlite"))
    monkeypatch.setattr(libraries, "is_private", lambda: False)
    assert shelf.folder() is None and shelf.runs() == () and not runs.exists()


def test_a_deleted_run_leaves_the_desk_and_nothing_else_can_be_deleted(asked: Asked, runs: Path) -> None:
    table = begun(asked, 1)
    desk.delete(table.folder)
    assert desk.current() is None and earlier.earlier(runs) == ()
    with pytest.raises(InputError, match="found no run"):
        earlier.deleted(runs)
    assert runs.is_dir()


def test_what_is_no_run_is_left_out_of_the_list(asked: Asked, runs: Path) -> None:
    begun(asked, 1)
    for name, text in (("a", "{"), ("b", ""), ("c", '{"format": "heta-attribution"}\n')):
        (runs / name).mkdir()
        (runs / name / NAME).write_text(text)
    (runs / "d").mkdir()
    (runs / "d" / NAME).write_bytes(b"\xff\xfe\n")
    assert len(shelf.runs()) == 1
    with pytest.raises(InputError, match="cannot be read"):
        earlier.opened(runs / "nowhere")


def test_a_torn_last_example_is_not_counted(asked: Asked, runs: Path) -> None:
    table = begun(asked, 2)
    path = table.folder / NAME
    path.write_bytes(path.read_bytes()[:-20])
    assert shelf.runs()[0].n_done == 1
    assert ids(begun(asked)) == ["1", "2", "3"]


@pytest.mark.parametrize("is_kept", [True, False])
def test_the_page_is_told_which_example_it_is_and_how_long_the_rest_takes(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    if not is_kept:
        monkeypatch.setenv("HETA_LIBRARY", "off")
    desk.begin(asked)
    run = desk.current().run
    told = []
    while run.is_live:
        run.step()
        told.append((run.latest.busy, run.latest.fraction, len(run.result.outcomes) if run.result else 0))
    assert told[0][0] == "Loading" and "left" not in told[1][0]
    assert [n for _, _, n in told] == sorted(n for _, _, n in told) and told[-1][2] == 3
    fractions = [fraction for _, fraction, _ in told if fraction is not None]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert {busy.partition(" · ")[0] for busy, _, _ in told[1:]} == {f"Example {n} of 3" for n in (1, 2, 3)}
    second = [busy for busy, _, _ in told if busy.startswith("Example 2")]
    assert second and all(re.search(r" · about \d+ (s|min) left$", busy) for busy in second)
    assert "left" not in told[-1][0]  # nothing is
    assert len(run.result.sources) == 1


def test_a_run_that_is_kept_nowhere_refuses_other_weights_too(asked: Asked, llama: LanguageModel) -> None:
    ledger = Loose(Record(asked.plan))
    ledger.meet(llama.source)
    ledger.meet(llama.source)
    assert ledger.record.sources == (llama.source,)
    with pytest.raises(SettingsError, match="weights_id x in the run"):
        Loose(Record(asked.plan, sources=(replace(llama.source, weights_id="x"),))).meet(llama.source)
