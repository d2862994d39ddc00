"""What lessons put on paper: words with their numbers, bars, tables. HTML without scripts; every text is escaped."""

from collections.abc import Sequence
from html import escape

from heta_core.teaching.contract import Data
from heta_core.views import words


def sentence(text: str) -> str:
    """A text of the model's, set apart."""
    return f'<p class="said">{escape(text)}</p>'


def note(text: str) -> str:
    """A line below a picture."""
    return f'<p class="note">{escape(text)}</p>'


def bars(chances: Sequence[Data]) -> str:
    """A bar for each of some next tokens, with its number."""
    return table(
        (),
        [
            (quoted, f'<i style="width:{100 * c["p"]:.1f}%"></i>', words.percent(c["p"]))
            for c in chances
            for quoted in (escape(words.quoted(c["label"])),)
        ],
        kind="bars",
    )


def row_of_words(parts: Sequence[Sequence[str]], numbers: Sequence[str], parts_of_full: Sequence[float]) -> str:
    """A text word by word, each shaded and with its number below.

    Args:
        parts: [white space before, what is seen, white space after, kind] of each word.
        parts_of_full: 0 to 1, how much of the full shade each has.
    """
    cells = [
        f'<span style="background:rgb(29 78 216 / {0.6 * part:.2f})">'
        f"<b>{escape(body)}</b><small>{escape(number)}</small></span>"
        for (_, body, _, _), number, part in zip(parts, numbers, parts_of_full, strict=True)
    ]
    return f'<p class="words">{"".join(cells)}</p>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, kind: str = "table") -> str:
    """A table; what is in its cells is HTML already, its head is not."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="{kind}">{f"<thead><tr>{top}</tr></thead>" if top else ""}<tbody>{body}</tbody></table>'
