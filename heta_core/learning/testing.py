"""Is the map any good? Words are masked in the order of a score, and beside it in orders that know nothing."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from heta_core.learning import _deletion as deletion
from heta_core.learning._testing_on_paper import still
from heta_core.teaching.contract import Data, Exercise, Lesson, Limits
from heta_core.views import words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

TEXTS = (
    ("It is sure", "Kate went to the garden. Noah went to the kitchen. Question: Where is Kate? Answer:"),
    (
        "Told twice",
        "Noah went to the garden. Noah is in the garden. Kate went to the park. Question: Where is Noah? Answer:",
    ),
    ("It comes back", "Alice went to the forest. Kate went to the school. Question: Who is in the school? Answer:"),
)


def measure(lm: "LanguageModel") -> Data:
    """The texts with each of their orders, and the same over many questions. Minutes."""
    return {
        "scopes": [list(scope) for scope in deletion.SCOPES.items()],
        "texts": [deletion.of_text(lm, title, text) for title, text in TEXTS],
        "many": deletion.summed_up(list(deletion.areas(lm, deletion.PER_SKILL))),
    }


def reply(lm: "LanguageModel", event: Mapping[str, object], limits: Limits = Limits()) -> Data:
    """The same along an order of the reader's own, as far as it goes.

    Raises:
        InputError: there is no such text, or the order names a word twice or one that is not there.
    """
    from heta_core.errors import InputError
    from heta_core.teaching import asking

    text, own = event.get("text"), event.get("masked")
    if not isinstance(text, int) or isinstance(text, bool) or not 0 <= text < len(TEXTS):
        raise InputError(f"An order needs one of the {len(TEXTS)} texts, found {str(text)[:20]!r}: choose one.")
    result = asking.looked(lm, TEXTS[text][1])
    if not isinstance(own, list) or not own or len({*map(str, own)} & {*map(str, range(result.n_units))}) != len(own):
        raise InputError(f"An order names words from 0 to {result.n_units - 1}, each once: press them one by one.")
    chosen = [int(i) for i in own]
    return {"text": text} | deletion.along(lm, result, [chosen])[0]


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    chance = deletion.drawn(data, 0, "story")
    heta, heta_all, end, end_all = (
        deletion.way(data, 0, scope, name) for name in ("heta", "recency") for scope in deletion.SCOPES
    )
    twice, back = deletion.way(data, 1, "story", "heta"), deletion.way(data, 2, "story", "heta")
    return {
        "n_drawn": str(len(chance)),
        "heta": words.percent(heta["area"]),
        "random": words.percent(sum(chance) / len(chance)),
        "luckiest": words.percent(chance[0]),
        "heta_all": words.percent(heta_all["area"]),
        "end": words.percent(end["area"]),
        "end_all": words.percent(end_all["area"]),
        "answer": data["texts"][0]["answer"],
        "broken": end_all["says"][1],
        "twice": data["texts"][1]["answer"],
        "both": words.percent(twice["p"][2]),
        "instead": twice["says"][2],
        "back": data["texts"][2]["answer"],
        "lost": words.percent(back["p"][1]),
        "guess": words.percent(back["p"][-1], 0),
    } | _over_many(data)


def _over_many(data: Data) -> dict[str, str]:
    """Of the questions: how many there are, and how far orders lie from HETA's, in points with their ranges."""
    found = {"n": str(data["many"]["all"]["n"])}
    for scope in deletion.SCOPES:
        found[f"gradient_{scope}"] = _apart(data, scope, "gradient_norm")
        found[f"end_{scope}_beats"] = words.percent(deletion.row(data, scope, "recency")["beats"], 0)
    found["attention_story"] = _apart(data, "story", "last_attention")
    found["alone_story"] = _apart(data, "story", "occlusion")
    return found


def _apart(data: Data, scope: str, name: str) -> str:
    apart = deletion.row(data, scope, name)["apart"]
    low, high, mean = (f"{100 * apart[which]:+.1f}".replace("-", "−") for which in ("low", "high", "mean"))
    return f"{mean} points, {low} to {high}"


LESSON = Lesson(
    name="testing",
    number=8,
    title="Is the map any good?",
    idea=(
        "A map of [[score|scores]] claims that these words mattered. If it is [[faithfulness|faithful]], then "
        "[[mask|mask]] the highest word, then the next, and the [[probability|probability]] p of the answer falls "
        "soon. This test is called [[deletion|deletion]].",
        "Soon compared with what? Mask words in [[random-order|random orders]] too. The mean of p along the way is one "
        "number for each order, and the area between the curves is what the map knows beyond chance alone.",
        "In this story HETA's order leaves {heta} of p on average, {n_drawn} random ones {random}, the luckiest "
        "{luckiest}. A masked word becomes the [[mask-mean|mean of the text]]; the map was made with zeros, and with "
        "zeros it would mark its own test.",
    ),
    look="Move the slider and watch the curve. Then choose another order, or make your own.",
    question="Choose “All words”: now the question can be masked too. Going from the end, which asks no model, leaves "
    "{end_all}, HETA {heta_all}. Does that order know better why the model says “{answer}”?",
    answer="No. Its first step masks the last “:”, and the model says “{broken}”, which is no place. The question is "
    "broken, its reason was not found. With the question kept, the same order leaves {end}, more than a random one "
    "on average. The test rewards whatever makes p fall: always say what may be masked.",
    exercises=(
        Exercise(
            "Choose “Told twice” and “Story only”. The first word of HETA's order changes nothing. Was it a bad "
            "choice?",
            "No. The other telling stands in for it. Once both “{twice}” are masked, p is {both} and the model "
            "says “{instead}”. No single word of this story turns the answer: what a step shows depends on all that "
            "was masked before.",
            TEXTS[1][1],
        ),
        Exercise(
            "Choose “It comes back” and follow HETA's order to its end. Why does p rise again?",
            "The first word takes p down to {lost}. With the whole story masked the model says “{back}” with {guess}: "
            "nothing is left to read, and it guesses. It never saw such texts. So compare curves with one another, "
            "above all where they begin, and believe none of them alone.",
        ),
        Exercise(
            "Choose “{n} questions”, once with “Story only” and once with “All words”. Which orders differ from HETA's "
            "by more than chance?",
            "Not the gradient ({gradient_story}; {gradient_all}; plus is worse): such a range holds 0 and tells "
            "nothing. With the story only, last attention is worse ({attention_story}), and masking each word alone is "
            "better ({alone_story}); but that score and the first step of this test ask the same.",
        ),
        Exercise(
            "There look at “From the end”, which knows nothing of any model. In how many questions does it beat random "
            "orders?",
            "In {end_all_beats} of them with all words, in {end_story_beats} with the story only: there it is chance. "
            "Beating random orders is the least that is asked of a map, and no proof that it found the reason.",
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    reply=reply,
    solved=partial(still, is_solved=True),
)
