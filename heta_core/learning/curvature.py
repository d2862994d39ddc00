"""Probe by probe: what single random directions say of the curvature at a word, and how their mean settles."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heta_core.settings import Settings
from heta_core.teaching.charts import Axis, Field
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import Cell, found, named, note, sentence, table
from heta_core.teaching.shipped import rounded
from heta_core.views import strip, words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel
    from heta_core.passes.curvature import Window

TEXT = "Tom has the cup. Tom has the map. Question: What does Tom have? Answer:"
N_WORDS, N_PROBES, SEEDS = 5, 64, (0, 1, 2)
DEFAULT = Settings().probes
LAW = (1, 4, 16, 64)  # probes, each four times as many as before
_ROWS = 64  # products at once
# E|X| as an integral over t: the integrand is smooth and, beyond the end, 1/t² to more digits than are shown.
_END, _STEPS = 24.0, 480

Floats = NDArray[np.float64]


def measure(lm: "LanguageModel") -> Data:
    """What each probe says of the words with the largest S, in some draws, and the exact values."""
    from heta_core.passes.curvature import open_window, surface
    from heta_core.passes.prefix import Chunk
    from heta_core.targets import next_token
    from heta_core.teaching import asking

    result = asking.looked(lm, TEXT)
    n = result.n_context
    assert isinstance(DEFAULT, int)
    over = surface(lm, next_token(result.tokens.ids[:n], result.target.token_id))
    window = open_window(over, Chunk(0, n, 0, None))
    first = np.array([seen(window, i, SEEDS[0], DEFAULT).mean() for i in range(n)])
    values = {int(i): exact(block(window, int(i))) for i in np.argsort(-first)[:N_WORDS]}
    at = sorted(values, key=lambda i: -values[i])
    return {
        "text": TEXT,
        "parts": strip.token_parts(result.tokens)[:n],
        "labels": strip.labels(result.tokens)[:n],
        "target": {"label": words.label(result.target.text), "p": rounded(np.exp(result.log_p))},
        "default": DEFAULT,
        "at": at,
        "exact": rounded([values[i] for i in at]),
        "draws": [[rounded(seen(window, i, seed, N_PROBES)) for i in at] for seed in SEEDS],
    }


def seen(window: "Window", i: int, seed: int, n: int) -> Floats:
    """(n,) ‖𝓗_ii r‖₁ of the first probes r that the engine draws for token i. One product each."""
    from heta_core.estimators.probes import Probe, block_signs, own_norms

    probes = [Probe((i, i + 1), signs) for signs in block_signs(seed, (i, i + 1), range(n), window.gradient.shape[1])]
    parts = [own_norms(window, probes, slice(k, k + _ROWS)) for k in range(0, n, _ROWS)]
    return np.concatenate([part.double().cpu().numpy() for part in parts])


def block(window: "Window", i: int) -> Floats:
    """(D, D) 𝓗_ii, row by row: a product along each unit direction."""
    from heta_core.estimators.probes import Probe, own_rows

    width = window.gradient.shape[1]
    units = [Probe((i, i + 1), unit[None]) for unit in np.eye(width, dtype=np.int8)]
    rows = [row for k in range(0, width, _ROWS) for row in own_rows(window, units, slice(k, k + _ROWS))]
    return np.stack([row.double().cpu().numpy() for row in rows])


def exact(rows: Floats) -> float:
    """E_r ‖A r‖₁ over all sign vectors r, without drawing any.

    Of one row a: E|Σ a_k r_k| = (2/π) ∫₀^∞ (1 − Π_k cos(a_k t)) / t² dt (Haagerup 1981).
    """
    sizes = np.linalg.norm(rows, axis=1)
    units = rows[sizes > 0] / sizes[sizes > 0, None]
    step = _END / _STEPS
    total = np.full(len(units), 1 / _END)
    for t in (np.arange(_STEPS) + 0.5) * step:
        total += step * (1 - np.cos(units * t).prod(1)) / t**2
    return float((2 / np.pi) * (sizes[sizes > 0] @ total))


def means(draws: Floats, n: int) -> Floats:
    """(…, k) the means of each n probes that follow one another."""
    k = draws.shape[-1] // n
    return np.asarray(draws[..., : k * n].reshape(*draws.shape[:-1], k, n).mean(-1))


def errors(draws: Floats, n: int) -> Floats:
    """(…, k) the standard errors of those means, n ≥ 2."""
    k = draws.shape[-1] // n
    return np.asarray(draws[..., : k * n].reshape(*draws.shape[:-1], k, n).std(-1, ddof=1) / np.sqrt(n))


def off(draws: Floats, values: Floats, n: int) -> float:
    """How far the mean of n probes is from the exact value, as a part of it, on average."""
    return float(np.abs(means(draws, n) / values[:, None] - 1).mean())


def held(draws: Floats, values: Floats, n: int) -> float:
    """How often the exact value lies within twice the standard error of the mean of n probes."""
    return float((np.abs(means(draws, n) - values[:, None]) <= 2 * errors(draws, n)).mean())


def misled(higher: Floats, lower: Floats) -> tuple[list[int], list[int]]:
    """The draws that end with the first of two ahead of the second, and those of them whose two ± do not overlap."""
    n = higher.shape[-1]
    by = higher.mean(-1) - lower.mean(-1)
    clear = by > errors(higher, n)[:, 0] + errors(lower, n)[:, 0]
    return np.flatnonzero(by > 0).tolist(), np.flatnonzero(clear).tolist()


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    draws, values, labels = np.array(data["draws"]), np.array(data["exact"]), [data["labels"][i] for i in data["at"]]
    of_map, of_cup = labels.index("map"), labels.index("cup")
    probes = draws[0, 0]
    swapped, clear = misled(draws[:, of_cup], draws[:, of_map])
    return {
        "default": str(data["default"]),
        "four": str(4 * data["default"]),
        "most": str(draws.shape[-1]),
        "answer": data["target"]["label"],
        "p": words.percent(data["target"]["p"], 0),
        "top": words.quoted(labels[0]),
        "exact": words.number(values[0]),
        "least": words.number(probes.min()),
        "largest": words.number(probes.max()),
        "swapped": str(len(swapped)),
        "draws": str(len(draws)),
        "clear": ", ".join(str(draw + 1) for draw in clear),
        "map": words.number(values[of_map]),
        "cup": words.number(values[of_cup]),
        "few": str(LAW[1]),
        "fourfold": str(LAW[2]),
        "n_last": str(means(draws, LAW[-1]).size),
    } | {
        **{f"off_{n}": words.percent(off(draws, values, n), 0) for n in LAW},
        **{f"held_{n}": words.percent(held(draws, values, n), 0) for n in (2, *LAW[1:3])},
    }


def still(data: Data, *, is_solved: bool = False) -> str:
    """One draw of the word with the largest S as it settles, and the words after more and more probes."""
    draws, values, write = np.array(data["draws"]), np.array(data["exact"]), found(is_solved=is_solved)
    names = [named(data["labels"], i) for i in data["at"]]
    rows: list[tuple[Cell, ...]] = []
    for k, name in enumerate(names):
        *few, most = [draws[0, k, :n] for n in LAW]
        said = [words.with_error(f.mean(), errors(f, len(f))[0] if len(f) > 1 else None) for f in (*few, most)]
        rows.append((name, *said[:-1], write(said[-1]), write(words.number(values[k]))))
    asked = [str if f"{{off_{n}}}" in LESSON.question else write for n in LAW]
    missed = [put(words.percent(off(draws, values, n), 0)) for n, put in zip(LAW, asked, strict=True)]
    rows.append(("off on average", *missed, ""))
    head = ("S ± standard error", *(f"{n} probe{'s' if n > 1 else ''}" for n in LAW), "exact")
    return (
        sentence(f"{data['text']} → {data['target']['label']}")
        + _settling(draws[0, 0], float(values[0]), names[0], data["default"])
        + table(head, rows)
        + note(f"Both show the first draw; the last row is of all {len(draws)}.")
    )


def _settling(probes: Floats, value: float, name: str, default: int) -> str:
    """What each probe says, their running mean with its standard error, and the exact value."""
    n, top = len(probes), 1.05 * float(probes.max())
    x = Axis("probes", 0.9, 1.05 * n, is_log=True, ticks=tuple(2.0**k for k in range(n.bit_length())))
    field = Field(x, Axis(f"S of {name}, nats per squared embedding unit", 0, top), height=250, beside=104)
    mean = [(k, float(probes[:k].mean())) for k in range(1, n + 1)]
    error = [float(errors(probes[:k], k)[0]) for k in range(2, n + 1)]
    low, high = ([(k, m + sign * e) for (k, m), e in zip(mean[1:], error, strict=True)] for sign in (-1, 1))
    marks = (
        field.band(low, high),
        field.line([(default, 0), (default, top)], "2 4", 1.0),
        *(field.dot(k, float(probe), size=2.6, is_hollow=True) for k, probe in enumerate(probes, 1)),
        field.line([(0.9, value), (1.05 * n, value)], "8 5", 1.6),
        field.line(mean, weight=3.0),
        field.label(f"exact {words.number(value)}", (1.05 * n, value), (6, 14 if mean[-1][1] > value else -6)),
        field.label("mean ± error", (1.05 * n, mean[-1][1]), (6, -6 if mean[-1][1] > value else 14)),
        field.label(f"the app takes {default}", (default, top), (5, 14)),
    )
    told = f"{n} probes of {name} as circles; their mean, in a band of its standard error, settles near {value:.0f}."
    return field.drawn(told, marks)


LESSON = Lesson(
    name="curvature",
    number=5,
    title="One probe is noise",
    idea=(
        "[[curvature|Curvature]] S: how strongly log p of “{answer}” (here p = {p}) bends when a word’s "
        "[[embedding|embedding]] moves a little. H, the [[hessian|Hessian]], holds the second derivatives of this one "
        "word: how each of its slopes changes with each number of its embedding. They are too many, so HETA takes "
        "[[probe|probes]].",
        "A probe r, random signs, moves the embedding: each number up or down by chance. ‖H r‖₁ is how much all its "
        "slopes then change, signs dropped. S is the mean over all r. One probe is noisy, yet right on average: of the "
        "first {top} a single one said between {least} and {largest}; its S is {exact}.",
        "The mean of many probes settles. Its error falls as 1/√n: four times the probes for half the error. The app "
        "takes {default} and shows the [[standard-error|standard error]] (±) beside every S. The exact values are "
        "known here only because the model is small.",
    ),
    look="Add probes. Watch the mean settle on the dashed line, the exact value, and the order come to rest.",
    question="With {few} probes these five tokens are off by {off_4} on average. How many probes make it half?",
    answer="Four times as many, {fourfold}. Measured on these five tokens: off by {off_1} with one probe, {off_4} with "
    "{few} and {off_16} with {fourfold}. (The {off_64} with {most} rests on {n_last} means alone: too few to tell.)",
    exercises=(
        Exercise(
            "Start again and add a second probe. Is the exact value within two ± of the mean? Try all tokens and "
            "draws.",
            "In {held_2} of all pairs of probes it is, with {few} probes in {held_4}, with {fourfold} in {held_16}. "
            "The ± comes from the same few probes as the mean: of very few probes the ± is itself a guess.",
        ),
        Exercise(
            "Take all {most} probes in each of the draws. Which token leads, and from which probe on? And which is "
            "ahead, “map” or “cup”?",
            "The first {top} leads from the first probe on: no other is close. “cup” ends ahead of “map” in {swapped} "
            "of the {draws} draws, and each time that is wrong: the exact values are {cup} and {map}. Where two ± "
            "overlap, do not read an order. That two ± do not overlap is no proof either: see draw {clear}.",
        ),
        Exercise(
            "Explain this text on Explore with {default} probes, then with {four}, and compare the ± of the Hessian.",
            "About half as wide.",
            TEXT,
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    solved=partial(still, is_solved=True),
)
