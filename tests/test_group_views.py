"""Blocks of tokens in every view: their text, their size, their density, and no word of sums."""

from dataclasses import replace

import made
import numpy as np
import pytest
import samples
from made import grouped

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.groups import singles
from heta_core.shell.lines import report
from heta_core.views import caption, export, figures, naming, picture, ranking, shares, still, strip

BLOCKS = grouped()


def test_the_shell_tells_blocks_with_their_size_and_density() -> None:
    lines = report(BLOCKS, 0).splitlines()
    rows = [" ".join(line.split()) for line in lines[5:9]]
    assert rows == [
        "# block share n M S S/n I Δ nats without it",
        "0 <s> 50.0 % ▒▒▒▒████████ 1 50.0 % 1.00 ± 0.100 1.00 2.00 +1.000 → road",
        "1 Mia ran 25.0 % ▒▒▒▒██ 2 25.0 % 2.00 ± 0.100 1.00 1.00 +0.500 = garden",
        "3 to the 25.0 % ▒▒▒▒▒▒ 2 25.0 % 3.00 ± 0.100 1.50 0 ≈ 0 = garden",
    ]
    assert len({line.index("%") for line in lines[6:9]}) == 1  # columns stand under one another
    assert "masked and probed as blocks, so these are not sums over their tokens" in lines[-1]
    assert "blocks" not in report(samples.result(), 0)


def test_the_caption_speaks_of_blocks() -> None:
    told = caption.caption(BLOCKS)
    assert told.text == (
        "No block stands out: the highest, “<s>”, carries 50\xa0% of the score, chance alone "
        "would give the largest of 3 parts 61\xa0%. "
        "One block changes the answer when it is masked."
    )
    assert told.method == (
        "Scaling: as in the paper, β 0.5, γ 0.5 · 58\xa0% of the score is Hessian, 42\xa0% KL · "
        "scored: blocks of tokens, not sums over tokens · masked: all its embeddings set to zero at once · "
        "Hessian: an estimate from 10 probes a block (block_probes)"
    )
    words = grouped(((0, 1), (1, 2), (2, 3), (3, 4), (4, 5)))
    assert naming.scored(words) == "words" and "scored: words as blocks, not sums" in caption.caption(words).method
    assert naming.scored(grouped(((0, 1), (1, 5)))) == "sentences"


def test_the_strip_draws_blocks() -> None:
    drawn = strip.payload(BLOCKS)
    assert drawn["labels"] == ["<s>", "Mia ran", "to the"]
    assert drawn["tokens"] == [["", "<s>", "", "special"], ["", "Mia ran", "", ""], [" ", "to the", "", ""]]
    assert drawn["n_context"] == 3 and drawn["density"] == [1.0, 1.0, 1.5]
    assert drawn["scored"] == {"by": "segments", "one": "block", "many": "blocks", "sizes": [1, 2, 2]}
    meanings = [c["meaning"] for c in drawn["components"]]
    assert "owes to this block" in meanings[0] and "the embeddings of this block move" in meanings[2]


def test_a_target_stands_among_the_blocks() -> None:
    whole = made.span()  # five words, “garden” and “.”, of which the last two are explained together
    found = replace(
        whole,
        groups=((0, 1), (1, 4), (4, 5), (5, 6)),
        transition=None,
        hessian=None,
        information=None,
    )
    drawn = strip.payload(found)
    assert drawn["labels"] == ["<s>", "Mia ran to", "the", "garden", "."]
    assert (drawn["target"]["start"], drawn["target"]["stop"]) == (2, 5)
    assert [found.unit_of(i) for i in range(7)] == [0, 1, 1, 1, 2, 3, 4]
    assert found.places == ((0, 1), (1, 4), (4, 5), (5, 6), (6, 7))


def test_the_table_names_blocks_by_their_first_token() -> None:
    table = export.csv_text(BLOCKS).splitlines()
    assert table[0].startswith("rank,unit,position,n_tokens,label,") and "hessian_density" in table[0]
    assert [line.split(",")[:5] for line in table[1:]] == [
        ["1", "0", "0", "1", "<s>"],
        ["2", "1", "1", "2", "Mia ran"],
        ["3", "2", "3", "2", "to the"],
    ]
    frame = BLOCKS.to_dataframe()
    assert list(frame["group"]) == ["<s>", "Mia ran", " to the"] and list(frame["n_tokens"]) == [1, 2, 2]
    np.testing.assert_allclose(frame["hessian_density"], [1, 1, 1.5])
    assert "hessian_density" not in samples.result().to_dataframe()


def test_a_page_of_its_own_shows_every_block_and_its_density() -> None:
    table = still.table(BLOCKS)
    assert '<th scope="col">block</th>' in table and '<th scope="col">Hessian a token</th>' in table
    assert '<td data-of="n_tokens">2</td>' in table and '<td data-of="hessian_density">1.5</td>' in table
    assert "Hessian a token" not in still.table(samples.result())
    assert picture.svg(BLOCKS).count(">25\xa0%</text>") == 2  # “Mia ran” and “to the”, each once


@pytest.mark.parametrize("pieces", [["<s>", "Hi", *samples.HOSTILE, " 🦊", " 🦊"]])
def test_blocks_of_odd_tokens_are_drawn_and_escaped(pieces: list[str]) -> None:
    base = samples.result(pieces)
    n = base.n_context
    parts = made.parts(3, ())
    odd = replace(base, groups=((0, 1), (1, 5), (5, n)), transition=parts[0], hessian=parts[1], information=None)
    for text in (still.text(odd), still.table(odd), picture.svg(odd)):
        assert "<script" not in text
    assert [row.unit for row in ranking.rows(odd)] == [0, 1, 2]
    assert len(strip.payload(odd)["labels"]) == 3


def test_figures_name_blocks() -> None:
    figure = figures.breakdown(BLOCKS)
    assert figure.layout.title.text.startswith("All 3 blocks;")
    assert [list(c) for c in figure.data[0].customdata] == [[0, "&lt;s&gt;"], [1, "Mia ran"], [3, "to the"]]
    assert "“Mia ran”" in figures.heads(BLOCKS, 1).layout.title.text
    with pytest.raises(ReportError, match="The block must stand at 0 to 2, found 3"):
        figures.heads(BLOCKS, 3)


def test_a_long_block_is_cut_under_its_bar() -> None:
    long = samples.result([" abcdefghijkl", " mnopqrstuvwx", " yz"])
    transition, hessian = made.parts(2, ())
    cut = replace(long, groups=((0, 2), (2, 3)), transition=transition, hessian=hessian, information=None)
    ticks = figures.breakdown(cut).layout.xaxis.ticktext
    assert max(map(len, ticks)) == 24 and ticks[0].endswith("…")


@pytest.mark.parametrize("summed", [shares.by_sentence, shares.by_segment])
def test_sums_over_tokens_are_not_made_of_blocks(summed: object) -> None:
    assert callable(summed)
    with pytest.raises(ReportError, match="Sums over tokens need a score for each token"):
        summed(BLOCKS)


def one_by_one() -> Attribution:
    return grouped(singles(5))


def test_a_block_of_one_token_reads_as_the_token() -> None:
    a = one_by_one()
    assert a.units == a.tokens and a.density is not None and a.hessian is not None
    np.testing.assert_array_equal(a.density, a.hessian.scores)
    assert [row.label for row in ranking.rows(a)] == [row.label for row in ranking.rows(replace(a, groups=None))]
