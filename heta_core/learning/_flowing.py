"""The flow of the lesson `gate` for print: words on the left, layers to the right, edges as wide as their part of M."""

from dataclasses import dataclass

import numpy as np

from heta_core.teaching import ink
from heta_core.teaching.contract import Data
from heta_core.views import words

LEAST = 0.005  # of M: thinner edges are not drawn
_LINE, _HEAD, _FOOT, _WIDE, _LEFT, _RIGHT = 17.0, 40.0, 26.0, 620.0, 132.0, 40.0
_FULL = 44.0  # the width of all of M
_TOLD = 4  # edges that are read aloud
_GREY = "#9298a8"


@dataclass(frozen=True, slots=True)
class Edge:
    """What goes in one layer from one place to another, in parts of M."""

    layer: int
    start: int
    to: int
    part: float
    is_new: bool  # it begins here; else it is handed on


def edges(data: Data) -> list[Edge]:
    """What every layer adds, and what it hands on of the layers before: half in place, half as attention mixes."""
    n, found = len(data["labels"]), []
    held = np.zeros(n)
    for layer, heads in enumerate(data["edges"]):
        after = np.zeros(n)
        for to in range(n):
            for start in range(to + 1):
                adds = sum(head[to][start] for head in heads)
                goes = _handed(data, layer, start, to) * held[start] if layer and held[start] else 0.0
                after[to] += adds + goes
                found += [Edge(layer, start, to, part, is_new) for part, is_new in ((adds, True), (goes, False))]
        held = after
    return found


def _handed(data: Data, layer: int, start: int, to: int) -> float:
    arriving = data["arriving"]
    return float(data["mixing"][layer][to][start] * arriving[layer][to] / arriving[layer - 1][start])


def drawn_part(data: Data) -> float:
    """What the edges that are drawn add, in parts of M."""
    return sum(edge.part for edge in edges(data) if edge.is_new and edge.part >= LEAST)


def svg(data: Data, shown: set[int]) -> str:
    """The drawing, with M beside some of the words."""
    labels, depth = data["labels"], len(data["flow"])
    gap = (_WIDE - _LEFT - _RIGHT) / depth
    wide = [edge for edge in edges(data) if edge.part >= LEAST]
    parts = [ink.text("M", _LEFT - 12, 16, part=1.0, is_bold=True)]
    for layer, heads in enumerate(data["flow"]):
        x = _LEFT + (layer + 0.5) * gap
        parts.append(ink.text(f"Layer {layer + 1}", x, 16, part=0.5, is_bold=True))
        parts.append(ink.text(f"adds {words.percent(float(np.sum(heads)))}", x, 32, part=0.5))
    for edge in sorted(wide, key=lambda e: (e.is_new, -e.part)):
        start = (_LEFT + edge.layer * gap, _at(edge.start))
        parts.append(_curve(start, (start[0] + gap, _at(edge.to)), edge))
    for i, label in enumerate(labels):
        parts.append(ink.text(words.label(label), 0, _at(i) + 4.5))
        if i in shown:
            parts.append(ink.text(words.percent(data["m"][i]), _LEFT - 12, _at(i) + 4.5, part=1.0))
        parts += [ink.mark((_LEFT + level * gap, _at(i)), "circle", 1.8) for level in range(depth + 1)]
    end = _at(len(labels) - 1)
    answer = f"→ {data['target']['label']} {words.percent(data['target']['p'])}"
    parts.append(ink.text(answer, _WIDE, end + 20, part=1.0, is_bold=True))
    widest = sorted((edge for edge in wide if edge.is_new), key=lambda e: -e.part)[:_TOLD]
    ways = "; ".join(f"{labels[e.start]} to {labels[e.to]} in layer {e.layer + 1}" for e in widest)
    told = f"The flow from the words through {depth} layers to the last token. Its widest edges: {ways}."
    return ink.svg(told, (_WIDE, end + _FOOT), parts)


def _at(i: int) -> float:
    return _HEAD + _LINE * (i + 0.5)


def _curve(start: ink.Place, stop: ink.Place, edge: Edge) -> str:
    (x, y), (to, down), middle = start, stop, (start[0] + stop[0]) / 2
    look = f'stroke="{ink.INK}" stroke-opacity="0.8"' if edge.is_new else f'stroke="{_GREY}" stroke-opacity="0.45"'
    way = f"M{x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {down:.1f} {to:.1f} {down:.1f}"
    return f'<path d="{way}" fill="none" {look} stroke-width="{max(0.8, edge.part * _FULL):.2f}"/>'
