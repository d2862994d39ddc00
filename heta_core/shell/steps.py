"""A generation as lines of text: the continuation as it grows, then a block for each of its words."""

from collections.abc import Iterator

from heta_core.generated import Ending, GenerationAttribution
from heta_core.shell import lines
from heta_core.views import caption, ranking
from heta_core.views.words import quoted, visible

_ENDINGS: dict[Ending, str] = {
    "length": "as many as were asked for",
    "end": "then the model ended the text",
    "stop": "then a stop text was complete",
    "context": "then the model's context was full",
    "given": "given, not generated",
}
_CAVEAT = (
    "For every word the tokens before it are ranked, those that the model said itself among them. The score has no "
    "sign; Δ has one: above 0 the token speaks for the word, below it against."
)


def show(generation: GenerationAttribution, shown: str | None) -> str:
    """Print what is new of the continuation, at first after the prompt; returns all of it that has been printed."""
    g = generation
    begins = max((stop for _, stop in g.tokens.spans[: g.n_prompt]), default=0)
    if shown is None:
        print(f"{g.source.model} goes on after:\n  {lines.shortened(g.tokens.text[:begins])}\n")
    text = g.tokens.text[begins:]
    if g.ending is None:
        text = text.rstrip("\ufffd")  # the bytes of a character that is not complete yet
    print(visible(text[len(shown or "") :]), end="" if g.ending is None else "\n\n", flush=True)
    return text


def report(generation: GenerationAttribution, top: int) -> str:
    """How it ended, then `top` rows of every step, 0 for all."""
    g = generation
    parts = [_ended(g), *("\n".join(_block(g, k, top)) for k in range(len(g.steps)))]
    if g.steps:
        basis = f"{lines.legend(is_gated=g.is_gated)} · {caption.basis(g.at(0))}"
        parts.append(f"{basis}\n{_CAVEAT}")
    return "\n\n".join(parts)


def _ended(g: GenerationAttribution) -> str:
    assert g.ending is not None  # a report is made of what is finished
    n = "1 token" if g.n_new == 1 else f"{g.n_new} tokens"
    if g.ending == "end" and g.n_new == 1:
        return f"{n}: the model ended the text at once."
    return f"{n}, {_ENDINGS[g.ending]}."


def _block(g: GenerationAttribution, k: int, top: int) -> Iterator[str]:
    a = g.at(k)
    rows = ranking.rows(a)
    shown = rows[: top or len(rows)]
    longest = max((row.share or 0.0 for row in shown), default=0.0) or 1.0
    parts = (quoted(a.target.piece), lines.chances(a.prediction), "given" if k < g.n_given else "", caption.terms(a))
    yield f"{a.target.position:>4}  " + " · ".join(part for part in parts if part)
    for row in shown:
        yield f"{row.position:>10}  {lines.opening(row, longest)} {lines.ending(row)}"
    yield from (" " * 6 + line for line in lines.hidden(shown, rows))
