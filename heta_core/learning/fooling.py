"""Try to fool it: a scene of the reader's own, a prediction of what its answer rests on, and the test by masking."""

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from heta_core.errors import InputError
from heta_core.teaching import spelling
from heta_core.teaching.contract import Data, Exercise, Lesson, Limits
from heta_core.teaching.drawing import bars, found, note, row_of_words, sentence
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

_KATE = " Question: Where is Kate? Answer:"
_NOAH = "Noah went to the kitchen."
# What is tried, the scene with the words that decide between asterisks, and the right answer: "" where there is none.
SCENES = (
    ("Then she went on", f"Kate went to the garden. Then *she* went to the *park*. {_NOAH}{_KATE}", "park"),
    ("Two moves", f"Kate went to the garden. *Kate* went to the *park*. {_NOAH}{_KATE}", "park"),
    ("Not there", f"*Kate* went to the *park*. Kate did not go to the garden. {_NOAH}{_KATE}", "park"),
    ("The place first", f"To the *garden* went *Kate*. To the kitchen went Noah.{_KATE}", "garden"),
    (
        "And back again",
        f"Kate went to the garden. Kate went to the park. *Kate* went back to the *garden*. {_NOAH}{_KATE}",
        "garden",
    ),
    (
        "Together",
        "*Kate* went to the *garden* with *Noah*. Tom went to the kitchen. Question: Where is Noah? Answer:",
        "garden",
    ),
    ("A made-up verb", f"*Kate* blorped to the *garden*. Noah blorped to the kitchen.{_KATE}", "garden"),
    ("It was", "Kate was in the garden. *Kate* is in the *park*. Noah is in the kitchen." + _KATE, "park"),
    ("Passed on", "Kate has the key. Kate *gave* the key to *Noah*. Question: Who has the key? Answer:", "Noah"),
    ("Red grass", "The *grass* is *red*. The hat is blue. Question: What colour is grass? Answer:", "red"),
    ("Nobody knows", f"Kate went to the garden. {_NOAH} Question: Where is Tom? Answer:", ""),
)
# The same scenes with other people and places: {a} a woman, {b} a man, {p} {q} {r} places; who or what is right.
FAMILIES = {
    "then": (
        "{a} went to the {p}. Then she went to the {q}. {b} went to the {r}. Question: Where is {a}? Answer:",
        "q",
    ),
    "moves": ("{a} went to the {p}. {a} went to the {q}. {b} went to the {r}. Question: Where is {a}? Answer:", "q"),
    "turned": ("To the {p} went {a}. To the {q} went {b}. Question: Where is {a}? Answer:", "p"),
    "nobody": ("{a} went to the {p}. {b} went to the {q}. Question: Where is Carl? Answer:", ""),
}
N_OF_A_FAMILY = 16
_TOLD = {"then": "right", "moves": "right", "turned": "right", "nobody": "named"}  # of each family in the texts
# The first scene with another word in one of its two places.
CHANGES = {"garden": "school", "park": "museum"}
MOST_PICKS = 60
_FEW = 2  # of the map's words, where the reader has marked none


def unmarked(marked: str) -> tuple[str, list[int]]:
    """The text of a scene, and which of its words stood between asterisks."""
    text = marked.replace("*", "")
    spans = [(m.start() - 2 * k, m.end() - 2 * k - 2) for k, m in enumerate(re.finditer(r"\*[^*]+\*", marked))]
    return text, [k for k, is_in in enumerate(spelling.inside(spelling.spans(text), spans)) if is_in]


def family(name: str) -> list[tuple[str, str]]:
    """The scenes of a family, each with its right answer."""
    from heta_core.littletown.words import MEN, PLACES, WOMEN

    template, right = FAMILIES[name]
    found = []
    for k in range(N_OF_A_FAMILY):
        who = {"a": WOMEN[k % len(WOMEN)], "b": MEN[(5 * k) % 9]}
        place = {role: PLACES[(k + step) % len(PLACES)] for role, step in (("p", 0), ("q", 5), ("r", 9))}
        found.append((template.format(**who, **place), place.get(right, "")))
    return found


def measure(lm: "LanguageModel") -> Data:
    """What the model says to every scene and needs for it, how often to scenes of a kind, and after a change."""
    from heta_core.teaching import reading

    scenes: list[Data] = []
    for title, marked, right in SCENES:
        text, decides = unmarked(marked)
        named: Data = {"title": title, "text": text, "right": right, "decides": decides}
        scenes.append(named | reading.read(lm, text, spelling.story(text)))
    first = scenes[0]["text"]
    changed = {old: said(lm, [first.replace(old, new)])[0] for old, new in CHANGES.items()}
    return {"scenes": scenes, "families": {name: counted(lm, name) for name in FAMILIES}, "changed": changed}


def said(lm: "LanguageModel", texts: list[str]) -> list[Data]:
    """The likeliest word after each text."""
    from heta_core.teaching import asking

    return [asking.next_of(lm, text)["chances"][0] for text in texts]


def counted(lm: "LanguageModel", name: str) -> Data:
    """How many scenes of a family there are, are answered rightly, and with a word of the scene; the least p."""
    asked = family(name)
    likeliest = said(lm, [text for text, _ in asked])
    first = [one["label"] for one in likeliest]
    return {
        "n": len(asked),
        "right": sum(one == right for one, (_, right) in zip(first, asked, strict=True)),
        "named": sum(one in spelling.words(text) for one, (text, _) in zip(first, asked, strict=True)),
        "least": min(one["p"] for one in likeliest),
    }


def reply(lm: "LanguageModel", event: Mapping[str, object], limits: Limits = Limits()) -> Data:
    """A scene as the model reads it, and what it says without the reader's words, and without as many of the map's.

    Raises:
        InputError: there is no text, it is too long, it has no scene, or what is marked is no word of it.
    """
    from heta_core.teaching import asking, reading

    text = asking.text_of(event)
    story = spelling.story(text)
    if not any(story):
        raise InputError("A scene is needed before the question, found none: write a sentence or two.")
    picks = picked(event.get("picks"), story)
    result, units = reading.by_word(lm, text, limits)
    found = reading.ranked(result, units, story)
    first = found["order"]["mi"][: len(picks) or _FEW]
    yours, maps = asking.without(lm, result, [[units[k] for k in chosen] for chosen in (picks, first)])
    told = {"text": text, "picks": picks, "first": first, "strangers": asking.strangers(text)}
    return told | found | {"hidden": {"yours": asking.chances(yours), "map": asking.chances(maps)}}


def picked(raw: object, story: list[bool]) -> list[int]:
    """The words of the story that an event marks.

    Raises:
        InputError: one of them is none.
    """
    if not isinstance(raw, list):
        raise InputError(
            f"What is marked must be a list of words, found {type(raw).__name__}: mark words and ask again."
        )
    if len(raw) > MOST_PICKS:
        raise InputError(f"At most {MOST_PICKS} words can be marked, found {len(raw)}: mark fewer and ask again.")
    for k in raw:
        if not isinstance(k, int) or isinstance(k, bool) or not 0 <= k < len(story) or not story[k]:
            raise InputError(
                f"What is marked must be words of the scene, found {str(k)[:40]!r}: mark its words, and ask again."
            )
    return sorted(set(raw))


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    first, families = data["scenes"][0], data["families"]
    shares = held(first)
    parts = spelling.words(first["text"])
    (garden, park) = (data["changed"][old] for old in CHANGES)
    says = first["chances"][0]["label"]
    return {
        "says": says,
        "p": words.percent(first["chances"][0]["p"]),
        "one": parts[first["order"]["mi"][0]],
        "two": parts[first["order"]["mi"][1]],
        "share": words.percent(sum(sorted(shares)[-2:])),
        "needed": " or the ".join(old for old in CHANGES if data["changed"][old]["label"] != says),
        "garden": garden["label"],
        "p_garden": words.percent(garden["p"]),
        "park": park["label"],
        "p_park": words.percent(park["p"]),
        "n": str(N_OF_A_FAMILY),
        "nobody_least": words.percent(families["nobody"]["least"]),
    } | {f"{name}_{what}": str(families[name][what]) for name, what in _TOLD.items()}


def held(scene: Data) -> list[float]:
    """The part of the story's M · I that each word holds; of a word of the question 0."""
    ranked = set(scene["order"]["mi"])
    products = [m * kl if k in ranked else 0.0 for k, (m, kl) in enumerate(zip(scene["m"], scene["kl"], strict=True))]
    total = sum(products)
    return [product / total for product in products]


def still(data: Data, *, is_solved: bool = False) -> str:
    """The scene that fools it; in the teacher's copy with its map, and beside the one that does not."""
    return "".join(_drawn(scene, is_solved=is_solved) for scene in data["scenes"][: 1 + is_solved])


def _drawn(scene: Data, *, is_solved: bool) -> str:
    shares, write = held(scene), found(is_solved=is_solved)
    n = len(scene["order"]["mi"])
    shown = row_of_words(
        spelling.parts(scene["text"])[:n],
        [write(words.percent(s, 0)) for s in shares[:n]],
        [s / max(shares) for s in shares[:n]],
    )
    is_right = scene["chances"][0]["label"] == scene["right"]
    verdict = "Right." if is_right else f"Fooled: right is “{scene['right']}”."
    told = f"{verdict} Below each word: its share of M · I among the words of the scene."
    return sentence(scene["text"]) + shown + bars(scene["chances"][:3]) + note(told)


LESSON = Lesson(
    name="fooling",
    number=10,
    title="Try to fool it",
    idea=(
        "Littletown learnt from scenes of a few forms. Write one of another form, and it may answer wrongly and be "
        "just as sure: Kate went to the garden, “Then she went to the park”, and it says “{says}” with a "
        "[[probability|probability]] of {p}.",
        "That is one half of the game. The other half: before you ask, mark the words that you think its answer rests "
        "on. Its score map, here [[transition|M]] · [[kl|I]], without S to be quick, shows the words that it used, "
        "right or wrong. A person would point to other words, the [[evidence|evidence]].",
        "Who is right, you or the map? [[mask|Mask]] the marked words all at once. If the answer goes, they were "
        "needed, or the text without them was too strange to read. If it stays, they were not needed, or others say "
        "the same.",
    ),
    look="Choose a scene or write one, press the words that you think its answer will rest on, then ask.",
    question="In the first scene the model says “{says}”, but Kate has gone to the park. Which of the two places must "
    "you replace to change its answer?",
    answer="The {needed}, where she no longer is. With the school in the place of the garden it says “{garden}” "
    "({p_garden}); with the museum in the place of the park it still says “{park}” ({p_park}). The score map said so: "
    "of the scene’s words, “{one}” and “{two}” hold {share} of M · I.",
    exercises=(
        Exercise(
            "Write “Kate” instead of “Then she”. Then try names and places of your own.",
            "Now it is right. Of {n} such scenes with other names and places it gets {moves_right} right; with “Then "
            "she”, {then_right} of {n}.",
        ),
        Exercise(
            "Begin every sentence with its place: “To the garden went …”. Ask for the first person.",
            "It takes the place that follows the name, which is another person’s. Of {n} such scenes it gets "
            "{turned_right} right.",
        ),
        Exercise(
            "Ask for somebody who is not in the scene.",
            "It could spread its probability over many words, and so show that it does not know. Here it has not "
            "learnt to: in {nobody_named} of {n} such scenes it gave a word of the scene, each time with at least "
            "{nobody_least}.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    solved=partial(still, is_solved=True),
    reply=reply,
)
