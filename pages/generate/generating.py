"""The work of one continuation step by step: from what the reader asked for to a growing generation.

Ids stay ids: a branch or an edited prompt is made from the ids that were there, only typed text is cut into tokens.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heta_core.generated import GenerationAttribution
from heta_core.settings import Decoding, Settings, Weights
from heta_core.tokens import Segment, Tokens, extended, from_text, spliced
from heta_core.typed import as_cut, ids_of
from heta_core.views.film import is_curved
from pages.ui import allowed, engine_cache
from pages.ui.cost import told_steps
from pages.ui.engine_cache import Step
from pages.ui.question import ADAPTIVE

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a chat as it was typed."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Tokens start … stop−1 of the prompt give way to a typed word; to none where it is empty."""

    start: int
    stop: int
    word: str


@dataclass(frozen=True, slots=True)
class Request:
    """A continuation that is wanted."""

    model: str
    prompt: str | Tokens | tuple[Turn, ...]
    decoding: Decoding = Decoding()
    answer: str | tuple[int, ...] | None = None  # a continuation to explain as it is; nothing is generated
    n_prompt: int | None = None  # of `prompt` as tokens, how many are the prompt
    given: tuple[int, ...] = ()  # ids that the continuation begins with
    edit: Edit | None = None
    settings: Settings = ADAPTIVE
    may_download: bool = False
    ids: tuple[int, ...] = ()  # what a text from elsewhere was cut into; empty where this tokenizer decides
    segments: tuple[Segment, ...] = ()  # whose tokens these are, in a chat


def steps(request: Request, weights: Weights, look: Callable[[], int]) -> Iterator[Step]:
    """The work of a request; closing the generator ends it. `look` says which step the reader is at.

    Raises:
        HetaError: the model cannot be loaded, or the continuation not made.
    """
    lm = yield from engine_cache.loaded(request.model, request.may_download)
    generation = importlib.import_module("heta_core.generation")
    request = replace(request, settings=allowed.bounded(request.settings))
    prompt = _prompt(lm, request)
    allowed.check_length(lambda: _length(lm, prompt, request), "what is asked")
    if request.answer is None:
        partials = generation.generate_steps(
            lm,
            prompt,
            decoding=request.decoding,
            given=request.given,
            settings=request.settings,
            weights=weights,
            look=look,
        )
    else:
        answer = request.answer
        if not isinstance(answer, str):
            prompt = prompt if isinstance(prompt, Tokens) else from_text(lm.tokenizer, prompt)
            answer = extended(lm.tokenizer, prompt, answer)
        partials = generation.explain_steps(lm, prompt, answer, settings=request.settings, weights=weights, look=look)
    cost, is_measured = None, False
    for partial in partials:
        yield Step(doing(partial), partial.fraction if partial.steps else None, partial, cost)
        # Measuring takes seconds, so the text and a first picture come before it; what is long comes after.
        if partial.steps and not is_measured:
            cost, is_measured = told_steps(lm, partial.prompt, partial.n_new, request.settings), True


def _prompt(lm: "LanguageModel", request: Request) -> str | Tokens:
    """What the model reads before it goes on."""
    if isinstance(request.prompt, tuple):
        conversation = importlib.import_module("heta_core.conversation")
        messages = [conversation.Message(turn.role, turn.text) for turn in request.prompt]
        return conversation.chat(lm.tokenizer, messages)  # type: ignore[no-any-return]
    if isinstance(request.prompt, str) and request.ids:
        return replace(as_cut(lm.tokenizer, request.prompt, request.ids), segments=request.segments)
    if isinstance(request.prompt, str) or request.n_prompt is None:
        return request.prompt
    prompt = spliced(lm.tokenizer, request.prompt, request.n_prompt, len(request.prompt), ())
    if request.edit is None:
        return prompt
    edit = request.edit
    return spliced(lm.tokenizer, prompt, edit.start, edit.stop, ids_of(lm.tokenizer, edit.word) if edit.word else ())


def _length(lm: "LanguageModel", prompt: str | Tokens, request: Request) -> int:
    """Tokens of the prompt and of all that may follow it."""
    answer = request.answer
    more = ids_of(lm.tokenizer, answer) if isinstance(answer, str) else answer
    n = len(from_text(lm.tokenizer, prompt) if isinstance(prompt, str) else prompt)
    return n + (request.decoding.steps if more is None else len(more))


def doing(g: GenerationAttribution) -> str:
    """What comes next for a partial result."""
    if g.ending is None:
        return f"Writing: token {g.n_new + 1}"
    if not g.steps or g.at(0).gate is None:
        return "Transition of every step"
    if g.steps[0].information is None:
        return "KL of every step: masking word by word"
    return f"Hessian: {n_curved(g)} of {g.n_new} steps"


def n_curved(g: GenerationAttribution) -> int:
    """The steps whose Hessian is there in full."""
    return sum(is_curved(step) for step in g.steps)
