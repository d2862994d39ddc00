"""The pages on made-up generations, as `python serve_generate.py PORT FOLDER`: FOLDER gets a line for each request.

While `waiting.held` keeps an answer where it is, `looked` in FOLDER tells which step the reader looks at.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ["OMP_NUM_THREADS"] = "1"  # else the app imports torch to set this, and nothing here computes

import made_generation  # noqa: E402 - needs the path above
import samples  # noqa: E402
import waiting  # noqa: E402
from streamlit.web import cli  # noqa: E402

from heta_core.errors import InputError  # noqa: E402
from heta_core.generated import GenerationAttribution  # noqa: E402
from heta_core.report import dumps  # noqa: E402
from heta_core.settings import Weights  # noqa: E402
from heta_core.tokens import Tokens  # noqa: E402
from pages.generate import generating  # noqa: E402
from pages.generate.generating import Request  # noqa: E402
from pages.ui import engine_cache, examples  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402
from pages.ui.question import Question  # noqa: E402

PORT, FOLDER = sys.argv[1], Path(sys.argv[2])
PAUSE = 0.05  # seconds that a part of an answer takes


def log(line: object) -> None:
    with (FOLDER / "calls.txt").open("a") as calls:
        calls.write(f"{line!r}\n".replace("\\n", " "))


def answer(request: Request) -> GenerationAttribution:
    """A generation for any request: the words of its prompt, changed as asked, and always the same answer."""
    if isinstance(request.prompt, str):
        if request.prompt == "fail":
            raise InputError("A prompt of two words is needed, got one: add a word.")
        given = samples.words(request.answer)[1:] if request.answer else made_generation.ANSWER
        return made_generation.generation(samples.words(request.prompt), given)
    if not isinstance(request.prompt, Tokens):
        raise InputError("A chat template is needed, this tokenizer has none: write plain text.")
    pieces = list(request.prompt.pieces[: request.n_prompt])
    if request.edit:
        pieces[request.edit.start : request.edit.stop] = [request.edit.word] if request.edit.word else []
        return made_generation.generation(pieces, made_generation.OTHER, seed=2)
    base = made_generation.generation(pieces, request.prompt.pieces[request.n_prompt :])
    *_, forced = request.given
    k = len(request.given) - 1
    said = next(c.piece for c in base.steps[k].prediction.candidates if c.token_id == forced)
    return made_generation.forced(base, k, said)


def steps(request: Request, _: Weights, look: Callable[[], int]) -> Iterator[Step]:
    """The fake engine; the step looked at comes first."""
    log(request)
    yield Step("Starting the engine")
    final = answer(request)
    for kl in made_generation.growing(final, with_hessian=False):
        time.sleep(PAUSE)
        yield Step(generating.doing(kl), kl.fraction, kl)
        waiting.stay(FOLDER, "writing")
    left = set(range(final.n_new))
    while left:
        k = min(left, key=lambda k: (abs(k - look()), -k))
        left.remove(k)
        log(f"hessian of step {k}")
        time.sleep(PAUSE)
        kl = kl.with_step(k, final.steps[k])
        yield Step(generating.doing(kl), kl.fraction, kl)
        waiting.stay(FOLDER, meanwhile=lambda: (FOLDER / "looked").write_text(str(look())))


def explained(question: Question, _: Weights) -> Iterator[Step]:
    """Steps together, or one word rather than another."""
    log(question)
    yield Step("Starting the engine")
    for partial in samples.growing(made_generation.together(question.text, question.choice)):
        time.sleep(PAUSE)
        yield Step("Hessian: refining", partial.work.fraction, partial)


generating.steps = steps
engine_cache.steps = explained
engine_cache.local_models = lambda *, is_urgent=False: ()
engine_cache._HEAVY = ()
engine_cache.warm().result()  # before anybody visits: a page that has to wait for it asks again by the clock
examples.FOLDER = FOLDER
samples.write_examples(FOLDER)
(FOLDER / "generation.json").write_text(dumps(made_generation.generation()), encoding="utf-8")
cli.main(
    ["run", str(ROOT / "app.py"), "--server.port", PORT, "--server.address", "127.0.0.1", "--server.headless", "true"]
)
