"""The library: what is saved is there, whole, and nobody's text is lost, whatever happens to the file."""

import json
import random
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import made_generation
import numpy as np
import pytest
import samples

from heta_core.attribution import Attribution
from heta_core.errors import ChangedElsewhereError, LibraryError, ReportError, SettingsError
from heta_core.library import database, exchange, reading, state, writing
from heta_core.library.entry import Entry, Result, Shelf, Words, identity, title
from heta_core.library.place import data_folder, place
from heta_core.parts import Given
from heta_core.report import dumps
from heta_core.settings import Weights

WRITER = Path(__file__).with_name("library_writer.py")
SHOWN = samples.result()
GENERATED = made_generation.generation()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "library.sqlite")


def said(text: str) -> Attribution:
    """An analysis of some text."""
    return samples.result(samples.words(text))


def entries(shelf: Shelf, query: str = "", **options: object) -> tuple[Entry, ...]:
    return reading.find(shelf, query, **options).entries


def titles(shelf: Shelf, query: str = "", **options: object) -> list[str]:
    return [entry.words.title for entry in entries(shelf, query, **options)]


def call(shelf: Shelf, entry_id: str, name: str) -> str:
    """Give an entry a title."""
    entry = reading.get(shelf, entry_id)
    writing.edit(shelf, entry, replace(entry.words, title=name))
    return entry_id


# save and open


@pytest.mark.parametrize("result", [SHOWN, samples.odd(), samples.span(), samples.contrast(), GENERATED])
def test_what_is_opened_is_what_was_saved(shelf: Shelf, result: Result) -> None:
    opened = reading.load(shelf, writing.save(shelf, result))
    assert type(opened) is type(result)
    assert dumps(opened) == dumps(result)


def test_which_entries_another_method_scored_is_read_from_their_reports(shelf: Shelf) -> None:
    scores = Given(np.linspace(-1, 1, SHOWN.n_units), "Occlusion", "nats", is_signed=True)
    bare = replace(SHOWN, transition=None, information=None, hessian=None, method="occlusion", given=scores)
    ids = [writing.save(shelf, result) for result in (bare, SHOWN, GENERATED, said("Another text."))]
    with closing(sqlite3.connect(shelf.path)) as file, file:
        file.execute("UPDATE report SET content = x'00' WHERE entry = ?", (ids[3],))
    assert reading.given(shelf, entries(shelf)) == {ids[0]}
    assert reading.given(shelf, ()) == frozenset()


def test_looking_at_a_library_does_not_make_one(shelf: Shelf) -> None:
    assert reading.find(shelf).n_matching == 0 and state.is_saving(shelf) and state.size(shelf) == 0
    assert not shelf.path.exists()


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "new" / "library.sqlite")
    writing.save(shelf, SHOWN)
    assert stat.S_IMODE(shelf.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(shelf.path.parent.stat().st_mode) == 0o700


def test_the_same_analysis_is_one_entry_and_newer_weights_take_the_place_of_older(shelf: Shelf) -> None:
    first = call(shelf, writing.save(shelf, SHOWN), "Mine")
    again = replace(
        SHOWN.with_weights(Weights(beta=0.1, gamma=0.9, scaling="raw")), settings=replace(SHOWN.settings, batch=4)
    )
    assert writing.save(shelf, again) == first
    assert titles(shelf) == ["Mine"]
    opened = reading.load(shelf, first)
    assert isinstance(opened, Attribution) and opened.weights == again.weights


def test_what_differs_in_any_way_that_was_asked_for_is_another_entry() -> None:
    asked = [
        SHOWN,
        GENERATED,
        replace(SHOWN, settings=replace(SHOWN.settings, seed=1)),
        replace(SHOWN, source=replace(SHOWN.source, weights_id="v" * 16)),
        replace(SHOWN, source=replace(SHOWN.source, dtype="float64")),
        samples.result(choice=1),
        samples.contrast(),
        samples.span(),
        said("Another text has a green cup."),
        made_generation.generation(answer=made_generation.OTHER),
    ]
    assert len({identity(result) for result in asked}) == len(asked)


def test_a_partial_analysis_is_refused(shelf: Shelf) -> None:
    partial = next(iter(samples.growing(SHOWN)))
    with pytest.raises(LibraryError, match="run it to the end"):
        writing.save(shelf, partial)
    assert not shelf.path.exists()


def test_a_title_says_how_the_prompt_ends_and_what_follows() -> None:
    assert title(SHOWN) == "…map. The street was empty. What does Kate have? Answer: → cup"
    assert title(samples.contrast()).endswith("Answer: → cup / map")
    assert title(GENERATED).endswith("Noah has a black map. Then Kate → took the green cup to the museum.")
    assert len(title(said("x" * 500))) < 200


# find


def test_every_word_of_a_query_must_stand_somewhere(shelf: Shelf) -> None:
    first = writing.save(shelf, said("The Straße is empty."))
    writing.save(shelf, said("Kate has a cup, 猫 too."))
    writing.edit(shelf, reading.get(shelf, first), Words("Road", ("city",), "a note with 100% and _x_"))
    for query in ("STRASSE", "road CITY", "100%", "_x_", "empty note", "littletown road", "ｒｏａｄ"):
        assert titles(shelf, query) == ["Road"], query
    assert len(titles(shelf, "猫")) == 1 and len(titles(shelf, "  ")) == 2
    for query in ("road 猫", "%", "___", 'x" OR 1', "'; DROP TABLE entry; --", "\x00"):
        assert titles(shelf, query) == ([] if query != "%" else ["Road"]), query


def test_entries_are_sorted_and_counted(shelf: Shelf) -> None:
    ids = [call(shelf, writing.save(shelf, said(f"{name} sat.")), name) for name in ("b", "A", "c")]
    call(shelf, ids[0], "b")
    assert titles(shelf, sort="newest") == ["c", "A", "b"] and titles(shelf, sort="oldest") == ["b", "A", "c"]
    assert titles(shelf, sort="title") == ["A", "b", "c"] and titles(shelf, sort="changed")[0] == "b"
    found = reading.find(shelf, sort="title", most=2)
    assert (len(found.entries), found.n_matching) == (2, 3)


def test_an_owner_neither_sees_nor_touches_what_is_anothers(tmp_path: Path) -> None:
    mine, other = Shelf(tmp_path / "library.sqlite", "me"), Shelf(tmp_path / "library.sqlite", "you")
    entry = reading.get(mine, writing.save(mine, SHOWN))
    assert entries(other) == ()
    for act in (
        lambda: reading.load(other, entry.id),
        lambda: writing.edit(other, entry, Words("Theirs")),
        lambda: exchange.export_text(other, [replace(entry, id="0" * 32)]),
    ):
        with pytest.raises(LibraryError):
            act()
    writing.delete(other, [entry.id])
    writing.wipe(other)
    state.switch_saving(other, False)
    assert entries(mine) == (entry,) and state.is_saving(mine)
    assert writing.save(other, SHOWN) != entry.id and len(entries(mine)) == 1


# the reader's words


def test_the_second_of_two_tabs_is_told_and_overwrites_nothing(shelf: Shelf) -> None:
    entry = reading.get(shelf, writing.save(shelf, SHOWN))  # both tabs read it
    writing.edit(shelf, entry, Words("First", ("a",), "long note"))
    with pytest.raises(ChangedElsewhereError, match="Nothing was overwritten"):
        writing.edit(shelf, entry, Words("Second"))
    now = reading.get(shelf, entry.id)
    assert now.words == Words("First", ("a",), "long note") and now.revision == 2
    writing.edit(shelf, now, Words("Second"))
    assert titles(shelf) == ["Second"]


def test_saving_again_does_not_disturb_somebody_who_writes_a_note(shelf: Shelf) -> None:
    entry = reading.get(shelf, writing.save(shelf, SHOWN))
    writing.save(shelf, SHOWN.with_weights(Weights(beta=0.1, gamma=0.9)))
    writing.edit(shelf, entry, Words("Mine", (), "note"))
    assert reading.get(shelf, entry.id).words.notes == "note"


@pytest.mark.parametrize(
    "words",
    [("",), ("  ",), ("x" * 201,), ("x", ("y" * 41,)), ("x", ("y",) * 21), ("x", (), "z" * 100_001), ("\ud800",)],
    ids=ascii,
)
def test_words_that_cannot_be_kept_say_why(words: tuple[object, ...]) -> None:
    with pytest.raises(LibraryError, match=r"at (least|most)|valid Unicode"):
        Words(*words)  # type: ignore[arg-type]


# delete, undo, wipe


def test_a_deletion_can_be_taken_back_for_a_day(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (writing.save(shelf, said(f"{name} sat.")) for name in "ab")
    writing.delete(shelf, [first, second])
    assert entries(shelf) == ()
    with pytest.raises(LibraryError, match="was deleted"):
        reading.load(shelf, first)
    writing.restore(shelf, [first])
    assert [entry.id for entry in entries(shelf)] == [first]
    later = time.time() + writing.UNDO + 1
    monkeypatch.setattr(writing.time, "time", lambda: later)
    writing.delete(shelf, [])
    writing.restore(shelf, [second])
    assert [entry.id for entry in entries(shelf)] == [first]


def test_a_deleted_analysis_that_is_made_again_comes_back_with_its_notes(shelf: Shelf) -> None:
    entry_id = call(shelf, writing.save(shelf, SHOWN), "Mine")
    writing.delete(shelf, [entry_id])
    assert writing.save(shelf, SHOWN) == entry_id and titles(shelf) == ["Mine"]


def test_nothing_of_what_was_wiped_is_left_in_the_file(shelf: Shelf) -> None:
    for k in range(20):
        call(shelf, writing.save(shelf, said(f"Number {k} has a cup.")), f"a secret {k}")
    before = state.size(shelf)
    writing.delete(shelf, [entries(shelf)[0].id])
    writing.wipe(shelf)
    assert entries(shelf) == () and b"secret" not in shelf.path.read_bytes()
    assert state.size(shelf) < before / 2


def test_saving_by_itself_stays_switched_off(shelf: Shelf) -> None:
    state.switch_saving(shelf, False)
    assert not state.is_saving(Shelf(shelf.path))
    state.switch_saving(shelf, True)
    assert state.is_saving(shelf)


# export and import


def test_an_export_is_imported_with_the_same_numbers_and_words(shelf: Shelf, tmp_path: Path) -> None:
    words = Words("“A” <b>", ("x", "y"), "two\nlines")
    for result in (SHOWN, samples.odd(), GENERATED):
        entry = reading.get(shelf, writing.save(shelf, result))
        writing.edit(shelf, entry, words)
    text = exchange.export_text(shelf, entries(shelf))
    assert json.loads(text)["format"] == "heta-library"
    other = Shelf(tmp_path / "other.sqlite")
    imported = exchange.import_text(other, text)
    assert (len(imported.taken), imported.refused) == (3, ())
    assert exchange.export_text(other, entries(other)) == text
    assert {entry.words for entry in entries(other)} == {words}
    assert exchange.import_text(other, text).taken == imported.taken and len(entries(other)) == 3


def test_bad_entries_are_named_and_good_ones_taken(shelf: Shelf, tmp_path: Path) -> None:
    call(shelf, writing.save(shelf, SHOWN), "Good")
    document = json.loads(exchange.export_text(shelf, entries(shelf)))
    (good,) = document["entries"]
    partial = json.loads(dumps(next(iter(samples.growing(said("Ann sat."))))))
    bad = [
        {**good, "title": "Half", "report": partial},
        {**good, "title": "Torn", "report": {**good["report"], "tokens": None}},
        {**good, "title": "Newer", "report": {**good["report"], "version": 99}},
        {**good, "title": "Unknown", "report": {"format": ["x"]}},
        {**good, "title": ""},
        {**good, "title": 5},
        {**good, "tags": ["x", 1]},
        {**good, "created": -1},
        {**good, "created": True},
        {**good, "created": 10**400},
        {**good, "more": 1},
        {"title": "No report"},
        "text",
        None,
    ]
    document["entries"] = [*bad, good]
    other = Shelf(tmp_path / "other.sqlite")
    imported = exchange.import_text(other, json.dumps(document))
    assert len(imported.taken) == 1 and titles(other) == ["Good"]
    assert [line.split(" was left out")[0] for line in imported.refused[:4]] == [
        "Entry 1 (“Half”)",
        "Entry 2 (“Torn”)",
        "Entry 3 (“Newer”)",
        "Entry 4 (“Unknown”)",
    ]
    assert len(imported.refused) == len(bad)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "whole JSON"),
        ("[1]", "exported from the library"),
        ('{"format": "heta-library", "version": 2, "entries": []}', "version 1 to 1 of an export, found 2"),
        ('{"format": "heta-library", "version": true, "entries": []}', "found True"),
        ('{"format": "heta-library", "version": 1}', "list of entries"),
        ('{"format": ["heta-library"]}', "found other JSON"),
        ("[" * 100_000, "nested deeper"),
    ],
)
def test_a_file_that_is_no_export_says_so(shelf: Shelf, text: str, says: str) -> None:
    with pytest.raises((LibraryError, ReportError), match=says):
        exchange.import_text(shelf, text)
    assert not shelf.path.exists()


def test_a_report_alone_is_taken_in(shelf: Shelf) -> None:
    for result in (SHOWN, GENERATED):
        assert len(exchange.import_text(shelf, dumps(result)).taken) == 1
    assert len(entries(shelf)) == 2


def test_importing_over_an_entry_keeps_the_title_and_both_notes(shelf: Shelf) -> None:
    entry = reading.get(shelf, writing.save(shelf, SHOWN))
    writing.edit(shelf, entry, Words("Theirs", ("b", "c"), "from elsewhere"))
    text = exchange.export_text(shelf, entries(shelf))
    writing.edit(shelf, reading.get(shelf, entry.id), Words("Mine", ("a", "b"), "my own"))
    exchange.import_text(shelf, text)
    assert reading.get(shelf, entry.id).words == Words("Mine", ("a", "b", "c"), "my own\n\nfrom elsewhere")


# what can happen to the file


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    harmed = {
        "other": b"this is no database " * 100,
        "cut": content[: len(content) // 2],
        "head": b"\0" * 100 + content[100:],
        "middle": content[:4096] + b"\xff" * 12_288 + content[16_384:],
    }
    path.write_bytes(harmed[how])


@pytest.mark.parametrize("how", ["other", "cut", "head", "middle"])
def test_a_damaged_file_is_put_aside_and_said_and_a_new_one_started(shelf: Shelf, how: str) -> None:
    for k in range(10):
        writing.save(shelf, said(f"Number {k} sat."))
    damage(shelf.path, how)
    harmed = shelf.path.read_bytes()
    entry_id = writing.save(shelf, SHOWN)
    assert [entry.id for entry in entries(shelf)] == [entry_id]
    (aside,) = state.put_aside(shelf)
    assert aside.path.read_bytes() == harmed and aside.path.name.startswith("library.damaged-")
    state.dismiss(shelf)
    assert state.put_aside(shelf) == () and aside.path.exists()


def test_a_damaged_file_is_put_aside_by_looking_at_it_too(shelf: Shelf) -> None:
    shelf.path.write_bytes(b"this is no database " * 100)
    assert entries(shelf) == () and len(state.put_aside(shelf)) == 1


def test_a_damaged_file_is_put_aside_once_by_many_threads(shelf: Shelf) -> None:
    for _ in range(3):
        shelf.path.write_bytes(b"this is no database " * 100)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda k: writing.save(shelf, said(f"Number {k} sat.")), range(8)))
        assert len(entries(shelf)) == 8
    assert len(list(shelf.path.parent.glob("*.damaged-*"))) == 3


def test_one_damaged_report_is_named_and_concerns_no_other(shelf: Shelf) -> None:
    first, second = (writing.save(shelf, said(f"{name} sat.")) for name in "ab")
    with closing(sqlite3.connect(shelf.path)) as connection, connection:
        connection.execute("UPDATE report SET content = ? WHERE entry = ?", (b"\x78\x01torn", first))
    with pytest.raises(LibraryError, match="a sat"):
        reading.load(shelf, first)
    assert reading.load(shelf, second).tokens.text == "b sat."


def test_a_library_of_a_newer_version_is_left_as_it_is(shelf: Shelf) -> None:
    writing.save(shelf, SHOWN)
    with closing(sqlite3.connect(shelf.path)) as connection:
        connection.execute("PRAGMA user_version = 7")
    before = shelf.path.read_bytes()
    for act in (lambda: writing.save(shelf, GENERATED), lambda: entries(shelf), lambda: writing.wipe(shelf)):
        with pytest.raises(LibraryError, match="version 1, found version 7"):
            act()
    assert shelf.path.read_bytes() == before


def test_another_programs_database_is_left_as_it_is(shelf: Shelf) -> None:
    with closing(sqlite3.connect(shelf.path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = shelf.path.read_bytes()
    with pytest.raises(LibraryError, match="another program's database"):
        writing.save(shelf, SHOWN)
    assert shelf.path.read_bytes() == before


def test_a_locked_file_says_so_and_is_free_afterwards(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0.05)
    writing.save(shelf, SHOWN)
    with closing(sqlite3.connect(shelf.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for act in (lambda: writing.save(shelf, GENERATED), lambda: entries(shelf)):
            with pytest.raises(LibraryError, match="Another program is using it"):
                act()
    writing.save(shelf, GENERATED)
    assert len(entries(shelf)) == 2


def test_a_full_disk_says_so_and_loses_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    writing.save(shelf, SHOWN)
    before, connect = entries(shelf), database.connect

    def full(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {n_pages}")
        return connection

    with monkeypatch.context() as disk:
        disk.setattr(database, "connect", full)
        with pytest.raises(LibraryError, match="room on the disk"):
            writing.save(shelf, GENERATED)
    assert entries(shelf) == before and reading.load(shelf, before[0].id).tokens == SHOWN.tokens
    writing.save(shelf, GENERATED)


def test_a_file_that_cannot_grow_loses_nothing(shelf: Shelf) -> None:
    """A real limit of the system, in a process of its own: the write itself fails."""
    writing.save(shelf, SHOWN)
    size = shelf.path.stat().st_size
    command = [sys.executable, str(WRITER), str(shelf.path), "0", str(size)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "LibraryError: The library needs" in done.stderr, done.stderr
    assert len(entries(shelf)) == 1 + len(done.stdout.split())
    assert state.put_aside(shelf) == ()


def test_a_file_that_may_not_be_written_can_be_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_id = writing.save(shelf, SHOWN)
    # As SQLite opens a file that the system lets it only read; the tests may run as root, who may write anything.
    monkeypatch.setattr(
        database, "connect", lambda path: sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    )
    with pytest.raises(LibraryError, match="Allow writing"):
        writing.save(shelf, GENERATED)
    assert reading.load(shelf, entry_id).tokens == SHOWN.tokens


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="Check the folder"):
        writing.save(Shelf(tmp_path / "file" / "library.sqlite"), SHOWN)


def test_many_threads_save_and_edit_at_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 60)  # a slow disk makes the last of eight wait

    def work(k: int) -> str:
        entry = reading.get(shelf, writing.save(shelf, said(f"Number {k} sat.")))
        writing.edit(shelf, entry, Words(f"t{k}"))
        writing.save(shelf, SHOWN)
        return entry.id

    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(work, range(32)))
    assert len(set(ids)) == 32 and len(entries(shelf)) == 33
    assert sorted(titles(shelf, "number")) == sorted(f"t{k}" for k in range(32))


@pytest.mark.parametrize("n_kills", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_what_was_reported_saved_survives_a_killed_process(shelf: Shelf, n_kills: int) -> None:
    reported: list[str] = []
    moments, rng = [], random.Random(0)
    for k in range(n_kills):
        command = [sys.executable, str(WRITER), str(shelf.path), str(1000 * k)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            reported.append(writer.stdout.readline().strip())
            moments.append(rng.uniform(0, 0.1))
            time.sleep(moments[-1])
            writer.kill()
            reported += [line.strip() for line in writer.stdout if line.endswith("\n")]
        assert reported[-1]
        saved = {entry.id for entry in entries(shelf, most=100_000)}
        assert set(reported) <= saved
    assert state.put_aside(shelf) == ()
    for entry_id in random.Random(1).sample(reported, min(50, len(reported))):
        opened = reading.load(shelf, entry_id)
        expected = samples.result(opened.tokens.pieces)
        assert isinstance(opened, Attribution) and np.allclose(opened.scores, expected.scores, rtol=1e-5)
    print(f"\n{n_kills} processes killed, {len(reported)} analyses reported saved, all there")


# where it lies


def test_nothing_is_kept_where_others_may_reach_the_server_unless_it_is_said(tmp_path: Path) -> None:
    home = {"XDG_DATA_HOME": str(tmp_path)}
    default = data_folder(home) / "heta-explorer" / "library.sqlite"
    named = str(tmp_path / "mine.sqlite")
    for said_, private, served in (
        ("", default, None),
        (" ON ", default, default),
        ("off", None, None),
        (named, Path(named), Path(named)),
    ):
        environment = {**home, "HETA_LIBRARY": said_}
        assert place(is_private=True, environment=environment) == private, said_
        assert place(is_private=False, environment=environment) == served, said_


def test_a_place_that_is_none_says_so(tmp_path: Path) -> None:
    for said_ in ("yes", str(tmp_path)):
        with pytest.raises(SettingsError, match="HETA_LIBRARY must"):
            place(is_private=True, environment={"HETA_LIBRARY": said_})


def test_the_users_data_folder_is_the_systems() -> None:
    assert data_folder({"XDG_DATA_HOME": "relative"}, "linux") == Path.home() / ".local" / "share"
    assert data_folder({"LOCALAPPDATA": "/c/Local"}, "win32") == Path("/c/Local")
    assert data_folder({}, "darwin").parts[-2:] == ("Library", "Application Support")
