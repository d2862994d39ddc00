"""Littletown: the world says what it claims, and its model reads it."""

import json
import random
import re
import time
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from heta_core.littletown import lessons, rows, words
from heta_core.littletown.batches import Reader, batches
from heta_core.littletown.card import card
from heta_core.littletown.muon import orthogonal
from heta_core.littletown.report import FOLDER, Figures, is_learnt, world
from heta_core.littletown.score import Score, pair_accuracy
from heta_core.littletown.syllabus import ALL, STAGES
from heta_core.littletown.tokenizer import build

SAMPLE = {skill: lessons.held_out(skill, 25, 7) for skill in lessons.SKILLS}
each_skill = pytest.mark.parametrize("skill", lessons.SKILLS)
HOSTILE = (
    "",
    " ",
    "\x00",
    "\x01\x02\x1b[31m\x7f",
    "  two  spaces \n\n\ttabs\r\n",
    "😀👩‍👩‍👧 e\u0301 ﬁ",
    "漢字 שָׁלוֹם مرحبا",
    "a , b . c ! it 's n't",
    "\ud7ff\ufffe\U0010ffff",
    "Kate went to the garden.",
    "<s> typed </s> <pad>",
)


def test_the_same_seed_tells_the_same_world():
    assert lessons.held_out("where", 5, 3) == lessons.held_out("where", 5, 3)
    assert lessons.held_out("where", 5, 3) != lessons.held_out("where", 5, 4)


@each_skill
def test_word_spans_lie_in_the_evidence_and_hold_whole_words(skill):
    for instance in SAMPLE[skill]:
        found = [instance.prompt[a:b] for a, b in instance.word_spans]
        assert found and all(re.fullmatch("[A-Za-z]+", word) for word in found)
        assert set(found) <= set(lessons.known_words())
        for a, b in instance.word_spans:
            assert any(c <= a and b <= d for c, d in instance.evidence_spans)


@pytest.mark.parametrize("skill", [s for s in lessons.SKILLS if s not in ("facts", "agreement")])
def test_the_evidence_names_the_answer_unless_a_rule_gives_it(skill):
    for instance in SAMPLE[skill]:
        assert instance.answer.strip() in [instance.prompt[a:b] for a, b in instance.word_spans]


@each_skill
def test_scene_and_question_make_up_the_prompt(skill):
    for i in SAMPLE[skill]:
        scene, question = i.prompt[slice(*i.scene_span)], i.prompt[slice(*i.question_span)]
        assert " ".join(filter(None, (scene, question))) == i.prompt


@each_skill
def test_a_scene_tells_the_distractor_too(skill):
    for instance in SAMPLE[skill]:
        assert instance.distractor != instance.answer
        if skill not in ("facts", "agreement"):
            assert instance.distractor.strip() in instance.prompt[slice(*instance.scene_span)]


@each_skill
def test_a_minimal_pair_flips_the_answer_and_changes_at_most_two_values(skill):
    for instance in SAMPLE[skill]:
        twin = lessons.minimal_pair(instance)
        assert (twin.answer, twin.distractor) == (instance.distractor, instance.answer)
        assert lessons.minimal_pair(twin) == instance
        before, after = instance.prompt.split(), twin.prompt.split()
        assert len(before) == len(after)
        assert 1 <= sum(a != b for a, b in zip(before, after, strict=True)) <= 2


@each_skill
def test_a_changed_evidence_has_a_third_answer_in_its_place(skill):
    for instance in SAMPLE[skill]:
        changed = lessons.evidence_change(instance)
        assert changed.answer != instance.answer
        if skill != "agreement":  # it has two answers only
            assert changed.answer != instance.distractor
        before, after = instance.prompt.split(), changed.prompt.split()
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_training_never_sees_a_held_out_scene():
    rng, stories = random.Random(0), set()
    for _ in range(300):
        told = rows.scene(ALL, rng)
        stories |= {told.text} if told.is_held_out else set()
    assert 10 < len(stories) < 60  # one in ten
    trained = {rows.row(ALL, random.Random(seed))[0][0] for seed in range(300)}
    held = {i.prompt[slice(*i.scene_span)] for skill in lessons.TOLD_BY for i in SAMPLE[skill]}
    assert not held & trained
    assert all(i.ask.scene.is_held_out for skill in lessons.TOLD_BY for i in SAMPLE[skill])


def test_every_word_of_the_world_is_one_token_wherever_it_stands():
    tokenizer = build()
    for word in lessons.known_words():
        (alone,) = tokenizer.encode(word, add_special_tokens=False).ids
        assert tokenizer.encode(f"{word}, {word}", add_special_tokens=False).ids[::2] == [alone, alone]


@each_skill
def test_prompts_and_answers_stay_in_the_world(skill):
    known = set(lessons.known_words())
    for instance in SAMPLE[skill]:
        assert set(words.WORD.findall(instance.prompt + instance.answer)) <= known


def test_pieces_of_a_row_are_tokenised_like_the_row():
    tokenizer, reader = build(), Reader(build(opens=False))
    for stage in STAGES:
        for seed in range(50):
            pieces = rows.row(stage.rows, random.Random(seed))
            whole = tokenizer.encode("".join(text for text, _ in pieces)).ids
            pieces[0] = (" " + pieces[0][0], pieces[0][1])
            assert reader.row(pieces, 1.0)[0] == [*whole, tokenizer.token_to_id("</s>")]


def test_a_batch_holds_no_more_than_its_tokens():
    source = batches(STAGES[-1], Reader(build(opens=False)), random.Random(0), n_tokens=1024)
    story = STAGES[-1].story_weight
    for batch in (next(source) for _ in range(10)):
        assert batch.ids.shape == batch.weights.shape and batch.ids.numel() <= 1024
        assert set(batch.weights.unique().tolist()) <= set(torch.tensor([0.0, story, story * 0.3, 8.0]).tolist())


def test_orthogonal_brings_singular_values_near_one():
    matrices = torch.randn(3, 8, 20, generator=torch.Generator().manual_seed(0))
    found = torch.linalg.svdvals(orthogonal(matrices))
    assert found.min() > 0.5 and found.max() < 1.3  # the band that Jordan's quintic keeps


@pytest.fixture(scope="module")
def shipped():
    began = time.thread_time()  # the processor's: other programs lengthen the clock's
    model = AutoModelForCausalLM.from_pretrained(FOLDER).eval()
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    return model, tokenizer, time.thread_time() - began


def test_the_shipped_model_loads_at_once(shipped):
    assert shipped[2] < 5  # 0.2 s on a quiet machine; the margin is for what is imported meanwhile


def test_the_shipped_folder_is_small():
    assert sum(p.stat().st_size for p in Path(FOLDER).iterdir()) <= 12e6


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_round_trips(shipped, text):
    tokenizer = shipped[1]
    ids = tokenizer(text).input_ids
    assert ids[0] == tokenizer.bos_token_id and ids.count(tokenizer.bos_token_id) == 1
    assert tokenizer.decode(ids[1:]) == text


def test_the_shipped_tokenizer_is_the_built_one(shipped):
    text = SAMPLE["where"][0].prompt + " 😀 zebra"
    assert shipped[1](text).input_ids == build().encode(text).ids


def _figures() -> dict:
    return json.loads((FOLDER / "figures.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("skill", lessons.CORE)
def test_the_shipped_model_reads(shipped, skill):
    assert pair_accuracy(shipped[0], build(), lessons.held_out(skill, 60, 11)) >= 0.9  # and so is each answer alone


def test_core_skills_are_learnt():
    assert set(lessons.CORE) <= set(_figures()["learnt"])


def test_the_card_says_what_was_measured():
    training = json.loads((FOLDER / "training.json").read_text(encoding="utf-8"))
    methods = (FOLDER / "methods.md").read_text(encoding="utf-8")
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == card(_figures(), training, world(), methods)
    assert methods in (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")


def test_a_skill_below_its_bar_is_not_learnt():
    low = Score(100, 0.96, 0.89, 1.0)
    assert not is_learnt("where", low) and is_learnt("two-step", low)
    assert Figures(0, 1, 1.0, {"where": low, "two-step": low}).learnt == ("two-step",)
