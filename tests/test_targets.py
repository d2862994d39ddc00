"""A choice becomes a target, or a message that says what to do."""

from dataclasses import dataclass, field

import pytest

from heta_core.errors import InputError
from heta_core.targets import Choice, Line, Objective, Said, Target, Term, next_token, objective, position_of, resolve
from heta_core.tokens import Tokens, from_ids
from heta_core.typed import contrast, token_of


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
ABCDE = from_ids(LETTERS, [0, 1, 2, 3, 4])


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
    with pytest.raises(InputError, match="surrogate"):
        token_of(LETTERS, "a\ud800")
    assert token_of(LETTERS, "c") == 2


def asked(choice: Choice) -> Target:
    return resolve(choice, ABCDE, 7, LETTERS, 26)


def test_each_choice_becomes_its_kind_with_its_own_context() -> None:
    kinds = {
        Choice(): ("token", 5),
        Choice(2): ("token", 2),
        Choice(2, stop=3): ("token", 2),
        Choice(2, stop=5): ("span", 4),
        Choice(2, foil=(9,)): ("contrast", 2),
        Choice(2, foil=(9, 8)): ("contrast", 2),
        Choice(2, stop=3, foil=(9,)): ("contrast", 2),
        Choice(2, stop=4, foil=(9,)): ("string contrast", 2),
        Choice(2, stop=3, foil=(9, 8)): ("string contrast", 2),
    }
    assert {choice: (asked(choice).kind, asked(choice).n_context) for choice in kinds} == kinds


def test_a_span_names_all_its_tokens() -> None:
    target = asked(Choice(2, stop=5))
    assert (target.text, target.stop, target.rest) == ("cde", 5, (Said(3, "d"), Said(4, "e")))


def test_a_foil_of_several_tokens_is_compared_by_its_first_and_says_so() -> None:
    target = asked(Choice(2, foil=(9, 8)))
    assert target.foil == (Said(9, "j"),) and target.asked == ("c", "ji")
    assert asked(Choice(2, foil=(9,))).asked is None


@pytest.mark.parametrize("foil", [(2,), (2, 3), (7,)])
def test_a_foil_that_begins_like_the_target_is_refused(foil: tuple[int, ...]) -> None:
    choice = Choice(None if foil == (7,) else 2, foil=foil)
    with pytest.raises(InputError, match="two different things"):
        asked(choice)


def test_f_is_a_signed_sum_over_lines_that_share_the_context() -> None:
    assert objective(asked(Choice(2)), ABCDE) == next_token((0, 1), 2)
    span = objective(asked(Choice(3, stop=5)), ABCDE)
    assert span == Objective(4, (Line((0, 1, 2, 3), (Term(2, 3, 1), Term(3, 4, 1))),))
    one = objective(asked(Choice(3, foil=(9,))), ABCDE)
    assert one == Objective(3, (Line((0, 1, 2), (Term(2, 3, 1), Term(2, 9, -1))),)) and one.lines[0].rows == (2,)
    strings = objective(asked(Choice(3, stop=4, foil=(9, 8))), ABCDE)
    foil = Line((0, 1, 2, 9), (Term(2, 9, -1), Term(3, 8, -1)))
    assert strings == Objective(3, (Line((0, 1, 2), (Term(2, 3, 1),)), foil))


def test_typed_texts_are_compared_where_they_first_differ() -> None:
    tokens, choice = contrast(LETTERS, ABC, "hat", "ham")
    assert tokens.text == "abcha" and choice == Choice(token_id=19, foil=(12,), asked=("hat", "ham"))
    tokens, choice = contrast(LETTERS, ABC, "x", "y")
    assert tokens == ABC and choice == Choice(token_id=23, foil=(24,))


def test_whole_typed_texts_are_compared_on_the_side() -> None:
    tokens, choice = contrast(LETTERS, ABC, "hat", "ham", is_whole=True)
    assert tokens.text == "abchat" and choice == Choice(3, stop=6, foil=(7, 0, 12))
    assert resolve(choice, tokens, 0, LETTERS, 26).foil_text == "ham"


@pytest.mark.parametrize(("said", "foil"), [("a", "a"), ("ha", "hat"), ("hat", "ha"), ("", "a"), ("a", "")])
def test_typed_texts_that_do_not_differ_are_refused(said: str, foil: str) -> None:
    with pytest.raises(InputError, match=r"two different things|empty text"):
        contrast(LETTERS, ABC, said, foil)
