"""Model families: one file of facts each, found by existing."""

from transformers import PreTrainedModel

from heta_core.architectures._contract import Architecture, Site
from heta_core.architectures._convention import guesses, unread
from heta_core.architectures._projection import projection
from heta_core.discovery import declared

__all__ = ["Architecture", "Site", "find", "known", "projection", "unread"]


def known() -> tuple[Architecture, ...]:
    """Every family that has a file."""
    return declared(__name__, Architecture)


def find(model: PreTrainedModel) -> tuple[Architecture, ...]:
    """The family of a model, or for a family without a file what convention suggests, likeliest first.

    A suggestion is only worth something once the equations of `heta_core.models.checks` hold on it; there may be none.
    """
    model_type = model.config.get_text_config().model_type
    families = tuple(a for a in known() if model_type in a.model_types)
    return families or guesses(model)
