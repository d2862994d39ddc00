"""The app on made-up results, as `python serve.py PORT FOLDER [PAUSE]`.

FOLDER gets the examples and a line per question.
PAUSE is how many seconds each part of an answer takes; `waiting.held` keeps an answer where it is for longer.
"""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ["OMP_NUM_THREADS"] = "1"  # else the app imports torch to set this, and nothing here computes

import numpy as np  # noqa: E402
import samples  # noqa: E402 - needs the path above
import truth  # noqa: E402
import waiting  # noqa: E402
from made_blocks import in_blocks  # noqa: E402
from streamlit.web import cli  # noqa: E402

from heta_core.attribution import Attribution  # noqa: E402
from heta_core.errors import InputError  # noqa: E402
from heta_core.grouping import resolve  # noqa: E402
from heta_core.parts import Given  # noqa: E402
from heta_core.settings import Mask, Weights  # noqa: E402
from heta_core.tokens import Tokens  # noqa: E402
from pages.compare import asking, masking  # noqa: E402
from pages.ui import catalogue, engine_cache, examples  # noqa: E402
from pages.ui.engine_cache import Question, Step  # noqa: E402

PORT, FOLDER = sys.argv[1], Path(sys.argv[2])
PAUSE = float(sys.argv[3]) if len(sys.argv) > 3 else 0.3


def answer(question: Question) -> Attribution:
    """A result for any question: the pieces of its text and the answer asked for."""
    if isinstance(question.text, str) and len(question.text.split()) < 2:
        raise InputError("Need at least 2 tokens, got 1: add a word.")
    pieces = (
        question.text.pieces if isinstance(question.text, Tokens) else samples.words(question.text.replace("\n", " \n"))
    )
    choice = question.choice
    if question.said:
        pieces = (*pieces[: choice.position], *(samples.SAYS[i - 1000] for i in question.said), *pieces[choice.stop :])
        choice = replace(choice, stop=choice.position + len(question.said))
    if question.foil is not None:
        typed = [f" {word}" for word in question.foil.split()]
        if question.is_whole and len(typed) > 1:
            pieces = (*pieces, " cup") if choice.position == len(pieces) else pieces
            return samples.string_contrast(pieces, choice.position, choice.stop or choice.position + 1, foil=typed)
        asked = (" cup", question.foil) if len(typed) > 1 else None
        choice = replace(choice, stop=None, foil=(1000 + samples.SAYS.index(typed[0]),), asked=asked)
    return samples.explained(pieces, choice)


def steps(question: Question, _: Weights) -> Iterator[Step]:
    """The fake engine, as slow as it is told to be."""
    with (FOLDER / "calls.txt").open("a") as log:
        log.write(f"{question}\n")
    yield Step("Starting the engine")
    for partial in samples.growing(answer(question)):
        time.sleep(PAUSE)
        asked = question.blocks(partial.tokens, question.choice)
        groups = resolve(asked, partial.tokens, partial.n_context, partial.target.position)
        yield Step("Hessian: refining", partial.work.fraction, in_blocks(partial, groups))
        waiting.stay(FOLDER)


def by_method(method: str, question: Attribution) -> Iterator[Step]:
    """Made-up scores that go below 0."""
    asked = replace(question, transition=None, information=None, hessian=None, given=None, method=method)
    for n in range(4):
        time.sleep(PAUSE)
        yield Step(f"{catalogue.title(method)}: {n} passes so far", None, asked)
        waiting.stay(FOLDER)
    scores = np.random.default_rng(len(method)).normal(size=question.n_units)
    found = next(one for one in catalogue.methods() if one.name == method)
    yield Step("done", 1.0, replace(asked, given=Given(scores, found.title, found.unit, is_signed=True)))


def in_order(result: Attribution, mask: Mask, has_random: bool) -> Iterator[Step]:
    """Made-up curves, each column's falling elsewhere."""
    found = truth.curves(result, mask=mask, own=0.1 + 0.07 * (len(result.method) % 7))
    found = replace(found, curves=found.curves[: 6 if has_random else 1])
    for partial in truth.growing(found):
        time.sleep(PAUSE)
        yield Step(f"Masking: {partial.work.done} passes so far", partial.work.fraction, partial)
        waiting.stay(FOLDER)


asking.work = by_method
masking.work = in_order
engine_cache.steps = steps
engine_cache.local_models = lambda *, is_urgent=False: ()
engine_cache._HEAVY = ()
engine_cache.warm().result()  # before anybody visits: a page that has to wait for it asks again by the clock
examples.FOLDER = FOLDER
samples.write_examples(FOLDER)
cli.main(
    ["run", str(ROOT / "app.py"), "--server.port", PORT, "--server.address", "127.0.0.1", "--server.headless", "true"]
)
