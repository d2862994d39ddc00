"""A question as the fragment of a link, `#heta?model=…&prompt=…`, and back.

The fragment of an address, what follows its `#`, stays in the browser: no server, proxy or log is ever sent it, and no
other page is told it as the referrer. A query (`?prompt=…`) would reach all of them.

What is read here was written by anybody: every value is checked, nothing of it is trusted.
"""

import re
from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, quote, urlencode

from heta_core.attribution import Attribution
from heta_core.errors import InputError
from heta_core.grouping import GROUPINGS, Grouping, named
from heta_core.groups import Groups
from heta_core.settings import Settings, Weights
from heta_core.targets import Choice, as_asked

START = "#heta?"
LONGEST = 8_000  # characters of a link that is written: longer ones are cut by mail and chat programs
_LONGEST_READ = 64_000
# More than any page asks for: a link must not start hours of work.
_MOST_PROBES, _MOST_RANK = 200, 64
_MOST_IDS = 20_000
_MODEL = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)
_NUMBERS = {"at", "to", "token", "mask_token", "rank", "layers", "seed"}
_REALS = {"beta", "gamma", "tolerance", "step"}
_TEXTS = {
    "model",
    "prompt",
    "ids",
    "foil",
    "said",
    "rather",
    "groups",
    "mask",
    "estimator",
    "probes",
    "scaling",
    "saved",
}
_SETTINGS = ("mask", "mask_token", "estimator", "probes", "tolerance", "rank", "layers", "step", "seed")


@dataclass(frozen=True, slots=True)
class Request:
    """What a link asks for."""

    model: str
    prompt: str
    ids: tuple[int, ...]  # what the prompt was cut into; empty where the link does not say
    choice: Choice
    settings: Settings | None  # None where the link says nothing of them
    weights: Weights | None
    groups: Grouping | Groups | None
    saved: str | None = None  # the id of an analysis in the library, in the place of all this


def written(attribution: Attribution) -> str:
    """The fragment that asks for a result again.

    Raises:
        InputError: the link would be too long, or names a model that is a folder of this computer.
    """
    a = attribution
    if not _MODEL.fullmatch(a.source.model):
        raise InputError("A link needs a model that others can find by its id; this one is a folder. Save the page.")
    choice = as_asked(a.target)
    said: dict[str, object] = {"model": a.source.model, "prompt": a.tokens.text, "ids": _joined(a.tokens.ids)}
    said |= {"at": choice.position, "token": choice.token_id, "to": choice.stop, "foil": _joined(choice.foil)}
    if choice.asked is not None:
        said["said"], said["rather"] = choice.asked
    said["groups"] = _groups(a)
    usual = Settings()
    said |= {name: value for name in _SETTINGS if (value := getattr(a.settings, name)) != getattr(usual, name)}
    said |= {f.name: getattr(a.weights, f.name) for f in fields(Weights)}
    # Settings that are as usual in Python are not the pages' own: saying one of them says them all.
    said["probes"] = a.settings.probes
    link = START + urlencode({k: v for k, v in said.items() if v not in (None, "")}, quote_via=quote)
    if len(link) > LONGEST:
        raise InputError(
            f"A link has at most {LONGEST:,} characters, this one would have {len(link):,}: save the page."
        )
    return link


def saved(entry: str) -> str:
    """The fragment that opens an analysis of the library, however long its text is."""
    return START + urlencode({"saved": entry}, quote_via=quote)


def read(fragment: str) -> Request:
    """What a fragment asks for.

    Raises:
        InputError: it is too long, or says something that no question can have.
        SettingsError: the settings or weights contradict themselves.
    """
    said = _parsed(fragment)
    if "saved" in said:
        return Request("", "", (), Choice(), None, None, None, said["saved"])
    model, prompt = said.get("model", ""), said.get("prompt", "")
    if not _MODEL.fullmatch(model):
        raise InputError(f"This link needs the id of a model, such as gpt2, found {model[:60]!r}: copy the link again.")
    if not prompt.strip():
        raise InputError("This link needs a prompt, found none: copy it again.")
    numbers = {name: _number(name, said[name]) for name in _NUMBERS & said.keys()}
    if ("said" in said) != ("rather" in said):
        raise InputError("This link names one side of a comparison: copy it again.")
    choice = Choice(
        numbers.get("at"),
        numbers.get("token"),
        numbers.get("to"),
        _ids("foil", said.get("foil", "")),
        (said["said"], said["rather"]) if "said" in said else None,
    )
    reals = {name: _real(name, said[name]) for name in _REALS & said.keys()}
    return Request(
        model,
        prompt,
        _ids("ids", said.get("ids", "")),
        choice,
        _settings(said, numbers, reals),
        _weights(said, reals),
        _grouping(said.get("groups")),
    )


def _parsed(fragment: str) -> dict[str, str]:
    if len(fragment) > _LONGEST_READ:
        raise InputError(
            f"A link has at most {_LONGEST_READ:,} characters, found {len(fragment):,}: open a saved file."
        )
    if not fragment.startswith(START):
        raise InputError(f"A link of this app goes on with {START} after the address, found another: copy it again.")
    pairs = parse_qsl(fragment.removeprefix(START), keep_blank_values=True)
    said = dict(pairs)
    unknown = sorted(said.keys() - _NUMBERS - _REALS - _TEXTS)
    if unknown or len(said) != len(pairs):
        what = f"says {unknown[0][:60]!r}" if unknown else "says something twice"
        raise InputError(f"This link {what}, which this version does not read: copy it again.")
    return said


def _settings(said: dict[str, str], numbers: dict[str, int], reals: dict[str, float]) -> Settings | None:
    """The settings, where the link says any of them."""
    found: dict[str, object] = {name: said[name] for name in ("mask", "estimator") if name in said}
    found |= {name: numbers[name] for name in ("mask_token", "rank", "layers", "seed") if name in numbers}
    found |= {name: reals[name] for name in ("tolerance", "step") if name in reals}
    if "probes" in said:
        found["probes"] = "auto" if said["probes"] == "auto" else _number("probes", said["probes"])
    for name, most in (("probes", _MOST_PROBES), ("rank", _MOST_RANK)):
        value = found.get(name)
        if isinstance(value, int) and value > most:
            raise InputError(f"A link may ask for {name} up to {most}, found {value}: ask for more in Python.")
    return Settings(**found) if found else None  # type: ignore[arg-type]  # Settings checks every value


def _weights(said: dict[str, str], reals: dict[str, float]) -> Weights | None:
    found: dict[str, object] = {name: reals[name] for name in ("beta", "gamma") if name in reals}
    if "scaling" in said:
        found["scaling"] = said["scaling"]
    return Weights(**found) if found else None  # type: ignore[arg-type]  # Weights checks every value


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text):  # ASCII digits alone, no sign
        raise InputError(f"This link needs a whole number from 0 as {name}, found {text[:60]!r}: copy it again.")
    return int(text)


def _real(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"This link needs a number as {name}, found {text[:60]!r}: copy it again.") from error


def _joined(ids: tuple[int, ...]) -> str:
    return ".".join(map(str, ids))


def _ids(name: str, text: str) -> tuple[int, ...]:
    parts = text.split(".") if text else []
    if len(parts) > _MOST_IDS:
        raise InputError(f"A link may name {_MOST_IDS:,} tokens, found {len(parts):,}: open a saved file.")
    return tuple(_number(name, part) for part in parts)


def _groups(a: Attribution) -> str | None:
    """By rule where a rule makes them, else by their ends: the first begins at 0 and each where the last one ends."""
    if a.groups is None:
        return None
    name = named(a.groups, a.tokens, a.target.position)
    return name if name in GROUPINGS else _joined(tuple(stop for _, stop in a.groups))


def _grouping(text: str | None) -> Grouping | Groups | None:
    if not text:
        return None
    rule = next((name for name in GROUPINGS if name == text), None)
    if rule is not None:
        return rule
    stops = _ids("groups", text)
    starts = (0, *stops[:-1])
    if not all(start < stop for start, stop in zip(starts, stops, strict=True)):
        raise InputError("This link needs blocks that end one after the other: copy it again.")
    return tuple(zip(starts, stops, strict=True))
