"""Right for the wrong reason: a model that answers well and never reads whom it is asked about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import note, sentence, table
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
        "turned": named(two, "Anna")["chances"][0]["label"],
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
    }


def _kl(found: Data) -> str:
    return words.number(found["kl"][found["at"]])


def still(data: Data) -> str:
    """What is answered to each name, the KL of the name, and how often an answer stays."""
    head = ("Asked for", "Answer", "p", "KL of the name")
    scenes = "".join(
        sentence(scene["text"].format("…"))
        + table(
            head,
            [
                [each["name"], words.quoted(first["label"]), words.percent(first["p"]), f"{_kl(each)} nats"]
                for each in scene["asked"]
                for first in each["chances"][:1]
            ],
        )
        for scene in data["scenes"]
    )
    rows = [[s["title"], f"{s['right']} of {s['n']}", f"{s['same']} of {s['n']}"] for s in data["skills"]]
    return (
        scenes
        + table(("Skill", "Right", "Same answer to the swapped question"), rows)
        + note("Swapped: the same story, asked about another one.")
    )


LESSON = Lesson(
    name="wrong-reason",
    number=10,
    title="Right for the wrong reason",
    idea=(
        "An answer can be right without the question having been read. If a story has one person and one place, saying "
        "that place is always right. A score of right answers cannot see the difference.",
        "A swap can: put another name into the question, and the answer should turn with it. That is the test.",
        "The picture shows it too: [[mask|mask]] the name, and see how far the prediction moves. In these two scenes "
        "the [[kl|KL]] agrees with the swap. It is no law: a masked name is itself something strange to read.",
    ),
    look="Choose the scene, then ask for somebody else. Does the answer turn?",
    question="“{answer}” is right in both scenes, with {sure} in the first. Does the model know there that Tom was "
    "asked for?",
    answer="It does not use it: asked for Anna it still says “{answer}”, with {swapped}. Masking the name moves the "
    "prediction by {kl_one} nats; with two people it is {kl_two} nats, and asked for Anna the answer turns to "
    "“{turned}”. The [[transition|flow]] M through the name, {flow_one} and {flow_two}, cannot tell the scenes apart.",
    exercises=(
        Exercise(
            "With two facts to join, {same} of {n} answers stay when another thing is asked about. Where the model is "
            "right there, has it understood?",
            "{right} are right, and {lucky} of these are given to the other question too: guesses that met the truth. "
            "With one fact to find, {learnt_right} are right and {learnt_same} stay.",
        ),
        Exercise(
            "Is a high KL of the name a proof that it is read? Mask “Anna” in the question, then ask for Tom instead.",
            "No. Masking the name moves the prediction by {kl_limit} nats, yet asked for Tom the answer is still "
            "“{limit}”, with {p_limit}: that a name stands there matters, which one does not.",
            LIMIT.format("Anna"),
        ),
        Exercise(
            "With two people, ask for Kate, who is not in the story.",
            "The model says “{unknown}” with {p_unknown}. It cannot say that it does not know.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
)
