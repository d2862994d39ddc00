"""Made-up generations for tests of what draws them. No number here comes from a model."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import samples

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution, Step
from heta_core.parts import Candidate, Prediction, Sensitivity, Work
from heta_core.settings import Decoding, Settings, Weights
from heta_core.targets import Choice, Said, Target
from heta_core.tokens import Tokens

PROMPT = samples.words("Mia ran to the museum. Kate has a green cup. Noah has a black map. Then Kate")
ANSWER = (" took", " the", " green", " cup", " to", " the", " museum", ".")
OTHER = (" gave", " Noah", " a", " map", " and", " ran", " home", ".")
OPENING = Weights(scaling="unit")


def generation(
    prompt: Sequence[str] = PROMPT, answer: Sequence[str] = ANSWER, *, n_given: int = 0, seed: int = 0
) -> GenerationAttribution:
    """A finished generation: every word of `answer` with made-up reasons in all that precedes it."""
    whole = tokens([*prompt, *answer])
    steps = tuple(_step(whole, len(prompt) + k, seed) for k in range(len(answer)))
    return GenerationAttribution(
        tokens=whole,
        n_prompt=len(prompt),
        n_given=n_given,
        decoding=Decoding(steps=len(answer)),
        ending="length",
        settings=Settings(),
        source=samples.SOURCE,
        weights=OPENING,
        steps=steps,
        work=Work(50, 0, 0, 50),
        seconds=(("transition", 0.02), ("kl", 0.11)),
    )


def tokens(pieces: Sequence[str]) -> Tokens:
    """Pieces side by side; equal ones have equal ids."""
    return replace(samples.tokens(pieces), ids=tuple(id_of(piece) for piece in pieces))


def id_of(piece: str) -> int:
    return zlib.crc32(piece.encode()) % 2**31


def _step(whole: Tokens, position: int, seed: int) -> Step:
    """The step that says the token at a position, or might have said one of four made-up words."""
    says = (whole.pieces[position], *(f" other{position}{i}" for i in "abcd"))
    made = samples.result(whole.pieces[:position], says=says, seed=position + 100 * seed)
    sure = float(np.random.default_rng(position + seed).uniform(0.3, 0.98))
    p = [sure, *((1 - sure) * x for x in (0.6, 0.2, 0.1, 0.05))]
    candidates = tuple(Candidate(id_of(say), say, q) for say, q in zip(says, p, strict=True))
    assert made.information is not None
    first_choices = tuple(candidates[c.token_id - 1000] for c in made.information.first_choices)
    log_p = made.information.log_p - np.log(0.72) + np.log(sure)
    information = replace(made.information, log_p=log_p, first_choices=first_choices)
    return Step(
        target=Target(position, whole.ids[position], whole.pieces[position], True),
        prediction=Prediction(float(np.log(sure)), 1, 0.4 + position / 100, candidates),
        transition=made.transition,
        information=information,
        hessian=made.hessian,
        work=Work(0, 40, 400, 440),
        seconds=(("hessian", 1.9),),
    )


def growing(final: GenerationAttribution, *, with_hessian: bool = True) -> Iterator[GenerationAttribution]:
    """What leads to a finished generation, as the engine yields it: text, transition, KL, then Hessians in order."""
    for n in range(final.n_prompt + final.n_given, len(final.tokens) + 1):
        whole = tokens(final.tokens.pieces[:n])
        yield replace(final, tokens=whole, ending=final.ending if n == len(final.tokens) else None, steps=())
    bare = [replace(s, information=None, hessian=None, work=Work(0, 0, 0, 440)) for s in final.steps]
    yield replace(final, steps=tuple(bare), work=Work(2, 0, 0, 50))
    now = replace(final, steps=tuple(replace(s, hessian=None, work=Work(0, 0, 0, 440)) for s in final.steps))
    yield now
    for k in range(final.n_new if with_hessian else 0):
        now = now.with_step(
            k, replace(final.steps[k], hessian=_rough(final.steps[k].hessian), work=Work(0, 4, 40, 440))
        )
        yield now
        now = now.with_step(k, final.steps[k])
        yield now


def _rough(done: Sensitivity | None) -> Sensitivity:
    """The estimate after one probe."""
    assert done is not None
    n = len(done.scores)
    return Sensitivity(done.scores * 1.2, np.full(n, np.nan), np.ones(n, int), done.gradient, done.estimators)


def forced(final: GenerationAttribution, k: int, word: str) -> GenerationAttribution:
    """Another generation that has `word` at step k and other words after it."""
    answer = (*final.tokens.pieces[final.n_prompt : final.n_prompt + k], word, *OTHER[k + 1 :])
    return generation(final.tokens.pieces[: final.n_prompt], answer, n_given=k + 1, seed=1)


def together(text: Tokens, choice: Choice) -> Attribution:
    """Some steps explained together, or one word rather than another."""
    assert choice.position is not None
    if not choice.foil:
        made = samples.span(text.pieces, choice.position, choice.stop or choice.position + 1)
        said = [Said(text.ids[i], text.pieces[i]) for i in range(made.target.position, made.target.stop)]
        target = Target(choice.position, said[0].token_id, said[0].piece, True, tuple(said[1:]))
        return replace(made, tokens=text, target=target)
    made, at = samples.contrast(text.pieces[: choice.position]), choice.position
    foil = next(f" other{at}{i}" for i in "abcd" if id_of(f" other{at}{i}") == choice.foil[0])
    target = Target(at, text.ids[at], text.pieces[at], True, foil=(Said(choice.foil[0], foil),))
    return replace(made, tokens=text, target=target)
