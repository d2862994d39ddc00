"""Eq. 5 with its weights in the reader's hands: what M, S and I say alone, and what they come to together."""

from typing import TYPE_CHECKING

import numpy as np

from heta_core.combine import Combined, combine
from heta_core.settings import Scaling, Weights
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import note, row_of_words, table
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

TEXTS = (
    ("Sure", "Kate went to the garden. Noah went to the kitchen. Question: Where is Kate? Answer:"),
    (
        "Nearly sure",
        "Fred went to the office. Fred moved to the school. Dan walked to the barn. Question: Where is Fred? Answer:",
    ),
    ("In doubt", "Anna ran to the museum. Tom ran to the park. Question: Where is Kate? Answer:"),
)
OPENS = 1  # of the texts
STEP = 0.05  # of the slider, as on Explore


def measure(lm: "LanguageModel") -> Data:
    """The whole of HETA on each of the texts."""
    from heta_core.engine import attribute
    from heta_core.views import strip

    texts = [{"title": title, "text": text, "view": strip.payload(attribute(lm, text))} for title, text in TEXTS]
    return {"opens": OPENS, "word": place(texts[OPENS]["view"], "office"), "step": STEP, "texts": texts}


def place(view: object, label: str, nth: int = 0) -> int:
    """The position of the nth token of this label."""
    labels: list[str] = view["labels"]  # type: ignore[index]
    return [i for i, found in enumerate(labels) if found == label][nth]


def final(view: Data, beta: float, scaling: Scaling = "raw", *, is_gated: bool = True) -> Combined:
    """Eq. 5 of a drawn result, γ being 1 − β."""
    m, s, i = (np.array(view[name]) for name in ("transition", "hessian", "kl"))
    return combine(m if is_gated else np.ones_like(m), s, i, Weights(beta=beta, gamma=1 - beta, scaling=scaling))


def first(view: Data, beta: float, scaling: Scaling = "raw", *, is_gated: bool = True) -> int:
    """The position of the highest score."""
    return int(final(view, beta, scaling, is_gated=is_gated).shares.argmax())


def crossing(view: Data) -> float:
    """The first step of the slider, as in the paper, at which another word leads than at β = 0."""
    steps = (round(k * STEP, 2) for k in range(1, round(1 / STEP) + 1))
    return next(beta for beta in steps if first(view, beta) != first(view, 0))


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    sure, near, doubt = (text["view"] for text in data["texts"])
    office, end = place(near, "office"), place(near, ":", 1)
    ungated = final(near, 0, is_gated=False)

    def part(view: Data, beta: float, scaling: Scaling = "raw") -> str:
        return words.percent(final(view, beta, scaling).hessian_share or 0.0)

    return {
        "s": words.with_error(near["hessian"][office], near["hessian_error"][office]),
        "i": words.number(near["kl"][office]),
        "p": words.percent(near["prediction"]["p"]),
        "p_masked": words.percent(near["masked"]["p"][office]),
        "p_rival": words.percent(near["prediction"]["candidates"][1]["p"]),
        "step": f"{STEP:g}",
        "before": f"{crossing(near) - STEP:.2f}",
        "after": f"{crossing(near):.2f}",
        "doubt_raw": part(doubt, STEP),
        "doubt_unit": part(doubt, STEP, "unit"),
        "sure_raw": part(sure, 1 - STEP),
        "near_raw": part(near, 0.5),
        "ungated": near["labels"][int(ungated.shares.argmax())],
        "p_ungated": words.percent(ungated.shares.max()),
        "m_end": words.percent(near["transition"][end]),
        "p_end": words.percent(final(near, 0).shares[end]),
    }


def still(data: Data) -> str:
    """The shares at β = 0.5, the parts of the words that count, and what S adds in each text."""
    view = data["texts"][data["opens"]]["view"]
    half, low, high = (final(view, beta).shares for beta in (0.5, 0, 1))
    shares = [words.percent(share, 0) for share in half]
    leading = sorted(range(len(half)), key=lambda k: -max(half[k], low[k], high[k]))[:6]
    rows = [
        (
            f"{words.quoted(view['labels'][k])} ({k})",
            words.number(view["transition"][k]),
            words.with_error(view["hessian"][k], view["hessian_error"][k]),
            words.number(view["kl"][k]),
            *(words.percent(values[k], 0) for values in (low, half, high)),
        )
        for k in leading
    ]
    return "".join(
        (
            row_of_words(view["tokens"][: len(half)], shares, [share / half.max() for share in half]),
            note("Below each word its share of the score at β = γ = 0.5, as in the paper. The start mark is number 0."),
            table(("word", "M", "S", "I, nats", "β = 0", "β = 0.5", "β = 1"), rows),
            note("What S adds to the sum of all scores:"),
            _switches(data),
        )
    )


def _switches(data: Data) -> str:
    """The part of S in the whole score, text by text and scaling by scaling."""
    betas = (0.05, 0.5, 0.95)
    scalings: tuple[Scaling, ...] = ("raw", "unit")
    rows = [
        (
            f"{text['title']}, {words.SCALINGS[scaling]}",
            *(words.percent(final(text["view"], beta, scaling).hessian_share or 0.0) for beta in betas),
        )
        for text in data["texts"]
        for scaling in scalings
    ]
    return table(("text and scaling", *(f"β = {beta:g}" for beta in betas)), rows)


LESSON = Lesson(
    name="together",
    number=7,
    title="Together: β and γ in your hands",
    idea=(
        "[[heta|HETA]] scores a word by Attr = M · (β · S + γ · I). M is the [[transition|flow]] to the answer, S the "
        "[[curvature|curvature]], I the [[kl|information]] lost without the word. The [[share|share]] below a word is "
        "its part of all scores.",
        "In the text that opens they tell different stories. Of the story's words, I puts the new place first, "
        "“school”; S puts the old place first, “office”; M is highest at the name in the question. "
        "[[beta-gamma|β and γ]] weigh S and I.",
        "S and I have different units. As in the paper they are added as they are. In these texts S is tiny where "
        "the model is sure and huge where it doubts: β is then a switch. [[scaling|Balanced]] divides each by its sum.",
    ),
    look="Move β and watch the order. Press a word to see its numbers in the formula.",
    question="With β at 1 “office” comes first, the place where Fred is no more. Yet masking it makes the model even "
    "surer of “school”: {p}, then {p_masked}. Why can it be first?",
    answer="S asks another thing than masking does: how strongly the log-probability bends when a word's embedding "
    "moves a little. “office” has the most of that, {s}, though its KL is only {i} nats. It is also the only other "
    "answer that the model considers, with {p_rival}.",
    exercises=(
        Exercise(
            "As in the paper, take the text that is nearly sure and move β up from 0. When does another word lead?",
            "“Fred” of the question leads up to {before}, “office” from {after} on. S is a mean over random "
            "[[probe|probes]], hence its ±: other probes move this place a little. Words with nearly equal shares "
            "are a tie, not an order.",
            TEXTS[1][1],
        ),
        Exercise(
            "As in the paper, take the text in doubt and move β from 0 to {step}, one step. Then do it balanced. "
            "Then try the sure text.",
            "In doubt S jumps from nothing to {doubt_raw} of the whole score with one step; balanced it reaches "
            "{doubt_unit}. In the sure text S has {sure_raw} even one step below 1. Where the model is nearly sure "
            "the slider works: {near_raw} in the middle.",
        ),
        Exercise(
            "Back to the text that is nearly sure: β at 0, and take M away. Which word leads now?",
            "“{ungated}”, the last mark, with {p_ungated}: masking it breaks the question. With M, which is {m_end} "
            "there, it has {p_end}. Without M it is not HETA's score any more.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
)
