"""What is being explained: a token, a span of the text, or one thing rather than another.

1. A `Choice` is what a reader asks for, before the model has run.
2. `resolve` turns it into a `Target`, the tokens that are explained, once the model's own choice is known.
3. `objective` turns that into f, a signed sum of log-probabilities: the one function that every component looks at.
"""

from dataclasses import dataclass, replace
from typing import Literal

from heta_core.errors import InputError
from heta_core.tokens import Tokenizer, Tokens, piece_of, pieces_of

# With fewer there is nothing to compare: a single context token always takes the whole score.
_FEWEST_TOKENS = 2

Kind = Literal["token", "span", "contrast", "string contrast"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader asks for, before the model has run.

    position: where the target stands; None is the place after the last token.
    token_id: the target; None is the token that stands there, or after the text the model's own choice.
    stop: the tokens position … stop−1 of the text are explained together.
    foil: what the model might have said there instead. Against one token its first token is compared; with `stop`,
        the whole of it is compared with the whole span.
    asked: the two texts of a contrast as they were typed, kept beside the tokens that are compared.
    """

    position: int | None = None
    token_id: int | None = None
    stop: int | None = None
    foil: tuple[int, ...] = ()
    asked: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A token that the model says, or might have said."""

    token_id: int
    piece: str


@dataclass(frozen=True, slots=True)
class Target:
    """The explained tokens: one, or with `rest` a span, or with `foil` one thing rather than another."""

    position: int  # of the first
    token_id: int
    piece: str
    is_observed: bool  # it stands in the text at this position
    rest: tuple[Said, ...] = ()  # the further tokens of a span
    foil: tuple[Said, ...] = ()  # what it is compared with
    asked: tuple[str, str] | None = None  # the two texts of a contrast, where only their first difference is compared

    @property
    def kind(self) -> Kind:
        """A span of one token is a token; a contrast of single tokens is one at any wish."""
        if not self.foil:
            return "span" if self.rest else "token"
        return "string contrast" if self.rest or len(self.foil) > 1 else "contrast"

    @property
    def said(self) -> tuple[Said, ...]:
        """Every explained token, in order."""
        return (Said(self.token_id, self.piece), *self.rest)

    @property
    def text(self) -> str:
        """What the explained tokens spell."""
        return "".join(said.piece for said in self.said)

    @property
    def foil_text(self) -> str:
        """What the foil spells."""
        return "".join(said.piece for said in self.foil)

    @property
    def stop(self) -> int:
        """One past the last explained token."""
        return self.position + 1 + len(self.rest)

    @property
    def n_context(self) -> int:
        """T, the tokens that are scored: all that precede the last explained one.

        The tokens of a span explain those after them. Two strings that are compared share only what precedes both.
        """
        return self.position if self.foil else self.stop - 1


@dataclass(frozen=True, slots=True)
class Term:
    """weight · log p(token_id), predicted at `row` from the tokens up to and with it."""

    row: int
    token_id: int
    weight: int  # +1 for what is said, −1 for the foil


@dataclass(frozen=True, slots=True)
class Line:
    """One sequence that the model reads, and what of its predictions counts."""

    ids: tuple[int, ...]
    terms: tuple[Term, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """Where it is read, in order; the last is the last token."""
        return tuple(dict.fromkeys(term.row for term in self.terms))


@dataclass(frozen=True, slots=True)
class Objective:
    """f = Σ weight · log p, in nats, as a function of the first T tokens, which every line begins with.

    A token, a span and a contrast of tokens are one line. A contrast of strings is two: what is said, then the foil.
    """

    n_context: int  # T
    lines: tuple[Line, ...]


def next_token(ids: tuple[int, ...], token_id: int) -> Objective:
    """f = log p of one token after some ids."""
    return Objective(len(ids), (Line(ids, (Term(len(ids) - 1, token_id, 1),)),))


def position_of(choice: Choice, tokens: Tokens) -> int:
    """Where the target stands; also the number of tokens before it.

    Raises:
        InputError: fewer than two tokens, or a position or span outside the text.
    """
    n = len(tokens)
    if n < _FEWEST_TOKENS:
        raise InputError(f"Need at least {_FEWEST_TOKENS} tokens, got {n}: add a word.")
    position = n if choice.position is None else choice.position
    if not 1 <= position <= n:
        raise InputError(
            f"The target must stand at a position from 1 to {n} ({n} is the next token), got {position}"
            + (": nothing precedes the token at 0." if position == 0 else ".")
        )
    if choice.stop is not None and not position < choice.stop <= n:
        raise InputError(
            f"A span must begin before it ends, inside the text of {n} tokens, got {position}:{choice.stop}: "
            "give a:b with 1 ≤ a < b ≤ " + f"{n}, as in Python slices."
        )
    return position


def resolve(choice: Choice, tokens: Tokens, own_choice: int, tokenizer: Tokenizer, vocabulary: int) -> Target:
    """The target that a choice names, once the model's own choice at that position is known.

    Raises:
        InputError: the position or an id does not exist, or the foil is what it is compared with.
    """
    position = position_of(choice, tokens)
    standing = tokens.ids[position] if position < len(tokens) else None
    if choice.stop is not None and choice.token_id not in (None, standing):
        raise InputError("A span explains the tokens that stand in the text: leave out token_id.")
    token_id = choice.token_id
    if token_id is None:
        token_id = own_choice if standing is None else standing
    for one in (token_id, *choice.foil):
        if not 0 <= one < vocabulary:
            raise InputError(f"The target id must be from 0 to {vocabulary - 1}, got {one}.")
    is_observed = token_id == standing
    piece = tokens.pieces[position] if is_observed else piece_of(tokenizer, token_id)
    inside = range(position + 1, position + 1 if choice.stop is None else choice.stop)
    rest = tuple(Said(tokens.ids[i], tokens.pieces[i]) for i in inside)
    target = Target(position, token_id, piece, is_observed, rest)
    return _against(target, choice, tokenizer) if choice.foil else target


def _against(target: Target, choice: Choice, tokenizer: Tokenizer) -> Target:
    """The target rather than its foil."""
    foil = tuple(Said(i, piece) for i, piece in zip(choice.foil, pieces_of(tokenizer, choice.foil), strict=True))
    said_ids = tuple(said.token_id for said in target.said)
    if said_ids[: len(foil)] == choice.foil or choice.foil[: len(said_ids)] == said_ids:
        raise InputError(
            f"A contrast needs two different things, got {target.text!r} and {''.join(f.piece for f in foil)!r}: one "
            "is the beginning of the other, so there is nothing to compare; name another foil."
        )
    if choice.stop is not None:
        return replace(target, foil=foil)
    whole = (target.text, "".join(f.piece for f in foil))
    return replace(target, foil=foil[:1], asked=choice.asked or (whole if len(foil) > 1 else None))


def as_asked(target: Target) -> Choice:
    """The choice that leads to a target again."""
    foil = tuple(said.token_id for said in target.foil)
    if target.rest or len(foil) > 1:
        return Choice(target.position, stop=target.stop, foil=foil)
    return Choice(target.position, target.token_id, foil=foil, asked=target.asked)


def objective(target: Target, tokens: Tokens) -> Objective:
    """f of a target: log p of a token, their sum over a span, or the difference from the foil."""
    before = tokens.ids[: target.position]
    said = tuple(s.token_id for s in target.said)
    foil = tuple(f.token_id for f in target.foil)
    if target.kind == "contrast":
        terms = (*_terms(target.position, said, 1), *_terms(target.position, foil, -1))
        return Objective(target.n_context, (Line(before, terms),))
    lines = [Line((*before, *said[:-1]), _terms(target.position, said, 1))]
    if foil:
        lines.append(Line((*before, *foil[:-1]), _terms(target.position, foil, -1)))
    return Objective(target.n_context, tuple(lines))


def _terms(position: int, ids: tuple[int, ...], weight: int) -> tuple[Term, ...]:
    return tuple(Term(position - 1 + k, token_id, weight) for k, token_id in enumerate(ids))
