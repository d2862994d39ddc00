"""The lesson `looking` for print."""

from heta_core.teaching.contract import Data
from heta_core.teaching.drawing import Cell, found, note, row_of_words, sentence, table
from heta_core.views import words

_LEAST_SHOWN = 0.005  # of a share or in nats; less has no shade to speak of


def still(data: Data, *, is_solved: bool = False) -> str:
    """The first text in both colourings, and how typical it is."""
    text, typical = data["texts"][0], data["typical"]
    write = found(is_solved=is_solved)
    looked, needed = text["attention"], text["kl"]
    given = {text["rival"], text["answer"]}  # which the idea tells of

    def drawn(values: list[float], numbers: list[Cell]) -> str:
        shown = [number if value >= _LEAST_SHOWN else "" for number, value in zip(numbers, values, strict=True)]
        return row_of_words(text["parts"], shown, [value / max(values) for value in values])

    shares = [words.percent(v, 0) if k in given else write(words.percent(v, 0)) for k, v in enumerate(looked)]
    rows = [
        (
            row["title"],
            *(write(words.percent(row[name], 0)) for name in ("differs", "unchanged")),
            write(words.number(row["spearman"], 2)),
        )
        for row in typical["rows"]
    ]
    head = ("", "highest word is not the KL's", "masking it keeps the answer", "Spearman with KL")
    return "".join(
        (
            sentence(f"{text['text']} → {text['said']}"),
            note("Where the last layer looks: its share of attention, where that is 0.5\u00a0% or more"),
            drawn(looked, list(shares)),
            note("What the answer needs: KL in nats when the word is masked, where that is 0.005 or more"),
            drawn(needed, [write(words.number(value)) for value in needed]),
            note(f"Over {typical['n']} questions that the model was not trained on:"),
            table(head, rows),
        )
    )
