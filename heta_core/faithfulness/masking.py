"""Mask these: what the model would say next if it did not have some of the units."""

from collections.abc import Iterable, Iterator

import numpy as np

from heta_core.attribution import Attribution
from heta_core.components.prediction import prediction
from heta_core.errors import InputError
from heta_core.faithfulness.curves import check_mask
from heta_core.language_model import LanguageModel
from heta_core.parts import Prediction, Work
from heta_core.passes.sets import Line, Sets, read_masked
from heta_core.passes.valuing import of_tokens
from heta_core.settings import Mask, Settings

Said = tuple[Prediction, ...]


def mask_these(
    lm: LanguageModel, result: Attribution, units: Iterable[int], *, mask: Mask | None = None
) -> tuple[Prediction, Prediction]:
    """What the model says where the target stands, with nothing masked and with these units masked at once.

    Args:
        mask: how they are taken away; not the map's own if none is named.

    Raises:
        InputError: another model made the map, or there is no such unit.
        UnsupportedModelError: the mask cannot be used on this family.
    """
    check_maker(lm, result)
    sets = np.zeros((2, result.n_units), bool)
    for unit in units:
        if not 0 <= unit < result.n_units:
            raise InputError(f"What is masked must be a unit from 0 to {result.n_units - 1}, got {unit}.")
        sets[1, unit] = True
    settings = Settings(mask=mask or check_mask(result.settings.mask), memory=result.settings.memory)
    *_, (_, said) = predictions(lm, result, sets, settings)
    assert said is not None
    return said[0], said[1]


def predictions(
    lm: LanguageModel, result: Attribution, units: Sets, settings: Settings
) -> Iterator[tuple[Work, Said | None]]:
    """What the model says where the target stands, with each of (K, U) sets of units masked.

    Yields the work of every batch, and with the last of it the predictions. The tokens of a span that come after its
    first are not there yet: masking them changes nothing here.

    Raises: as `read_masked`, and
        NotDifferentiableError: a masked run gives NaN or infinity.
    """
    position = result.target.position
    hidden = of_tokens(units, result.places[: result.n_units])[:, :position]
    line = Line(result.tokens.ids[:position], position, (position - 1,))
    found: dict[int, Prediction] = {}
    for read in read_masked(lm, line, hidden, settings):
        for number, log_p in zip(read.sets, read.log_probs[:, 0], strict=True):
            found[number] = prediction(lm, log_p, result.target.token_id)
        yield Work(forwards=len(read.sets)), None
    yield Work(), tuple(found[k] for k in range(len(units)))


def check_maker(lm: LanguageModel, result: Attribution) -> None:
    """Refuse a map of another model.

    Raises:
        InputError: the weights are not those that made the map.
    """
    if lm.source.weights_id != result.source.weights_id:
        raise InputError(
            f"The map was made by {result.source.model} ({result.source.weights_id[:8]}), the model in memory is "
            f"{lm.source.model} ({lm.source.weights_id[:8]}): load the one that made it, or explain the text again."
        )
