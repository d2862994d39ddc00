"""Batches that shrink where memory runs out."""

import pytest

from heta_core.errors import OutOfMemoryError
from heta_core.passes.batching import Room, in_batches


def _only(limit: int, tried: list[int]):
    def run(batch: slice) -> list[int]:
        tried.append(batch.stop - batch.start)
        if tried[-1] > limit:
            raise OutOfMemoryError("full")
        return list(range(batch.start, batch.stop))

    return run


@pytest.mark.parametrize(("n", "rows", "limit"), [(10, 4, 4), (10, 8, 3), (7, 100, 1), (0, 4, 4), (5, 3, 2)])
def test_every_row_is_run_once_and_in_order(n: int, rows: int, limit: int) -> None:
    found = list(in_batches(n, Room(rows), _only(limit, [])))
    assert [i for part in found for i in part] == list(range(n))


def test_a_batch_that_did_not_fit_is_not_tried_again() -> None:
    room, tried = Room(8), []
    list(in_batches(16, room, _only(2, tried)))
    assert tried == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2]
    assert room.rows == 2


def test_what_was_done_before_is_kept() -> None:
    steps = in_batches(4, Room(2), _only(1, []))
    assert next(steps) == [0]


def test_a_single_row_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(OutOfMemoryError, match="full"):
        list(in_batches(3, Room(4), _only(0, [])))
