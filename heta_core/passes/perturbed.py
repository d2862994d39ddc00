"""The model with other embeddings of some ids, whoever embeds them: methods run as they are, on a text moved a little.

A hook on the table of embeddings is the one place that every pass goes through. It goes by id and not by place, since
methods also embed the end of a text alone, or put its tokens elsewhere: an id is moved alike wherever it stands. The
hook acts in the thread that set it up alone, as other sessions embed their texts outside of the model's lock.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from heta_core.language_model import LanguageModel
from heta_core.parts import Floats


@contextmanager
def perturbed(lm: LanguageModel, ids: tuple[int, ...], noise: Floats) -> Iterator[None]:
    """Inside, for this thread, row i of (T, D) noise is added to the embedding of the i-th id.

    Of an id that comes again the first row counts. What the model says is read with its output matrix as it is.
    """
    added = torch.from_numpy(noise).to(lm.device, lm.dtype)
    added = torch.cat([added, torch.zeros_like(added[:1])])
    row_of = {token_id: i for i, token_id in reversed(list(enumerate(ids)))}
    rows = torch.full((len(lm.model.get_input_embeddings().weight),), len(ids), device=lm.device)
    rows[torch.tensor(list(row_of), device=lm.device)] = torch.tensor(list(row_of.values()), device=lm.device)
    owner = threading.get_ident()

    def add(_module: nn.Module, given: tuple[Any, ...], embeddings: Tensor) -> Tensor | None:
        return embeddings + added[rows[given[0]]] if threading.get_ident() == owner else None

    with lm.lock:
        handle = lm.model.get_input_embeddings().register_forward_hook(add)
        try:
            yield
        finally:
            handle.remove()
