"""A result as the Python that computes it again: the same model, ids, target, settings, weights and groups.

Texts are written as `repr` writes them, so that no token can be anything but a text there. The ids are given beside the
text because a text can be cut into tokens in more than one way.
"""

import textwrap
from dataclasses import fields

from heta_core.attribution import Attribution
from heta_core.settings import OF_THE_WORK, Settings, Weights
from heta_core.targets import Choice, as_asked
from heta_core.tokens import Tokens
from heta_core.views import naming

_LINE = 100  # characters


def snippet(attribution: Attribution) -> str:
    """The whole program; `why` is the result again."""
    a = attribution
    source = a.source
    dtype = "" if source.dtype == "float32" else f", dtype={source.dtype!r}"
    before, after = added(a.tokens)
    options = ["lm", "tokens", f"choice={_shown(as_asked(a.target), Choice())}"]
    options.append(f"settings={_shown(a.settings, Settings())}")
    options.append(f"weights={_shown(a.weights, Weights())}")
    if a.groups is not None:
        options.append(f"groups={a.groups!r}")
    torch = dict(source.versions).get("torch", "?")
    called = "".join(f"    {option},\n" for option in options)
    return (
        f"# {ascii(naming.question(a))[1:-1]} As HETA Explorer computed it with torch {torch} on {source.device}.\n"
        "from heta_core import Choice, Settings, Weights, attribute, load\n"
        "from heta_core.tokens import from_ids\n\n"
        f"lm = load({source.model!r}{dtype})\n"
        f"if lm.source.weights_id != {source.weights_id!r}:\n"
        '    print("These are other weights: expect other numbers.")\n'
        f"text = {a.tokens.text!r}\n"
        f"ids = {_ids(a.tokens)}\n"
        f"tokens = from_ids(lm.tokenizer, ids, n_added=({before}, {after}))\n"
        'assert tokens.text == text, "this tokenizer reads the ids otherwise"\n\n'
        f"why = attribute(\n{called})\n"
        "for i in why.top(5):\n"
        '    print(f"{why.units.pieces[i]!r}: {why.combined.shares[i]:.1%}")\n'
    )


def added(tokens: Tokens) -> tuple[int, int]:
    """How many tokens the tokenizer put before and after the text."""
    unwritten = [
        is_special and start == stop for is_special, (start, stop) in zip(tokens.is_special, tokens.spans, strict=True)
    ]
    before = next((i for i, one in enumerate(unwritten) if not one), len(unwritten))
    after = next((i for i, one in enumerate(reversed(unwritten[before:])) if not one), 0)
    return before, after


def _shown(value: Choice | Settings | Weights, usual: object) -> str:
    """A call that makes the value again, with what is not as usual."""
    names = [f.name for f in fields(value) if f.name not in OF_THE_WORK]
    said = [f"{name}={getattr(value, name)!r}" for name in names if getattr(value, name) != getattr(usual, name)]
    return f"{type(value).__name__}({', '.join(said)})"


def _ids(tokens: Tokens) -> str:
    """A tuple in lines."""
    lines = textwrap.fill(", ".join(map(str, tokens.ids)) + ",", _LINE, initial_indent="    ", subsequent_indent="    ")
    return f"(\n{lines}\n)"
