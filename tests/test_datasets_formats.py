"""The data sets of the literature: each is read from a small file in its own form, written here."""

import json
from pathlib import Path
from typing import Any

import pytest

from heta_core.datasets import Dataset, Example, read, read_path
from heta_core.datasets._rows import lines
from heta_core.errors import InputError


def said(example: Example, field: str) -> list[str]:
    return [example.prompt[start:stop] for start, stop in getattr(example, field)]


def refusals(found: Dataset) -> list[str]:
    return [row.why for row in found.refused]


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def why_of(record: dict[str, Any], good: dict[str, Any], format: str) -> str:
    """What is said of a record beside one that is good."""
    found = read("\n".join(json.dumps(one) for one in (good, record)), "two.jsonl", format=format)
    assert len(found.examples) == 1
    return refusals(found)[0]


# curated

NARRATIVE = "In the old harbour, the heart of the town, she waited."
SUPPORT = "The well-known heart pumps blood; the heart's walls are muscle."
QUESTION = "Which organ pumps blood?"


def pair(k: int = 0, **changed: object) -> dict[str, Any]:
    record = {
        "id": f"qa_{k}",
        "base_pair_id": f"narrative_00__sciq_{k:02d}",
        "narrative_segment": NARRATIVE,
        "sciq_support_segment": SUPPORT,
        "question": QUESTION,
        "answer": "heart",
        "target_first_answer_token": "heart",
        "important_words": ["Heart", "pumps", "well-known"],
        "important_word_indices_in_sciq_support": [2, 1, 3],
        "label_note": "of no matter",
        **changed,
    }
    joined = f"{record['narrative_segment']} <s> {record['sciq_support_segment']} <s> Question: {record['question']}"
    return {"input_text": joined, **record}


def test_curated_segments_are_found_by_their_lengths_where_a_search_finds_another_place() -> None:
    twice = pair(narrative_segment=SUPPORT)  # a search for the support would find the narrative
    (example,) = read(json.dumps({"num_examples": 1, "examples": [twice]}, indent=1), "curated.json").examples
    n = len(SUPPORT)
    assert example.distractor == ((0, n),)
    assert example.evidence == ((n + 5, 2 * n + 5),)
    assert said(example, "evidence") == [SUPPORT]
    assert said(example, "question") == [f"Question: {QUESTION}"]
    assert said(example, "gold_words") == ["well-known", "heart", "pumps"]
    assert all(start > n for start, _ in example.gold_words)


def test_a_curated_example_asks_for_the_first_token_of_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "curated.json"
    path.write_text(json.dumps({"examples": [pair()]}), encoding="utf-8")
    found = read_path(path)
    assert found.format == "curated"
    (example,) = found.examples
    assert example.prompt == f"{NARRATIVE} <s> {SUPPORT} <s> Question: {QUESTION}\nAnswer:"
    assert (example.id, example.target, example.takes, example.cluster) == ("qa_0", " heart", "first", "heart")


def test_curated_pairs_that_repeat_are_refused_and_counted() -> None:
    records = [pair(k % 3, id=f"row {k}") for k in range(60)]
    found = read(json.dumps({"examples": records}), "curated.json")
    assert [example.id for example in found.examples] == ["row 0", "row 1", "row 2"]
    assert len(found.refused) == 57
    assert found.refused[0].id == "row 3"
    assert refusals(found)[0] == "example 4: It repeats base pair 'narrative_00__sciq_00', example 1."


def test_a_curated_pair_that_was_refused_is_not_repeated_by_the_next() -> None:
    found = read(json.dumps({"examples": [pair(answer=" "), pair()]}), "curated.json")
    assert len(found.examples) == 1
    assert refusals(found) == ["example 1: answer: need a text, found an empty one."]


CURATED = {
    "another text": (
        {"input_text": f"{NARRATIVE} <s> {SUPPORT} {QUESTION}"},
        "found another text from character 123 on",
    ),
    "a longer text": ({"input_text": pair()["input_text"] + " "}, "found another text from character"),
    "no text": ({"input_text": None}, "input_text: need a text, found null"),
    "a word too many": ({"important_word_indices_in_sciq_support": [10]}, "need words 0 to 9 of the support, found 10"),
    "a word before": ({"important_word_indices_in_sciq_support": [-1]}, "found -1"),
    "no numbers": ({"important_word_indices_in_sciq_support": ["1"]}, "need a list of whole numbers"),
    "words counted otherwise": ({"important_word_indices_in_sciq_support": [0]}, "word 'the' is marked but not among"),
    "no support": ({"sciq_support_segment": 3}, "sciq_support_segment: need a text, found 3"),
    "an empty narrative": ({"narrative_segment": ""}, "distractor: need 0 ≤ start < stop"),
}


@pytest.mark.parametrize(("changed", "why"), CURATED.values(), ids=CURATED.keys())
def test_a_curated_record_that_contradicts_itself_is_refused(changed: dict[str, object], why: str) -> None:
    assert why in why_of(pair(1, **changed), pair(0), "curated")


# LongRA

PIECES = ["</s>", "I", " left", " Paris", " (", "Paris", " Paris", ").", " So", " I", " am", " in", " France"]


def analogy(**changed: object) -> dict[str, Any]:
    return {
        "$schema": "analogy",
        "id": 0,
        "text": PIECES,
        "tokens": list(range(len(PIECES))),
        "target": 12,
        "relative": 3,
        "distractor": {"start": 4, "end": 7},
        "comments": {"tokenizer": "gpt2-medium", "analogy_idx": 1, "pair_idx": 0},
        **changed,
    }


def test_long_ra_counts_pieces_and_keeps_every_place_of_the_antecedent() -> None:
    (example,) = read(json.dumps(analogy()), "0.json").examples
    assert example.prompt == "I left Paris (Paris Paris). So I am in"
    assert (example.id, example.target, example.takes, example.cluster) == ("0", " France", "all", "analogy 1")
    assert example.evidence == ((7, 12), (20, 25))
    assert said(example, "evidence") == ["Paris", "Paris"]
    assert said(example, "distractor") == ["(Paris Paris)."]


def test_long_ra_takes_several_antecedents() -> None:
    (example,) = read(json.dumps(analogy(relative=[3, 5])), "0.json").examples
    assert said(example, "evidence") == ["Paris", "Paris", "Paris"]


LONG_RA = {
    "after the target": ({"target": 3, "relative": 4}, "relative: need the number of a piece from 0 to 2, found 4"),
    "no target": ({"target": None}, "target: need the number of a piece from 0 to 12, found null"),
    "true": ({"relative": True}, "relative: need the number of a piece from 0 to 11, found True"),
    "a distractor outside": ({"distractor": {"start": 4, "end": 12}}, "distractor.end: need the number"),
    "a reversed distractor": ({"distractor": {"start": 5, "end": 4}}, "need start before end, found 5 and 4"),
    "a list as distractor": ({"distractor": [4, 7]}, "need an object with start and end"),
    "a text in one": ({"text": "I left Paris"}, "text: need a list of pieces of text, found 'I left Paris'"),
    "no spaces": ({"text": [piece.strip() for piece in PIECES]}, "need pieces that carry their spaces"),
    "white space as antecedent": ({"text": [*PIECES[:3], " ", *PIECES[4:]]}, "need words in pieces 3 to 3"),
}


@pytest.mark.parametrize(("changed", "why"), LONG_RA.values(), ids=LONG_RA.keys())
def test_a_long_ra_record_that_cannot_be_used_says_why(changed: dict[str, object], why: str) -> None:
    assert why in why_of(analogy(id=1, **changed), analogy(), "long_ra")


def test_a_folder_of_long_ra_files_is_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for k in (10, 9, 2):
        written(tmp_path / f"{k}.json", analogy(id=k))
    (tmp_path / "3.json").write_text("{", encoding="utf-8")
    written(tmp_path / "4.json", analogy(id=2))
    (tmp_path / "notes.txt").write_text("left alone", encoding="utf-8")
    found = read_path(tmp_path)
    assert (found.name, found.format) == (tmp_path.name, "long_ra")
    assert [example.id for example in found.examples] == ["2", "9", "10"]
    damaged, twice = refusals(found)
    assert damaged.startswith("3.json: ") and "Need JSON" in damaged
    assert twice == "4.json: id: '2' is taken already by 2.json: give it another."


def test_a_folder_without_a_good_example_says_what_is_wrong(tmp_path: Path) -> None:
    written(tmp_path / "0.json", analogy(target=99))
    with pytest.raises(InputError, match=r"found none that can be used. 0.json: .*target: need the number of a piece"):
        read_path(tmp_path)


# TellMeWhy

SENTENCES = ["Cam met Dr. Low.", "He was ill!", 'She said "Rest."', "So he rested."]
STORY = " ".join(SENTENCES)


def story(**changed: object) -> dict[str, Any]:
    return {
        "narrative": STORY,
        "question": "Why did he rest?",
        "answer": "He was ill.",
        "question_meta": "narrative_1_question_0",
        "helpful_sentences": [2, 3],
        "is_ques_answerable": "Answerable",
        "original_narrative_form": SENTENCES,
        **changed,
    }


def test_tell_me_why_counts_sentences_from_one(tmp_path: Path) -> None:
    path = written(tmp_path / "train.json", story(), story(answer="To get well.", helpful_sentences=[]))
    found = read_path(path)
    assert (found.format, found.refused) == ("tell_me_why", ())
    first, second = found.examples
    assert first.prompt == f"{STORY}\nQuestion: Why did he rest?\nAnswer:"
    assert (first.target, first.takes, first.tags) == (" He was ill.", "all", ("Answerable",))
    assert said(first, "evidence") == SENTENCES[1:3]
    assert said(first, "question") == ["Question: Why did he rest?"]
    assert second.evidence == ()
    assert first.id != second.id and first.cluster == second.cluster == "narrative_1_question_0"


def test_tell_me_why_goes_by_the_listed_sentences_and_cuts_at_marks_where_none_are_listed() -> None:
    assert said(read(json.dumps(story(helpful_sentences=[1])), "a.json").examples[0], "evidence") == SENTENCES[:1]
    bare = story(
        original_narrative_form=None, narrative='He was ill... "Rest!" he heard. So he did', helpful_sentences=[1, 3]
    )
    assert said(read(json.dumps(bare), "a.json").examples[0], "evidence") == ["He was ill...", "he heard."]


def test_repeated_sentences_are_told_apart_by_their_order() -> None:
    again = story(narrative="He ran. He ran. He fell.", original_narrative_form=["He ran.", "He ran.", "He fell."])
    (example,) = read(json.dumps({**again, "helpful_sentences": [2]}), "a.json").examples
    assert example.evidence == ((8, 15),)


@pytest.mark.parametrize("helpful", ["[2, 3]", "['2', '3']", "2, 3", '["3", "2", "2"]'])
@pytest.mark.parametrize("listed", [repr(SENTENCES), json.dumps(SENTENCES), repr(SENTENCES).replace(", ", "\n")])
def test_tell_me_why_reads_lists_in_the_cells_of_a_table(helpful: str, listed: str) -> None:
    record = story(helpful_sentences=helpful, original_narrative_form=listed)
    cells = ['"' + str(cell).replace('"', '""') + '"' for cell in record.values()]
    found = read(",".join(["", *record]) + "\n" + ",".join(["0", *cells]) + "\n", "val.csv")
    assert (found.format, found.refused) == ("tell_me_why", ())
    assert said(found.examples[0], "evidence") == SENTENCES[1:3]


TELL_ME_WHY = {
    "a sentence too many": ({"helpful_sentences": [5]}, "need sentences 1 to 4 of the narrative, found 5"),
    "a sentence before": ({"helpful_sentences": [0]}, "found 0"),
    "words": ({"helpful_sentences": "second"}, "need a list of numbers of sentences, found 'second'"),
    "a huge number": ({"helpful_sentences": "9" * 999}, "found '999999999'"),
    "another narrative": (
        {"original_narrative_form": [*SENTENCES[1:], SENTENCES[0]]},
        "sentence 4, 'Cam met Dr. Low.'",
    ),
    "no list": ({"original_narrative_form": "[" + "'a"}, "need a list of sentences"),
    "no answer": ({"answer": ""}, "answer: need a text, found an empty one"),
}


@pytest.mark.parametrize(("changed", "why"), TELL_ME_WHY.values(), ids=TELL_ME_WHY.keys())
def test_a_tell_me_why_record_that_cannot_be_used_says_why(changed: dict[str, object], why: str) -> None:
    assert why in why_of(story(**changed), story(), "tell_me_why")


# LAMBADA

PASSAGE = 'Lissa sat in the car.\n\n"Where?" In the red  car'


def passage(**changed: object) -> dict[str, Any]:
    return {"lambadaIndex": 66, "text": PASSAGE, "rationale": [[17, 20], [0, 5], [17, 20], [13, 20]], **changed}


def test_lambada_explains_the_last_word_by_the_marked_ones(tmp_path: Path) -> None:
    path = written(tmp_path / "annotated_lambada.json", passage(), passage(lambadaIndex=68, rationale=[]))
    found = read_path(path)
    assert (found.format, found.refused) == ("lambada", ())
    example = found.examples[0]
    assert example.prompt + (example.target or "") == PASSAGE
    assert (example.id, example.target, example.takes) == ("66", "  car", "all")
    assert said(example, "gold_words") == ["Lissa", "the car"]  # what overlaps is one stretch


LAMBADA = {
    "the last word": ({"rationale": [[46, 49]]}, "gold_words: need 0 ≤ start < stop ≤ 42"),
    "reversed": ({"rationale": [[0, 9], [5, 2]]}, "found [5, 2]"),
    "one word": ({"text": " word "}, "need at least two words"),
    "a text": ({"rationale": "car"}, "rationale: need a list of [start, stop]"),
}


@pytest.mark.parametrize(("changed", "why"), LAMBADA.values(), ids=LAMBADA.keys())
def test_a_lambada_record_that_cannot_be_used_says_why(changed: dict[str, object], why: str) -> None:
    assert why in why_of(passage(lambadaIndex=1, **changed), passage(), "lambada")


# WikiBio

BOX = "name_1:ada\tname_2:example\timage:<none>\tborn_1:1900\turl_1:http://a"
FIRST = "ada of st. example -lrb- born 1900 -rrb- was a pilot ."
PROMPT = "ada example\nname: ada example\nborn: 1900\nurl: http://a\nBiography:"


def biography(**changed: object) -> dict[str, Any]:
    table = {
        "column_header": ["name", "born", "url"],
        "row_number": [1, 1, 1],
        "content": ["ada example", "1900", "http://a"],
    }
    about = {"table": table, "context": "ada example\n"}
    return {"input_text": about, "target_text": f"{FIRST}\nshe flew .\n", **changed}


def test_wikibio_tables_become_lines_and_the_first_sentence_the_target() -> None:
    found = read(
        json.dumps(biography()) + "\n" + json.dumps(biography(target_text=f"{FIRST} she flew .")), "test.jsonl"
    )
    assert (found.format, found.refused) == ("wikibio", ())
    assert {(e.prompt, e.target, e.takes) for e in found.examples} == {(PROMPT, f" {FIRST}", "all")}


WIKIBIO = {
    "no table": ({"input_text": {"context": "a"}}, "input_text: need an object with a table"),
    "more names": ({"input_text": {"table": {"column_header": ["a"], "content": []}}}, "found 1 names and 0 contents"),
    "no biography": ({"target_text": "\n"}, "target_text: need a biography, found an empty text"),
}


@pytest.mark.parametrize(("changed", "why"), WIKIBIO.values(), ids=WIKIBIO.keys())
def test_a_wikibio_record_that_cannot_be_used_says_why(changed: dict[str, object], why: str) -> None:
    assert why in why_of(biography(**changed), biography(), "wikibio")


def wikibio_set(folder: Path, name: str = "test", **files: str) -> Path:
    parts = {
        "box": f"{BOX}\nname_1:bo\n",
        "nb": "2\n1\n",
        "sent": f"{FIRST}\nshe flew .\nbo is a cook .\n",
        "title": "ada example\nbo\n",
        **files,
    }
    for suffix, text in parts.items():
        (folder / f"{name}.{suffix}").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("file", ["", "test.box", "test.sent"])
def test_a_wikibio_set_is_read_from_its_folder_or_by_any_of_its_files(tmp_path: Path, file: str) -> None:
    found = read_path(wikibio_set(tmp_path) / file)
    assert (found.name, found.format, found.refused) == ("test", "wikibio", ())
    ada, bo = found.examples
    assert (ada.id, ada.prompt, ada.target) == ("1", PROMPT, f" {FIRST}")
    assert (bo.id, bo.prompt, bo.target) == ("2", "bo\nname: bo\nBiography:", " bo is a cook .")


def test_wikibio_sets_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    wikibio_set(tmp_path, nb="2\n2\n")
    with pytest.raises(InputError, match="4 sentences counted of 3"):
        read_path(tmp_path)
    wikibio_set(tmp_path, nb="2\nx\n")
    with pytest.raises(InputError, match=r"found 'x' on line 2"):
        read_path(tmp_path)
    wikibio_set(tmp_path, "valid")
    with pytest.raises(InputError, match=r"found test.sent, valid.sent in .*: name the file of one"):
        read_path(tmp_path)
    (tmp_path / "valid.nb").unlink()
    with pytest.raises(InputError, match=r"found no valid.nb"):
        read_path(tmp_path / "valid.sent")


# what takes long if it is read carelessly


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (json.dumps({"text": " " * 900_000 + "a", "rationale": []}), "lambada"),
        (json.dumps(story(narrative="." * 900_000 + "a", original_narrative_form=None)), "tell_me_why"),
        (json.dumps(story(original_narrative_form="['" + "\\'" * 400_000)), "tell_me_why"),
        (json.dumps(story(original_narrative_form="'" * 800_001)), "tell_me_why"),
        (json.dumps(biography(target_text=" ." * 10 + "." * 900_000)), "wikibio"),
        (json.dumps({"prompt": "a" * 900_000, "evidence": ["a" * 400_000 + "b"] * 50}), "jsonl"),
        ("prompt\n" + '"' * 900_001, "table"),
    ],
    ids=["spaces", "dots", "escapes", "quotes", "stops", "searches", "open quotes"],
)
def test_a_long_hostile_text_is_read_in_time_that_grows_with_its_length(text: str, format: str) -> None:
    try:
        assert read(text, "long", format=format).examples
    except InputError as error:
        assert len(str(error)) < 800


def test_lines_are_those_of_an_editor() -> None:
    assert lines("a\r\nb\rc\n\u2028d\x0b") == ["a", "b", "c", "\u2028d\x0b"]
