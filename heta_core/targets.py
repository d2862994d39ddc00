"""What is being explained: one token at one position, from the tokens before it."""

from dataclasses import dataclass

from heta_core.errors import InputError
from heta_core.tokens import Tokenizer, Tokens, from_ids, piece_of

# With fewer there is nothing to compare: a single context token always takes the whole score.
_FEWEST_TOKENS = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader asks for, before the model has run.

    position: where the target stands; None is the place after the last token.
    token_id: the target; None is the token that stands there, or after the text the model's own choice.
    """

    position: int | None = None
    token_id: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The explained token. Its context is the tokens 0 … position − 1, so T = position."""

    position: int
    token_id: int
    piece: str
    is_observed: bool  # it stands in the text at this position


def position_of(choice: Choice, tokens: Tokens) -> int:
    """T, the number of context tokens that a choice leaves.

    Raises:
        InputError: fewer than two tokens, or a position outside 1 … N.
    """
    n = len(tokens)
    if n < _FEWEST_TOKENS:
        raise InputError(f"Need at least {_FEWEST_TOKENS} tokens, got {n}: add a word.")
    if choice.position is None:
        return n
    if not 1 <= choice.position <= n:
        raise InputError(
            f"The target must stand at a position from 1 to {n} ({n} is the next token), got {choice.position}"
            + (": nothing precedes the token at 0." if choice.position == 0 else ".")
        )
    return choice.position


def resolve(choice: Choice, tokens: Tokens, own_choice: int, tokenizer: Tokenizer, vocabulary: int) -> Target:
    """The target that a choice names, once the model's own choice at that position is known.

    Raises:
        InputError: the position or the id does not exist.
    """
    position = position_of(choice, tokens)
    standing = tokens.ids[position] if position < len(tokens) else None
    token_id = choice.token_id
    if token_id is None:
        token_id = own_choice if standing is None else standing
    if not 0 <= token_id < vocabulary:
        raise InputError(f"The target id must be from 0 to {vocabulary - 1}, got {token_id}.")
    is_observed = token_id == standing
    piece = tokens.pieces[position] if is_observed else piece_of(tokenizer, token_id)
    return Target(position, token_id, piece, is_observed)


def token_of(tokenizer: Tokenizer, text: str) -> int:
    """The one id that spells a typed target.

    Raises:
        InputError: the text is empty or is several tokens; the message names them and offers the first.
    """
    if not text:
        raise InputError("A target word is needed, got an empty text.")
    ids = tokenizer.encode(text, add_special_tokens=False)
    if len(ids) > 1 and text.startswith(" "):
        # Some tokenizers put a space before every text: there " garden" is the one id of "garden".
        bare = tokenizer.encode(text[1:], add_special_tokens=False)
        if len(bare) == 1 and piece_of(tokenizer, bare[0]) == text:
            return bare[0]
    if len(ids) != 1:
        pieces = from_ids(tokenizer, ids).pieces
        raise InputError(
            f"The target must be one token, but {text!r} is {len(ids)}: "
            + " + ".join(repr(piece) for piece in pieces)
            + (f". Explain the first, {pieces[0]!r}, or a shorter word." if pieces else ".")
        )
    return ids[0]
