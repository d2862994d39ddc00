"""A context cut into groups of neighbouring tokens, each of which is scored as one block.

Groups are pairs (start, stop), in order, without gaps, from token 0 to the last of the context. A group of one token
is that token.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from heta_core.errors import InputError
from heta_core.tokens import Tokens

Groups = tuple[tuple[int, int], ...]


def singles(n: int) -> Groups:
    """Every token a group of its own."""
    return tuple((i, i + 1) for i in range(n))


def from_starts(starts: Iterable[int], n: int) -> Groups:
    """The groups of n tokens that begin at 0 and at every start in between."""
    return tuple(pairwise(sorted({0, n, *(start for start in starts if 0 < start < n)})))


def check(groups: Groups, n: int) -> None:
    """Refuse what does not cut n tokens.

    Raises:
        InputError: a group is empty, two leave a gap or overlap, or they end elsewhere.
    """
    edge = 0
    for k, (start, stop) in enumerate(groups):
        if start != edge or stop <= start:
            raise InputError(
                f"Groups must follow one another without gaps and hold a token each; group {k} is {start}:{stop} and "
                f"should begin at {edge}: write them as Python slices, in order."
            )
        edge = stop
    if edge != n:
        raise InputError(f"Groups must cover the {n} tokens that are scored, these cover {edge}: cut all of them.")


def opened(groups: Groups, k: int) -> Groups:
    """The same groups with the k-th split into its tokens.

    Raises:
        InputError: there is no such group.
    """
    if not 0 <= k < len(groups):
        raise InputError(f"The group to open must be 0 to {len(groups) - 1}, got {k}.")
    start, stop = groups[k]
    return (*groups[:k], *((i, i + 1) for i in range(start, stop)), *groups[k + 1 :])


def merged(groups: Groups, first: int, last: int) -> Groups:
    """The same groups with those from `first` to before `last` made one.

    Raises:
        InputError: those are not at least two of them.
    """
    if not 0 <= first < last - 1 < len(groups):
        raise InputError(f"A block is made of two or more of {len(groups)} groups, got {first} to {last}: mark others.")
    return (*groups[:first], (groups[first][0], groups[last - 1][1]), *groups[last:])


def joining(groups: Groups, stretches: Sequence[tuple[int, int]]) -> Groups:
    """The same groups with those from `first` to before `last` made one, for each pair of `stretches`.

    Raises:
        InputError: a stretch is empty, leaves the groups, or does not follow the one before.
    """
    found: list[tuple[int, int]] = []
    edge = 0
    for first, last in stretches:
        if not edge <= first < last <= len(groups):
            raise InputError(
                f"Stretches must follow one another inside {len(groups)} groups, got {first} to {last} after {edge}: "
                "mark others."
            )
        found += [*groups[edge:first], (groups[first][0], groups[last - 1][1])]
        edge = last
    return (*found, *groups[edge:])


def cut(groups: Groups, position: int) -> Groups:
    """The same groups before a position, every token from there on alone.

    So the tokens of an explained span, which explain those after them, are never lost in a block.
    """
    n = groups[-1][1]
    return (*fitted(groups, min(position, n)), *((i, i + 1) for i in range(position, n)))


def fitted(groups: Groups, n: int) -> Groups:
    """The groups of another context of the same text: cut off after n tokens, or tokens alone up to there."""
    kept = tuple((start, min(stop, n)) for start, stop in groups if start < n)
    done = kept[-1][1] if kept else 0
    return (*kept, *((i, i + 1) for i in range(done, n)))


def runs(groups: Groups, size: int) -> list[range]:
    """Which groups go together: neighbours of at most `size` tokens in all, and a longer one alone."""
    found: list[range] = []
    first = 0
    for k in range(1, len(groups) + 1):
        if k == len(groups) or groups[k][1] - groups[first][0] > size:
            found.append(range(first, k))
            first = k
    return found


def spanned(groups: Groups, members: range) -> tuple[int, int]:
    """The tokens start … stop−1 of some neighbouring groups."""
    return groups[members.start][0], groups[members.stop - 1][1]


def joined(tokens: Tokens, groups: Groups) -> Tokens:
    """The text in the pieces that are scored: each group as one piece, then the tokens that follow.

    A piece has the id of its first token. Groups that hold a token of no characters spell what each token spells.
    """
    rest = tuple((i, i + 1) for i in range(groups[-1][1], len(tokens)))
    ranges = (*groups, *rest)
    return Tokens(
        tuple(tokens.ids[start] for start, _ in ranges),
        tuple(_spelled(tokens, start, stop) for start, stop in ranges),
        tuple((tokens.spans[start][0], tokens.spans[stop - 1][1]) for start, stop in ranges),
        tuple(all(tokens.is_special[start:stop]) for start, stop in ranges),
        tokens.text,
    )


def _spelled(tokens: Tokens, start: int, stop: int) -> str:
    """What tokens start … stop−1 spell together; ids that share a character spell it once."""
    if stop - start == 1:
        return tokens.pieces[start]
    parts = [tokens.pieces[start]]
    for i in range(start + 1, stop):
        (a, b), before = tokens.spans[i], tokens.spans[i - 1]
        if (a, b) != before or a == b:
            parts.append(tokens.pieces[i])
    return "".join(parts)
