"""A result as the Python that computes it again: the same model, ids, target, settings, weights and groups.

Texts are written as `repr` writes them, so that no token can be anything but a text there. The ids are given beside the
text because a text can be cut into tokens in more than one way.
"""

import textwrap
from dataclasses import fields

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution
from heta_core.settings import OF_THE_WORK, Decoding, Settings, Weights
from heta_core.targets import Choice, as_asked
from heta_core.tokens import Tokens
from heta_core.views import naming

_LINE = 100  # characters


def snippet(result: Attribution | GenerationAttribution) -> str:
    """The whole program; `why` is the result again."""
    return _generation(result) if isinstance(result, GenerationAttribution) else _attribution(result)


def _attribution(a: Attribution) -> str:
    options = ["tokens", f"choice={_shown(as_asked(a.target), Choice())}", *_how(a)]
    if a.groups is not None:
        options.append(f"groups={a.groups!r}")
    return (
        f"{_opening(a, naming.question(a), ('Choice', 'Settings', 'Weights', 'attribute', 'load'))}"
        f"{_read('tokens', a.tokens)}\n"
        f"{_called('attribute', options)}"
        "for i in why.top(5):\n"
        '    print(f"{why.units.pieces[i]!r}: {why.combined.shares[i]:.1%}")\n'
    )


def _generation(g: GenerationAttribution) -> str:
    """What was decoded is decoded again; what was given is given."""
    said, forced = g.tokens.ids[g.n_prompt :], g.tokens.ids[g.n_prompt : g.n_prompt + g.n_given]
    names: tuple[str, ...] = ("Settings", "Weights", "explain", "load")
    if g.decoding is None:
        name = "explain"
        options = ["prompt", "from_ids(lm.tokenizer, ids + said)", *_how(g)]
        check = ""
    else:
        name, names = "generate", ("Decoding", "Settings", "Weights", "generate", "load")
        options = ["prompt", f"decoding={_shown(g.decoding, Decoding())}"]
        options += [f"given={forced!r}"] if forced else []
        options += _how(g)
        check = 'if why.tokens.ids[len(prompt) :] != said:\n    print("Other words were chosen here.")\n'
    return (
        f"{_opening(g, naming.continued(g), names)}"
        f"{_read('prompt', g.prompt)}said = {_ids(said)}\n\n"
        f"{_called(name, options)}{check}"
        "for k in range(why.n_new):\n"
        "    step = why.at(k)\n"
        "    best = step.top(1)[0]\n"
        '    print(f"{step.target.piece!r}: {step.units.pieces[best]!r} {step.combined.shares[best]:.1%}")\n'
    )


def _opening(result: Attribution | GenerationAttribution, title: str, names: tuple[str, ...]) -> str:
    """The imports and the model."""
    source, is_chat = result.source, bool(result.tokens.segments)
    dtype = "" if source.dtype == "float32" else f", dtype={source.dtype!r}"
    torch = dict(source.versions).get("torch", "?")
    return (
        f"# {ascii(title)[1:-1]} As HETA Explorer computed it with torch {torch} on {source.device}.\n"
        f"{'from dataclasses import replace' + chr(10) * 2 if is_chat else ''}"
        f"from heta_core import {', '.join(names)}\n"
        f"from heta_core.tokens import {'Segment, ' if is_chat else ''}from_ids\n\n"
        f"lm = load({source.model!r}{dtype})\n"
        f"if lm.source.weights_id != {source.weights_id!r}:\n"
        '    print("These are other weights: expect other numbers.")\n'
    )


def _read(name: str, tokens: Tokens) -> str:
    """The text, by its ids; of a chat also whose they are."""
    before, after = added(tokens)
    roles = ""
    if tokens.segments:
        segments = "".join(f"    {segment!r},\n" for segment in tokens.segments)
        roles = f"{name} = replace({name}, segments=(\n{segments}))\n"
    return (
        f"text = {tokens.text!r}\n"
        f"ids = {_ids(tokens.ids)}\n"
        f"{name} = from_ids(lm.tokenizer, ids, n_added=({before}, {after}))\n"
        f'assert {name}.text == text, "this tokenizer reads the ids otherwise"\n{roles}'
    )


def _how(result: Attribution | GenerationAttribution) -> list[str]:
    return [f"settings={_shown(result.settings, Settings())}", f"weights={_shown(result.weights, Weights())}"]


def _called(name: str, options: list[str]) -> str:
    return f"why = {name}(\n{''.join(f'    {option},{chr(10)}' for option in ('lm', *options))})\n"


def added(tokens: Tokens) -> tuple[int, int]:
    """How many tokens the tokenizer put before and after the text."""
    unwritten = [
        is_special and start == stop for is_special, (start, stop) in zip(tokens.is_special, tokens.spans, strict=True)
    ]
    before = next((i for i, one in enumerate(unwritten) if not one), len(unwritten))
    after = next((i for i, one in enumerate(reversed(unwritten[before:])) if not one), 0)
    return before, after


def _shown(value: Choice | Decoding | Settings | Weights, usual: object) -> str:
    """A call that makes the value again, with what is not as usual."""
    names = [f.name for f in fields(value) if f.name not in OF_THE_WORK]
    said = [f"{name}={getattr(value, name)!r}" for name in names if getattr(value, name) != getattr(usual, name)]
    return f"{type(value).__name__}({', '.join(said)})"


def _ids(ids: tuple[int, ...]) -> str:
    """A tuple in lines."""
    if not ids:
        return "()"
    lines = textwrap.fill(", ".join(map(str, ids)) + ",", _LINE, initial_indent="    ", subsequent_indent="    ")
    return f"(\n{lines}\n)"
