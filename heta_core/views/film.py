"""A generation as the plain values that its film draws: JSON types only; what all steps share stands once."""

from dataclasses import asdict
from typing import Any

from heta_core.generated import GenerationAttribution, Step
from heta_core.settings import Decoding
from heta_core.views import reading, shares, strip, words

_SHARED = ("tokens", "labels", "weights", "components", "scalings", "readings", "unread", "framing")


def payload(g: GenerationAttribution, drawn: dict[int, Any] | None = None) -> dict[str, Any]:
    """Everything that is drawn of a generation; what is not known is None. `drawn` keeps what was written before."""
    drawn = {} if drawn is None else drawn
    steps = [_step(g, k, drawn) for k in range(len(g.steps))]
    return {
        "shared": {
            "tokens": strip.token_parts(g.tokens),
            "labels": strip.labels(g.tokens),
            "weights": asdict(g.weights),
            "components": [asdict(c) for c in words.components("token", is_gated=g.is_gated)] if steps else None,
            "scalings": words.SCALINGS,
            "readings": reading.starts(g.tokens),
            "unread": {},
            "framing": reading.framing(g.tokens),
        },
        "steps": steps,
        "n_prompt": g.n_prompt,
        "n_given": g.n_given,
        "ending": g.ending,
        "how": decoded(g.decoding),
        "around": [i for s in g.tokens.segments if s.kind != "content" for i in range(s.start, s.stop)],
        "curved": [is_curved(step) for step in g.steps],
        "parts": _parts(g),
    }


def decoded(decoding: Decoding | None) -> str:
    """How the words were chosen; nothing where all were given."""
    if decoding is None:
        return ""
    if decoding.method == "greedy":
        return "the most probable word at each step"
    said = ["sampled", f"temperature {decoding.temperature:g}"]
    if decoding.top_k is not None:
        said.append(f"top {decoding.top_k}")
    if decoding.top_p is not None:
        said.append(f"top-p {decoding.top_p:g}")
    return ", ".join([*said, f"seed {decoding.seed}"])


def is_curved(step: Step) -> bool:
    """The Hessian of a step is there, and every token has all its probes."""
    return step.hessian is not None and step.work.fraction >= 1


def _step(g: GenerationAttribution, k: int, drawn: dict[int, Any]) -> Any:
    """What step k does not share with the others."""
    kept = drawn.get(k)
    if kept is None or kept[0] is not g.steps[k] or kept[1] != g.weights:
        whole = strip.payload(g.at(k))
        drawn[k] = kept = (g.steps[k], g.weights, {name: whole[name] for name in whole if name not in _SHARED})
    return kept[2]


def _parts(g: GenerationAttribution) -> dict[str, list[dict[str, object]]]:
    """Roles and sentences of the text; the browser sums over those of their tokens that a step has read."""
    if not g.steps:
        return {"roles": [], "sentences": []}
    last = g.at(len(g.steps) - 1)
    return {
        name: [{"name": part.name, "kind": part.kind, "tokens": list(part.tokens)} for part in parts]
        for name, parts in (("roles", shares.by_role(last)), ("sentences", shares.by_sentence(last)))
    }
