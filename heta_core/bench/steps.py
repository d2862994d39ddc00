"""Every token of a continuation explained together, against one run for each of them."""

import numpy as np

from heta_core.bench.flops import counted
from heta_core.bench.ways import LEAST_NATS, Case, Found, Way
from heta_core.engine import attribute_steps
from heta_core.generation import explain_steps
from heta_core.language_model import LanguageModel
from heta_core.parts import Information, Transition, Work
from heta_core.targets import Choice
from heta_core.tokens import from_ids


def steps(lm: LanguageModel, ids: tuple[int, ...], n_prompt: int) -> Case:
    """Transition and KL of every token after the prompt; both ways are the engine's own, neither goes on to S."""
    tokens = from_ids(lm.tokenizer, ids)

    def one_at_a_time() -> Found:
        parts, work = [], Work()
        for position in range(n_prompt, len(ids)):
            run = attribute_steps(lm, tokens, choice=Choice(position))
            result = next(step for step in run if step.information is not None)
            run.close()
            parts.append((result.transition, result.information))
            work = work.plus(result.work)
        return _found(parts, work)

    def together() -> Found:
        run = explain_steps(lm, from_ids(lm.tokenizer, ids[:n_prompt]), tokens)
        result = next(grown for grown in run if grown.steps and all(s.information is not None for s in grown.steps))
        run.close()
        return _found([(step.transition, step.information) for step in result.steps], result.work)

    ways = (
        Way("one at a time", one_at_a_time, lambda: counted(one_at_a_time)),
        Way("together", together, lambda: counted(together)),
    )
    return Case(f"{len(ids) - n_prompt} steps", ways, least=LEAST_NATS)


def _found(parts: list[tuple[Transition | None, Information | None]], work: Work) -> Found:
    """M and I of all steps, one step after another."""
    transitions = [transition.scores for transition, _ in parts if transition is not None]
    divergences = [information.kl for _, information in parts if information is not None]
    return Found((np.concatenate(transitions), np.concatenate(divergences)), work)
