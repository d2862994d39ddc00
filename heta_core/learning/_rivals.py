"""What the lesson `looking` holds against masking: attention and what is made of it, over many questions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from heta_core.teaching.contract import Data

if TYPE_CHECKING:
    import numpy as np

    from heta_core.attribution import Attribution
    from heta_core.language_model import LanguageModel

# What is held against masking → how it is called here.
RIVALS = (
    ("last_attention", "Attention, last layer"),
    ("attention_rollout", "Rollout, all layers"),
    ("transition", "HETA's gate M"),
)
PER_SKILL, SEED = 8, 1  # questions that the model was not trained on
Compared = tuple[bool, bool, float | None]


def typical(lm: "LanguageModel", per_skill: int) -> dict[str, list[Compared]]:
    """Rival → what `compared` says of each of some questions that the model was not trained on."""
    from heta_core.littletown.lessons import SKILLS, held_out
    from heta_core.teaching import asking

    found: dict[str, list[Compared]] = {name: [] for name, _ in RIVALS}
    for skill in SKILLS:
        for instance in list(held_out(skill, PER_SKILL, SEED))[:per_skill]:
            result = asking.looked(lm, instance.prompt)
            for name, _ in RIVALS:
                found[name].append(compared(result, scores(lm, result, name)))
    return found


def scores(lm: "LanguageModel", result: "Attribution", name: str) -> "np.ndarray[Any, Any]":
    """(T,) of a method, or of M, which is there already."""
    from heta_core.teaching import asking

    if name == "transition":
        assert result.transition is not None
        return result.transition.scores
    return asking.by_method(lm, result, name)


def compared(result: "Attribution", values: "np.ndarray[Any, Any]") -> Compared:
    """Whether a method's highest word is the KL's, whether masking it changes the answer, and Spearman with the KL.

    The start mark and the last token, which every text has, do not compete. Spearman is None where there is no order.
    """
    from heta_core.agreement import spearman

    assert result.information is not None
    competing = slice(1, result.n_context - 1)
    kl = result.information.kl[competing]
    top = int(values[competing].argmax())
    is_changed = result.information.first_choices[1 + top].token_id != result.target.token_id
    return top == int(kl.argmax()), is_changed, spearman(values[competing], kl)


def summed_up(found: Mapping[str, list[Compared]]) -> Data:
    """Shares over the questions, and the mean Spearman over those of them that have one: `ordered`."""
    rows = []
    for name, title in RIVALS:
        same, changed, correlations = zip(*found[name], strict=True)
        n = len(same)
        orders = [value for value in correlations if value is not None]
        rows.append(
            {
                "title": title,
                "differs": round(1 - sum(same) / n, 4),
                "unchanged": round(1 - sum(changed) / n, 4),
                "spearman": round(sum(orders) / len(orders), 3),
                "ordered": len(orders),
            }
        )
    return {"n": n, "rows": rows}
