"""A continuation as the fragment of a link, `#heta-generate?model=…&prompt=…&steps=…`, and back."""

import json
from dataclasses import dataclass
from typing import Any

from heta_core.errors import InputError
from heta_core.generated import GenerationAttribution
from heta_core.settings import DECODINGS, Decoding, Settings, Weights
from heta_core.taking import fragment as fragments
from heta_core.taking.fragment import HOW, ids_of, joined, number, real
from heta_core.tokens import Segment

START = "#heta-generate?"
GIVEN = "given"  # in the place of a way to decode: an answer that is explained as it is
_NAMES = {"model", "prompt", "ids", "turns", "how", "steps", "temperature", "top_k", "top_p", "draw", "stop", "answer"}
_NAMES |= {"saved", *HOW}
# More than the page asks for: a link must not start hours of work.
MOST_STEPS, _MOST_STOPS, _LONGEST_STOP, _MOST_TURNS = 512, 16, 200, 600
_SEED_DIGITS = 20  # of a draw, 2⁶⁴ at most


@dataclass(frozen=True, slots=True)
class Request:
    """What a link asks for."""

    model: str
    prompt: str
    ids: tuple[int, ...]  # what the prompt was cut into; empty where the link does not say
    segments: tuple[Segment, ...]  # of a chat
    decoding: Decoding | None  # None: nothing is decoded
    answer: tuple[int, ...]  # what the continuation begins with; all of it where nothing is decoded
    settings: Settings | None  # None where the link says nothing of them
    weights: Weights | None
    saved: str | None = None  # the id of an analysis in the library, in the place of all this


def written(generation: GenerationAttribution) -> str:
    """The fragment that asks for a continuation again.

    Raises:
        InputError: the link would be too long, or names a model that is a folder of this computer.
    """
    g, prompt, d = generation, generation.prompt, generation.decoding
    said: dict[str, object] = {"model": g.source.model, "prompt": prompt.text, "ids": joined(prompt.ids)}
    said["answer"] = joined(g.tokens.ids[g.n_prompt : g.n_prompt + g.n_given])
    turns = [[s.start, s.stop, s.kind, s.role, s.message] for s in prompt.segments]
    said["turns"] = json.dumps(turns, separators=(",", ":")) if turns else None
    said["how"] = GIVEN if d is None else d.method
    if d is not None:
        usual = Decoding()
        names = {"temperature": "temperature", "top_k": "top_k", "top_p": "top_p", "seed": "draw"}
        said |= {name: v for field, name in names.items() if (v := getattr(d, field)) != getattr(usual, field)}
        said |= {"steps": d.steps, "stop": json.dumps(d.stop, ensure_ascii=False) if d.stop else None}
    return fragments.encoded(START, said | fragments.how(g.settings, g.weights))


def saved(entry: str) -> str:
    """The fragment that opens a generation of the library, however long its text is."""
    return fragments.saved(START, entry)


def read(fragment: str) -> Request:
    """What a fragment asks for.

    Raises:
        InputError: it is too long, or says something that no continuation can have.
        SettingsError: the decoding, settings or weights contradict themselves.
    """
    said = fragments.parsed(START, fragment, _NAMES)
    if "saved" in said:
        return Request("", "", (), (), None, (), None, None, said["saved"])
    model, prompt = fragments.subject(said)
    ids, answer, turns = ids_of("ids", said), ids_of("answer", said), _turns(said)
    if turns and not ids:
        raise InputError("This link names the turns of a chat without its tokens: copy it again.")
    decoding = _decoding(said)
    if decoding is None and not answer:
        raise InputError("This link needs the answer that is explained, found none: copy it again.")
    most = MOST_STEPS if decoding is None else decoding.steps
    if len(answer) > most:
        raise InputError(f"A link may give up to {most} tokens of an answer, found {len(answer)}: open a saved file.")
    return Request(model, prompt, ids, turns, decoding, answer, fragments.settings_of(said), fragments.weights_of(said))


def _decoding(said: dict[str, str]) -> Decoding | None:
    how = said.get("how", "greedy")
    if how == GIVEN:
        return None
    method = next((name for name in DECODINGS if name == how), None)
    if method is None:
        raise InputError(f"This link needs one of {', '.join((*DECODINGS, GIVEN))} as how, found {how[:60]!r}.")
    found: dict[str, object] = {name: number(name, said[name]) for name in ("steps", "top_k") if name in said}
    found |= {name: real(name, said[name]) for name in ("temperature", "top_p") if name in said}
    if "draw" in said:
        found["seed"] = number("draw", said["draw"], _SEED_DIGITS)
    if int(str(found.get("steps", 1))) > MOST_STEPS:
        raise InputError(
            f"A link may ask for steps up to {MOST_STEPS}, found {found['steps']}: ask for more in Python."
        )
    return Decoding(method=method, stop=_stops(said), **found)  # type: ignore[arg-type]  # Decoding checks every value


def _stops(said: dict[str, str]) -> tuple[str, ...]:
    found = _listed("stop", said)
    if len(found) > _MOST_STOPS or not all(isinstance(text, str) and len(text) <= _LONGEST_STOP for text in found):
        raise InputError(f"A link may name {_MOST_STOPS} short texts to stop at, found others: copy it again.")
    return tuple(found)


def _turns(said: dict[str, str]) -> tuple[Segment, ...]:
    """The segments of a chat; that they follow one another is checked where they meet its tokens."""
    found = _listed("turns", said)
    kinds = ("content", "role", "template")
    for turn in found:
        is_turn = isinstance(turn, list) and len(turn) == 5 and isinstance(turn[3], str) and len(turn[3]) <= 60
        if not is_turn or turn[2] not in kinds or not all(_is_place(turn[k]) for k in (0, 1, 4)):
            raise InputError("This link needs the turns of a chat one after the other, found others: copy it again.")
    return tuple(Segment(*turn) for turn in found)


def _listed(name: str, said: dict[str, str]) -> list[Any]:
    """A JSON list, empty where the link says nothing of it."""
    try:
        found = json.loads(said.get(name, "[]"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"This link needs a list as {name}, found {said[name][:60]!r}: copy it again.") from error
    if not isinstance(found, list) or len(found) > _MOST_TURNS:
        raise InputError(f"This link needs a list as {name}, found {said[name][:60]!r}: copy it again.")
    return found


def _is_place(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
