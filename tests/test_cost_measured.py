"""The gates: GPT-2's shape at 512 tokens within 4 GB, and the estimate against the time that a run takes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = 1.5  # of the measured time, either way
TRIES = 5
# Seconds of the process: what else the computer does would lengthen those of the wall. One thread, because the seconds
# of several overlap. Blocks of some tokens keep the batches of single tokens, and with them memory and pace, at a part
# of the work.
RUN = """
import json, resource, sys, time
import torch
torch.set_num_threads(1)
from heta_core.bench.prompts import prompt_ids
from heta_core.bench.random_weights import random_model
from heta_core.components import hessian, kl
from heta_core.components.transition import transitions
from heta_core.cost.calls import curvature_calls, masking_calls, opening_calls
from heta_core.cost.estimate import Plan
from heta_core.groups import from_starts
from heta_core.loading import load
from heta_core.passes.capture import capture
from heta_core.settings import Settings
from heta_core.targets import next_token

name, n, width, probes = sys.argv[1], *map(int, sys.argv[2:])
lm = load("littletown") if name == "littletown" else random_model(name)
settings = Settings(chunk=8 * width, probes=probes or 1)
ids, groups = prompt_ids(lm, n, 0), from_starts(range(0, n, width), n)
explained = next_token(ids, ids[0])
line = explained.lines[0]
calls = [*opening_calls(lm, [line]), *masking_calls(lm, line, groups, settings)]
if probes:
    calls += curvature_calls(lm, explained, settings, groups)
cost = Plan(lm, ids, tuple(calls), 0).cost(time.process_time)
start = time.process_time()
trace = capture(lm, ids)
transitions(lm, trace)
for _ in kl.effects(lm, line, groups, trace.log_probs, settings):
    pass
if probes:
    for _ in hessian.sensitivity(lm, explained, settings, blocks=groups):
        pass
taken = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"estimated": cost.seconds, "taken": taken, "peak": peak, "bytes": cost.bytes}))
"""


def measured(*arguments: str | int) -> dict[str, float]:
    """What a run in a process of its own was estimated to take, and took."""
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    ratio = found["estimated"] / found["taken"]
    print(
        f"\n{' '.join(map(str, arguments))}: estimated {found['estimated']:.1f} s, took {found['taken']:.1f} s of the "
        f"processor, ratio {ratio:.2f}, peak {found['peak'] / 1e9:.2f} GB, {found['bytes'] / 1e9:.2f} GB foretold"
    )
    return found


def best_ratio(*arguments: str | int) -> float:
    """Estimated over taken seconds; of some tries the closest one, where the first met a busy moment."""
    ratios = []
    for _ in range(TRIES):
        found = measured(*arguments)
        ratios.append(found["estimated"] / found["taken"])
        if 1 / ALLOWED < ratios[-1] < ALLOWED:
            break
    return min(ratios, key=lambda ratio: max(ratio, 1 / ratio))


@pytest.mark.figures
def test_transition_and_kl_of_512_tokens_of_gpt2_fit_into_4_gb_and_their_time_is_foretold() -> None:
    found = measured("gpt2", 512, 16, 0)
    assert found["peak"] < 4e9
    assert 1 / ALLOWED < found["estimated"] / found["taken"] < ALLOWED


@pytest.mark.slow
@pytest.mark.alone
def test_the_estimate_is_within_a_factor_of_the_measured_time() -> None:
    assert 1 / ALLOWED < best_ratio("littletown", 64, 1, 10) < ALLOWED


@pytest.mark.figures
@pytest.mark.parametrize(
    "arguments",
    [("gpt2", 48, 4, 1), ("littletown", 256, 2, 1), ("gpt2", 128, 16, 1)],
    ids=lambda a: f"{a[0]}-{a[1]}",
)
def test_so_is_that_of_longer_texts_and_a_larger_model(arguments: tuple[str | int, ...]) -> None:
    assert 1 / ALLOWED < best_ratio(*arguments) < ALLOWED
