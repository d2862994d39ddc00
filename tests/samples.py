"""Made-up results for tests of what draws them. No number here comes from a model."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from heta_core.attribution import Attribution
from heta_core.parts import Candidate, Information, Prediction, Sensitivity, Source, Transition, Work
from heta_core.report import dumps
from heta_core.settings import Settings, Weights
from heta_core.targets import Choice, Said, Target
from heta_core.tokens import Tokens

SCENE = (
    "Mia ran to the museum. The ball is in the market. Kate has a green cup. Noah has a black map. "
    "The street was empty. What does Kate have? Answer:"
)
HOSTILE = (" <script>alert(1)</script>", " &amp;", "\n", " 😀", "\u05e9\u05dc\u05d5\u05dd", "   ", "![x](http://e.x/y)")
SAYS = (" cup", " map", " coin", " key", " lamp")  # what made-up results could have said; their ids begin at 1000
SOURCE = Source(
    "littletown", None, "w" * 16, "t" * 16, "llama", 730_000, "float32", "cpu", (("torch", "0"), ("numpy", "0"))
)


def tokens(pieces: Sequence[str], *, special: int = 1) -> Tokens:
    """Pieces side by side, the first `special` of them added by the tokenizer; a repeated emoji shares its span."""
    spans, text = [(0, 0)] * special, ""
    for before, piece in zip(("", *pieces[special:]), pieces[special:], strict=False):
        if piece == before == " 🦊":
            spans.append(spans[-1])
            continue
        spans.append((len(text), len(text) + len(piece)))
        text += piece
    return Tokens(
        tuple(range(len(pieces))), tuple(pieces), tuple(spans), tuple(i < special for i in range(len(pieces))), text
    )


def words(text: str) -> list[str]:
    """A text cut in front of every space and every mark."""
    pieces = [""]
    for character in text:
        if character == " " or character in ".:?":
            pieces.append("")
        pieces[-1] += character
    return ["<s>", *(p for p in pieces if p)]


def result(
    pieces: Sequence[str] | None = None,
    *,
    says: Sequence[str] = SAYS,
    choice: int = 0,
    seed: int = 0,
    weights: Weights | None = None,
) -> Attribution:
    """A finished result: the words that `says` names matter, the second of them against the target."""
    pieces = words(SCENE) if pieces is None else pieces
    rng = np.random.default_rng(seed)
    n = len(pieces)
    p = np.array([0.72, 0.2, 0.04, 0.02, 0.01])[: len(says)]
    probable = tuple(Candidate(1000 + i, say, float(q)) for i, (say, q) in enumerate(zip(says, p, strict=True)))
    boost = np.array([20.0 if x == says[0] else 6.0 if x == says[1] else 1.0 for x in pieces])
    flow = rng.gamma(0.6, 1.0, (4, 4, n)) * boost**0.6
    kl = rng.gamma(0.4, 0.02, n) * boost**2
    log_p = float(np.log(p[choice]))
    effect = np.where(boost == 6, -0.2, kl * 0.6)
    changed = [probable[1] if b == 20 else probable[0] for b in boost]
    hessian = rng.gamma(2.0, 2.0, n) * boost**0.8
    return Attribution(
        tokens(pieces),
        Target(n, 1000 + choice, says[choice], False),
        Prediction(log_p, choice + 1, 0.81, probable),
        Settings(),
        SOURCE,
        weights or Weights(scaling="unit"),
        Transition(flow, np.zeros(4)),
        Information(kl, log_p - effect, tuple(changed)),
        Sensitivity(hessian, hessian * 0.12, np.full(n, 10), hessian * 0.3, ("block_probes",) * n),
        Work(50, 4, 400, 454),
        (("transition", 0.02), ("kl", 0.11), ("hessian", 1.9)),
    )


def growing(final: Attribution) -> Iterator[Attribution]:
    """The partial results that lead to a finished one, as the engine yields them."""
    assert final.hessian is not None
    first = replace(final, information=None, hessian=None, work=Work(1, 0, 0, 454))
    yield first
    yield replace(first, information=final.information, work=Work(50, 0, 0, 454))
    one = Sensitivity(
        final.hessian.scores * 1.2,
        np.full(final.n_context, np.nan),
        np.ones(final.n_context, int),
        final.hessian.gradient,
        final.hessian.estimators,
    )
    yield replace(final, hessian=one, work=Work(50, 4, 40, 454))
    yield final


def odd() -> Attribution:
    """Tokens that break careless views: markup, a newline, an emoji of two tokens, right-to-left, spaces only."""
    return result(["<s>", "Hi", *HOSTILE, " 🦊", " 🦊", " cup", ".", " map"], says=(" cup", " map", " &", "\n"))


def observed(pieces: Sequence[str], position: int) -> Attribution:
    """A result whose target is a word of the text."""
    whole = tokens(pieces)
    short = result(pieces[:position], seed=position)
    target = Target(position, whole.ids[position], pieces[position], True)
    prediction = replace(short.prediction, log_p=-3.0, rank=7)
    return replace(short, tokens=whole, target=target, prediction=prediction)


def span(pieces: Sequence[str] | None = None, position: int = 17, stop: int = 20) -> Attribution:
    """A result whose target is some words of the text; masking " cup" changes what is said at the last of them."""
    whole = tokens(words(SCENE) if pieces is None else pieces)
    short = result(whole.pieces[: stop - 1], seed=stop)
    n = stop - position
    firsts = [replace(short.prediction, log_p=-0.4 * (k + 1), rank=1 + k % 2, entropy=0.5 + 0.1 * k) for k in range(n)]
    said = tuple(Said(whole.ids[i], whole.pieces[i]) for i in range(position, stop))
    target = Target(position, said[0].token_id, said[0].piece, True, said[1:])
    assert short.information is not None
    log_p = sum(p.log_p for p in firsts)
    changed = [c.token_id != firsts[0].candidates[0].token_id for c in short.information.first_choices]
    places = np.where(changed, stop - 1, position)
    effect = short.prediction.log_p - short.information.log_p
    information = Information(short.information.kl, log_p - effect, short.information.first_choices, places)
    return replace(
        short, tokens=whole, target=target, prediction=firsts[0], later=tuple(firsts[1:]), information=information
    )


def contrast(
    pieces: Sequence[str] | None = None,
    position: int | None = None,
    *,
    choice: int = 0,
    foil: int = 1,
    asked: tuple[str, str] | None = None,
) -> Attribution:
    """A result on one answer, or a word of the text, rather than another answer; each word speaks for itself."""
    base = result(pieces, choice=choice) if position is None else observed(pieces or words(SCENE), position)
    says = base.prediction.candidates[foil]
    target = replace(base.target, foil=(Said(says.token_id, says.piece),), asked=asked)
    prediction = replace(base.prediction, log_p=float(np.log(says.probability)), rank=foil + 1)
    return _against(base, base, target, (prediction,))


def string_contrast(
    pieces: Sequence[str] | None = None,
    position: int = 17,
    stop: int = 19,
    *,
    foil: Sequence[str] = (" key", " lamp", " coin"),
) -> Attribution:
    """A result on some words of the text rather than others that are not there."""
    whole = span(pieces, position, stop)
    base = result(whole.tokens.pieces[:position], seed=position)
    said = tuple(Said(1000 + SAYS.index(f) if f in SAYS else 2000 + k, f) for k, f in enumerate(foil))
    predictions = tuple(replace(whole.prediction, log_p=-1.5 - k, rank=4 + k) for k in range(len(foil)))
    return _against(whole, base, replace(whole.target, foil=said), predictions)


def _against(named: Attribution, base: Attribution, target: Target, foil: tuple[Prediction, ...]) -> Attribution:
    """The components of `base` on a contrast; what is said has the predictions of `named`."""
    assert base.information is not None
    pieces, texts = named.tokens.pieces[: target.n_context], (target.text, target.foil_text)
    gain = np.array(
        [1.1 if p == texts[0] else -0.6 if p in (texts[1], " market") else 0.3 if p == " has" else 0.0 for p in pieces]
    )
    log_p_foil = sum(p.log_p for p in foil)
    information = Information(
        base.information.kl,
        named.log_p - gain / 2,
        base.information.first_choices,
        log_p_foil=log_p_foil + gain / 2,
    )
    return replace(
        named, target=target, foil=foil, transition=base.transition, hessian=base.hessian, information=information
    )


def explained(pieces: Sequence[str], choice: Choice) -> Attribution:
    """A result on whatever is asked for."""
    position = len(pieces) if choice.position is None else choice.position
    inside = position if position < len(pieces) else None
    said, *foil = (max(0, i - 1000) for i in (choice.token_id or 1000, *choice.foil))
    if choice.stop is not None and choice.foil:
        return string_contrast(pieces, position, choice.stop, foil=[SAYS[k % len(SAYS)] for k in foil])
    if choice.foil:
        return contrast(pieces, inside, choice=said, foil=foil[0], asked=choice.asked)
    if choice.stop is not None and choice.stop > position + 1:
        return span(pieces, position, choice.stop)
    return result(pieces, choice=said, seed=len(pieces)) if inside is None else observed(pieces, position)


def write_examples(folder: Path) -> None:
    """Examples as the app ships them: the default with a twin and three candidates, and the odd tokens."""
    shown = result(weights=Weights(scaling="unit"))
    twin = result(
        words(SCENE.replace("Kate have", "Noah have")), says=(" map", " cup", " coin", " key", " lamp"), seed=3
    )
    others = [result(choice=i) for i in (1, 2, 3)]
    names = [f"00-{i}.json" for i in (1, 2, 3)]
    swap = {"from": "Kate", "to": "Noah", "file": "00-swap.json"}
    index = [
        {"title": "Who has what", "file": "00.json", "swap": swap, "candidates": names},
        {"title": "Odd tokens", "file": "01.json", "swap": None, "candidates": []},
    ]
    files = {"00.json": shown, "00-swap.json": twin, "01.json": odd(), **dict(zip(names, others, strict=True))}
    for name, a in files.items():
        (folder / name).write_text(dumps(a), encoding="utf-8")
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
