"""Words masked in the order of a score, and beside it in orders that know nothing: what is left of the answer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from heta_core.settings import Settings, Weights
from heta_core.teaching.contract import Data
from heta_core.views import strip, words

if TYPE_CHECKING:
    from heta_core.attribution import Attribution
    from heta_core.language_model import LanguageModel
    from heta_core.littletown.lessons import Instance

# What words are masked in the order of → how it is called here; all but the last know something of the model.
ORDERS = (
    ("heta", "HETA"),
    ("gradient_norm", "Gradient"),
    ("last_attention", "Last attention"),
    ("recency", "From the end"),
)
OCCLUSION = ("occlusion", "Each word alone")  # over many questions, beside those
# Which words may be masked → how it is called here.
SCOPES = {"story": "Story only", "all": "All words"}
OPENING = Weights(scaling="unit")  # of HETA, as Explore opens
N_DRAWS = 20  # random orders of each text
PER_SKILL, SEED = 8, 1  # held-out questions, those of the lesson on looking
_TIES = 0  # seed of the order of equal scores


# ---- one text ----


def of_text(lm: "LanguageModel", title: str, text: str) -> Data:
    """What is left of the answer along each order of a text, and along random ones, in both scopes."""
    from heta_core.engine import attribute

    result = attribute(lm, text, weights=OPENING)
    orders = [order(lm, result, name) for name, _ in ORDERS]
    orders += [order(lm, result, "random", draw) for draw in range(N_DRAWS)]
    drawn: Data = {"title": title, "text": text, "answer": words.label(result.target.text)}
    drawn |= {"parts": strip.token_parts(result.tokens)[: result.n_context]}
    for scope in SCOPES:
        may = masked_in(result, scope, text.rfind("Question:"))
        found = along(lm, result, [[i for i in one if i in may] for one in orders])
        drawn[scope] = {
            "places": may,
            "orders": [{"name": n, "title": t} | one for (n, t), one in zip(ORDERS, found, strict=False)],
            "random": [{name: one[name] for name in ("masked", "p", "area")} for one in found[len(ORDERS) :]],
        }
    return drawn


def masked_in(result: "Attribution", scope: str, start: int) -> list[int]:
    """The tokens that may be masked: of a story those of its words, before the question that starts at a character."""
    spans = result.tokens.spans[: result.n_context]
    return [i for i, (a, b) in enumerate(spans) if scope == "all" or a < b <= start]


def order(lm: "LanguageModel", result: "Attribution", name: str, draw: int = 0) -> tuple[int, ...]:
    """The tokens from the highest score of a method to the lowest; HETA's scores are there already."""
    from heta_core.faithfulness.curves import order_of
    from heta_core.teaching import asking

    return order_of(result.scores if name == "heta" else asking.by_method(lm, result, name, draw), _TIES)


def along(lm: "LanguageModel", result: "Attribution", orders: Sequence[Sequence[int]]) -> list[Data]:
    """p of the answer, and what the model says, as the first 0, 1, 2 … of the same tokens in each order are masked.

    The mask is not the one that made the map: under that the KL has looked at every word already.
    """
    import numpy as np

    from heta_core.faithfulness.curves import area, check_mask, ranks_of
    from heta_core.faithfulness.judging import first_of
    from heta_core.faithfulness.masking import predictions

    ranks = ranks_of(len(orders[0]))
    rest = [i for i in range(result.n_units) if i not in orders[0]]
    sets = np.concatenate([first_of((*one, *rest), ranks) for one in orders])
    *_, (_, said) = predictions(lm, result, sets, Settings(mask=check_mask(result.settings.mask)))
    assert said is not None
    found = []
    for k, one in enumerate(orders):
        own = said[k * len(ranks) : (k + 1) * len(ranks)]
        p = np.exp([each.log_p for each in own])
        first = [each.candidates[0] for each in own]
        found.append(
            {
                "masked": list(one),
                "p": strip.numbers(p),
                "says": [words.label(c.piece) for c in first],
                "says_p": [strip.short(min(1.0, c.probability)) for c in first],
                "area": strip.short(area(ranks, p)),
            }
        )
    return found


# ---- many questions ----


def areas(lm: "LanguageModel", per_skill: int) -> Iterator[Data]:
    """Of each held-out question, and of each scope, the area along every order: the mean p of the answer."""
    from heta_core.littletown.lessons import SKILLS, held_out

    for skill in SKILLS:
        for instance in list(held_out(skill, PER_SKILL, SEED))[:per_skill]:
            yield of_question(lm, instance)


def of_question(lm: "LanguageModel", asked: "Instance") -> Data:
    """One question of `areas`. One that no story answers has one scope only: all words."""
    from heta_core.datasets import as_example
    from heta_core.engine import attribute
    from heta_core.methods import named

    names = [name for name, _ in (*ORDERS, OCCLUSION)]
    n_drawn = named("random").n_draws
    result = attribute(lm, asked.prompt, weights=OPENING)
    orders = [order(lm, result, name) for name in names]
    orders += [order(lm, result, "random", draw) for draw in range(n_drawn)]
    question = as_example(asked, asked.skill).question
    found: Data = {}
    for scope in SCOPES if question else ("all",):
        may = masked_in(result, scope, question[0][0] if question else 0)
        own = [one["area"] for one in along(lm, result, [[i for i in each if i in may] for each in orders])]
        mean = sum(own[len(names) :]) / n_drawn
        found[scope] = dict(zip(names, own, strict=False)) | {"random": mean}
    return found


def summed_up(found: Sequence[Mapping[str, Mapping[str, float]]]) -> Data:
    """Of each scope means with intervals, paired differences from HETA, and how often an order beats random ones."""
    return {scope: _of_scope([one[scope] for one in found if scope in one]) for scope in SCOPES}


def _of_scope(found: Sequence[Mapping[str, float]]) -> Data:
    rows = []
    for name, title in (("random", "Random"), *ORDERS, OCCLUSION):
        rows.append(
            {
                "name": name,
                "title": title,
                **_estimated([one[name] for one in found]),
                "beats": strip.short(sum(one[name] < one["random"] for one in found) / len(found)),
                "apart": _estimated([one[name] - one["heta"] for one in found]),
            }
        )
    return {"n": len(found), "rows": rows}


def _estimated(values: Sequence[float]) -> dict[str, float]:
    """A mean over questions with its 95 % interval."""
    from heta_core.evaluation.summary import estimate

    found = estimate([(str(k), value) for k, value in enumerate(values)], 0)
    assert found is not None
    return {name: strip.short(getattr(found, name)) for name in ("mean", "low", "high")}


# ---- what was found ----


def way(data: Data, text: int, scope: str, name: str) -> Data:
    """What was found along one order of a text."""
    found: Data = next(one for one in data["texts"][text][scope]["orders"] if one["name"] == name)
    return found


def drawn(data: Data, text: int, scope: str) -> list[float]:
    """The areas of the random orders, the lowest first."""
    return sorted(one["area"] for one in data["texts"][text][scope]["random"])


def row(data: Data, scope: str, name: str) -> Data:
    """One order over many questions."""
    found: Data = next(one for one in data["many"][scope]["rows"] if one["name"] == name)
    return found
