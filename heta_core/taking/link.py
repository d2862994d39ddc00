"""A question as the fragment of a link, `#heta?model=…&prompt=…`, and back."""

from dataclasses import dataclass

from heta_core.attribution import Attribution
from heta_core.errors import InputError
from heta_core.grouping import GROUPINGS, Grouping, named
from heta_core.groups import Groups
from heta_core.settings import Settings, Weights
from heta_core.taking import fragment as fragments
from heta_core.taking.fragment import HOW, LONGEST, ids_of, joined, number
from heta_core.targets import Choice, as_asked

__all__ = ["LONGEST", "START", "Request", "read", "saved", "written"]

START = "#heta?"
_NUMBERS = {"at", "to", "token"}
_NAMES = {"model", "prompt", "ids", "foil", "said", "rather", "groups", "saved", *_NUMBERS, *HOW}


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
    choice = as_asked(a.target)
    said: dict[str, object] = {"model": a.source.model, "prompt": a.tokens.text, "ids": joined(a.tokens.ids)}
    said |= {"at": choice.position, "token": choice.token_id, "to": choice.stop, "foil": joined(choice.foil)}
    if choice.asked is not None:
        said["said"], said["rather"] = choice.asked
    said["groups"] = _groups(a)
    return fragments.encoded(START, said | fragments.how(a.settings, a.weights))


def saved(entry: str) -> str:
    """The fragment that opens an analysis of the library, however long its text is."""
    return fragments.saved(START, entry)


def read(fragment: str) -> Request:
    """What a fragment asks for.

    Raises:
        InputError: it is too long, or says something that no question can have.
        SettingsError: the settings or weights contradict themselves.
    """
    said = fragments.parsed(START, fragment, _NAMES)
    if "saved" in said:
        return Request("", "", (), Choice(), None, None, None, said["saved"])
    model, prompt = fragments.subject(said)
    numbers = {name: number(name, said[name]) for name in _NUMBERS & said.keys()}
    if ("said" in said) != ("rather" in said):
        raise InputError("This link names one side of a comparison: copy it again.")
    choice = Choice(
        numbers.get("at"),
        numbers.get("token"),
        numbers.get("to"),
        ids_of("foil", said),
        (said["said"], said["rather"]) if "said" in said else None,
    )
    settings, weights = fragments.settings_of(said), fragments.weights_of(said)
    return Request(model, prompt, ids_of("ids", said), choice, settings, weights, _grouping(said))


def _groups(a: Attribution) -> str | None:
    """By rule where a rule makes them, else by their ends: the first begins at 0 and each where the last one ends."""
    if a.groups is None:
        return None
    name = named(a.groups, a.tokens, a.target.position)
    return name if name in GROUPINGS else joined(tuple(stop for _, stop in a.groups))


def _grouping(said: dict[str, str]) -> Grouping | Groups | None:
    text = said.get("groups")
    if not text:
        return None
    rule = next((name for name in GROUPINGS if name == text), None)
    if rule is not None:
        return rule
    stops = ids_of("groups", said)
    starts = (0, *stops[:-1])
    if not all(start < stop for start, stop in zip(starts, stops, strict=True)):
        raise InputError("This link needs blocks that end one after the other: copy it again.")
    return tuple(zip(starts, stops, strict=True))
