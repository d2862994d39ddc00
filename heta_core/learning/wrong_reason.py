"""Right for the wrong reason: a model that answers well and does not read who the question is about."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import Cell, beside, found, note, sentence, table
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

NAMES = ("Tom", "Anna", "Kate", "Dan")  # that are asked for; of the last two nothing is told
SCENES = (
    ("One person", "Tom ran to the park. Question: Where is {}? Answer:"),
    ("Two people", "Anna ran to the museum. Tom ran to the park. Question: Where is {}? Answer:"),
)
LIMIT = "Anna has the key. Question: What does {} have? Answer:"  # where masking the name misleads
# A skill that the model has learnt, and one that it has not.
ASKED = (("where", "One fact to find"), ("two-step", "Two facts to join"))
N, SEED = 200, 7  # held-out scenes of each


def measure(lm: "LanguageModel") -> Data:
    """Each scene with each name in its question, and how often a swapped question changes the answer."""
    return {
        "scenes": [
            {"title": title, "text": text, "asked": [asked(lm, text, n) for n in NAMES]} for title, text in SCENES
        ],
        "limit": {"text": LIMIT, "asked": [asked(lm, LIMIT, name) for name in ("Anna", "Tom")]},
        "skills": [swapped(lm, skill) | {"title": title} for skill, title in ASKED],
    }


def asked(lm: "LanguageModel", scene: str, name: str) -> Data:
    """A scene with a name in its question, and where that name stands."""
    from heta_core.teaching import asking

    result = asking.looked(lm, scene.format(name))
    at = max(k for k, piece in enumerate(result.tokens.pieces) if piece.strip() == name)
    return {"name": name, "at": at} | asking.words_of(result)


def swapped(lm: "LanguageModel", skill: str, n: int = N) -> Data:
    """Held-out questions about somebody, and the same about another: how many answers are right, and how many stay."""
    from heta_core.answers import first_choices
    from heta_core.littletown.lessons import held_out, minimal_pair
    from heta_core.tokens import piece_of

    prompts = held_out(skill, n, SEED)
    said, then = (
        [piece_of(lm.tokenizer, token) for token in first_choices(lm, [each.prompt for each in questions])]
        for questions in (prompts, [minimal_pair(prompt) for prompt in prompts])
    )
    is_right = [word == prompt.answer for word, prompt in zip(said, prompts, strict=True)]
    stays = [one == other for one, other in zip(said, then, strict=True)]
    both = sum(right and stayed for right, stayed in zip(is_right, stays, strict=True))
    return {"skill": skill, "n": n, "right": sum(is_right), "same": sum(stays), "right_and_same": both}


def named(found: Sequence[Data], name: str) -> Data:
    """What was measured with this name in the question."""
    return next(each for each in found if each["name"] == name)


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    one, two = (scene["asked"] for scene in data["scenes"])
    first, other = named(one, "Tom"), named(two, "Tom")
    learnt, guessed = data["skills"]
    anna, tom = data["limit"]["asked"]
    return {
        "answer": first["chances"][0]["label"],
        "sure": words.percent(first["chances"][0]["p"]),
        "swapped": words.percent(named(one, "Anna")["chances"][0]["p"]),
        "changed": named(two, "Anna")["chances"][0]["label"],
        "kl_one": _kl(first),
        "kl_two": _kl(other),
        "flow_one": words.percent(first["transition"][first["at"]], 0),
        "flow_two": words.percent(other["transition"][other["at"]], 0),
        "n": str(guessed["n"]),
        "same": str(guessed["same"]),
        "right": str(guessed["right"]),
        "lucky": str(guessed["right_and_same"]),
        "learnt_same": str(learnt["same"]),
        "learnt_right": str(learnt["right"]),
        "kl_limit": _kl(anna),
        "limit": tom["chances"][0]["label"],
        "p_limit": words.percent(tom["chances"][0]["p"]),
        "unknown": named(two, "Kate")["chances"][0]["label"],
        "p_unknown": words.percent(named(two, "Kate")["chances"][0]["p"]),
        "kl_dan": _kl(named(two, "Dan")),
        "dan": named(two, "Dan")["chances"][0]["label"],
        "p_dan": words.percent(named(two, "Dan")["chances"][0]["p"]),
    }


def _kl(found: Data) -> str:
    return words.number(found["kl"][found["at"]])


def still(data: Data, *, is_solved: bool = False) -> str:
    """What is answered to each name, the KL of the name, and how often an answer stays."""
    head, write = ("Name", "Answer", "p", "KL, nats"), found(is_solved=is_solved)
    tables = []
    for scene in data["scenes"]:
        rows: list[tuple[Cell, ...]] = []
        for each in scene["asked"]:
            first, put = each["chances"][0], str if each["name"] == NAMES[0] else write
            answer = (put(words.quoted(first["label"])), put(words.percent(first["p"])))
            rows.append((each["name"], *answer, write(_kl(each))))
        tables.append(sentence(scene["text"].format("…")) + table(head, rows))
    skills = [(s["title"], *(write(f"{s[name]} of {s['n']}") for name in ("right", "same"))) for s in data["skills"]]
    return (
        beside(*tables)
        + note("“…” is the name; KL: what masking it moves. Below: questions that the model was not trained on.")
        + table(("Skill", "Right", "Same answer when asked about another one"), skills)
    )


LESSON = Lesson(
    name="wrong-reason",
    number=11,
    title="Right for the wrong reason",
    idea=(
        "An answer can be right although the question was not read. If a story has one person and one place, that "
        "place is right whenever that person is asked for. A count of right answers cannot show the difference.",
        "A swap can (a [[minimal-pair|minimal pair]]): ask the same about another name, and the answer should change. "
        "Where the story does not say, the model should at least become unsure.",
        "The picture shows it too: [[mask|mask]] the name, and see how far the prediction moves. Asked for Tom, the "
        "[[kl|KL]] agrees with the swap. It is no law: with two people, ask for Dan, and the answer stays although the "
        "KL of the name is {kl_dan} nats.",
    ),
    look="Choose a scene, then ask for somebody else. Does the answer change?",
    question="Asked for Tom, the model says “{answer}” in both scenes and is right, in the first with {sure}. Does it "
    "know there that the question is about Tom?",
    answer="If it does, it does not use it: asked for Anna, it still says “{answer}”, with {swapped}. Masking the name "
    "moves the prediction by {kl_one} nats there. With two people it is {kl_two} nats, and asked for Anna, the model "
    "changes its answer to “{changed}”. The [[transition|flow]] M through the name, {flow_one} and {flow_two}, does "
    "not tell the two scenes apart.",
    exercises=(
        Exercise(
            "With two facts to join, {same} of {n} answers stay when the question asks about another person or thing. "
            "Where such an answer is right, has the model understood?",
            "{right} of the {n} are right, but the model gives {lucky} of these to the other question too: they are "
            "lucky guesses. With one fact to find, {learnt_right} are right and {learnt_same} stay.",
        ),
        Exercise(
            "Does a high KL of the name prove that it is read? Mask “Anna” in the question, then ask for Tom instead.",
            "No. Masking the name moves the prediction by {kl_limit} nats, but asked for Tom, the model still says "
            "“{limit}”, with {p_limit}. It needs a name in that place, and either of the two will do.",
            LIMIT.format("Anna"),
        ),
        Exercise(
            "With two people, ask for Kate and for Dan. Neither is in the story.",
            "For Kate the model says “{unknown}” with {p_unknown}, for Dan “{dan}” with {p_dan}. It could spread its "
            "probability over many places, and so show that it does not know. Here it has not learnt to.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    solved=partial(still, is_solved=True),
)
