"""A result as one versioned JSON, and back: the exact view with neither model nor GPU.

The fields are written and read by `packing`; here stand the formats and what must hold between fields. A generation
stores what its steps share once.
"""

import json
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.generated import GenerationAttribution
from heta_core.packing import pack_fields, parse, read_fields
from heta_core.parts import Work
from heta_core.targets import Target
from heta_core.tokens import Tokens
from heta_core.upgrading import VERSION, upgraded

FORMAT, GENERATION = "heta-attribution", "heta-generation"
LARGEST = 512 * 1024 * 1024  # characters; 32 layers × 32 heads × 1000 tokens of flow take 5 million for each step
_ROUNDING = 1e-3  # how far float32 may carry a probability beyond its bound
_KINDS = {FORMAT: Attribution, GENERATION: GenerationAttribution}

_Result = TypeVar("_Result", Attribution, GenerationAttribution)


def dumps(result: Attribution | GenerationAttribution) -> str:
    """The result as JSON text. Arrays are stored as float32, so the first writing rounds and later ones do not.

    Raises:
        ReportError: a number is not finite, or the text would be longer than any that can be opened again.
    """
    name = next(name for name, kind in _KINDS.items() if isinstance(result, kind))
    text = json.dumps({"format": name, "version": VERSION} | pack_fields(result, ""), ensure_ascii=False)
    if len(text) > LARGEST:
        raise ReportError(
            f"A report has at most {LARGEST:,} characters, this one would have {len(text):,}: explain fewer steps, or "
            "save the table as CSV."
        )
    return text


def loads(text: str) -> Attribution:
    """The attribution that `dumps` wrote.

    Raises:
        ReportError: the text is no such JSON, of another version, damaged, or its parts contradict each other.
    """
    attribution = _loads(text, Attribution)
    _check_tokens(attribution.tokens)
    _check(attribution)
    return attribution


def loads_generation(text: str) -> GenerationAttribution:
    """The generation that `dumps` wrote.

    Raises:
        ReportError: the text is no such JSON, of another version, damaged, or its parts contradict each other.
    """
    generation = _loads(text, GenerationAttribution)
    _check_tokens(generation.tokens)
    _check_generation(generation)
    for k in range(len(generation.steps)):
        _check(generation.at(k))
    return generation


def _loads(text: str, kind: type[_Result]) -> _Result:
    if len(text) > LARGEST:
        raise ReportError(f"A report has at most {LARGEST:,} characters, found {len(text):,}: open a smaller one.")
    document = parse(text)
    name = next(name for name, one in _KINDS.items() if one is kind)
    found = document.get("format") if isinstance(document, dict) else None
    if found in list(_KINDS) and found != name:  # a list, as what was found may be anything
        where = "Explore" if found == FORMAT else "Generate"
        raise ReportError(f"Need a report of format {name!r}, found {found!r}: open it on the page {where}.")
    if not isinstance(document, dict) or found != name:
        raise ReportError(f"Need a HETA report (format {name!r}), found other JSON: open a file saved by this app.")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= VERSION:
        raise ReportError(
            f"Need version 1 to {VERSION} of the report, found {version!r}: open it with the release that wrote it."
        )
    fields = {field: value for field, value in document.items() if field not in ("format", "version")}
    result: _Result = read_fields(upgraded(fields, version), kind, "the report")
    return result


def _require(rules: dict[str, bool]) -> None:
    broken = next((needed for needed, holds in rules.items() if not holds), None)
    if broken is not None:
        raise ReportError(f"A report needs {broken}, found another: the file is damaged or was written by hand.")


def _check_tokens(tokens: Tokens) -> None:
    """What must hold between ids, pieces and text."""
    text = tokens.text
    spelled = zip(tokens.spans, tokens.pieces, strict=True)
    rules = {
        "ids from 0 to 2³¹ − 1": all(0 <= i < 2**31 for i in tokens.ids),
        "spans that spell their pieces": all(0 <= i <= j and text[i:j] in ("", s) for (i, j), s in spelled),
        "spans inside the text": all(j <= len(text) for _, j in tokens.spans),
    }
    _require(rules)


def _check_generation(g: GenerationAttribution) -> None:
    """What must hold of what all steps share."""
    is_given = g.ending == "given"
    rules = {
        "a decoding exactly where something was decoded": is_given == (g.decoding is None),
        "every token to be given where all was": not is_given or g.n_given == g.n_new,
        "steps once the text has ended": g.ending is not None or not g.steps,
        "counts and times from 0": _counts(g.work, g.seconds),
    }
    _require(rules)


def _counts(work: Work, seconds: tuple[tuple[str, float], ...]) -> bool:
    return min(work.forwards, work.backwards, work.products, work.planned - 1) >= 0 and all(s >= 0 for _, s in seconds)


def _check(a: Attribution) -> None:
    """What must hold between fields, beyond what each class checks of its own."""
    target, t = a.target, a.transition
    said = tuple(s.token_id for s in target.said)
    predictions = (*a.predictions, *a.foil)
    chances = [*(c for p in predictions for c in p.candidates), *(a.information.first_choices if a.information else ())]
    rows = (
        *((a.information.log_p,) if a.information else ()),
        *((a.hessian.standard_error, a.hessian.n_probes) if a.hessian else ()),
        *((t.sink_share,) if t else ()),
    )
    rules = {
        "ids from 0 to 2³¹ − 1": all(0 <= i < 2**31 for i in (*said, *(f.token_id for f in target.foil))),
        "a target behind the first token": target.position >= 1,
        "an observed target to stand in the text": not (target.is_observed or target.rest)
        or a.tokens.ids[target.position : target.stop] == said,
        "a rank from 1 and an entropy from 0": all(p.rank >= 1 and p.entropy >= -_ROUNDING for p in predictions),
        "the model's candidates": all(p.candidates for p in predictions),
        "probabilities from 0 to 1": all(p.log_p <= _ROUNDING for p in predictions)
        and all(0 <= c.probability <= 1 + _ROUNDING for c in chances),
        "one row of finite numbers where one number stands for each token": all(r.ndim == 1 for r in rows)
        and (a.information is None or bool(np.isfinite(a.information.log_p).all())),
        "places of first choices among the explained tokens": a.information is None
        or _are_places(a.information.places, target),
        "a sink share from 0 to 1 for each layer": t is None
        or (t.sink_share.shape == t.flow.shape[:1] and bool((abs(t.sink_share - 0.5) <= 0.5 + _ROUNDING).all())),
        "counts and times from 0": _counts(a.work, a.seconds),
    }
    _require(rules)


def _are_places(places: NDArray[np.int64] | None, target: Target) -> bool:
    """Several explained tokens have several places; one has its own."""
    if places is None:
        return not target.rest
    return places.ndim == 1 and bool(((target.position <= places) & (places < target.stop)).all())
