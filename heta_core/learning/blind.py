"""Where gradients go blind: a curve that flattens, and a model that is sure of its answer."""

import math
from functools import partial
from typing import TYPE_CHECKING

from heta_core.learning import _saturation as saturation
from heta_core.teaching.charts import Axis, Field
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import Cell, Writer, beside, found, note, table
from heta_core.teaching.ink import Shape
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

SURE = 0.1  # 1 − p, below which a prompt counts as sure here
# Where the curve is looked at in print: what it is called, x and the step, of f = log(1 + e^(2x)).
_PLACES = (("far left", -3.0, 4.0), ("at the bend", -0.5, 1.5), ("far right", 3.0, 3.0))
_STEEP = 2.0
_DRAWN = ("as drawn", -2.0, 3.0)  # in print: flat ground, and a slope further on
# What is drawn of each prompt: how it is marked, hollow or not, and what it is called.
_KINDS: tuple[tuple[str, Shape, bool, str], ...] = (
    ("kl", "square", True, "KL"),
    ("g", "triangle", True, "gradient"),
    ("s", "circle", False, "S"),
)


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
        "growth_s": f"{data['growth']['s']['slope']:.2f}",
        "growth_g": f"{data['growth']['g']['slope']:.2f}",
        "ratio": words.number(float(f"{unsure['word']['s'] / sure['word']['s']:.1g}")),  # of two estimates
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


def predicted(x: float, step: float, w: float = _STEEP) -> tuple[float, float, float, float]:
    """Of f = log(1 + e^(wx)): slope, bend, what a step changes, and what both of them say that it does."""
    sigma = 1 / (1 + math.exp(-w * x))
    slope, bend = w * sigma, w * w * sigma * (1 - sigma)
    change = math.log1p(math.exp(w * (x + step))) - math.log1p(math.exp(w * x))
    return slope, bend, change, slope * step + bend * step * step / 2


def still(data: Data, *, is_solved: bool = False) -> str:
    """One place of the curve drawn and three to look at, every prompt, and one word in two texts."""
    write = found(is_solved=is_solved)
    pair = [
        (
            row["text"],
            write(words.percent(1 - row["q"])),
            *(words.number(row["word"][name]) for name in ("s", "g")),
            write(words.number(row["word"]["kl"])),
        )
        for row in data["pair"]
    ]
    told = (
        f"Left: −log p of a model with two answers; {_STEEP:g}x is how far the other one is ahead. Tangent ▲ and "
        "parabola ● say what a step changes, ■ is what it does change. "
        f"Right: {len(data['points'])} prompts, sums over their words: KL in nats, gradient in nats per embedding "
        "unit, S in nats per squared unit. Compare how they rise, not their heights."
    )
    return "".join(
        (
            beside(_curve(), _prompts(data["points"])),
            note(told),
            _places(write),
            table((f"“{saturation.EVIDENCE}” in two texts", "p", "S", "gradient", "KL, nats"), pair),
        )
    )


def _height(x: float, w: float = _STEEP) -> float:
    return math.log1p(math.exp(w * x))


def _curve() -> str:
    _, x, step = _DRAWN
    slope, bend, change, both = predicted(x, step)
    start, end = _height(x), x + step
    field = Field(Axis("x", -4, 2), Axis("f(x) = log(1 + exp(2x))", -0.5, 3), width=300, height=225)
    way = [(x + step * k / 40, step * k / 40) for k in range(41)]
    marks = (
        field.line([(k / 20, _height(k / 20)) for k in range(-80, 41)], weight=2.6),
        field.line([(at, start + slope * d) for at, d in way], "7 4", 1.6),
        field.line([(at, start + slope * d + bend * d * d / 2) for at, d in way], "2 3", 1.8),
        field.line([(end, start), (end, start + change)], "1 3", 1.0),
        field.dot(x, start, size=5, is_hollow=True),
        field.dot(end, start + slope * step, "triangle", 5),
        field.dot(end, start + both, size=5),
        field.dot(end, start + change, "square", 5),
        field.label(f"a step of {step:g} from here", (x, start), (-74, -12)),
    )
    told = "The curve, flat on the left; at the end of a step from there tangent and parabola stay far below it."
    return field.drawn(told, marks)


def _places(write: Writer) -> str:
    rows: list[tuple[Cell, ...]] = []
    for name, x, step in (_DRAWN, *_PLACES):
        slope, _, change, both = predicted(x, step)
        put = str if name == _DRAWN[0] else write
        where = f"{name}: x = {x:g}, step {step:g}".replace("-", "−")
        rows.append((where, *(put(words.number(v)) for v in (slope * step, both, change))))
    return table(("", "▲ gradient says", "● with curvature", "■ what happens"), rows)


def _prompts(points: list[Data]) -> str:
    values = [p[kind] for kind, *_ in _KINDS for p in points]
    field = Field(
        Axis("← sure     1 − p     unsure →", 0.7 * min(p["q"] for p in points), 1, is_log=True),
        Axis("", 0.7 * min(values), 1.5 * max(values), is_log=True),
        width=300,
        height=225,
    )
    marks = [
        field.dot(p["q"], p[kind], shape, 2.2, is_hollow=is_hollow)
        for kind, shape, is_hollow, _ in _KINDS
        for p in points
    ]
    key = field.key([(shape, is_hollow, name) for _, shape, is_hollow, name in _KINDS])
    return field.drawn(
        f"{len(points)} prompts on logarithmic axes: S and the gradient fall with 1 − p, the KL does not.",
        [*marks, key],
    )


LESSON = Lesson(
    name="blind",
    number=3,
    title="Where gradients go blind",
    idea=(
        "What would another word change? A [[gradient|gradient]] answers for a tiny step of the word's "
        "[[embedding|embedding]]. [[curvature|Curvature]] adds how the slope itself changes. Both know only the ground "
        "under your feet: where it is flat, they see no cliff.",
        "HETA's S, the [[hessian|Hessian]] part, is the size of the curvature of [[log-probability|log p]]. Gradient "
        "and curvature both carry the error of the prediction, which is of size 1 − p. Where a model is sure, p is "
        "nearly 1, and both vanish together: flat ground.",
        "Over {n} prompts S shrinks in step with 1 − p (as its power {growth_s}), and so does the gradient "
        "({growth_g}). The [[kl|KL]] under [[mask|masking]], a whole step, does not: in each of the {n_sure} prompts "
        "with p above {sure} there is a word whose masking moves the prediction by {least} [[nats|nats]] or more.",
    ),
    look="Move the sliders: compare what slope and curvature predict with what happens.",
    question="Choose “Another text”. In the second text the S of “map” is about {ratio} times smaller. Is “map” needed "
    "so much less there?",
    answer="No. Without it the model turns to “{turned}” in both, and the prediction moves by {kl_sure} nats against "
    "{kl_unsure}. The model has only become sure (from {p_unsure} to {p_sure}), and log p is flat there. That is why "
    "[[heta|Eq. 5]] adds two terms: β·S for what bends, γ·I for what masking moves.",
    exercises=(
        Exercise(
            "On the curve, find a place where the gradient with the curvature predicts better than the gradient alone, "
            "and two where the curvature is nearly zero although the step changes a lot.",
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
            "Hardly. Over these prompts both order the words nearly alike ([[spearman|Spearman]] {s_g}, where 1 is the "
            "same order), and the curvature is no closer to the KL ({s_kl}) than the gradient is ({g_kl}). What adds "
            "something new here is the KL.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    solved=partial(still, is_solved=True),
)
