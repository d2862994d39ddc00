"""Words that a reader types, as ids: the only text that is ever cut into tokens beside a prompt."""

from heta_core.errors import InputError
from heta_core.targets import Choice
from heta_core.tokens import Tokenizer, Tokens, check_text, extended, from_ids, from_text, n_common, pieces_of


def token_of(tokenizer: Tokenizer, text: str) -> int:
    """The one id that spells a typed target.

    Raises:
        InputError: the text is empty or is several tokens; the message names them and offers the first.
    """
    ids = ids_of(tokenizer, text)
    if len(ids) != 1:
        pieces = pieces_of(tokenizer, ids)
        raise InputError(
            f"The target must be one token, but {text!r} is {len(ids)}: "
            + " + ".join(repr(piece) for piece in pieces)
            + (f". Explain the first, {pieces[0]!r}, or a shorter word." if pieces else ".")
        )
    return ids[0]


def ids_of(tokenizer: Tokenizer, text: str) -> tuple[int, ...]:
    """The ids that spell a typed text in the middle of another.

    Raises:
        InputError: the text is empty or holds half a surrogate pair.
    """
    if not text:
        raise InputError("A target word is needed, got an empty text.")
    check_text(text)
    ids = tokenizer.encode(text, add_special_tokens=False)
    if text.startswith(" ") and len(text) > 1:
        # Some tokenizers put a space before every text: there " garden" is what "garden" already spells.
        bare = tokenizer.encode(text[1:], add_special_tokens=False)
        if len(bare) < len(ids) and "".join(pieces_of(tokenizer, bare)) == text:
            return tuple(bare)
    return tuple(ids)


def as_cut(tokenizer: Tokenizer, text: str, ids: tuple[int, ...]) -> Tokens:
    """A text that is known to have been cut into these ids.

    Raises:
        InputError: with this tokenizer the ids spell another text.
    """
    tokens = from_text(tokenizer, text)
    if tokens.ids == ids:
        return tokens
    # The same text in another cut: no tokenizer cuts as somebody does who adds token after token.
    special = frozenset(tokenizer.all_special_ids)
    before = next((k for k, i in enumerate(ids) if i not in special), len(ids))
    other = from_ids(tokenizer, ids, n_added=(before, 0))
    if other.text != text:
        raise InputError(
            f"The text of this link is {len(tokens)} tokens for this model, and the {len(ids)} that came with it spell "
            "another text: it was made with another model; ask about the text anew."
        )
    return other


def contrast(
    tokenizer: Tokenizer, tokens: Tokens, said: str, foil: str, *, is_whole: bool = False
) -> tuple[Tokens, Choice]:
    """What to explain so that two typed texts are compared after a text: its tokens, and the choice.

    Where both are tokens, or only their first difference is asked for, what they begin with in common joins the text
    and the first tokens that differ are compared. With `is_whole` all of one is compared with all of the other.

    Raises:
        InputError: a text is empty, or one is the beginning of the other.
    """
    one, other = ids_of(tokenizer, said), ids_of(tokenizer, foil)
    n_same = n_common(one, other)
    if n_same == min(len(one), len(other)):
        raise InputError(
            f"A contrast needs two different things, got {said!r} and {foil!r}: one is the beginning of the other, so "
            "there is nothing to compare; name another foil."
        )
    if is_whole:
        n = len(tokens)
        return extended(tokenizer, tokens, one), Choice(n, stop=n + len(one), foil=other)
    longer = extended(tokenizer, tokens, one[:n_same])
    asked = (said, foil) if len(one) + len(other) > 2 else None
    return longer, Choice(token_id=one[n_same], foil=other[n_same:], asked=asked)
