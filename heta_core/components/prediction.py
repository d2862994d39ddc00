"""What the model says at a position, and how sure it is."""

import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.language_model import LanguageModel
from heta_core.parts import Candidate, Prediction
from heta_core.tokens import piece_of

# How many of the tokens that the model could have said a result names.
_N_CANDIDATES = 10


def prediction(lm: LanguageModel, log_p: Tensor, token_id: int) -> Prediction:
    """The most probable tokens and the place of one of them, from (V,) log-probabilities.

    Raises:
        NotDifferentiableError: they are not finite.
    """
    if not torch.isfinite(log_p).all():
        raise NotDifferentiableError("The model's logits must be finite, found NaN or infinity: load it in float32.")
    best = log_p.topk(min(_N_CANDIDATES, len(log_p)))
    rank = int((log_p > log_p[token_id]).sum()) + 1
    entropy = float(-(log_p.exp() * log_p).sum())
    candidates = tuple(
        Candidate(token, piece_of(lm.tokenizer, token), probability)
        for token, probability in zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    )
    return Prediction(float(log_p[token_id]), rank, entropy, candidates)
