"""The curated questions that come along: their sentences leak nothing, and what is marked is what the files mark.

Files are read and prompts cut here without the code under test.
"""

import json
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from heta_core.datasets import Example, curated_set, read, to_curated_record, to_record
from heta_core.datasets import _curated_set as module
from heta_core.errors import InputError

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "curated"
Record = dict[str, str]


def records(name: str) -> list[Record]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


STORIES, QUESTIONS = records("narratives"), records("science")
SUPPORTS = {question["id"]: question["support"].replace("*", "") for question in QUESTIONS}
ALL = curated_set().examples
BY_ID = {example.id: example for example in ALL}
LAST = [example for example in ALL if "evidence last" in example.tags]
each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story["id"])
each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])

# What a question and a story may share without a hint: how things are asked, not what about.
STOP_WORDS = {
    "about",
    "around",
    "called",
    "makes",
    "their",
    "through",
    "toward",
    "which",
    "while",
    "whose",
    "without",
    "being",
}
TEXTS = {
    **{f"story {story['id']}": story["text"] for story in STORIES},
    **{f"support {name}": text for name, text in SUPPORTS.items()},
}


def said(example: Example, field: str) -> list[str]:
    return [example.prompt[start:stop] for start, stop in getattr(example, field)]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def stem(word: str) -> str:
    """A word without what makes a form of it; short ones keep all but a plural's s."""
    for ending in ("ion", "ing", "ies", "ed", "es", "al", "a", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


def forms(word: str) -> re.Pattern[str]:
    """Words that may be forms of this one: all that begin with its stem, or of a short one those with an ending."""
    root = stem(word) if len(stem(word)) >= 5 else word.removesuffix("s")
    ends = r"[a-z]*" if len(root) >= 5 else r"(?:s|es|ed|d|ing|ic|al|y|n|th)?"
    return re.compile(rf"\b{root}{ends}\b", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """A text cut behind its full stops; that of a title ends none."""
    return re.split(r"(?<=[.?!])(?<!Mr\.) +(?=[A-Z\"])", text)


# what the files hold


def test_there_are_as_many_as_the_paper_has() -> None:
    assert len(STORIES) >= 40 and len(QUESTIONS) >= 50
    assert len(ALL) == len(BY_ID) == 2 * len(STORIES) * len(QUESTIONS) >= 4000


@pytest.mark.parametrize("rows", [STORIES, QUESTIONS], ids=["narratives", "science"])
def test_rows_have_the_same_fields_and_names_of_their_own(rows: list[Record]) -> None:
    assert len({tuple(row) for row in rows}) == 1
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(re.fullmatch("[a-z]+", row["id"]) for row in rows)
    assert all(value == value.strip() != "" for row in rows for value in row.values())


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_is_plain_and_ends_with_a_full_stop(text: str) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,.;'\"-]*\.", text)
    assert "  " not in text and not re.search(r" [,.;]|[,;](?![ \"])", text)
    assert text.count('"') % 2 == 0


@each_story
def test_a_story_has_two_to_four_short_sentences(story: Record) -> None:
    parts = sentences(story["text"])
    assert 2 <= len(parts) <= 4
    assert max(len(words(part)) for part in parts) <= 25


@each_question
def test_a_passage_has_one_or_two_sentences_and_the_question_one(question: Record) -> None:
    assert len(sentences(SUPPORTS[question["id"]])) <= 2
    assert re.fullmatch(r"[A-Z][A-Za-z ,-]*\?", question["question"])
    assert re.fullmatch(r"[A-Za-z]+( [a-z]+)?", question["answer"])


def test_no_sentence_stands_twice() -> None:
    texts = [*TEXTS.values(), *(question["question"] for question in QUESTIONS)]
    every = Counter(" ".join(words(sentence)) for text in texts for sentence in sentences(text))
    assert every.most_common(1)[0][1] == 1


def test_answers_are_of_many_kinds() -> None:
    answers = Counter(question["answer"].lower() for question in QUESTIONS)
    assert max(answers.values()) <= 3 and len(answers) >= 45
    assert len({question["topic"] for question in QUESTIONS}) >= 6


def test_stories_and_passages_are_about_equally_long() -> None:
    """Neither segment is found by its length: medians within a tenth, and spreads that overlap from end to end."""
    stories = sorted(len(words(story["text"])) for story in STORIES)
    passages = sorted(len(words(text)) for text in SUPPORTS.values())
    assert statistics.median(stories) == pytest.approx(statistics.median(passages), rel=0.1)
    assert abs(stories[0] - passages[0]) <= 4 and abs(stories[-1] - passages[-1]) <= 4


# leaks


@pytest.mark.parametrize(
    ("answer", "text", "there"),
    [
        ("iron", "She was ironing.", True),
        ("iron", "What irony.", True),
        ("iron", "Our environment.", False),
        ("osmosis", "An osmotic pump.", False),
        ("gills", "A gill.", True),
        ("eight", "He was eighteen.", True),
        ("refraction", "It refracts.", True),
        ("mitochondria", "A mitochondrion.", True),
        ("rust", "A rusty gate, crusted.", True),
        ("rust", "I trust the crust.", False),
        ("DNA", "A dna test.", True),
    ],
)
def test_forms_of_an_answer_are_recognised(answer: str, text: str, there: bool) -> None:
    assert bool(forms(answer).search(text)) == there


@each_question
def test_no_story_tells_an_answer_in_any_form(question: Record) -> None:
    for word in question["answer"].split():
        found = [story["id"] for story in STORIES if forms(word).search(story["text"])]
        assert found == []


@each_question
def test_a_passage_tells_its_answer_once_and_the_question_not_at_all(question: Record) -> None:
    support, answer = SUPPORTS[question["id"]], question["answer"]
    assert re.findall(rf"\b{answer}\b", support) == [answer]
    for word in answer.split():
        assert len(forms(word).findall(support)) == 1
        assert not forms(word).search(question["question"])


@each_question
def test_what_a_question_is_about_is_said_by_its_passage_and_hardly_by_any_story(question: Record) -> None:
    content = {stem(word) for word in words(question["question"]) if len(word) > 4} - {stem(w) for w in STOP_WORDS}
    passage = {stem(word) for word in words(SUPPORTS[question["id"]])}
    shared = [len(content & {stem(word) for word in words(story["text"])}) for story in STORIES]
    assert len(content & passage) > max(shared) <= 1
    assert sum(shared) <= len(STORIES) / 10


# what the examples mark


def test_every_example_holds_what_the_files_say() -> None:
    for story in STORIES:
        for question in QUESTIONS:
            support, asks = SUPPORTS[question["id"]], f"Question: {question['question']} Answer:"
            name = f"curated-{story['id']}-{question['id']}"
            last, first = BY_ID[name], BY_ID[f"{name}-swapped"]
            assert last.prompt == f"{story['text']} {support} {asks}"
            assert first.prompt == f"{support} {story['text']} {asks}"
            for example, order in ((last, "evidence last"), (first, "evidence first")):
                assert (example.target, example.takes) == (f" {question['answer']}", "first")
                assert (example.cluster, example.tags) == (question["answer"], (question["topic"], order))
                assert said(example, "evidence") == [support]
                assert said(example, "distractor") == [story["text"]]
                assert said(example, "question") == [asks]


def test_marked_words_stand_where_the_file_marks_them() -> None:
    marked = {question["id"]: re.findall(r"\*([^*]+)\*", question["support"]) for question in QUESTIONS}
    before = {
        question["id"]: [len(piece) for piece in re.split(r"\*[^*]+\*", question["support"])] for question in QUESTIONS
    }
    for example in ALL:
        name = example.id.split("-")[2]
        ((start, stop),) = example.evidence
        assert said(example, "gold_words") == marked[name]
        edges = [start, *(edge for span in example.gold_words for edge in span), stop]
        assert [b - a for a, b in zip(edges[::2], edges[1::2], strict=True)] == before[name]


@each_question
def test_whole_words_are_marked_the_answer_among_them_and_not_all(question: Record) -> None:
    marked = re.findall(r"\*([^*]+)\*", question["support"])
    assert question["support"].count("*") == 2 * len(marked)
    assert all(re.fullmatch("[A-Za-z]+", word) for word in marked)
    between = question["support"].split("*")[::2]
    assert not any(piece[-1:].isalnum() for piece in between[:-1]) and not any(p[:1].isalnum() for p in between[1:])
    assert [word for word in marked if word in question["answer"].split()] == question["answer"].split()
    assert 3 <= len(marked) <= len(words(question["support"])) / 2
    # What is marked beside the answer relates it to the question: most of it is asked for in the same words.
    asked = {stem(word) for word in words(question["question"])}
    related = [word for word in marked if word not in question["answer"].split()]
    assert sum(stem(word.lower()) in asked for word in related) >= len(related) / 2


def test_orders_of_a_pair_name_each_other() -> None:
    for example in ALL:
        other = BY_ID[example.pair]
        assert other.pair == example.id != other.id and example.tags[1] != other.tags[1]
        assert sorted(example.prompt) == sorted(other.prompt)


def test_an_answers_first_token_is_a_piece_of_it_and_leaves_the_prompt_as_it_was() -> None:
    """With a tokenizer of the usual kind, GPT-2's cutting and merges learned from these very texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    texts = [example.prompt for example in curated_set(200).examples]
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=4000, initial_alphabet=alphabet, show_progress=False)
    )
    for example in curated_set(200).examples:
        target = example.target or ""
        alone, whole = (tokenizer.encode(text).ids for text in (example.prompt, example.prompt + target))
        first = tokenizer.decode(whole[len(alone) : len(alone) + 1])
        assert whole[: len(alone)] == alone and tokenizer.encode(target).ids[0] == whole[len(alone)]
        assert target.startswith(first) and first.strip()


# samples


@pytest.mark.parametrize("n", [1, 2, 99, 100, 250, 777, 2000])
def test_a_sample_covers_questions_and_stories_evenly(n: int) -> None:
    found = curated_set(n, 3).examples
    assert len({example.id for example in found}) == n
    for part, every in ((1, STORIES), (2, QUESTIONS)):
        counts = Counter(example.id.split("-")[part] for example in found if "evidence last" in example.tags)
        of_each = [counts[row["id"]] for row in every]
        assert max(of_each) - min(of_each) <= 1


def test_both_orders_of_a_pair_follow_each_other_and_one_alone_has_no_pair() -> None:
    even, odd = curated_set(60, 1).examples, curated_set(61, 1).examples
    assert all(a.pair == b.id and b.pair == a.id for a, b in zip(even[::2], even[1::2], strict=True))
    assert odd[:60] == even and odd[60].pair == "" and odd[60].cluster


def test_a_sample_is_a_part_of_all_and_begins_the_larger_ones() -> None:
    assert curated_set(40, 2) == curated_set(40, 2)
    assert curated_set(40, 2).examples == curated_set(100, 2).examples[:40]
    assert curated_set(40, 2).examples != curated_set(40, 3).examples
    assert {*curated_set(40, 2).examples} <= {*ALL}
    assert {*curated_set(seed=7).examples} == {*ALL}


def test_the_same_sample_is_drawn_in_every_process() -> None:
    code = "from heta_core.datasets import curated_set as c; print(*(e.id for e in c(20, 5).examples))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER.parents[1], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [example.id for example in curated_set(20, 5).examples]


@pytest.mark.parametrize("n", [0, -1, len(ALL) + 1])
def test_more_than_there_are_cannot_be_asked_for(n: int) -> None:
    with pytest.raises(InputError, match=rf"Need 1 to {len(ALL):,} curated examples, found {n:,}"):
        curated_set(n)


def test_files_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "FOLDER", tmp_path / "curated")
    with pytest.raises(InputError, match=r"assets/curated beside the package, found no science\.jsonl: install from"):
        module.science.__wrapped__()


# written and read again


def test_all_examples_read_as_the_same_from_json_lines() -> None:
    found = read("".join(json.dumps(to_record(example)) + "\n" for example in ALL), "curated.jsonl")
    assert found.examples == ALL and found.refused == ()


def test_the_published_form_reads_as_the_same_segments_and_words() -> None:
    found = read(json.dumps({"examples": [to_curated_record(example) for example in LAST]}), "published.json")
    assert (found.format, found.refused, len(found.examples)) == ("curated", (), len(LAST))
    for example, again in zip(LAST, found.examples, strict=True):
        assert (again.id, again.target, again.takes) == (example.id, example.target, example.takes)
        assert again.cluster == example.cluster
        for field in ("evidence", "distractor", "gold_words"):
            assert said(again, field) == said(example, field)
        assert [f"{asks} Answer:" for asks in said(again, "question")] == said(example, "question")


def test_a_published_record_has_the_published_fields() -> None:
    record = to_curated_record(BY_ID["curated-ferry-sugar"])
    assert record["base_pair_id"] == "curated-ferry-sugar"
    assert (record["answer"], record["target_first_answer_token"]) == ("carbon dioxide", "carbon")
    assert str(record["input_text"]).endswith(
        "from the air. <s> Question: Which gas do plants take from the air to make sugar?"
    )
    assert record["important_words"] == ["makes", "sugar", "take", "gas", "carbon", "dioxide", "air"]
    assert record["important_word_indices_in_sciq_support"] == [4, 5, 18, 20, 21, 22, 25]


def test_the_published_form_has_no_place_for_the_other_order() -> None:
    other = BY_ID["curated-ferry-sugar-swapped"]
    for wrong in (other, Example(id="mine", prompt="The capital of France is", target=" Paris")):
        with pytest.raises(InputError, match=f"Need a curated example with the evidence last, found '{wrong.id}'"):
            to_curated_record(wrong)
