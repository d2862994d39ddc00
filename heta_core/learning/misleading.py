"""When explanations mislead: sinks, redundancy, masks that are strange words, a wrong answer explained faithfully."""

from typing import TYPE_CHECKING

from heta_core.settings import Mask, Settings
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import bars, note, row_of_words, sentence, table
from heta_core.views import strip, words

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

SINK = "Fred went to the school. Alice moved to the library. Question: Who is in the school? Answer:"
_NOAH = "Question: Where is Noah? Answer:"
TWICE = f"Noah went to the garden. Noah is in the garden. Kate went to the park. {_NOAH}"
ONCE = f"Noah went to the garden. Kate went to the park. {_NOAH}"
# What can be masked at once in the text above → the stretches of tokens that it is cut into, and which of them it is.
# <s> · sentence · sentence · Kate's sentence · question · “Answer:”
_APART = ((0, 1), (1, 7), (7, 13), (13, 19), (19, 25), (25, 27))
_TOGETHER = ((0, 1), (1, 13), (13, 19), (19, 25), (25, 27))
SETS = (("Sentence 1", _APART, 1), ("Sentence 2", _APART, 2), ("Both at once", _TOGETHER, 1))
MASKED = "The cup is red. The hat is blue. Question: What colour is the cup? Answer:"
# How a word is taken away: the mask, the word put in its place, the button.
MASKS: tuple[tuple[Mask, str | None, str], ...] = (
    ("zero", None, "Set to zero"),
    ("mean", None, "Mean of the text"),
    ("token", "the", "Put “the”"),
    ("token", "Tom", "Put “Tom”"),
    ("attention", None, "Hide from attention"),
)
# The four traps: what to conclude, what to do in the app, and what the link to it asks for beside the text.
TRAPS = {
    "sink": (
        "Sink",
        "Looking is not using: attention and flow alone can name a word that nothing depends on.",
        "On Explore, read Transition beside KL. Final multiplies the two, and such words fall out.",
        "",
    ),
    "redundancy": (
        "Redundancy",
        "A low score does not say that a word tells nothing: another may tell the same.",
        "On Explore, score sentences, or draw what tells the same as one block.",
        "&groups=1.13.19.25.27",
    ),
    "masks": (
        "Masks",
        "Trust what stays high under every mask. What one mask alone calls important may be that mask’s own doing.",
        "On Explore, run the same text with another mask and compare.",
        "&mask=mean",
    ),
    "wrong": (
        "Wrong but faithful",
        "A faithful explanation shows what was read. Whether the answer is true, only the text can tell.",
        "On Explore, change the word that the map calls important: where the answer follows, the map was right.",
        "",
    ),
}
HIGH = 1.0  # nats: a prediction that moves by more is another one to any reader
_WRONG = "{} went to the {}. {} went to the {}. Noah went to the kitchen. Question: Where is Kate? Answer:"
TRUTHS = (
    ("As it stands", _WRONG.format("Kate", "garden", "Then she", "park"), "park"),
    ("garden → school", _WRONG.format("Kate", "school", "Then she", "park"), "park"),
    ("park → museum", _WRONG.format("Kate", "garden", "Then she", "museum"), "museum"),
    ("Without “Then”", _WRONG.format("Kate", "garden", "She", "park"), "park"),
)


def measure(lm: "LanguageModel") -> Data:
    """Every state of the four pictures."""
    seen = {"sink": _sink, "redundancy": _redundancy, "masks": _masks, "wrong": _wrong}
    names = ("title", "conclude", "act", "link")
    return {name: dict(zip(names, trap, strict=True)) | seen[name](lm) for name, trap in TRAPS.items()}


def _sink(lm: "LanguageModel") -> Data:
    """What the place that answers looks at, what flows, what matters, and what the score makes of it."""
    from heta_core.engine import attribute
    from heta_core.passes.capture import head_means
    from heta_core.teaching import asking

    result = attribute(lm, SINK)
    ids = result.tokens.ids[: result.n_context]
    attention = head_means(lm, ids, (len(ids) - 1,)).mean(0)[-1]  # (T,) over layers and heads
    without = [asking.chances(said)[:4] for said in asking.without_each(lm, result)]
    return asking.words_of(result) | {
        "text": SINK,
        "attention": strip.numbers(attention.double().numpy()),
        "final": strip.numbers(result.shares),
        "without": without,
    }


def _redundancy(lm: "LanguageModel") -> Data:
    """A place that is told twice, each telling masked alone and both at once; and what one is worth on its own."""
    from heta_core.teaching import asking

    sets = []
    for title, groups, which in SETS:
        result = asking.looked(lm, TWICE, groups=groups)
        assert result.information is not None
        said = asking.without_each(lm, result)[which]
        kl = strip.short(result.information.kl[which])
        sets.append({"title": title, "span": groups[which], "kl": kl, "chances": asking.chances(said)[:5]})
    alone = asking.looked(lm, ONCE, groups=((0, 1), (1, 7), (7, 13), (13, 19), (19, 21)))
    assert alone.information is not None
    return asking.words_of(asking.looked(lm, TWICE)) | {
        "text": TWICE,
        "sets": sets,
        "alone": strip.short(alone.information.kl[1]),
    }


def _masks(lm: "LanguageModel") -> Data:
    """The same words taken away in several manners."""
    from heta_core.teaching import asking

    seen = []
    for mask, word, title in MASKS:
        token = None if word is None else lm.tokenizer.encode(word, add_special_tokens=False)[-1]
        row = asking.words_of(asking.looked(lm, MASKED, settings=Settings(mask=mask, mask_token=token)))
        if mask == "attention":
            row["kl"][-1] = None  # the prediction is made from that token, which cannot be hidden from it
        seen.append({"title": title, "mask": mask, "kl": row["kl"], "says": row["says"], "says_p": row["says_p"]})
    return {"text": MASKED, "parts": row["parts"], "chances": row["chances"], "masks": seen}


def _wrong(lm: "LanguageModel") -> Data:
    """A story that the model misreads, and the same with a word changed."""
    from heta_core.teaching import asking

    return {
        "stories": [
            {"title": title, "text": text, "truth": truth} | asking.words_of(asking.looked(lm, text))
            for title, text, truth in TRUTHS
        ],
        "text": TRUTHS[0][1],
    }


def places(data: Data, word: str) -> list[int]:
    """Where a word stands in a row of words."""
    return [k for k, (_, body, _, _) in enumerate(data["parts"]) if body == word]


def steady(data: Data) -> list[int]:
    """The words that every mask calls important; what a mask cannot tell of is left out."""
    each = zip(*(m["kl"] for m in data["masks"]), strict=True)
    return [k for k, kl in enumerate(each) if min((v for v in kl if v is not None), default=0.0) >= HIGH]


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    twice, masks, wrong = data["redundancy"], data["masks"], data["wrong"]["stories"]
    one, two, both = twice["sets"]
    cup = places(masks, "cup")[-1]
    zero, mean, *_ = (m["kl"][cup] for m in masks["masks"])
    return {
        "first": _unbroken(one["kl"]),
        "second": _unbroken(two["kl"]),
        "both": words.number(both["kl"]),
        "alone": words.number(twice["alone"]),
        "known": twice["chances"][0]["label"],
        "instead": both["chances"][0]["label"],
        "zero": words.number(zero),
        "mean": words.number(mean),
        "steady": " and ".join(f"“{masks['parts'][k][1]}”" for k in steady(masks)),
        "wrong": wrong[0]["chances"][0]["label"],
        "p_wrong": words.percent(wrong[0]["chances"][0]["p"]),
        "truth": wrong[0]["truth"],
        "p_right": words.percent(wrong[-1]["chances"][0]["p"]),
    }


def still(data: Data) -> str:
    """One state of each picture."""
    sink, twice, masks, wrong = data["sink"], data["redundancy"], data["masks"], data["wrong"]["stories"]
    mark = places(sink, "?")[0]
    shares = [words.percent(sink[name][mark]) for name in ("attention", "transition")]
    sinking = f"“?” gets {shares[0]} of the attention and {shares[1]} of the flow; masking it moves the prediction by "
    sets = [
        [s["title"], f"{words.number(s['kl'])} nats", words.quoted(s["chances"][0]["label"])] for s in twice["sets"]
    ]
    columns = [k for k in range(len(masks["parts"])) if any((m["kl"][k] or 0) >= HIGH for m in masks["masks"])]
    head = ["KL in nats, masked with", *(masks["parts"][k][1] for k in columns)]
    rows = [[m["title"], *(_nats(m["kl"][k]) for k in columns)] for m in masks["masks"]]
    first = wrong[0]
    kls = [words.number(kl) for kl in first["kl"]]
    depths = [min(1.0, kl / max(first["kl"])) for kl in first["kl"]]
    return "".join(
        (
            *(sentence(SINK), note(f"{sinking}{words.number(sink['kl'][mark])} nats."), note(sink["conclude"])),
            *(sentence(TWICE), table(("Masked", "KL", "then says"), sets), note(twice["conclude"])),
            *(sentence(MASKED), table(head, rows), note(masks["conclude"])),
            *(row_of_words(first["parts"], kls, depths), bars(first["chances"][:3])),
            note(f"Below the words: KL in nats. The story says {first['truth']}. {data['wrong']['conclude']}"),
        )
    )


def _unbroken(kl: float) -> str:
    return words.number(kl).replace(" ", "\u00a0")


def _nats(kl: float | None) -> str:
    return "cannot be hidden" if kl is None else words.number(kl)


LESSON = Lesson(
    name="misleading",
    number=8,
    title="When explanations mislead",
    idea=(
        "Every number here is measured, and can still be misread. A [[attention-sink|sink]] takes "
        "[[attention|attention]] that nothing depends on. Two sentences that say the same thing make each other look "
        "unimportant.",
        "A [[mask|mask]] is itself something strange to read: with another mask another word may seem to matter.",
        "And an explanation speaks of the model, not of the world. It can be right about an answer that is wrong.",
    ),
    look="Choose one of the four traps, then change one thing and watch what the numbers hide.",
    question="Two sentences say where Noah is. Masking the first moves the prediction by {first} nats, masking the "
    "second by {second}. So does the model need neither?",
    answer="It needs one of them. With both masked at once the prediction moves by {both} nats, and the answer turns "
    "from “{known}” to “{instead}”. The [[kl|KL]] of a word asks what is lost without it while everything else stays.",
    exercises=(
        Exercise(
            "Take one of the two sentences about Noah away and mask the other.",
            "Now that it stands alone it is worth {alone} nats: nothing in it changed, only its company.",
            ONCE,
        ),
        Exercise(
            "In “Masks”, which words would you dare to call important?",
            "Those that are high whatever stands in their place: {steady}. The “cup” of the question has {zero} nats "
            "under zero and {mean} under the mean.",
        ),
        Exercise(
            "In “Wrong but faithful”, find the word that makes the model fail.",
            "“Then”, which Littletown never learnt. Without it the answer is “{truth}” with {p_right}; with it the "
            "sentence goes unread and the answer is “{wrong}” with {p_wrong}.",
            TRUTHS[0][1],
        ),
    ),
    measure=measure,
    told=told,
    still=still,
)
