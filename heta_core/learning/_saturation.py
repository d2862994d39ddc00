"""What the lesson `blind` measures: curvature, gradient and KL from sure answers to unsure ones, and finite steps.

`curve` and `summary` need no model.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from heta_core.teaching.contract import Data
from heta_core.views.strip import short

if TYPE_CHECKING:
    from heta_core.attribution import Attribution
    from heta_core.language_model import LanguageModel

# Littletown is sure of what it has learnt: prompts of every skill, none longer than this, so that measuring is quick.
PER_SKILL, SEED, LONGEST = 3, 11, 48
# What it is less sure of: two answers to one question, nothing told, or half a sentence.
OPEN = (
    "Fred has the",
    "Mary went to the park. Fred",
    "The ball is",
    "Fred and Mary",
    "It rained all",
    "The old clock",
    "Kate went to the park. Kate",
    "The map is brown. The",
    "Adam gave Ruth the key. Question: Who got the",
    "Ben has the hat. The hat is red. Question: What colour is the",
    "Question: Where is Fred? Answer:",
    "Question: What colour is snow? Answer:",
    "Question: What is a young dog called? Answer:",
    "Kate has the cup. Question: What does Anna have? Answer:",
    "Mary has the book. Fred has the pen. Question: What does Luke have? Answer:",
    "Tom went to the park. Tom went to the school. Question: Where is Tom? Answer:",
    "Kate and Tom went to the park. Question: Where is Kate? Answer:",
    "Ivan has the ring. Ivan has the cup. Question: What does Ivan have? Answer:",
    "Lucy has the red ring. Jack has the blue ring. Question: Who has the ring? Answer:",
    "The plate is red. The plate is white. Question: What colour is the plate? Answer:",
    "Jane met Nora. He has the hat. Question: What does Jane have? Answer:",
    "The book is not grey. The book is black. Question: What colour is the book? Answer:",
    "The knife is not purple. The knife is grey. Question: What colour is the knife? Answer:",
    "Luke is in the cellar. Noah is in the cellar. Question: Who is in the cellar? Answer:",
    "The bell is not pink. The bell is grey. Question: What colour is the bell? Answer:",
    "Hugo is in the bakery. Fred is in the bakery. Question: Who is in the bakery? Answer:",
    "Helen has the grey plate. Ivan has the white plate. Question: What colour is the plate? Answer:",
    "Fred is in the market. Mary is in the market. Question: Who is in the market? Answer:",
    "The key is not red. The key is yellow. Question: What colour is the key? Answer:",
    "Jack has the map. Jack has the hat. Question: What does Jack have? Answer:",
    "Luke has the rope. Luke went to the library. Question: Where is the rope? Answer:",
    "Jack has the brown shirt. Ruth has the pink shirt. Question: What colour is the shirt? Answer:",
    "Mary has the map. Mary went to the garden. Question: Where is the map? Answer:",
    "Ruth gave the cup to Ben. Ben gave the cup to Mary. Question: Who has the cup? Answer:",
    "Luke has the pen. Luke went to the barn. Question: Where is the pen? Answer:",
    "Dan gave the plate to Nora. Nora gave the plate to Paul. Question: Who has the plate? Answer:",
    "The plate is not brown. The plate is green. Question: What colour is the plate? Answer:",
    "Jack has the clock. Jack has the key. Question: What does Jack have? Answer:",
    "Tom has the black knife. Helen has the purple knife. Question: What colour is the knife? Answer:",
    "The hat is not white. The hat is yellow. Question: What colour is the hat? Answer:",
    "Tom has the book. Tom has the key. Question: What does Tom have? Answer:",
    "Hugo has the yellow hat. Lucy has the pink hat. Question: What colour is the hat? Answer:",
    "Clara has the knife. Clara has the rope. Question: What does Clara have? Answer:",
    "The clock is not white. The clock is brown. Question: What colour is the clock? Answer:",
    "Helen has the plate. Helen has the ring. Question: What does Helen have? Answer:",
    "Emma has the clock. Emma has the cup. Question: What does Emma have? Answer:",
    "Nora met Hugo. He has the book. Question: What does Nora have? Answer:",
)
PAIR = (
    "Tom has the cup. Tom has the map. Question: What does Tom have? Answer:",
    "Mary has the cup. Tom has the map. Question: What does Tom have? Answer:",
)
EVIDENCE = "map"
TEXT = "Mary went to the museum. Anna went to the office. Question: Where is Mary? Answer:"
OTHERS = ("office", "kitchen")
STEPS = 40
FRAME = ("Question", "Answer")
_SMALL = 0.002  # of the way, for a slope's change


def prompts(lm: "LanguageModel") -> list[str]:
    """Texts of every degree of sureness, those of the skills first."""
    from heta_core.littletown.lessons import SKILLS, held_out
    from heta_core.tokens import from_text

    asked = [instance.prompt for skill in SKILLS for instance in held_out(skill, PER_SKILL, SEED)]
    return [text for text in asked if len(from_text(lm.tokenizer, text)) <= LONGEST] + list(OPEN)


def point(found: "Attribution") -> Data:
    """One prompt: sums over its tokens."""
    assert found.hessian is not None and found.information is not None
    kl = found.information.kl
    return {
        "text": found.tokens.text.strip(),
        "said": found.target.text.strip(),
        "q": short(-np.expm1(found.log_p)),  # 1 − p, exact also where p is nearly 1
        "s": short(found.hessian.scores.sum()),
        "g": short(found.hessian.gradient.sum()),
        "kl": short(kl.sum()),
        "most": short(max(kl[i] for i in words_at(found))),  # of one word alone
    }


def words_at(found: "Attribution") -> list[int]:
    """Where the words of a prompt stand: neither marks, nor what every question is framed by."""
    pieces = found.tokens.pieces[: found.n_context]
    return [
        i
        for i, piece in enumerate(pieces)
        if not found.tokens.is_special[i] and piece.strip().isalpha() and piece.strip() not in FRAME
    ]


def orders(found: "Attribution") -> dict[str, float | None]:
    """How alike curvature, gradient and KL order the words of one prompt."""
    from heta_core.agreement import spearman

    assert found.hessian is not None and found.information is not None
    s, g, kl = found.hessian.scores, found.hessian.gradient, found.information.kl
    return {"s_g": spearman(s, g), "s_kl": spearman(s, kl), "g_kl": spearman(g, kl)}


def summary(points: Sequence[Data], alike: Sequence[dict[str, float | None]]) -> Data:
    """What holds over all points: growth with 1 − p on logarithmic axes, and how alike the orders are.

    The mean of a rank correlation is over the prompts that have one: `ordered` of them.
    """
    from heta_core.agreement import spearman

    q = np.log10([p["q"] for p in points])
    grown = {}
    for name in ("s", "g", "kl"):
        values = np.log10([p[name] for p in points])
        grown[name] = {"slope": round(float(np.polyfit(q, values, 1)[0]), 3), "spearman": spearman(values, q)}
    orders = {name: [value for a in alike if (value := a[name]) is not None] for name in alike[0]}
    return {
        "growth": grown,
        "orders": {name: round(float(np.mean(values)), 3) for name, values in orders.items()},
        "ordered": {name: len(values) for name, values in orders.items()},
    }


def of_word(found: "Attribution", word: str) -> Data:
    """One text of a pair: its sums, and the same of one word of it."""
    from heta_core.views import strip, words

    assert found.hessian is not None and found.information is not None
    labels = strip.labels(found.tokens)[: found.n_context]
    i = labels.index(word)
    return point(found) | {
        "parts": strip.token_parts(found.tokens)[: found.n_context],
        "at": i,
        "asked": words.label(found.target.text),
        "log_p": short(found.log_p),
        "word": {
            "s": short(found.hessian.scores[i]),
            "g": short(found.hessian.gradient[i]),
            "kl": short(found.information.kl[i]),
            "without": words.label(found.information.first_choices[i].piece),
        },
    }


def asked_otherwise(lm: "LanguageModel") -> list[Data]:
    """One text, its own answer and others: nothing of the text or of what the model says changes."""
    from heta_core.engine import attribute
    from heta_core.targets import Choice
    from heta_core.typed import token_of

    found = [attribute(lm, TEXT)]
    found += [attribute(lm, TEXT, choice=Choice(token_id=token_of(lm.tokenizer, f" {word}"))) for word in OTHERS]
    return [of_word(one, "museum") for one in found]


def way(lm: "LanguageModel", to: str) -> Data:
    """f = log p(museum) while the embedding of “museum” goes straight to that of another word, with slopes and bends.

    (STEPS + 1) places: f in nats, its derivative along the way, the derivative of that, and what the model says.
    """
    import torch

    from heta_core.language_model import embed
    from heta_core.passes.slopes import slopes
    from heta_core.settings import Settings
    from heta_core.targets import objective
    from heta_core.teaching import asking
    from heta_core.typed import token_of
    from heta_core.views import strip

    result = asking.looked(lm, TEXT)
    ids = result.tokens.ids[: result.n_context]
    at = strip.labels(result.tokens).index("museum")
    start = embed(lm, ids)
    step = torch.zeros_like(start)
    step[at] = embed(lm, (token_of(lm.tokenizer, f" {to}"),))[0] - start[at]
    places = np.repeat(np.arange(STEPS + 1) / STEPS, 3) + np.tile([-_SMALL, 0, _SMALL], STEPS + 1)
    along = torch.tensor(places, dtype=start.dtype, device=start.device)[:, None, None]
    found = list(
        slopes(lm, objective(result.target, result.tokens), len(places), lambda b: start + along[b] * step, Settings())
    )
    values = torch.cat([one.values for one in found]).cpu().double().numpy().reshape(-1, 3)[:, 1]
    rates = torch.cat([(one.gradients * step).sum((1, 2)) for one in found]).cpu().double().numpy().reshape(-1, 3)
    bends = (rates[:, 2] - rates[:, 0]) / (2 * _SMALL)
    return {
        "to": to,
        "f": [short(v) for v in values],
        "slope": [short(v) for v in rates[:, 1]],
        "bend": [short(v) for v in bends],
    }
