"""Hessian-Enhanced Token Attribution (arXiv 2604.13258) for decoder-only language models.

Names are resolved on first use, so that reading a saved result or drawing it brings no torch.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Attribution": "heta_core.attribution",
    "Choice": "heta_core.targets",
    "Decoding": "heta_core.settings",
    "GenerationAttribution": "heta_core.generated",
    "HetaError": "heta_core.errors",
    "LanguageModel": "heta_core.language_model",
    "Message": "heta_core.conversation",
    "Settings": "heta_core.settings",
    "Weights": "heta_core.settings",
    "Cost": "heta_core.cost.estimate",
    "attribute": "heta_core.engine",
    "attribute_steps": "heta_core.engine",
    "chat": "heta_core.conversation",
    "contrast": "heta_core.typed",
    "dumps": "heta_core.report",
    "estimate": "heta_core.cost.estimate",
    "explain": "heta_core.generation",
    "explain_by": "heta_core.explaining",
    "explain_by_steps": "heta_core.explaining",
    "explain_steps": "heta_core.generation",
    "generate": "heta_core.generation",
    "generate_steps": "heta_core.generation",
    "load": "heta_core.loading",
    "loads": "heta_core.report",
    "loads_generation": "heta_core.report",
    "wrap": "heta_core.loading",
}

__all__ = sorted(_HOME)  # the table above is the one list of public names


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'heta_core' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
