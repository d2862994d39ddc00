"""Questions about Littletown whose evidence a model is known to follow.

Evidence that is known by construction is evidence only for a model that reads it: with another word written into it,
the answer must become that word. Both orders of a question count, or neither.
"""

from collections.abc import Iterable, Iterator

from heta_core.datasets import Dataset, Example, Refused
from heta_core.datasets._littletown import both_orders
from heta_core.errors import InputError
from heta_core.evidence import follows
from heta_core.language_model import LanguageModel
from heta_core.littletown.lessons import Instance

# Those that can be asked in both orders.
SKILLS = ("where", "have", "colour", "who", "gave", "continuation", "pronoun", "two-step")
WHY = "the model does not follow: with another word in the evidence its answer is not that word"
_MOST_ASKED = 32  # questions for each that is wanted

_Pair = tuple[tuple[Instance, Example], ...]


def verified(lm: LanguageModel, n: int, seed: int, skills: tuple[str, ...] = SKILLS) -> Dataset:
    """n examples in both orders, skills taking turns; those that did not count until then are its refused rows.

    Whether the answer itself is right does not matter: a model may follow its evidence and be unsure, or wrong.

    Raises:
        InputError: n is odd or less than 2, or the model follows the evidence too seldom.
    """
    if n < 2 or n % 2:
        raise InputError(f"Need an even number of examples, two orders of each question, got {n}: ask for {n + n % 2}.")
    n_each = -(-n // (2 * len(skills)))
    for times in (1, 4, _MOST_ASKED):
        asked = [list(both_orders(skill, times * n_each, seed)) for skill in skills]
        found = [_sorted(lm, questions) for questions in asked]
        if all(sum(does for _, does in one) >= n_each for one in found):
            return _dataset(lm, [_until(one, n_each) for one in found], n)
    short = [skill for skill, one in zip(skills, found, strict=True) if sum(does for _, does in one) < n_each]
    raise InputError(
        f"Need {n_each} questions of each skill whose evidence {lm.source.model} follows, found fewer of "
        f"{', '.join(short)} among {_MOST_ASKED * n_each}: ask for fewer, or of other skills."
    )


def _sorted(lm: LanguageModel, questions: list[_Pair]) -> list[tuple[_Pair, bool]]:
    """Each question, and whether the model follows in every order of it."""
    found = iter(follows(lm, [instance for question in questions for instance, _ in question]))
    return [(question, all([next(found) for _ in question])) for question in questions]


def _until(found: list[tuple[_Pair, bool]], n: int) -> list[tuple[_Pair, bool]]:
    """As many as were looked at before there were n that count."""
    places = [place for place, (_, does) in enumerate(found) if does]
    return found[: places[n - 1] + 1]


def _dataset(lm: LanguageModel, found: list[list[tuple[_Pair, bool]]], n: int) -> Dataset:
    examples = list(_in_turns([[pair for pair, does in one if does] for one in found]))[:n]
    left_out = (example for one in found for pair, does in one if not does for _, example in pair)
    refused = tuple(Refused(None, example.id, WHY) for example in left_out)
    return Dataset(f"Littletown, followed by {lm.source.model}", "littletown", tuple(examples), refused)


def _in_turns(questions: list[list[_Pair]]) -> Iterator[Example]:
    rows: Iterable[tuple[_Pair, ...]] = zip(*questions, strict=True)
    for row in rows:
        for pair in row:
            yield from (example for _, example in pair)
