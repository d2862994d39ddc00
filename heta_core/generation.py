"""Generation with attribution: a continuation, and why each of its tokens was said.

1. What was given or forced comes first, then the text grows token by token, on ids.
2. `stepwise` explains every token of it.
"""

from collections.abc import Sequence
from dataclasses import replace

from heta_core.engine import method_of
from heta_core.errors import InputError
from heta_core.generated import GenerationAttribution
from heta_core.language_model import LanguageModel, check_length
from heta_core.passes.decoding import continuation, ending
from heta_core.settings import Decoding, Settings, Weights
from heta_core.stepwise import Growing, Look, explained
from heta_core.timing import timed
from heta_core.tokens import Tokens, extended, from_text, n_common
from heta_core.typed import ids_of


def generate(
    lm: LanguageModel,
    prompt: str | Tokens,
    *,
    decoding: Decoding = Decoding(),
    given: Sequence[int] = (),
    settings: Settings = Settings(),
    weights: Weights = Weights(),
) -> GenerationAttribution:
    """What the model says after a prompt, and why it said each token: `generate_steps` run to its end.

    Raises:
        InputError: the prompt cannot be used, or leaves no room for a token.
        SettingsError: an option does not fit the model.
        UnsupportedModelError: the mask cannot be used on this family.
        NotDifferentiableError: the model has no finite second derivative.
        OutOfMemoryError: the work does not fit into memory.
    """
    *_, result = generate_steps(lm, prompt, decoding=decoding, given=given, settings=settings, weights=weights)
    return result


def generate_steps(
    lm: LanguageModel,
    prompt: str | Tokens,
    *,
    decoding: Decoding = Decoding(),
    given: Sequence[int] = (),
    settings: Settings = Settings(),
    weights: Weights = Weights(),
    look: Look | None = None,
) -> Growing:
    """The same, as it becomes known: the text as it grows, then every step's transition, KL, and Hessian.

    Args:
        prompt: a text, or tokens, those of a chat among them.
        given: ids that the continuation begins with, before the decoding chooses: a branch.
        look: which step comes first, counted from 0; asked before every piece of work, so it may change meanwhile.
    """
    tokens = prompt if isinstance(prompt, Tokens) else from_text(lm.tokenizer, prompt)
    begun = _begun(lm, tokens, given, settings, weights)
    return _generated(lm, replace(begun, decoding=decoding), look)


def explain(
    lm: LanguageModel,
    prompt: str | Tokens,
    answer: str | Tokens,
    *,
    settings: Settings = Settings(),
    weights: Weights = Weights(),
) -> GenerationAttribution:
    """Why the model would say each token of a given answer: `explain_steps` run to its end.

    Raises: as `generate`.
    """
    *_, result = explain_steps(lm, prompt, answer, settings=settings, weights=weights)
    return result


def explain_steps(
    lm: LanguageModel,
    prompt: str | Tokens,
    answer: str | Tokens,
    *,
    settings: Settings = Settings(),
    weights: Weights = Weights(),
    look: Look | None = None,
) -> Growing:
    """The same, as it becomes known. Nothing is generated.

    Args:
        answer: a text that is appended, or the tokens of prompt and answer together.

    Raises:
        InputError: the answer is empty, or its tokens do not begin with the prompt's.
    """
    tokens = prompt if isinstance(prompt, Tokens) else from_text(lm.tokenizer, prompt)
    begun = _begun(lm, tokens, _continuing(lm, tokens, answer), settings, weights)
    return explained(lm, replace(begun, ending="given"), look)


def _continuing(lm: LanguageModel, prompt: Tokens, answer: str | Tokens) -> tuple[int, ...]:
    """The ids of an answer."""
    if isinstance(answer, str):
        return ids_of(lm.tokenizer, answer)
    n = len(prompt)
    if answer.ids[:n] != prompt.ids:
        raise InputError(
            f"The answer must go on from the prompt's {n} tokens, but only its first "
            f"{n_common(answer.ids, prompt.ids)} are the same: give both together as ids, or the answer alone as text."
        )
    if len(answer) == n:
        raise InputError("An answer is needed after the prompt, got none: add a token.")
    return answer.ids[n:]


def _begun(
    lm: LanguageModel, prompt: Tokens, given: Sequence[int], settings: Settings, weights: Weights
) -> GenerationAttribution:
    if not len(prompt):
        raise InputError("A prompt is needed, got an empty text: write at least one word.")
    unknown = next((i for i in given if not 0 <= i < lm.vocabulary), None)
    if unknown is not None:
        raise InputError(f"Given ids must be from 0 to {lm.vocabulary - 1}, got {unknown}.")
    tokens = extended(lm.tokenizer, prompt, given)
    check_length(lm, len(tokens))
    return GenerationAttribution(
        tokens=tokens,
        n_prompt=len(prompt),
        n_given=len(given),
        decoding=None,
        ending=None,
        settings=settings,
        source=lm.source,
        weights=weights,
        method=method_of(lm),
    )


def _generated(lm: LanguageModel, grown: GenerationAttribution, look: Look | None) -> Growing:
    """The text token by token, then why."""
    ids, n_prompt, decoding = grown.tokens.ids, grown.n_prompt, grown.decoding
    assert decoding is not None
    grown = replace(grown, ending=ending(lm, ids, decoding, n_prompt=n_prompt))
    yield grown
    spent = 0.0
    for chosen, seconds in timed(continuation(lm, ids, decoding, n_prompt=n_prompt)):
        spent += seconds
        tokens = extended(lm.tokenizer, grown.tokens, (chosen.token_id,))
        grown = replace(grown, tokens=tokens, ending=chosen.ending, seconds=(("text", spent),))
        yield grown
    yield from explained(lm, grown, look)
