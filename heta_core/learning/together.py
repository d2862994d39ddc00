"""Eq. 5 with its weights in the reader's hands: what M, S and I say alone, and what they come to together."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from heta_core.combine import Combined, combine
from heta_core.settings import Scaling, Weights
from heta_core.teaching import charts
from heta_core.teaching.charts import Axis, Bar, Field
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import Cell, Writer, beside, found, named, note, sentence, table
from heta_core.teaching.ink import Fill
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


def highest(view: Data, part: str, stop: int) -> str:
    """The token with the highest M, S or I among those before a place."""
    label: str = view["labels"][int(np.argmax(view[part][:stop]))]
    return label


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
        "story_i": highest(near, "kl", near["labels"].index("Question")),
        "story_s": highest(near, "hessian", near["labels"].index("Question")),
        "asked": highest(near, "transition", len(near["transition"])),
        "last": f"{1 - STEP:g}",
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


def still(data: Data, *, is_solved: bool = False) -> str:
    """What S and I add to the leading words, their shares along β, and what S adds in each text."""
    view, write = data["texts"][data["opens"]]["view"], found(is_solved=is_solved)
    half, low, high = (final(view, beta).shares for beta in (0.5, 0, 1))
    leading = sorted(range(len(half)), key=lambda k: -max(half[k], low[k], high[k]))[:5]
    rows: list[tuple[Cell, ...]] = []
    for k in leading:
        put = write if k == data["word"] else str
        s = words.with_error(view["hessian"][k], view["hessian_error"][k])
        rows.append((_named(view, k), words.number(view["transition"][k]), put(s), put(words.number(view["kl"][k]))))
    answer = f"{words.quoted(view['target']['label'])} with {words.percent(view['prediction']['p'])}"
    return "".join(
        (
            sentence(data["texts"][data["opens"]]["text"]),
            note(f"The model says {answer}. The words that lead at some β:"),
            beside(table(("word", "M", "S", "I, nats"), rows), _along(view, leading[:3], is_solved=is_solved)),
            _made(view, leading),
            note("What S adds to the sum of all scores:"),
            _switches(data, write),
        )
    )


def _named(view: Data, k: int) -> str:
    return named(view["labels"][: view["n_context"]], k)


def _made(view: Data, leading: Sequence[int]) -> str:
    """The shares at β = γ = 0.5 as bars of two parts."""
    both = final(view, 0.5)
    total, shares = both.scores.sum(), both.shares
    rows = [
        (
            _named(view, k),
            [
                Bar(
                    ((both.hessian[k] / total, "hatched"), (both.kl[k] / total, "light")),
                    words.percent(shares[k]),
                )
            ],
        )
        for k in sorted(leading, key=lambda k: -shares[k])
    ]
    rest = words.percent(1 - sum(shares[k] for k in leading))
    key: list[tuple[Fill, str]] = [("hatched", "M · β · S"), ("light", "M · γ · I")]
    title = f"Shares of the score at β = γ = 0.5. All other words together have {rest}."
    return note(title) + charts.bars(title, rows, key, full=float(shares.max()))


def _along(view: Data, leading: Sequence[int], *, is_solved: bool) -> str:
    """The shares of some words along β; an empty field to draw them in where they are to be found."""
    betas = [k / 40 for k in range(41)]
    shares = np.array([final(view, beta).shares for beta in betas])
    high = float(shares[:, leading].max())
    field = Field(
        Axis("β (γ = 1 − β)", 0, 1, ticks=(0, 0.25, 0.5, 0.75, 1)),
        Axis("share of the score", 0, 1.08 * high, written=lambda v: words.percent(v, 0)),
        *(320, 220, 84),
    )
    marks, ends = [], []
    if is_solved:
        for k, dashes in zip(leading, ("", "7 4", "2 3"), strict=True):
            marks.append(field.line(zip(betas, shares[:, k].tolist(), strict=True), dashes))
            marks.append(field.label(_named(view, k), (1, float(shares[-1, k])), (4, 4)))
            ends.append(f"{_named(view, k)} {words.percent(shares[0, k])} to {words.percent(shares[-1, k])}")
    title = f"The shares of {', '.join(_named(view, k) for k in leading)} along β"
    return field.drawn(f"{title}. {'; '.join(ends)}".strip(), marks) + (
        "" if is_solved else note(f"Draw here: {title[0].lower()}{title[1:]}.")
    )


def _switches(data: Data, write: Writer) -> str:
    """The part of S in the whole score, text by text, as in the paper and balanced."""
    betas = (STEP, 0.5, 1 - STEP)
    scalings: tuple[Scaling, ...] = ("raw", "unit")
    at = [(scaling, beta) for scaling in scalings for beta in betas]
    rows = [
        (
            text["title"].replace(" ", "\u00a0"),
            *(write(words.percent(final(text["view"], beta, how).hessian_share or 0.0)) for how, beta in at),
        )
        for text in data["texts"]
    ]
    heads = (f"{words.SCALINGS[how]}, β\u00a0=\u00a0{beta:g}" if beta == STEP else f"{beta:g}" for how, beta in at)
    return table(("", *heads), rows)


LESSON = Lesson(
    name="together",
    number=7,
    title="Together: β and γ in your hands",
    idea=(
        "[[heta|HETA]] scores a word by Attr = M · (β · S + γ · I). M is the [[transition|flow]] to the answer, S the "
        "[[curvature|curvature]], I [[kl|how far the prediction moves]] without the word. On Explore the tabs are "
        "Transition (M), Hessian (S), KL (I). The [[share|share]] below a word is its part of all scores.",
        "In the text that opens they tell different stories. Among the story's words, I ranks “{story_i}” (the new "
        "place) first and S “{story_s}” (the old one). Over the whole text M is highest at “{asked}”, the name in the "
        "question. [[beta-gamma|β and γ]] weigh S and I.",
        "S and I have different units. As in the paper they are added as they are. In these texts S is tiny where "
        "the model is sure and huge where it doubts: β is then a switch. [[scaling|Balanced]] divides each by its sum.",
    ),
    look="Move β and watch the order. Press a word to see its numbers in the formula.",
    question="With β = 1, so γ = 0, “office” comes first, the place where Fred no longer is. Yet masking it makes the "
    "model even surer of “school”: {p}, then {p_masked}. Why can it be first?",
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
            "{doubt_unit}. In the sure text S has only {sure_raw} even at β = {last}. Where the model is nearly "
            "sure the slider works: {near_raw} in the middle.",
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
    solved=partial(still, is_solved=True),
)
