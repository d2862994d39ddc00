"""Continuations that fork from one that is there: another word forced, or a word of the prompt changed in place."""

from dataclasses import replace

from heta_core.errors import InputError
from heta_core.generated import GenerationAttribution
from heta_core.settings import Decoding
from heta_core.tokens import Tokens
from heta_core.views import words
from pages.generate import branches
from pages.generate.branches import Branch
from pages.generate.generating import Edit, Request


def force(branch: Branch, g: GenerationAttribution, position: int, token_id: int) -> None:
    """The same ids up to a place, there another one, and the decoding goes on.

    Raises:
        InputError: the id is none of the alternatives.
    """
    k = position - g.n_prompt
    if not 0 <= k < len(g.steps) or token_id == g.tokens.ids[position]:
        return
    said = {c.token_id: c.piece for c in g.steps[k].prediction.candidates}
    if token_id not in said:
        raise InputError(f"Step {k + 1} can only be forced to a listed alternative, got the id {token_id}: pick one.")
    given = (*g.tokens.ids[g.n_prompt : position], token_id)
    name = f"{words.quoted(said[token_id])} forced at step {k + 1}"
    branches.ask(Branch(name, parent=branch.number, step=k), replace(_again(g), given=given))


def change_word(branch: Branch, g: GenerationAttribution, position: int, word: str | None) -> None:
    """The same decoding after a prompt in which one word is another, or gone where that is None.

    Raises:
        InputError: there is no such word in the prompt, or nothing to put in its place.
    """
    if position >= g.n_prompt:
        raise InputError("A word of the prompt can be changed, this one was generated: force another in its place.")
    start, stop = word_at(g.tokens, position)
    before = g.tokens.text[g.tokens.spans[start][0] : g.tokens.spans[stop - 1][1]]
    name, typed = f"without {words.quoted(before)}", ""
    if word is not None:
        if not word.strip():
            raise InputError("A word is needed to put in its place, got nothing: type one, or delete the word.")
        typed = before[: len(before) - len(before.lstrip())] + word.strip()
        name = f"{words.quoted(before)} → {words.quoted(word)}"
    edited = replace(_again(g), edit=Edit(start, min(stop, g.n_prompt), typed))
    branches.ask(Branch(name, parent=branch.number), edited)


def _again(g: GenerationAttribution) -> Request:
    """The request that this generation answers, its continuation left open."""
    decoding = g.decoding or Decoding(steps=max(1, g.n_new))
    return Request(g.source.model, g.tokens, decoding, n_prompt=g.n_prompt, settings=g.settings)


def word_at(tokens: Tokens, position: int) -> tuple[int, int]:
    """The tokens a … b−1 of the word that one of them is a part of.

    Raises:
        InputError: the token was added by the tokenizer or the template.
    """
    a, b = tokens.spans[position]
    kind = next((s.kind for s in tokens.segments if s.start <= position < s.stop), "content")
    if tokens.is_special[position] or a == b or kind != "content":
        raise InputError("A word that somebody wrote can be changed; this one was added around it: pick another one.")
    start, stop = position, position + 1
    while start > 0 and _goes_on(tokens, start):
        start -= 1
    while stop < len(tokens) and _goes_on(tokens, stop):
        stop += 1
    return start, stop


def _goes_on(tokens: Tokens, i: int) -> bool:
    """Token i belongs to the same word as the one before it."""
    a, b = tokens.spans[i]
    if a == b or tokens.is_special[i] or tokens.is_special[i - 1]:
        return False
    return tokens.spans[i - 1] == (a, b) or (a > 0 and tokens.text[a - 1].isalnum() and tokens.text[a].isalnum())
