"""Where gradients go blind: a curve that flattens, and a model that is sure of its answer."""

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from heta_core.learning import _saturation as saturation
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import note, table
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

SURE = 0.1  # 1 − p, below which a prompt counts as sure here
_DECADES = (0, 1e-4, 1e-3, 1e-2, 1e-1, 1)
# Where the curve is looked at in print: what it is called, x and the step, of f = log(1 + e^(2x)).
_PLACES = (("far left", -3.0, 4.0), ("at the bend", -0.5, 1.5), ("far right", 3.0, 3.0))
_STEEP = 2.0


def measure(lm: "LanguageModel") -> Data:
    """Curvature, gradient and KL of many prompts, of two pairs, and along two ways. Half a minute."""
    from heta_core.engine import attribute

    found = [attribute(lm, text) for text in saturation.prompts(lm)]
    points = [saturation.point(one) for one in found]
    return saturation.summary(points, [saturation.orders(one) for one in found]) | {
        "points": sorted(points, key=lambda p: float(p["q"])),
        "pair": [saturation.of_word(attribute(lm, text), saturation.EVIDENCE) for text in saturation.PAIR],
        "asked": saturation.asked_otherwise(lm),
        "ways": [saturation.way(lm, to) for to in reversed(saturation.OTHERS)],
    }


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    points, (unsure, sure), (own, other, _) = data["points"], data["pair"], data["asked"]
    of_sure = [p["most"] for p in points if p["q"] < SURE]
    way = data["ways"][0]
    return {
        "n": str(len(points)),
        "n_sure": str(len(of_sure)),
        "sure": words.percent(1 - SURE, 0),
        "least": words.number(min(of_sure), 1),
        "growth_s": f"{data['growth']['s']['slope']:.1f}",
        "growth_g": f"{data['growth']['g']['slope']:.1f}",
        "ratio": f"{unsure['word']['s'] / sure['word']['s']:,.0f}",
        "p_unsure": words.percent(1 - unsure["q"], 0),
        "p_sure": words.percent(1 - sure["q"]),
        "kl_unsure": words.number(unsure["word"]["kl"], 1),
        "kl_sure": words.number(sure["word"]["kl"], 1),
        "turned": sure["word"]["without"],
        "s_own": words.number(own["word"]["s"]),
        "s_other": words.number(other["word"]["s"]),
        "kl_own": words.number(own["word"]["kl"]),
        "other": other["asked"],
        "own": own["asked"],
        "way_to": way["to"],
        "way_end": words.number(-way["f"][-1], 1),
        "way_start": words.number(abs(way["slope"][0])),
        "s_g": words.number(data["orders"]["s_g"], 2),
        "s_kl": words.number(data["orders"]["s_kl"], 2),
        "g_kl": words.number(data["orders"]["g_kl"], 2),
    }


def foretold(x: float, step: float, w: float = _STEEP) -> tuple[float, float, float, float]:
    """Of f = log(1 + e^(wx)): slope, bend, what a step changes, and what both of them say that it does."""
    sigma = 1 / (1 + math.exp(-w * x))
    slope, bend = w * sigma, w * w * sigma * (1 - sigma)
    change = math.log1p(math.exp(w * (x + step))) - math.log1p(math.exp(w * x))
    return slope, bend, change, slope * step + bend * step * step / 2


def still(data: Data) -> str:
    """The curve at three places, the prompts by how sure they are, and the pair."""
    curve = []
    for name, x, step in _PLACES:
        slope, bend, change, both = foretold(x, step)
        curve.append((f"{name}, step {step:g}", *(words.number(v) for v in (slope, bend, slope * step, both, change))))
    head = ("", "gradient", "curvature", "gradient says", "with curvature", "what happens")
    pair = [(escape(row["text"]), words.percent(1 - row["q"]), *_numbers(row["word"])) for row in data["pair"]]
    return "".join(
        [
            note(f"The curve log(1 + exp({_STEEP:g}x)), and what a step changes:"),
            table(head, curve),
            note(f"{len(data['points'])} prompts by 1 − p; medians of sums over the words:"),
            table(("1 − p", "prompts", "S (curvature)", "gradient", "KL, nats"), _by_decade(data["points"])),
            note(f"“{saturation.EVIDENCE}” in two texts:"),
            table(("", "p", "S", "gradient", "KL, nats"), pair),
        ]
    )


def _by_decade(points: Sequence[Data]) -> list[tuple[str, ...]]:
    rows = []
    for low, high in pairwise(_DECADES):
        held = [p for p in points if low <= p["q"] < high]
        middle = (words.number(median(p[name] for p in held)) for name in ("s", "g", "kl"))
        rows.append((f"{low:g} – {high:g}", str(len(held)), *middle))
    return rows


def _numbers(of: Data) -> tuple[str, str, str]:
    return words.number(of["s"]), words.number(of["g"]), words.number(of["kl"])


LESSON = Lesson(
    name="blind",
    number=3,
    title="Where gradients go blind",
    idea=(
        "What would another word change? A [[gradient|gradient]] answers for a tiny step. [[curvature|Curvature]] adds "
        "how the slope itself changes. Both know only the ground under your feet: where it is flat, they see no cliff.",
        "HETA's S, the [[hessian|Hessian]] part, measures the curvature of [[log-probability|log p]]. Where a model is "
        "sure, p is nearly 1 and log p cannot rise any more: a flat place. There gradient and curvature vanish "
        "together.",
        "Over {n} prompts both shrink about as 1 − p does. The [[kl|KL]] under [[mask|masking]], a whole step, does "
        "not: in all {n_sure} prompts with p above {sure}, taking one word away moves the prediction by {least} "
        "[[nats|nats]] or more.",
    ),
    look="Move the sliders: what is foretold, and what happens?",
    question="Choose “Another text”. In the second text the S of “map” is {ratio} times smaller. Is “map” needed "
    "so much less there?",
    answer="No. Without it the model turns to “{turned}” in both, and the prediction moves by {kl_sure} nats against "
    "{kl_unsure}. The model has only become sure ({p_unsure} → {p_sure}), and log p is flat there. That is why "
    "[[heta|Eq. 5]] adds two terms: β·S for what bends, γ·I for what masking moves.",
    exercises=(
        Exercise(
            "On the curve, find a place where the curvature foretells more than the gradient, and two where it is "
            "nearly zero although the step changes a lot.",
            "Just left of the bend it helps. Far on the left it vanishes together with the gradient, at the same rate. "
            "Far on the right it vanishes because the line is straight: there the gradient is right alone.",
        ),
        Exercise(
            "Choose “In the model”: “{own}” becomes “{way_to}”, bit by bit. What do slope and bend at the start "
            "tell of the end?",
            "Next to nothing: the slope there is {way_start}, and at the end log p has fallen by {way_end} nats.",
        ),
        Exercise(
            "Choose “Another word”. Which numbers change, and which stay?",
            "S of “{own}” goes from {s_own} to {s_other} when “{other}” is explained instead; the KL stays {kl_own} "
            "nats, since it is about the whole prediction. It is the log p of a sure answer that is flat, not the "
            "model.",
        ),
        Exercise(
            "Does curvature show what the gradient does not, in this model?",
            "Hardly. Over these prompts both order the words nearly alike (Spearman {s_g}), and the curvature is no "
            "closer to the KL ({s_kl}) than the gradient is ({g_kl}). What adds something new here is the KL.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
)
