"""A choice becomes a target, or a message that says what to do."""

from dataclasses import dataclass, field

import pytest

from heta_core.errors import InputError
from heta_core.targets import Choice, Target, position_of, resolve
from heta_core.tokens import Tokens, from_ids
from heta_core.typed import token_of


@dataclass
class Letters:
    """A tokenizer of one id a letter."""

    all_special_ids: list[int] = field(default_factory=list)

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return [ord(c) - ord("a") for c in text]

    def decode(self, token_ids: list[int], **_: bool) -> str:
        return "".join(chr(i + ord("a")) for i in token_ids)


LETTERS = Letters()
ABC = from_ids(LETTERS, [0, 1, 2])


def test_nothing_chosen_is_the_models_own_next_token() -> None:
    assert resolve(Choice(), ABC, 7, LETTERS, 26) == Target(3, 7, "h", False)


def test_a_position_is_the_token_that_stands_there() -> None:
    assert resolve(Choice(position=1), ABC, 7, LETTERS, 26) == Target(1, 1, "b", True)


def test_another_token_can_be_asked_for_at_any_position() -> None:
    assert resolve(Choice(position=2, token_id=5), ABC, 7, LETTERS, 26) == Target(2, 5, "f", False)
    assert resolve(Choice(token_id=5), ABC, 7, LETTERS, 26) == Target(3, 5, "f", False)


@pytest.mark.parametrize(
    ("choice", "tokens", "message"),
    [
        (Choice(), from_ids(LETTERS, [0]), "at least 2 tokens, got 1: add a word"),
        (Choice(position=0), ABC, "got 0: nothing precedes"),
        (Choice(position=-1), ABC, "from 1 to 3"),
        (Choice(position=4), ABC, "from 1 to 3"),
    ],
)
def test_a_place_that_does_not_exist_is_refused(choice: Choice, tokens: Tokens, message: str) -> None:
    with pytest.raises(InputError, match=message):
        position_of(choice, tokens)


@pytest.mark.parametrize("token_id", [-1, 26])
def test_an_id_outside_the_vocabulary_is_refused(token_id: int) -> None:
    with pytest.raises(InputError, match="from 0 to 25"):
        resolve(Choice(token_id=token_id), ABC, 0, LETTERS, 26)


def test_a_typed_target_of_several_tokens_offers_the_first() -> None:
    with pytest.raises(InputError, match=r"'bad' is 3: 'b' \+ 'a' \+ 'd'. Explain the first, 'b'"):
        token_of(LETTERS, "bad")
    with pytest.raises(InputError, match="empty"):
        token_of(LETTERS, "")
    assert token_of(LETTERS, "c") == 2
