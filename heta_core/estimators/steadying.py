r"""Control variates: the same mean from about half as many probes.

‖𝓗 r‖₁ varies from draw to draw (by 40 % on the embedded model), mostly because a block has few strong directions and r
happens to lie along them or not. How far r lies along directions that are known already tells part of that:

    ρ² = a · (ĝ·r)² + b · mean over the other draws k of (ĥ_k·r)² + (1 − a − b)

ĝ is the unit gradient of the block (for two rival words −p/(1−p) ∇f∇fᵀ is a part of the Hessian), ĥ_k the unit product
of another draw. E ρ over sign vectors is found by drawing many, which runs no model. N_k − N̄ · (ρ_k/Eρ − 1), with N̄ the
mean of the other draws, has the expectation of N_k: r_k is independent of all that N̄ and ρ know (Owen 2013, ch. 8).
"""

from functools import cache

import numpy as np

from heta_core.estimators.probes import Floats, Signs, all_signs

_GRADIENT, _OTHERS = 0.35, 0.35  # a, b: the best of a few on held-out prompts of the embedded model, at 2 to 16 draws
_ROUNDING = 1e-5
_REFERENCE = 1024  # sign vectors for E ρ: known to 1 %


def steadied(products: Floats, signs: Signs, gradient: Floats) -> Floats:
    """(m,) ‖product‖₁ of each draw with the known part of its chance taken out. One draw stays as it is.

    Args:
        products: (m, w) of one block, flattened.
        signs: (m, w) the probes.
        gradient: (w,) ∇f of the block.
    """
    norms: Floats = np.abs(products).sum(1)
    m = len(norms)
    if m == 1:
        return norms
    reference = _reference(products.shape[1])
    along, usual = (_unit(gradient[None]) @ other for other in (signs.T, reference))  # (1, m), (1, R)
    met, usually = (_unit(products) @ other for other in (signs.T, reference))  # (m, m), (m, R)
    np.fill_diagonal(met, 0.0)
    own = 1 - _GRADIENT - _OTHERS
    rho = np.sqrt(_GRADIENT * along[0] ** 2 + _OTHERS * (met**2).sum(0) / (m - 1) + own)
    # The mean over the other draws, for each draw left out in turn.
    left_out = ((usually**2).sum(0) - usually**2) / (m - 1)  # (m, R)
    expected = np.sqrt(_GRADIENT * usual**2 + _OTHERS * left_out + own).mean(1)
    others = (norms.sum() - norms) / (m - 1)
    steady: Floats = norms - others * (rho / expected - 1)
    return steady


def _unit(rows: Floats) -> Floats:
    """Each row's direction; none for a row that is rounding beside the others (a norm layer is flat along all ones)."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    is_long = length > _ROUNDING * length.max()
    return np.asarray(np.divide(rows, length, out=np.zeros_like(rows), where=is_long))


@cache
def _reference(width: int) -> Floats:
    """(w, R) of ±1; all of them, up to their sign, where they are no more."""
    if 2 ** (width - 1) <= _REFERENCE:
        return all_signs(width).T.astype(np.float64)
    return np.random.default_rng(0).choice([-1.0, 1.0], (width, _REFERENCE))
