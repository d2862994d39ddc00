"""From a study to its table: every step heard, what was found kept."""

from collections.abc import Callable

from heta_core.errors import InputError
from heta_core.faithfulness.curves import check_mask
from heta_core.sweeps._contract import Found, Skipped, Study, Sweep
from heta_core.sweeps._table import Basis, Table, tabled


def swept(sweep: Sweep, study: Study, told: Callable[[str], None] = lambda words: None) -> Table:
    """The whole sweep; `told` hears what is being done.

    Raises:
        InputError: no example could be used.
    """
    found: list[Found] = []
    skipped: list[Skipped] = []
    for step in sweep.run(study):
        told(f"{step.fraction:4.0%} {step.doing}")
        found += step.found
        if step.skipped is not None:
            skipped.append(step.skipped)
    if not found:
        n, why = len(study.dataset.examples), skipped[0].why if skipped else "there is none"
        raise InputError(f"Need an example that can be used, found none among {n}; of the first: {why}")
    source, settings = study.lm.source, study.settings
    n_asked, mask = len(study.dataset.examples), check_mask(settings.mask)
    basis = Basis(source.model, source.weights_id, study.dataset.name, n_asked, settings, mask)
    return tabled(sweep, basis, found, skipped)
