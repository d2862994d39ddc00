"""The fragment of a link, what follows its `#`: written from plain values, and read with every value checked.

It stays in the browser: no server, proxy or log is ever sent it, and no other page is told it as the referrer. A query
(`?prompt=…`) would reach all of them. What is read here was written by anybody: nothing of it is trusted.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from urllib.parse import parse_qsl, quote, urlencode

from heta_core.errors import InputError
from heta_core.settings import Settings, Weights

LONGEST = 8_000  # characters of a link that is written: longer ones are cut by mail and chat programs
_LONGEST_READ = 64_000
# More than any page asks for: a link must not start hours of work.
_MOST_PROBES, _MOST_RANK = 200, 64
_MOST_IDS = 20_000
_MODEL = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)
_SETTINGS = ("mask", "mask_token", "estimator", "probes", "tolerance", "rank", "layers", "step", "seed")
# What a link says of settings and weights.
HOW = {*_SETTINGS, *(f.name for f in fields(Weights))}


def encoded(start: str, said: Mapping[str, object]) -> str:
    """The fragment that says all this, without what is None or empty.

    Raises:
        InputError: the link would be too long, or names a model that is a folder of this computer.
    """
    if not _MODEL.fullmatch(str(said["model"])):
        raise InputError("A link needs a model that others can find by its id; this one is a folder. Save the page.")
    link = start + urlencode({k: v for k, v in said.items() if v not in (None, "")}, quote_via=quote)
    if len(link) > LONGEST:
        raise InputError(
            f"A link has at most {LONGEST:,} characters, this one would have {len(link):,}: save the page."
        )
    return link


def saved(start: str, entry: str) -> str:
    """The fragment that opens an analysis of the library, however long its text is."""
    return start + urlencode({"saved": entry}, quote_via=quote)


def how(settings: Settings, weights: Weights) -> dict[str, object]:
    """Settings and weights as a link says them."""
    usual = Settings()
    said = {name: value for name in _SETTINGS if (value := getattr(settings, name)) != getattr(usual, name)}
    # Settings that are as usual in Python are not the pages' own: saying one of them says them all.
    return said | {"probes": settings.probes} | {f.name: getattr(weights, f.name) for f in fields(Weights)}


def parsed(start: str, fragment: str, names: set[str]) -> dict[str, str]:
    """What a fragment says, by name.

    Raises:
        InputError: it is too long, of another kind, or says what is not among the names.
    """
    if len(fragment) > _LONGEST_READ:
        raise InputError(
            f"A link has at most {_LONGEST_READ:,} characters, found {len(fragment):,}: open a saved file."
        )
    if not fragment.startswith(start):
        raise InputError(f"A link of this app goes on with {start} after the address, found another: copy it again.")
    pairs = parse_qsl(fragment.removeprefix(start), keep_blank_values=True)
    said = dict(pairs)
    unknown = sorted(said.keys() - names)
    if unknown or len(said) != len(pairs):
        what = f"says {unknown[0][:60]!r}" if unknown else "says something twice"
        raise InputError(f"This link {what}, which this version does not read: copy it again.")
    return said


def subject(said: Mapping[str, str]) -> tuple[str, str]:
    """The model and the prompt.

    Raises:
        InputError: one of them is missing, or no id of a model.
    """
    model, prompt = said.get("model", ""), said.get("prompt", "")
    if not _MODEL.fullmatch(model):
        raise InputError(f"This link needs the id of a model, such as gpt2, found {model[:60]!r}: copy the link again.")
    if not prompt.strip():
        raise InputError("This link needs a prompt, found none: copy it again.")
    return model, prompt


def settings_of(said: Mapping[str, str]) -> Settings | None:
    """The settings, where the link says any of them.

    Raises:
        InputError: a value is none, or more than a link may ask for.
        SettingsError: they contradict themselves.
    """
    found: dict[str, object] = {name: said[name] for name in ("mask", "estimator") if name in said}
    whole = ("mask_token", "rank", "layers", "seed")
    found |= {name: number(name, said[name]) for name in whole if name in said}
    found |= {name: real(name, said[name]) for name in ("tolerance", "step") if name in said}
    if "probes" in said:
        found["probes"] = "auto" if said["probes"] == "auto" else number("probes", said["probes"])
    for name, most in (("probes", _MOST_PROBES), ("rank", _MOST_RANK)):
        value = found.get(name)
        if isinstance(value, int) and value > most:
            raise InputError(f"A link may ask for {name} up to {most}, found {value}: ask for more in Python.")
    return Settings(**found) if found else None  # type: ignore[arg-type]  # Settings checks every value


def weights_of(said: Mapping[str, str]) -> Weights | None:
    """The weights, where the link says any of them.

    Raises:
        InputError: a value is no number.
        SettingsError: they cannot be used.
    """
    found: dict[str, object] = {name: real(name, said[name]) for name in ("beta", "gamma") if name in said}
    if "scaling" in said:
        found["scaling"] = said["scaling"]
    return Weights(**found) if found else None  # type: ignore[arg-type]  # Weights checks every value


def number(name: str, text: str, most_digits: int = 10) -> int:
    """A whole number from 0.

    Raises:
        InputError: it is none.
    """
    if not re.fullmatch(rf"[0-9]{{1,{most_digits}}}", text):  # ASCII digits alone, no sign
        raise InputError(f"This link needs a whole number from 0 as {name}, found {text[:60]!r}: copy it again.")
    return int(text)


def real(name: str, text: str) -> float:
    """A number; whether it is finite is checked where it is used.

    Raises:
        InputError: it is none.
    """
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"This link needs a number as {name}, found {text[:60]!r}: copy it again.") from error


def joined(ids: tuple[int, ...]) -> str:
    """Ids as a link says them."""
    return ".".join(map(str, ids))


def ids_of(name: str, said: Mapping[str, str]) -> tuple[int, ...]:
    """Ids, none where the link says nothing of them.

    Raises:
        InputError: they are no ids, or too many.
    """
    text = said.get(name, "")
    parts = text.split(".") if text else []
    if len(parts) > _MOST_IDS:
        raise InputError(f"A link may name {_MOST_IDS:,} tokens, found {len(parts):,}: open a saved file.")
    return tuple(number(name, part) for part in parts)
