"""Reading of one's own data: every form, every field, and what is said of rows and files that cannot be used."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from heta_core.datasets import Dataset, Example, Format, known, named, read, read_bytes, read_path, to_record
from heta_core.datasets._fields import LONGEST_PROMPT, MOST_SPANS
from heta_core.datasets._reading import LARGEST
from heta_core.errors import InputError

FORMATS = pytest.mark.parametrize("form", known(), ids=lambda form: form.name)
PROMPT = "Kate went to the park. Dan went to the barn. Where is Kate?"


def rows(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def one(**fields: object) -> Example:
    (example,) = read(rows({"prompt": PROMPT, **fields}), "one.jsonl").examples
    return example


def refusal(**fields: object) -> str:
    """What is said of a row, beside one that is good."""
    found = read(rows({"prompt": "good"}, {"prompt": PROMPT, **fields}), "two.jsonl")
    assert [example.prompt for example in found.examples] == ["good"]
    (refused,) = found.refused
    assert refused.line == 2
    return refused.why


# every form


@FORMATS
def test_a_sample_reads_without_refusals_and_is_guessed_from_its_suffix_and_from_its_text(form: Format) -> None:
    found = read(form.sample, f"sample{form.suffixes[0]}")
    assert (found.format, found.refused) == (form.name, ())
    assert found.examples
    assert read(form.sample, "pasted").format == form.name


@FORMATS
def test_examples_can_be_written_as_json_lines_and_read_again(form: Format) -> None:
    found = read(form.sample, "sample", format=form.name)
    assert read(rows(*map(to_record, found.examples)), "again.jsonl").examples == found.examples


@FORMATS
def test_forms_say_what_they_are(form: Format) -> None:
    assert form.name == form.name.lower() and named(form.name) is form
    assert form.title and form.meaning.endswith(".")
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in form.suffixes)


def test_forms_are_listed_by_place_and_those_that_anything_looks_like_come_last() -> None:
    names = [form.name for form in known()]
    assert names == [form.name for form in sorted(known(), key=lambda form: form.place)]
    assert names[-3:] == ["jsonl", "table", "prompts"]


HOSTILE = {
    "nan": '{"prompt": NaN, "narrative": NaN, "text": NaN, "examples": [NaN], "evidence": Infinity}',
    "deep": "[" * 100_000,
    "deep in a field": '{"prompt": ' + "[" * 100_000,
    "a list of lists": "[" * 400 + "]" * 400,
    "digits": '{"prompt": "a", "id": ' + "9" * 5000 + "}",
    "huge offsets": '{"prompt": "a", "text": "a b", "evidence": [[0, 1e999]], "rationale": [[-9999999999999, 99999]]}',
    "many digits": json.dumps({"prompt": "a b", "text": "a b", "evidence": [[int("9" * 4000), 2]], "cluster": 10**300}),
    "null bytes": "prompt\0,\0\n\0,a\n",
    "null in json": rows({"prompt": "a\0b", "text": "a\0 b", "narrative": "\0", "id": "\0"}),
    "half a pair": '{"prompt": "a\\ud800", "text": "a \\udfff", "id": "\\ud800", "\\ud800": 1, "narrative": "\\ud800"}',
    "raw half a pair": "prompt,id\na\ud800,b\n",
    "a name twice": '{"prompt": "a", "prompt": "b"}',
    "wrong types": rows(1, "a", None, True, [], {}, {"prompt": 1}, {"prompt": {}}, {"prompt": None}, [1, 2]),
    "true as a number": rows({"prompt": "ab", "text": "a b", "id": True, "evidence": [[False, True]]}),
    "only quotes": '"' * 999,
    "an open quote": 'prompt,target\n"never ends,\n' + "a,b\n" * 50,
    "breaks": "\r\r\n\n\u2028\u2029\x0b\x0c",
    "brackets": "[]",
    "an object": "{}",
    "examples": '{"examples": {"narrative_segment": 1, "sciq_support_segment": 2}}',
    "no list": '{"examples": 5, "narrative_segment": 1, "sciq_support_segment": 2}',
}


@FORMATS
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_examples_that_hold_what_they_promise_or_an_input_error(form: Format, text: str) -> None:
    try:
        found = read(text, "hostile", format=form.name)
    except InputError as error:
        assert 20 < len(str(error)) < 800
        str(error).encode()  # what is said can be shown
        return
    assert found.examples
    for example in found.examples:
        json.dumps(to_record(example), ensure_ascii=False).encode()
        assert example.id and example.prompt and "\0" not in example.prompt
    for refused in found.refused:
        assert len(refused.why) < 400
        f"{refused.why} {refused.id}".encode()


@pytest.mark.parametrize("form", [form for form in known() if form.sample[0] == "{"], ids=lambda form: form.name)
def test_wrong_types_in_every_field_of_a_sample_are_refused_or_read_but_break_nothing(form: Format) -> None:
    document = json.loads(form.sample.splitlines()[0] if form.name == "jsonl" else form.sample)
    record = document["examples"][0] if "examples" in document else document
    bad = (None, True, -1, 1e308, "", " ", "\ud800", [], [[]], [[1]], [[5, 2]], [[0, 10**30]], {}, {"a": [None]})
    for name in record:
        for value in bad:
            changed = [{**record, "id": "changed", name: value}]
            text = json.dumps({"examples": changed} if "examples" in document else changed)
            try:
                found = read(text, "changed", format=form.name)
            except InputError as error:
                str(error).encode()
            else:
                assert len(found.examples) == 1


# fields


def test_every_field_is_read() -> None:
    example = one(
        id="a",
        target=" park",
        takes="first",
        evidence="Kate went to the park.",
        distractor=["Dan went to the barn."],
        question=[[45, 59]],
        gold_words=[[17, 21], "Dan"],
        cluster=7,
        pair="b",
        tags=["where", "easy"],
    )
    assert example == Example(
        id="a",
        prompt=PROMPT,
        target=" park",
        takes="first",
        evidence=((0, 22),),
        distractor=((23, 44),),
        question=((45, 59),),
        gold_words=((17, 21), (23, 26)),
        cluster="7",
        pair="b",
        tags=("where", "easy"),
    )


def test_only_the_prompt_must_be_there_and_a_missing_id_is_the_line() -> None:
    found = read('\n{"prompt": "a", "target": null, "note": [1]}\n\n{"prompt": "b"}', "two.jsonl")
    assert found.examples == (Example(id="2", prompt="a"), Example(id="4", prompt="b"))


def test_one_pair_of_offsets_is_one_stretch() -> None:
    assert one(evidence=[0, 4]).evidence == ((0, 4),)
    assert one(evidence=[[5, 9], [0, 4]]).evidence == ((0, 4), (5, 9))


REFUSED = {
    "a text that stands there twice": ({"evidence": "went"}, "evidence: 'went' occurs 2 times: give [start, stop]"),
    "a text that does not": ({"question": "Why?"}, "question: 'Why?' does not stand in the prompt"),
    "an empty text": ({"evidence": ""}, "evidence: need texts of the prompt or [start, stop]"),
    "outside": ({"evidence": [[0, 60]]}, "≤ 59, the length of the prompt; found [0, 60]"),
    "before": ({"evidence": [[-1, 2]]}, "found [-1, 2]"),
    "reversed": ({"distractor": [[5, 2]]}, "found [5, 2]"),
    "empty": ({"distractor": [[2, 2]]}, "found [2, 2]"),
    "overlapping": ({"gold_words": [[0, 4], [3, 9]]}, "may not overlap, found [0, 4] and [3, 9]"),
    "a fraction": ({"evidence": [[0.5, 2]]}, "found a list"),
    "too many": ({"evidence": [[0, 1]] * (MOST_SPANS + 1)}, "at most 10,000 stretches"),
    "takes": ({"takes": "last"}, "takes: need one of one, first, all, found 'last'"),
    "an empty target": ({"target": ""}, "target: need a text, found an empty one"),
    "a number as target": ({"target": 3}, "target: need a text, found 3"),
    "an empty prompt": ({"prompt": " \n"}, "prompt: need a text, found an empty one"),
    "a long prompt": ({"prompt": "a" * (LONGEST_PROMPT + 1)}, "at most 1,000,000 characters, found 1,000,001"),
    "its own pair": ({"id": "x", "pair": "x"}, "pair: need another example"),
    "a long id": ({"id": "x" * 201}, "id: need at most 200 characters"),
    "a slip": ({"evidense": "Kate"}, "no field 'evidense': did you mean 'evidence'?"),
    "capitals": ({"Gold words": "Kate"}, "no field 'Gold words': did you mean 'gold_words'?"),
}


@pytest.mark.parametrize(("fields", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_row_that_cannot_be_used_says_why(fields: dict[str, object], why: str) -> None:
    assert why in refusal(**fields)


def test_a_prompt_of_the_greatest_length_is_read() -> None:
    assert len(one(prompt="a" * LONGEST_PROMPT).prompt) == LONGEST_PROMPT
    table = "prompt,id\n" + "a" * LONGEST_PROMPT + ",x\n"
    assert len(read(table, "one.csv").examples[0].prompt) == LONGEST_PROMPT


def test_a_text_that_overlaps_itself_is_counted_as_often_as_it_stands_there() -> None:
    assert "'aa' occurs 2 times" in refusal(prompt="aaa", evidence="aa")
    assert "occurs more than 100 times" in refusal(prompt="a" * 10_000, evidence="a")


@pytest.mark.parametrize(
    "name", ["note", "question_id", "split", "task", "uid", "prompt_id", "label", "evidence_source"]
)
def test_columns_of_other_people_are_left_alone(name: str) -> None:
    assert one(**{name: "x"}) == Example(id="1", prompt=PROMPT)


def test_what_looks_like_a_slip_of_a_field_that_is_there_is_another_column() -> None:
    assert one(target=" a", targets=[" a", " b"]).target == " a"


def test_the_second_of_two_with_one_id_is_refused_with_the_line_of_the_first() -> None:
    found = read(rows({"prompt": "a"}, {"prompt": "b", "id": "x"}, {"prompt": "c", "id": "x"}), "three.jsonl")
    assert [example.id for example in found.examples] == ["1", "x"]
    (refused,) = found.refused
    assert (refused.line, refused.id) == (3, "x")
    assert refused.why == "id: 'x' is taken already by line 2: give it another."


def test_a_list_of_objects_is_read_and_its_rows_are_counted() -> None:
    found = read(json.dumps([{"prompt": "a"}, {"prompt": ""}, {"prompt": "c"}], indent=1), "list.json")
    assert [example.id for example in found.examples] == ["1", "3"]
    (refused,) = found.refused
    assert refused.line is None and refused.why.startswith("example 2: prompt: need a text")


def test_a_damaged_line_costs_only_itself() -> None:
    found = read('{"prompt": "a"}\n{"prompt": \n{"prompt": "b"}\n', "three.jsonl")
    assert [example.id for example in found.examples] == ["1", "3"]
    assert found.refused[0].line == 2 and found.refused[0].why.startswith("Need JSON")


def random_example(rng: random.Random, k: int) -> Example:
    letters = "aé\n\r\u2028\"',|;\t{[ 語🌍"
    prompt = "x" + "".join(rng.choice(letters) for _ in range(rng.randrange(1, 60)))

    def spans() -> tuple[tuple[int, int], ...]:
        cuts = sorted(rng.sample(range(len(prompt) + 1), 2 * rng.randrange(1 + len(prompt) // 4)))
        return tuple(zip(cuts[::2], cuts[1::2], strict=True))

    return Example(
        id=f"{rng.choice(letters)}{k}",
        prompt=prompt,
        target=rng.choice([None, " a", "\n", '"']),
        takes=rng.choice(["one", "first", "all"]),
        evidence=spans(),
        distractor=spans(),
        question=spans(),
        gold_words=spans(),
        cluster=rng.choice(["", "c"]),
        pair=rng.choice(["", "p"]),
        tags=rng.choice([(), ("a",), ("a", "b | c")]),
    )


def test_any_example_survives_being_written_and_read() -> None:
    rng = random.Random(0)
    examples = tuple(random_example(rng, k) for k in range(300))
    for ascii_only in (True, False):
        text = "\n".join(json.dumps(to_record(e), ensure_ascii=ascii_only) for e in examples)
        assert read(text, "all.jsonl") == Dataset("all.jsonl", "jsonl", examples)


# plain text and tables


def test_prompts_are_named_by_their_lines() -> None:
    found = read("one\r\n\r\n  \rtwo, too\n", "prompts.txt")
    assert found.format == "prompts"
    assert [(example.id, example.prompt) for example in found.examples] == [("1", "one"), ("4", "two, too")]


TABLE = """
id,prompt,target,evidence,note

a,"Two lines,
""quoted"" here.", x,Two | here,n
,second prompt,,,
c,third,y,fourth,
d,third,y,"[[0, 2], [3, 5]]",
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_table_keeps_its_lines_through_quoted_breaks(ends: str) -> None:
    found = read(TABLE.replace("\n", ends), "table.csv")
    a, second, d = found.examples
    assert a.prompt == f'Two lines,{ends}"quoted" here.'
    assert a.target == " x" and [a.prompt[i:j] for i, j in a.evidence] == ["Two", "here"]
    assert second == Example(id="6", prompt="second prompt")
    assert d.evidence == ((0, 2), (3, 5))
    (refused,) = found.refused
    assert (refused.line, refused.id) == (7, "c") and "'fourth' does not stand" in refused.why


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_table_is_cut_by_what_its_first_row_is_cut_by(mark: str) -> None:
    text = f"id{mark}prompt{mark}tags\nx{mark}a prompt{mark}one | two\n"
    assert read(text, "table.csv").examples == (Example(id="x", prompt="a prompt", tags=("one", "two")),)
    assert read(text, "pasted").format == "table"


def test_a_text_that_begins_with_a_bracket_is_a_text() -> None:
    (example,) = read('prompt,evidence\n[1] first. second,[1] first\n"[2, 3] b","[2, 3] b"\n', "t.csv").examples[:1]
    assert example.evidence == ((0, 9),)


def test_a_row_with_more_cells_than_names_is_refused() -> None:
    found = read("prompt,target\na,b\nc,d,e\nf\n", "t.csv")
    assert [(refused.line, refused.why[:40]) for refused in found.refused] == [
        (3, "Need 2 cells, as in the first row, found"),
        (4, "Need 2 cells, as in the first row, found"),
    ]


# whole files

WHOLE = {
    "nothing": ("", "empty.csv", "Need at least one example, found an empty file"),
    "only spaces": (" \n ", "empty.txt", "found an empty file"),
    "only names": ("prompt,target\n", "t.csv", "found none in 't.csv', read as Table"),
    "a slip in the names": ("promt,target\na,b\n", "t.csv", "did you mean 'prompt'"),
    "a slip in the names of a tsv": ("id\tpromt\na\tb\n", "t.tsv", "no field 'promt'"),
    "no prompt": ("a,b\n1,2\n", "t.csv", "prompt: need this field, found 'a', 'b'"),
    "a name twice": ("prompt,a,a\n1,2,3\n", "t.csv", "found 'a' twice"),
    "an open quote": ('prompt\nx\n"y\nz\n', "t.csv", "from line 3 on"),
    "no row that can be used": ('{"prompt": ""}\n{"prompt": 1}\n', "t.jsonl", "none of 2 in 't.jsonl'"),
    "a damaged list": ('[{"prompt": "a"},', "t.json", "Need JSON, found something else"),
    "another document": ('{"weights": [1, 2]}', "t.json", "prompt: need this field, found 'weights'"),
}


@pytest.mark.parametrize(("text", "name", "why"), WHOLE.values(), ids=WHOLE.keys())
def test_a_file_that_cannot_be_read_says_why(text: str, name: str, why: str) -> None:
    with pytest.raises(InputError, match=None) as caught:
        read(text, name)
    assert why in str(caught.value)


def test_an_unknown_form_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no data format 'xml': take one of .*jsonl.*prompts"):
        read("a", "a.txt", format="xml")
    with pytest.raises(InputError, match=r"Need a known form of data.*jsonl"):
        read('{"weights": 1}', "weights.bin")


def test_a_form_can_be_named_against_the_suffix() -> None:
    assert read("prompt\nof two lines\n", "a.csv", format="prompts").examples[0].prompt == "prompt"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_are_read_with_and_without_a_byte_order_mark(mark: bytes) -> None:
    assert read_bytes(mark + "prompt\nZürich\n".encode(), "t.csv").examples == (Example(id="2", prompt="Zürich"),)


def test_bytes_of_another_encoding_are_refused_with_their_line() -> None:
    with pytest.raises(InputError, match=r"line 3 of 't.csv' is not UTF-8: save it as UTF-8"):
        read_bytes("prompt\r\na\r\nZürich\n".encode("latin-1"), "t.csv")
    with pytest.raises(InputError, match="found UTF-16"):
        read_bytes("prompt\na\n".encode("utf-16"), "t.csv")


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "Mine.JSONL"
    path.write_text('{"prompt": "a"}\n', encoding="utf-8")
    assert read_path(path) == Dataset("Mine.JSONL", "jsonl", (Example(id="1", prompt="a"),))
    assert read_path(str(path), format="prompts").format == "prompts"


def test_a_path_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", "a\0b"):
        with pytest.raises(InputError, match=r"Need a file that can be read, found .* Check the path"):
            read_path(path)
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(LARGEST + 1)  # sparse: takes no room
    with pytest.raises(InputError, match=r"at most 100,000,000 bytes, found 100,000,001 in 'large.csv'"):
        read_path(large)
    with pytest.raises(InputError, match="found none in the folder"):
        read_path(tmp_path)


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_the_readmes_examples_are_read_without_refusals(suffix: str) -> None:
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^```{suffix}\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    found = read(block, f"mine.{suffix}")
    assert (len(found.examples), found.refused) == (2, ())
    assert found.examples[0].evidence and all(example.target for example in found.examples)


def test_reading_data_brings_no_torch() -> None:
    heavy = "{'torch', 'transformers', 'streamlit'}"
    code = f"import sys, heta_core.datasets as d; d.known(); print(*{heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
