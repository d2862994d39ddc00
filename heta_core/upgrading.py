"""Reports of older versions as the present one writes them.

Version 2 added what later settings, estimators and groups need to say, version 3 the scores of other methods; what
their absence meant is filled in.
"""

from typing import Any

VERSION = 3

_SETTINGS = dict.fromkeys(("tolerance", "rank", "layers", "step", "memory"))


def upgraded(fields: dict[str, Any], version: int) -> dict[str, Any]:
    """The fields of a report of some version as version 3 has them.

    What is not there, or not of the right kind, is left for the reader to refuse.
    """
    if version >= VERSION:
        return fields
    fields = dict(fields)
    is_generation = isinstance(fields.get("steps"), list)
    if not is_generation:
        fields = {"given": None} | fields
    if version >= 2:
        return fields
    settings = fields.get("settings")
    estimator = settings.get("estimator") if isinstance(settings, dict) else None
    if isinstance(settings, dict):
        fields["settings"] = _SETTINGS | settings
    if is_generation:
        fields["steps"] = [_with_estimators(step, estimator) for step in fields["steps"]]
        return fields
    found: dict[str, Any] = {"groups": None} | _with_estimators(fields, estimator)
    return found


def _with_estimators(holder: Any, estimator: object) -> Any:
    """The holder of a Hessian sensitivity, with the estimator that all of its tokens had."""
    hessian = holder.get("hessian") if isinstance(holder, dict) else None
    if not isinstance(hessian, dict):
        return holder
    scores = hessian.get("scores")
    stored, shape = (scores.get("base64"), scores.get("shape")) if isinstance(scores, dict) else (None, None)
    if not isinstance(stored, str) or not isinstance(shape, list) or len(shape) != 1:
        return holder
    n_tokens = shape[0]
    if not isinstance(n_tokens, int) or not 0 <= n_tokens <= len(stored):  # a damaged length must not fill the memory
        return holder
    added = {"estimators": [estimator] * n_tokens, "bias": None, "bias_error": None}
    return holder | {"hessian": added | hessian}
