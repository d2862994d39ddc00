"""What the lesson `misleading` measures: a sink, a redundant text, one text under several masks, a misread story."""

from typing import TYPE_CHECKING

from heta_core.groups import Groups, merged
from heta_core.settings import Mask, Settings
from heta_core.teaching.contract import Data
from heta_core.views import strip

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

_FIRST = 1  # the first sentence: the token that stands before every text is one of its own
SINK = "Fred went to the school. Alice moved to the library. Question: Who is in the school? Answer:"
_NOAH = "Question: Where is Noah? Answer:"
TWICE = f"Noah went to the garden. Noah is in the garden. Kate went to the park. {_NOAH}"
ONCE = f"Noah went to the garden. Kate went to the park. {_NOAH}"
_ASKS = "The cup is red. The hat is blue. Question: What colour is the {}? Answer:"
MASKED = _ASKS.format("cup")
# How a word is taken away: the mask, the word put in its place, the button.
MASKS: tuple[tuple[Mask, str | None, str], ...] = (
    ("zero", None, "Set to zero"),
    ("mean", None, "Mean of the text"),
    ("token", "the", "Put “the”"),
    ("token", "Tom", "Put “Tom”"),
    ("attention", None, "Hide from attention"),
)
HIGH = 1  # nats: a prediction that moves by more is another one to any reader
_WRONG = "{} went to the {}. {} went to the {}. Noah went to the kitchen. Question: Where is Kate? Answer:"
TRUTHS = (
    ("As it stands", _WRONG.format("Kate", "garden", "Then she", "park"), "park"),
    ("garden → school", _WRONG.format("Kate", "school", "Then she", "park"), "park"),
    ("park → museum", _WRONG.format("Kate", "garden", "Then she", "museum"), "museum"),
    ("Without “Then”", _WRONG.format("Kate", "garden", "She", "park"), "park"),
)


def sink(lm: "LanguageModel") -> Data:
    """What the last token looks at, what flows, what matters set to zero or hidden, and what the score makes of it."""
    from heta_core.engine import attribute
    from heta_core.passes.capture import head_means
    from heta_core.teaching import asking

    result = attribute(lm, SINK)
    ids = result.tokens.ids[: result.n_context]
    attention = head_means(lm, ids, (len(ids) - 1,)).mean(0)[-1]  # (T,) over layers and heads
    without = [asking.chances(said)[:4] for said in asking.without_each(lm, result)]
    return asking.words_of(result) | {
        "text": SINK,
        "attention": strip.numbers(attention.double().cpu().numpy()),
        "hidden": _under(lm, SINK, "attention")["kl"],
        "final": strip.numbers(result.shares),
        "without": without,
    }


def redundancy(lm: "LanguageModel") -> Data:
    """A place that is told twice, each telling masked alone and both at once; and what one is worth on its own."""
    from heta_core.teaching import asking

    masked = []
    for title, groups, which in sets(lm, TWICE):
        result = asking.looked(lm, TWICE, groups=groups)
        assert result.information is not None
        said = asking.without_each(lm, result)[which]
        kl = strip.short(result.information.kl[which])
        masked.append({"title": title, "span": groups[which], "kl": kl, "chances": asking.chances(said)[:5]})
    alone = asking.looked(lm, ONCE, groups=sentences_of(lm, ONCE)).information
    assert alone is not None
    *_, (_, together, _) = sets(lm, TWICE)
    return asking.words_of(asking.looked(lm, TWICE)) | {
        "text": TWICE,
        "link": f"&groups={'.'.join(str(stop) for _, stop in together)}",
        "sets": masked,
        "alone": strip.short(alone.kl[_FIRST]),
    }


def sets(lm: "LanguageModel", text: str) -> tuple[tuple[str, Groups, int], ...]:
    """What is masked at once where a text begins with two tellings: its name, a cut of the text, and which of that."""
    apart = sentences_of(lm, text)
    together = merged(apart, _FIRST, _FIRST + 2)
    return (("Sentence 1", apart, _FIRST), ("Sentence 2", apart, _FIRST + 1), ("Both at once", together, _FIRST))


def sentences_of(lm: "LanguageModel", text: str) -> Groups:
    """A text cut into its sentences; the token before all of them stands alone."""
    from heta_core.grouping import sentences
    from heta_core.tokens import from_text

    tokens = from_text(lm.tokenizer, text)
    return sentences(tokens, len(tokens))


def masks(lm: "LanguageModel") -> Data:
    """The same words taken away in several manners."""
    from heta_core.teaching import asking
    from heta_core.typed import token_of

    seen: list[Data] = []
    for mask, word, title in MASKS:
        token = None if word is None else token_of(lm.tokenizer, f" {word}")
        row = _under(lm, MASKED, mask, token)
        seen.append({"title": title, "mask": mask, "kl": row["kl"], "says": row["says"], "says_p": row["says_p"]})
    known = {"text": MASKED, "parts": row["parts"], "chances": row["chances"], "masks": seen, "high": HIGH}
    return known | {"hat": asking.next_of(lm, _ASKS.format("hat"))["chances"][0]}


def _under(lm: "LanguageModel", text: str, mask: Mask, token: int | None = None) -> Data:
    from heta_core.teaching import asking

    row = asking.words_of(asking.looked(lm, text, settings=Settings(mask=mask, mask_token=token)))
    if mask == "attention":
        row["kl"][-1] = None  # the prediction is made from that token, which cannot be hidden from it
    return row


def wrong(lm: "LanguageModel") -> Data:
    """A story that the model misreads, and the same with a word changed."""
    from heta_core.teaching import asking

    return {
        "stories": [
            {"title": title, "text": text, "truth": truth} | asking.words_of(asking.looked(lm, text))
            for title, text, truth in TRUTHS
        ],
        "text": TRUTHS[0][1],
    }
