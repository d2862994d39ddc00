"""Made-up spans, contrasts and generations with round numbers. No number here comes from a model."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import samples

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution, Step
from heta_core.groups import Groups
from heta_core.parts import Candidate, Information, Prediction, Sensitivity, Transition, Work
from heta_core.settings import Decoding, Settings
from heta_core.targets import Said, Target

WORDS = ("<s>", "Mia", " ran", " to", " the")
GARDEN, KITCHEN, ROAD = 1000, 1001, 1002


def prediction(p: float, rank: int, *said: tuple[int, str, float]) -> Prediction:
    return Prediction(float(np.log(p)), rank, 0.5, tuple(Candidate(*s) for s in said))


def parts(n: int, kl: Sequence[float]) -> tuple[Transition, Sensitivity]:
    """M even but for the first token, which has twice as much; S = 1 on every token."""
    flow = np.ones((1, 1, n))
    flow[0, 0, 0] = 2
    return Transition(flow, np.zeros(1)), Sensitivity(
        np.ones(n), np.full(n, 0.1), np.full(n, 10), np.ones(n), ("block_probes",) * n
    )


def base(target: Target, said: Prediction, n: int, pieces: Sequence[str]) -> partial[Attribution]:
    transition, hessian = parts(n, ())
    return partial(
        Attribution,
        samples.tokens(pieces),
        target,
        said,
        Settings(),
        samples.SOURCE,
        transition=transition,
        hessian=hessian,
        work=Work(9, 1, 10, 20),
    )


def span(pieces: Sequence[str] = (*WORDS, " garden", "."), start: int = 4) -> Attribution:
    """The tokens from `start` to the end: the first is half sure, each further one likelier than not, 0.8.

    Without the first context token the model says "road" at the span's first place, without the second "road" at its
    last; without the others what it says unmasked.
    """
    tokens = samples.tokens(pieces)
    first, *rest = (Said(tokens.ids[i], pieces[i]) for i in range(start, len(pieces)))
    target = Target(start, first.token_id, first.piece, True, tuple(rest))
    n = target.n_context
    later = tuple(prediction(0.8, 1, (s.token_id, s.piece, 0.8), (ROAD, " road", 0.1)) for s in rest)
    said = prediction(0.5, 1, (first.token_id, first.piece, 0.5), (ROAD, " road", 0.4))
    places = np.array([start, len(pieces) - 1, *(max(i + 1, start) for i in range(2, n))])
    own = [Candidate(tokens.ids[k], pieces[k], 0.6) for k in places]
    choices = (Candidate(ROAD, " road", 0.7), Candidate(ROAD, " road", 0.6), *own[2:])
    made = base(target, said, n, pieces)(later=later)
    effect = np.array([2.0, 0.5, -0.25, *np.zeros(n - 3)])
    kl = np.array([3.0, 1.0, 0.5, *np.zeros(n - 3)])
    return replace(made, information=Information(kl, made.log_p - effect, choices, places))


def contrast(
    pieces: Sequence[str] = WORDS,
    *,
    said: tuple[str, ...] = (" garden",),
    foil: tuple[str, ...] = (" kitchen",),
    asked: tuple[str, str] | None = None,
) -> Attribution:
    """“garden” at 0.6 rather than “kitchen” at 0.2; of several tokens, whole strings whose further tokens have 0.5.

    Δ is 1¼, −½ and 0: the second token speaks for the foil.
    """
    n = len(pieces)
    one = tuple(Said(GARDEN + 10 * k, s) for k, s in enumerate(said))
    other = tuple(Said(KITCHEN + 10 * k, s) for k, s in enumerate(foil))
    is_whole = len(one) + len(other) > 2
    target = Target(n, one[0].token_id, one[0].piece, is_whole, one[1:], other, asked)
    probable = ((GARDEN, said[0], 0.6), (KITCHEN, foil[0], 0.2))
    later = tuple(prediction(0.5, 1, (s.token_id, s.piece, 0.5)) for s in one[1:])
    against = (prediction(0.2, 2, *probable), *(prediction(0.5, 1, (s.token_id, s.piece, 0.5)) for s in other[1:]))
    tokens = samples.tokens([*pieces, *said] if is_whole else pieces)
    if is_whole:
        tokens = replace(tokens, ids=(*tokens.ids[:n], *(s.token_id for s in one)))
    made = replace(base(target, prediction(0.6, 1, *probable), n, pieces)(later=later, foil=against), tokens=tokens)
    effect = np.array([1.25, -0.5, *np.zeros(n - 2)])
    kl = np.full(n, 0.3)
    log_p, log_p_foil = made.log_p - effect, np.full(n, made.log_p_foil)
    own = Candidate(GARDEN, said[0], 0.6)
    choices = (Candidate(KITCHEN, foil[0], 0.5), *(own,) * (n - 1))
    places = np.full(n, n) if len(one) > 1 else None
    return replace(made, information=Information(kl, log_p, choices, places, log_p_foil))


def grouped(groups: Groups = ((0, 1), (1, 3), (3, 5))) -> Attribution:
    """The words of WORDS as blocks, “garden” at 0.6 next. The first has twice the M; S is 1, 2, 3 … and I 2, 1, 0 ….

    Without the first block the model says "road".
    """
    n = len(groups)
    target = Target(len(WORDS), GARDEN, " garden", False)
    transition, _ = parts(n, ())
    said = prediction(0.6, 1, (GARDEN, " garden", 0.6), (ROAD, " road", 0.3))
    hessian = Sensitivity(np.arange(1.0, n + 1), np.full(n, 0.1), np.full(n, 10), np.ones(n), ("block_probes",) * n)
    kl = np.array([2.0, 1.0, *np.zeros(n - 2)])[:n]
    own, other = said.candidates
    information = Information(kl, said.log_p - kl / 2, (other, *(own,) * (n - 1)))
    made = base(target, said, n, WORDS)
    return replace(made(transition=transition, hessian=hessian, groups=groups), information=information)


def generation(
    prompt: Sequence[str] = ("<s>", "Mia", " ran"), answer: Sequence[str] = (" to", " the"), *, n_given: int = 0
) -> GenerationAttribution:
    """Every token of the answer at 0.8, as the first choice. The token just before it holds half of M and all of I."""
    tokens = samples.tokens([*prompt, *answer])
    steps = []
    for position in range(len(prompt), len(tokens)):
        flow = np.ones((1, 1, position))
        flow[0, 0, -1] = max(1, position - 1)
        kl = np.zeros(position)
        kl[-1] = 2.0
        piece = tokens.pieces[position]
        said = prediction(0.8, 1, (position, piece, 0.8), (ROAD, " road", 0.1))
        own, other = said.candidates
        steps.append(
            Step(
                Target(position, position, piece, True),
                said,
                Transition(flow, np.zeros(1)),
                Information(kl, said.log_p - kl, (*(own,) * (position - 1), other)),
                Sensitivity(
                    np.ones(position),
                    np.full(position, 0.1),
                    np.full(position, 10),
                    np.ones(position),
                    ("block_probes",) * position,
                ),
                Work(0, 1, 10, 11),
                (("hessian", 0.5),),
            )
        )
    how = Decoding(steps=len(answer)) if n_given < len(answer) else None
    return GenerationAttribution(
        tokens,
        len(prompt),
        n_given,
        how,
        "length" if how else "given",
        Settings(),
        samples.SOURCE,
        steps=tuple(steps),
        work=Work(9, 0, 0, 9),
        seconds=(("text", 0.1), ("transition", 0.1), ("kl", 0.2)),
    )


def bare(generation: GenerationAttribution) -> GenerationAttribution:
    """The same when only the text and its transitions are known."""
    steps = (replace(step, information=None, hessian=None, work=Work(planned=11)) for step in generation.steps)
    return replace(generation, steps=tuple(steps))


def changed(path: str, value: object, text: str) -> str:
    """A report with one field replaced; a dot leads into an object or a list."""
    document = json.loads(text)
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name)] if name.isdigit() else place[name]
    place[int(last) if last.isdigit() else last] = value
    return json.dumps(document)
