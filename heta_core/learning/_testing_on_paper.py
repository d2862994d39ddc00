"""The lesson `testing` for print."""

import numpy as np

from heta_core.learning import _deletion as deletion
from heta_core.teaching.charts import Axis, Field
from heta_core.teaching.contract import Data
from heta_core.teaching.drawing import Writer, found, note, row_of_words, sentence, table
from heta_core.views import words

_STEPS = 5  # of HETA's order that are told step by step
_DASHES = {"heta": "", "recency": "9 4 2 4"}  # of the lines that are drawn


def still(data: Data, *, is_solved: bool = False) -> str:
    """The first text step by step and as curves, and every order over many questions."""
    write = found(is_solved=is_solved)
    text, heta = data["texts"][0], deletion.way(data, 0, "story", "heta")
    places = {i: rank + 1 for rank, i in enumerate(heta["masked"])}
    numbers = [str(places.get(i, "")) for i in range(len(text["parts"]))]
    heat = [1 - places[i] / (len(places) + 1) if i in places else 0.0 for i in range(len(numbers))]
    return "".join(
        (
            sentence(f"{text['text']} → {text['answer']}"),
            note("Below each word of the story its place in HETA's order. One more word masked in each line:"),
            row_of_words(text["parts"], numbers, heat),
            _stepwise(text, heta, write),
            _curves(text),
            note("Mean p of the answer, with its 95 % range over questions that the model was not trained on:"),
            _many(data, write),
        )
    )


def _stepwise(text: Data, way: Data, write: Writer) -> str:
    """What one masked word after another leaves of the answer; beyond the first it is to be found."""
    rows = []
    for k in range(_STEPS):
        added = words.quoted(text["parts"][way["masked"][k - 1]][1]) if k else "nothing"
        p, says = words.percent(way["p"][k]), words.quoted(way["says"][k])
        rows.append((added, *((p, says) if k < 2 else (write(p), write(says)))))
    return table(("masked as well", f"p of “{text['answer']}”", "the model says"), rows)


def _curves(text: Data) -> str:
    """p along HETA's order, from the end, and along random orders."""
    way = text["story"]
    drawn = np.array([one["p"] for one in way["random"]])
    low, mean, high = np.percentile(drawn, 25, 0), drawn.mean(0), np.percentile(drawn, 75, 0)
    n = len(way["places"])
    field = Field(Axis("words masked", 0, n), Axis(f"p of “{text['answer']}”", 0, 1), beside=20)
    lines = {one["name"]: one["p"] for one in way["orders"]}
    end = lines["recency"]
    falls = next(k for k, p in enumerate(end) if p < 0.5)
    return field.drawn(
        "p of the answer as words of the story are masked, along three kinds of order",
        (
            field.band(list(enumerate(low)), list(enumerate(high))),
            field.line(enumerate(mean), "3 3"),
            *(field.line(enumerate(lines[name]), dashes, 2.5) for name, dashes in _DASHES.items()),
            field.label("random, mean and middle half", (2, mean[2]), (14, -2)),
            field.label("HETA", (1, lines["heta"][1]), (6, -8), is_bold=True),
            field.label("from the end", (falls - 1, end[falls - 1]), (10, 12)),
        ),
    )


def _many(data: Data, write: Writer) -> str:
    """A row for each order, a column for each scope; the random orders are given."""
    rows = []
    for one in data["many"]["all"]["rows"]:
        told = [_spread(deletion.row(data, scope, one["name"])) for scope in deletion.SCOPES]
        rows.append((one["title"], *(told if one["name"] == "random" else map(write, told))))
    heads = (f"{title.lower()}, {data['many'][scope]['n']} questions" for scope, title in deletion.SCOPES.items())
    return table(("order", *heads), rows)


def _spread(one: Data) -> str:
    return f"{words.percent(one['mean'])} ({words.percent(one['low'])} to {words.percent(one['high'])})"
