"""What the reader wants explained: ids from a click, typed words, and whether a result is the answer."""

from dataclasses import dataclass, replace

from heta_core.attribution import Attribution
from heta_core.grouping import GROUPINGS, Grouping, named, resolve
from heta_core.groups import Groups, cut, fitted
from heta_core.settings import Settings
from heta_core.targets import Choice, position_of
from heta_core.tokens import Tokenizer, Tokens, from_text, pieces_of, spliced
from heta_core.typed import as_cut, ids_of, token_of

_FULL = Settings().probes
# What the pages ask for: a preview at once, then probes where the score is decided.
ADAPTIVE = Settings(probes="auto")


@dataclass(frozen=True, slots=True)
class Question:
    """What the reader wants explained. Ids stay ids: only a text that was typed is cut into tokens."""

    model: str
    text: str | Tokens
    choice: Choice = Choice()
    settings: Settings = ADAPTIVE
    word: str | None = None  # a typed next word, which only the tokenizer can turn into an id
    may_download: bool = False
    foil: str | None = None  # typed, in the place of `choice.foil`
    is_whole: bool = False  # all of the typed foil against all of what is said; else the first token that differs
    said: tuple[int, ...] = ()  # put in the place of the tokens that `choice` names by position and stop
    groups: Grouping | Groups | None = None  # blocks that are scored; those of another context are cut to this one
    ids: tuple[int, ...] = ()  # what a text from elsewhere was cut into; empty where this tokenizer decides

    def is_answered_by(self, result: Attribution) -> bool:
        """The result is what this question would come to. What a typed foil comes to, only the tokenizer can say."""
        if self.foil is not None or not self._is_about(result) or result.groups != self._groups_of(result):
            return False
        n, target, choice = len(result.tokens), result.target, self.choice
        position = n if choice.position is None else choice.position
        stop = position + len(self.said) if self.said else choice.stop or position + 1
        foil = choice.foil if choice.stop is not None else choice.foil[:1]
        if (target.position, target.stop) != (position, stop):
            return False
        if (tuple(said.token_id for said in target.foil), target.asked) != (foil, choice.asked):
            return False
        if self.word is not None:
            return self.word == target.piece
        if choice.token_id is not None:
            return choice.token_id == target.token_id
        return target.is_observed if position < n else result.prediction.rank == 1

    def _is_about(self, result: Attribution) -> bool:
        """The same model, settings and text."""
        if self.model != result.source.model or not _satisfies(result.settings, self.settings):
            return False
        if isinstance(self.text, str):
            return self.text == result.tokens.text and self.ids in ((), result.tokens.ids)
        if not self.said:
            return self.text == result.tokens
        before, after = self.text.ids[: self.choice.position], self.text.ids[self.choice.stop :]
        return (*before, *self.said, *after) == result.tokens.ids

    def _groups_of(self, result: Attribution) -> Groups | None:
        """The blocks that this question means in the context of a result."""
        if isinstance(self.groups, tuple):
            return cut(fitted(self.groups, result.n_context), result.target.position)
        return resolve(self.groups, result.tokens, result.n_context, result.target.position)

    def blocks(self, tokens: Tokens | str, choice: Choice) -> Grouping | Groups | None:
        """What the engine is asked to score, once the text and the choice are read."""
        if not isinstance(self.groups, tuple) or isinstance(tokens, str):
            return self.groups
        position = position_of(choice, tokens)
        n = position if choice.stop is None or choice.foil else choice.stop - 1
        return cut(fitted(self.groups, n), position)

    def read(self, tokenizer: Tokenizer) -> tuple[str | Tokens, Choice]:
        """What the engine is asked, typed words as ids.

        Raises:
            InputError: a typed word cannot be used, or the ids spell another text.
        """
        text, choice = self.text, self.choice
        if self.ids and isinstance(text, str):
            text = as_cut(tokenizer, text, self.ids)
        if self.word is not None:
            choice = replace(choice, token_id=token_of(tokenizer, self.word))
        if self.said and isinstance(text, Tokens) and choice.position is not None and choice.stop is not None:
            text = spliced(tokenizer, text, choice.position, choice.stop, self.said)
            choice = replace(choice, stop=choice.position + len(self.said))
        if self.foil is None:
            return text, choice
        tokens = from_text(tokenizer, text) if isinstance(text, str) else text
        return _against(tokenizer, tokens, choice, ids_of(tokenizer, self.foil), is_whole=self.is_whole)


def _satisfies(had: Settings, wanted: Settings) -> bool:
    """Settings are the wanted ones, or give every token as many probes as auto gives those that count."""
    had, wanted = had.asked, wanted.asked
    is_full = had.estimator == "block_probes" and isinstance(had.probes, int) and had.probes >= _FULL
    return had == wanted or (is_full and wanted == replace(had, probes="auto"))


def scored(result: Attribution) -> Grouping | Groups | None:
    """What a result scores: tokens, words or sentences by rule, or the blocks that somebody marked."""
    name = named(result.groups, result.tokens, result.target.position)
    return next((grouping for grouping in GROUPINGS if grouping == name), result.groups)


def rule(result: Attribution | None) -> Grouping | None:
    """The same for another text, where marked blocks mean nothing."""
    found = None if result is None else scored(result)
    return None if isinstance(found, tuple) else found


def _against(
    tokenizer: Tokenizer, tokens: Tokens, choice: Choice, foil: tuple[int, ...], *, is_whole: bool
) -> tuple[Tokens, Choice]:
    """What a choice names rather than a foil: all of both, or the first tokens that differ."""
    position = position_of(choice, tokens)
    standing = tokens.ids[position : choice.stop or position + 1]
    said = standing if choice.token_id is None else (choice.token_id,)
    if not said:  # the model's own choice, known once it has run
        return tokens, replace(choice, foil=foil)
    if len(said) == len(foil) == 1:
        return tokens, Choice(position, said[0], foil=foil)
    if is_whole:
        if said != standing:  # the text goes on as said, so that it can be read after it
            tokens = spliced(tokenizer, tokens, position, len(tokens), said)
        return tokens, Choice(position, stop=position + len(said), foil=foil)
    # Where one is the beginning of the other nothing differs, and the engine refuses the choice of their first tokens.
    k = next((k for k, (a, b) in enumerate(zip(said, foil, strict=False)) if a != b), 0)
    texts = ("".join(pieces_of(tokenizer, said)), "".join(pieces_of(tokenizer, foil)))
    return tokens, Choice(position + k, said[k], foil=foil[k:], asked=texts)
