"""The finished examples that the page opens with, chosen by search and never by hand.

1. Held-out questions are drawn; one batched forward each tells which of them leave the model in some doubt.
2. Those are attributed, the shortest first, until one meets every condition of `conditions`.
3. It is written with its twin (one word swapped) and its strongest other candidates; then one more for other skills,
   and how the model goes on after the first.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from heta_core.answers import next_log_probs
from heta_core.attribution import Attribution
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.generated import GenerationAttribution
from heta_core.generation import generate
from heta_core.language_model import LanguageModel
from heta_core.littletown.lessons import Instance, held_out, minimal_pair
from heta_core.littletown.questions import forms_of
from heta_core.littletown.rows import Syllabus
from heta_core.littletown.syllabus import ALL
from heta_core.report import dumps
from heta_core.settings import Decoding, Weights
from heta_core.targets import Choice
from heta_core.tokens import piece_of
from heta_core.typed import token_of

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "examples"
# In doubt, but not guessing; and with a rival worth asking about.
DOUBT, RIVAL = (0.75, 0.95), 0.05
FEWEST_CHANGERS, LEAST_TERM = 2, 0.2
_N_CANDIDATES = 3
STORY, _STORY_STEPS = "generation.json", 18
# Skills whose twin is the same scene asked about somebody else: one word of the prompt is swapped.
DEFAULT_SKILLS = ("where", "have", "colour")
_DRAWN, _ROUNDS = 3000, 8
# A model that is sure of the scenes it was trained on is in doubt where more people are told of, or more things at all.
_CROWDED = replace(ALL, n_blocks=(1, 1), per_block=(5, 8), n_fillers=(0, 1))
_LONGER = replace(ALL, n_blocks=(3, 5), per_block=(3, 4), n_fillers=(1, 3))
_SCENES = (ALL, _CROWDED, _LONGER)
TITLES = {
    "where": "Who is where",
    "have": "Who has what",
    "colour": "What colour things are",
    "who": "Who it was",
    "gave": "Who gave what to whom",
    "facts": "What is always true",
    "continuation": "How a story goes on",
    "pronoun": "He and she",
    "negation": "Not this but that",
    "two-step": "Two steps to the answer",
    "conflict": "The later statement wins",
    "agreement": "One or many",
    "copying": "Copying a list",
}


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One explained prompt, the same with a word swapped, and the same for other candidates."""

    title: str
    shown: Attribution
    swapped: Attribution | None
    candidates: tuple[Attribution, ...]


def conditions(shown: Attribution, swapped: Attribution) -> dict[str, bool]:
    """What the default example must show, each by name, from the finished results alone."""
    p = shown.prediction
    assert shown.combined is not None and shown.information is not None
    rivals = [c for c in p.candidates if c.token_id != shown.target.token_id]
    changed = {i for i, c in enumerate(shown.information.first_choices) if c.token_id != shown.target.token_id}
    part = shown.combined.hessian_share
    return {
        "p(target) from .75 to .95": p.rank == 1 and DOUBT[0] <= math.exp(p.log_p) <= DOUBT[1],
        "a runner-up of 5 % or more": bool(rivals) and rivals[0].probability >= RIVAL,
        "the runner-up is the distractor": bool(rivals) and rivals[0].token_id == swapped.target.token_id,
        "one swapped word": swap_of(shown.tokens.text, swapped.tokens.text) is not None,
        "the swap flips the answer": swapped.prediction.rank == 1 and swapped.target.token_id != shown.target.token_id,
        "two words whose masking changes the answer": len(changed) >= FEWEST_CHANGERS,
        "both terms hold 20 % or more": part is not None and LEAST_TERM <= part <= 1 - LEAST_TERM,
    }


def swap_of(text: str, other: str) -> tuple[str, str] | None:
    """The one word that two texts differ in, without its punctuation; None where they differ otherwise."""
    words, others = text.split(" "), other.split(" ")
    differing = [(a, b) for a, b in zip(words, others, strict=False) if a != b]
    if len(words) != len(others) or len(differing) != 1:
        return None
    return differing[0][0].strip(".?,:"), differing[0][1].strip(".?,:")


def choose_default(lm: LanguageModel, seed: int, weights: Weights) -> Example:
    """The first question in doubt, shortest first, that meets every condition.

    Raises:
        InputError: none of the questions drawn does.
    """
    n_tried = 0
    for instance in _in_doubt(lm, seed):
        n_tried += 1
        shown = _explain(lm, instance.prompt, instance.answer, weights)
        swapped = _explain(lm, minimal_pair(instance).prompt, instance.distractor, weights)
        if all(conditions(shown, swapped).values()):
            return Example(TITLES[instance.skill], shown, swapped, _others(lm, shown, weights))
    raise InputError(
        f"Need a question that meets every condition of the default example, found none among {n_tried} in doubt: "
        "try another --seed or train the model differently."
    )


def _in_doubt(lm: LanguageModel, seed: int) -> Iterator[Instance]:
    """Held-out questions answered with the wanted doubt, their twins answered right; the shortest of a draw first."""
    for turn in range(_ROUNDS):
        for skill in DEFAULT_SKILLS:
            for syllabus in _SCENES:
                yield from sorted(_doubtful(lm, skill, seed + turn, syllabus), key=lambda found: len(found.prompt))


def _doubtful(lm: LanguageModel, skill: str, seed: int, syllabus: Syllabus) -> list[Instance]:
    drawn = held_out(skill, _DRAWN, seed, syllabus=syllabus)
    answer, rows = _ids(lm, [i.answer for i in drawn]), np.arange(len(drawn))
    log_p = next_log_probs(lm, [i.prompt for i in drawn])
    p = np.exp(log_p[rows, answer])
    log_p[rows, answer] = -np.inf
    rival, rival_p = log_p.argmax(1), np.exp(log_p.max(1))
    in_doubt = np.flatnonzero((p >= DOUBT[0]) & (p <= DOUBT[1]) & (rival_p >= RIVAL))
    found = [f for k in in_doubt if (f := _against(drawn[k], piece_of(lm.tokenizer, int(rival[k])))) is not None]
    said = next_log_probs(lm, [minimal_pair(i).prompt for i in found]).argmax(1) if found else []
    wanted = _ids(lm, [i.distractor for i in found])
    return [i for i, s, w in zip(found, said, wanted, strict=True) if s == w]


def _against(instance: Instance, rival: str) -> Instance | None:
    """The question with the rival as its distractor: asked about another one of the scene, the rival is right."""
    ask = instance.ask
    for fact in ask.scene.facts:
        if ask.form in forms_of(fact) and " " + fact.word(ask.form.role) == rival:
            against = replace(instance, twin=replace(ask, fact=fact), distractor=rival)
            return against if swap_of(against.prompt, minimal_pair(against).prompt) is not None else None
    return None


def _ids(lm: LanguageModel, words: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    known = {word: token_of(lm.tokenizer, word) for word in set(words)}
    return np.array([known[word] for word in words], np.int64)


def _explain(lm: LanguageModel, prompt: str, answer: str, weights: Weights) -> Attribution:
    return attribute(lm, prompt, choice=Choice(token_id=token_of(lm.tokenizer, answer)), weights=weights)


def _others(lm: LanguageModel, shown: Attribution, weights: Weights) -> tuple[Attribution, ...]:
    """The same prompt for the likeliest tokens that were not said."""
    ids = [c.token_id for c in shown.prediction.candidates if c.token_id != shown.target.token_id]
    return tuple(
        attribute(lm, shown.tokens.text, choice=Choice(token_id=i), weights=weights) for i in ids[:_N_CANDIDATES]
    )


def choose_more(lm: LanguageModel, seed: int, skills: Sequence[str], weights: Weights) -> Iterator[Example]:
    """One short question of each skill that the model answers right, with its twin where one word makes it."""
    for skill in skills:
        drawn = held_out(skill, _DRAWN // 30, seed)
        twins = [minimal_pair(i) for i in drawn]
        said = next_log_probs(lm, [i.prompt for i in (*drawn, *twins)]).argmax(1)
        right = said == _ids(lm, [i.answer for i in (*drawn, *twins)])
        both = [(i, t) for k, (i, t) in enumerate(zip(drawn, twins, strict=True)) if right[k] and right[len(drawn) + k]]
        if not both:
            continue
        instance, twin = min(both, key=lambda pair: len(pair[0].prompt))
        shown = _explain(lm, instance.prompt, instance.answer, weights)
        is_swap = swap_of(instance.prompt, twin.prompt) is not None
        yield Example(TITLES[skill], shown, _explain(lm, twin.prompt, twin.answer, weights) if is_swap else None, ())


def story(lm: LanguageModel, example: Example) -> GenerationAttribution:
    """How the model goes on after an example, greedily, every step explained."""
    shown = example.shown
    return generate(lm, shown.tokens, decoding=Decoding(steps=_STORY_STEPS), weights=shown.weights)


def files(examples: Sequence[Example], told: GenerationAttribution) -> dict[str, str]:
    """File name → text of everything that `assets/examples` holds."""
    found = {STORY: dumps(told)}
    index: list[dict[str, object]] = []
    for n, example in enumerate(examples):
        entry: dict[str, object] = {"title": example.title, "file": f"{n:02}.json", "swap": None, "candidates": []}
        found[f"{n:02}.json"] = dumps(example.shown)
        if example.swapped is not None:
            words = swap_of(example.shown.tokens.text, example.swapped.tokens.text)
            assert words is not None
            entry["swap"] = {"from": words[0], "to": words[1], "file": f"{n:02}-swap.json"}
            found[f"{n:02}-swap.json"] = dumps(example.swapped)
        names = [f"{n:02}-{k}.json" for k, _ in enumerate(example.candidates, start=1)]
        found |= {name: dumps(a) for name, a in zip(names, example.candidates, strict=True)}
        entry["candidates"] = names
        index.append(entry)
    return {"index.json": json.dumps(index, indent=1, ensure_ascii=False) + "\n"} | found


def write(examples: Sequence[Example], told: GenerationAttribution, folder: Path = FOLDER) -> list[Path]:
    """Put the examples in the place of those in the folder. Nothing is removed before every text is ready."""
    texts = files(examples, told)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
