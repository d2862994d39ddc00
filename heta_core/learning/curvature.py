"""Probe by probe: what single random directions say of the curvature at a word, and how their mean settles."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heta_core.settings import Settings
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import note, sentence, table
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


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    draws, values, labels = np.array(data["draws"]), np.array(data["exact"]), [data["labels"][i] for i in data["at"]]
    of_map, of_cup = labels.index("map"), labels.index("cup")
    probes = draws[0, 0]
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
        "off_default": words.percent(off(draws, values, data["default"]), 0),
        "swapped": str(int((draws[:, of_cup].mean(1) > draws[:, of_map].mean(1)).sum())),
        "draws": str(len(draws)),
        "map": words.number(values[of_map]),
        "cup": words.number(values[of_cup]),
        "apart": words.percent(abs(values[of_map] / values[of_cup] - 1)),
        "map_error": words.number(errors(draws[0, of_map], draws.shape[-1])[0]),
    } | {
        **{f"off_{n}": words.percent(off(draws, values, n), 0) for n in LAW},
        **{f"held_{n}": words.percent(held(draws, values, n), 0) for n in (2, 4, 16)},
    }


def still(data: Data) -> str:
    """The running means of one draw, and how the error falls over all."""
    draws, values = np.array(data["draws"]), np.array(data["exact"])
    head = ("", *(f"{n} probe{'s' if n > 1 else ''}" for n in LAW), "exact")
    rows = []
    for k, i in enumerate(data["at"]):
        first = [draws[0, k, :n] for n in LAW]
        said = [words.with_error(f.mean(), errors(f, len(f))[0] if len(f) > 1 else None) for f in first]
        rows.append((f"{escape(words.quoted(data['labels'][i]))} ({i})", *said, words.number(values[k])))
    rows.append(("off on average", *(words.percent(off(draws, values, n), 0) for n in LAW), ""))
    return (
        sentence(f"{data['text']} → {data['target']['label']}")
        + table(head, rows)
        + note(
            f"S of each word ± its standard error, nats per squared embedding unit. Last row: all {len(draws)} draws."
        )
    )


LESSON = Lesson(
    name="curvature",
    number=5,
    title="One probe is noise",
    idea=(
        "[[curvature|Curvature]] S: how strongly log p of “{answer}” (here p = {p}) bends when a word’s "
        "[[embedding|embedding]] moves a little. All second derivatives, the [[hessian|Hessian]], would take too long. "
        "So HETA asks along one random direction at a time: a [[probe|probe]].",
        "One probe is noisy, yet unbiased: by chance too high or too low, right on average. Of {top} a single one said "
        "between {least} and {largest}. The exact value, which this small model allows, is {exact}.",
        "The mean of many settles. Its error falls as 1/√n: four times the probes for half the error. HETA takes "
        "{default} and writes the [[standard-error|standard error]] beside every S: ±.",
    ),
    look="Add probes, and watch the mean find the line and the order of the words come to rest.",
    question="With {default} probes these words are off by {off_default} on average. How many probes make it half?",
    answer="Four times as many, {four}. Measured on these five words: off by {off_1} with one probe, {off_4} with 4, "
    "{off_16} with 16 and {off_64} with 64.",
    exercises=(
        Exercise(
            "Start again and add a second probe. Does twice the ± reach the exact value? Try all words and draws.",
            "In {held_2} of all pairs of probes it does, with 4 probes in {held_4}, with 16 in {held_16}. The ± comes "
            "from the same few probes as the mean: below about 8 do not trust it.",
        ),
        Exercise(
            "Take all {most} probes in each of the draws. Who is first, and since when? And which is ahead, “map” or "
            "“cup”?",
            "The first “Tom” is first from the first probe on: nothing else comes near. “cup” ends before “map” in "
            "{swapped} of the {draws} draws, though the exact values are {cup} and {map}, {apart} apart: after {most} "
            "probes the ± is still {map_error}. Where two ± overlap, do not read an order.",
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
)
