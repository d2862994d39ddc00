"""The ways in which each component is computed, the textbook's first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch

from heta_core.bench import textbook
from heta_core.bench.flops import counted, suffix_flops
from heta_core.bench.plan import Plan
from heta_core.combine import combine
from heta_core.components import hessian, kl
from heta_core.components.transition import transition
from heta_core.engine import n_captures
from heta_core.language_model import LanguageModel
from heta_core.parts import Floats, Work
from heta_core.passes.capture import capture
from heta_core.settings import Settings, Weights
from heta_core.targets import next_token

# A log-probability in float32 is not known better than this.
LEAST_NATS = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a run gave."""

    values: tuple[Floats, ...]  # each is compared with its like in proportion to its own largest entry
    work: Work


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way to compute something."""

    name: str
    run: Callable[[], Found]
    flops: Callable[[], int]  # what `run` counts; runs it, or the part of it that is repeated
    is_same: bool = True  # the same quantity as the first way, up to rounding; an estimate of it otherwise
    # Of Hessian products, the operations that cannot be avoided: 2·F for each over the positions its token can reach.
    suffix_flops: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One component and the ways to compute it; the first is what the others are measured against."""

    component: str
    ways: tuple[Way, ...]
    reference: Callable[[], Found] | None = None  # what estimates are compared with; the first way if there is none
    least: float = 0.0  # what float32 may be apart by, beside its part of the largest entry; in the component's unit


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What is explained: the model's own choice after some ids."""

    lm: LanguageModel
    ids: tuple[int, ...]
    token_id: int
    log_p: torch.Tensor  # (V,) nats, the prediction with nothing masked
    score: Callable[[Floats], Floats]  # (T,) the final score as a function of S: what adaptive probes look at


def prompt(lm: LanguageModel, ids: tuple[int, ...]) -> Prompt:
    """Some ids with what the model says after them."""
    trace = capture(lm, ids)
    token_id, flow = int(trace.log_p.argmax()), transition(lm, trace).scores
    *_, (_, effects) = kl.effects(lm, next_token(ids, token_id).lines[0], len(ids), trace.log_probs, Settings())
    assert effects is not None  # the last of its steps holds the result
    divergence = effects.kl[:, 0]
    return Prompt(lm, ids, token_id, trace.log_p, lambda s: combine(flow, s, divergence, Weights()).scores)


def components(p: Prompt, plan: Plan, curvature: Mapping[str, Settings]) -> tuple[Case, ...]:
    """Transition, KL and Hessian, each as the textbook and as the engine computes it.

    Args:
        curvature: the engine's ways to compute the Hessian; the first takes the plan's probes, all of them.
    """
    reference = None
    if plan.reference and len(curvature) > 1:
        exact = next(iter(curvature.values()))
        reference = _hessian(p, "reference", replace(exact, probes=plan.reference)).run
    return (
        Case("transition", (_textbook_transition(p), _engine_transition(p))),
        Case("KL", (_textbook_kl(p), _engine_kl(p)), least=LEAST_NATS),
        Case("Hessian", (_textbook_hessian(p, plan), *_engine_hessian(p, plan, curvature)), reference),
    )


def _way(name: str, run: Callable[[], Found]) -> Way:
    """A way whose operations are counted by running it."""
    return Way(name, run, lambda: counted(run))


def _textbook_transition(p: Prompt) -> Way:
    return _way("textbook", lambda: Found((textbook.transition(p.lm, p.ids),), Work(forwards=1)))


def _engine_transition(p: Prompt) -> Way:
    def run() -> Found:
        return Found((transition(p.lm, capture(p.lm, p.ids)).scores,), Work(forwards=n_captures(p.lm)))

    return _way("engine", run)


def _textbook_kl(p: Prompt) -> Way:
    def run() -> Found:
        return Found((textbook.information(p.lm, p.ids, p.log_p),), Work(forwards=len(p.ids)))

    return Way("textbook", run, lambda: textbook.information_flops(p.lm, p.ids))


def _engine_kl(p: Prompt) -> Way:
    line = next_token(p.ids, p.token_id).lines[0]

    def run() -> Found:
        done, last = Work(), None
        for work, found in kl.effects(p.lm, line, len(p.ids), p.log_p[None], Settings()):
            done, last = done.plus(work), found or last
        assert last is not None  # the last of its steps holds the result
        return Found((last.kl[:, 0],), done)

    return _way("engine", run)


def _textbook_hessian(p: Prompt, plan: Plan) -> Way:
    work = Work(forwards=1, backwards=1, products=len(p.ids) * plan.probes)

    def run() -> Found:
        return Found((textbook.sensitivity(p.lm, p.ids, p.token_id, range(plan.probes), plan.seed),), work)

    return Way("textbook", run, lambda: textbook.sensitivity_flops(p.lm, p.ids, p.token_id, plan.probes))


def _engine_hessian(p: Prompt, plan: Plan, curvature: Mapping[str, Settings]) -> tuple[Way, ...]:
    each = suffix_flops(p.lm, p.ids)
    exact, *further = (_hessian(p, name, settings) for name, settings in curvature.items())
    least = None if each is None else 2 * sum(each) * plan.probes
    return replace(exact, suffix_flops=least), *(replace(way, is_same=False) for way in further)


def _hessian(p: Prompt, name: str, settings: Settings) -> Way:
    def run() -> Found:
        done, last = Work(), None
        for work, found in hessian.sensitivity(p.lm, next_token(p.ids, p.token_id), settings, score=p.score):
            done, last = done.plus(work), found or last
        assert last is not None  # every run ends with a result
        return Found((last.scores,), done)

    return _way(name, run)
