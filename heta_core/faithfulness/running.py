r"""The work of deletion and insertion curves, step by step.

1. Every method scores the units: that gives the orders.
2. For each order the sets that its two curves mask are run, batched; a set that an earlier order has run is not run
   again. One forward for each set and line of f, at most 2 (U + 1) for each order.
3. For the map's own order one more row is kept: what the model says with its first k units masked.

The mask is by default not the one that made the map. Under the same one the KL has already looked at every single unit
in just this way, so the curve would reward it for that; such a check is labelled circular.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from heta_core import methods
from heta_core.attribution import Attribution
from heta_core.faithfulness.curves import MAP, MAP_TITLE, Curve, Curves, check_mask, order_of, ranks_of
from heta_core.faithfulness.judging import Judge, Order, first_of
from heta_core.faithfulness.masking import Said, check_maker, predictions
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked, Method
from heta_core.parts import Floats, Work
from heta_core.settings import Mask, Settings


def curve_steps(
    lm: LanguageModel, result: Attribution, *, mask: Mask | None = None, mask_token: int | None = None, seed: int = 0
) -> Generator[Curves, None, None]:
    """The curves of a finished map as they become known; the last is all of them. Closing the generator cancels.

    Args:
        mask: how units are taken away; not the map's own if none is named.

    Raises:
        InputError: another model made the map.
        ReportError: the map is not finished.
        UnsupportedModelError: the mask cannot be used on this family.
        OutOfMemoryError: a single sequence does not fit into memory.
    """
    asked = _asked(lm, result, mask, mask_token, seed)
    return _steps(asked, result, order_of(result.scores, seed), methods.references(), is_said=True)


def own_steps(
    lm: LanguageModel, result: Attribution, *, mask: Mask | None = None, seed: int = 0, has_random: bool = False
) -> Generator[Curves, None, None]:
    """The curves of any method's map alone, or beside random orders; what the model says meanwhile is not kept.

    Raises: as `curve_steps`.
    """
    asked = _asked(lm, result, mask, None, seed)
    against = (methods.named("random"),) if has_random else ()
    return _steps(asked, result, order_of(result.scores, seed), against, is_said=False)


def _asked(lm: LanguageModel, result: Attribution, mask: Mask | None, mask_token: int | None, seed: int) -> Asked:
    """The question of a map, with the mask that judges it."""
    check_maker(lm, result)
    made = result.settings
    settings = Settings(mask=mask or check_mask(made.mask), mask_token=mask_token, seed=seed, memory=made.memory)
    return Asked(lm, result.tokens, result.target, result.places[: result.n_units], settings)


def curves(lm: LanguageModel, result: Attribution, *, mask: Mask | None = None, seed: int = 0) -> Curves:
    """`curve_steps` run to its end."""
    *_, last = curve_steps(lm, result, mask=mask, seed=seed)
    return last


def _steps(
    asked: Asked, result: Attribution, order: Order, against: Sequence[Method], *, is_said: bool
) -> Generator[Curves, None, None]:
    """All that is known after every batch."""
    ranks = ranks_of(len(asked.groups))
    made, settings = result.settings, asked.settings
    known = Curves(
        kind=result.target.kind,
        n_units=len(asked.groups),
        ranks=ranks,
        settings=settings,
        map_mask=made.mask,
        is_circular=(settings.mask, settings.mask_token) == (made.mask, made.mask_token),
        work=Work(planned=_planned(asked, len(ranks), against) + (len(ranks) if is_said else 0)),
    )
    said = predictions(asked.lm, result, first_of(order, ranks), settings) if is_said else ()
    for work, found in chain[tuple[Work, Curve | Said | None]](said, _orders(asked, order, against, ranks)):
        known = replace(known, work=known.work.plus(work).unfinished())
        if isinstance(found, Curve):
            known = known.with_curve(found)
        elif found is not None:
            known = replace(known, said=found)
        yield known
    yield replace(known, work=known.work.finished())


def _orders(
    asked: Asked, order: Order, against: Sequence[Method], ranks: tuple[int, ...]
) -> Iterator[tuple[Work, Curve | None]]:
    """The work of every batch, and with some of it the curves of an order: the map's first, then each method's."""
    judge = Judge(asked.lm, asked.objective, asked.groups, asked.settings)
    yield from _curve(judge, (MAP, MAP_TITLE, 0), order, ranks)
    for method in against:
        for draw in range(method.n_draws):
            scores = yield from _scored(method, asked, draw)
            ranking = order_of(scores, asked.settings.seed)
            yield from _curve(judge, (method.name, method.title, draw), ranking, ranks)


def _scored(method: Method, asked: Asked, draw: int) -> Generator[tuple[Work, None], None, Floats]:
    """The scores of one draw without their signs, which the map has not either, after the work that they take."""
    found: Floats | None = None
    for work, scores in method.score(asked, draw):
        yield work, None
        found = found if scores is None else scores
    assert found is not None, f"{method.name} ended without scores"
    return np.abs(found)


def _curve(
    judge: Judge, named: tuple[str, str, int], order: Order, ranks: tuple[int, ...]
) -> Iterator[tuple[Work, Curve | None]]:
    """Both curves of an order; it is called by its name, title and draw."""
    first = first_of(order, ranks)
    for work in judge.run(np.concatenate([first, ~first])):
        yield work, None
    yield Work(), Curve(*named, order, judge.values(first), judge.values(~first))


def _planned(asked: Asked, n_ranks: int, against: Sequence[Method]) -> int:
    """About as many passes as the orders will take: sets that two of them share are counted twice."""
    n_orders = 1 + sum(method.n_draws for method in against)
    n_sets = 2 * (n_ranks - 2) * n_orders + 2
    # Occlusion, with nothing masked too, and one gradient.
    n_scoring = len(asked.groups) + 3 if any(method.name == "occlusion" for method in against) else 0
    return len(asked.objective.lines) * (n_sets + n_scoring)
