"""A whole benchmark of one model."""

import platform
from collections.abc import Iterator, Mapping

import torch

from heta_core.bench.comparing import Told, compare
from heta_core.bench.growth import growth, targets
from heta_core.bench.plan import Plan, curvature_ways
from heta_core.bench.prompts import prompt_ids
from heta_core.bench.results import Benchmark
from heta_core.bench.steps import steps
from heta_core.bench.ways import Case, components, prompt
from heta_core.language_model import LanguageModel, check_length
from heta_core.settings import Settings


def benchmark(
    lm: LanguageModel,
    plan: Plan,
    *,
    curvature: Mapping[str, Settings] | None = None,
    told: Told = lambda _: None,
) -> Benchmark:
    """Engine and textbook, measured in turns.

    Args:
        curvature: the ways to compute the Hessian by name, the exact one first; those of `curvature_ways` if not given.
        told: hears what is being measured.

    Raises:
        InputError: the model has no positions for so many tokens.
        OutOfMemoryError: a way does not fit into memory.
    """
    check_length(lm, plan.longest)
    ways = curvature_ways(plan) if curvature is None else curvature
    comparisons = tuple(compare(lm, case, plan.repeats, told) for case in _cases(lm, plan, ways))
    grown = growth(lm, plan, ways, told) if plan.lengths else ()
    served = targets(lm, prompt_ids(lm, plan.tokens, plan.seed), plan.repeats) if plan.lengths else None
    return Benchmark(lm.source, _device(lm), torch.get_num_threads(), plan, comparisons, grown, served)


def _cases(lm: LanguageModel, plan: Plan, ways: Mapping[str, Settings]) -> Iterator[Case]:
    ids = prompt_ids(lm, plan.tokens + plan.steps, plan.seed)
    yield from components(prompt(lm, ids[: plan.tokens]), plan, ways)
    if plan.steps:
        yield steps(lm, ids, plan.tokens)


def _device(lm: LanguageModel) -> str:
    if lm.device.type == "cuda":
        return torch.cuda.get_device_name(lm.device)
    return f"{lm.device.type}, {platform.machine()}"
