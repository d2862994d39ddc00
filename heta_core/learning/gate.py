"""Follow the flow: the attention edges that carry a word to the prediction, layer by layer and head by head.

An edge of layer l and head h goes from position i to position j. What it adds to M is
u⁽ˡ⁾[j] · A⁽ˡʰ⁾[j,i] · n⁽ˡʰ⁾[i] / Z (components/transition.py): all edges out of i together are M[i].
"""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from heta_core.learning import _flowing as flowing
from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import named, note, sentence, table
from heta_core.teaching.shipped import Nested, rounded
from heta_core.views import strip, words

if TYPE_CHECKING:
    from heta_core.attribution import Attribution
    from heta_core.language_model import LanguageModel

TEXT = "Mary went to the museum. Anna went to the office. Question: Where is Mary? Answer:"
ASKED = ("museum", "office", "kitchen")  # the answers that M is asked about
SKILLS = ("where", "have", "colour", "who", "gave", "continuation", "pronoun", "negation", "conflict")
EACH = 4  # other texts of each of these skills


def measure(lm: "LanguageModel") -> Data:
    """The flow of one text in full, M asked about three answers, and where M lies in other texts."""
    from heta_core.targets import Choice
    from heta_core.teaching import asking
    from heta_core.typed import token_of

    result = asking.looked(lm, TEXT)
    assert result.transition is not None and result.information is not None
    n, flow = result.n_context, result.transition.flow
    asked = [asking.looked(lm, TEXT, choice=Choice(token_id=token_of(lm.tokenizer, f" {word}"))) for word in ASKED]
    arriving, mixing, edges = ways(lm, result)
    return {
        "text": TEXT,
        "parts": strip.token_parts(result.tokens)[:n],
        "labels": strip.labels(result.tokens)[:n],
        "target": {"label": words.label(result.target.text), "p": rounded(np.exp(result.log_p))},
        "m": rounded(result.transition.scores),
        "flow": rounded(flow / flow.sum()),
        "arriving": rounded(arriving),
        "mixing": _triangles(mixing),
        "edges": [_triangles(layer) for layer in edges],
        "kl": rounded(result.information.kl),
        "question": result.tokens.pieces.index(" Question"),
        "asked": [
            {
                "label": word,
                "log_p": rounded(a.log_p),
                "m": strip.numbers(a.transition.scores if a.transition else None),
            }
            for word, a in zip(ASKED, asked, strict=True)
        ],
        "others": elsewhere(lm, EACH),
    }


def ways(lm: "LanguageModel", result: "Attribution") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(L, T) u, (L, T, T) Ā and (L, H, T, T) what each edge adds to M, of a text without gates. Two forwards."""
    from heta_core.components.transition import arrivals, value_strength
    from heta_core.passes.capture import head_means, read

    assert result.transition is not None
    ids = result.tokens.ids[: result.n_context]
    last = (len(ids) - 1,)
    means = head_means(lm, ids, last)
    u = arrivals(means, last)[:, 0].double().cpu().numpy()
    handed = read(lm, ids, lambda layer: layer.probabilities * value_strength(layer)[:, None], last).kept
    edges = u[:, None, :, None] * handed.double().cpu().numpy()
    mixing = 0.5 * means.double().cpu().numpy() + 0.5 * np.eye(len(ids))
    return u, mixing, edges / result.transition.flow.sum()


def elsewhere(lm: "LanguageModel", each: int) -> Data:
    """Where M lies in some questions that the model was not trained on."""
    from heta_core.engine import attribute_steps
    from heta_core.littletown.lessons import held_out

    found = []
    for question in (q for skill in SKILLS for q in held_out(skill, each, 1)):
        result = next(a for a in attribute_steps(lm, question.prompt) if a.transition is not None)
        assert result.transition is not None
        m, spans = result.transition.scores, result.tokens.spans[: result.n_context]
        decides = np.array([any(a < stop and start < b for a, b in question.word_spans) for start, stop in spans])
        asks = np.array([stop > question.question_span[0] + 1 for _, stop in spans]) & ~decides
        top = int(np.argmax(m))
        found.append((m[asks].sum(), m[decides].sum(), decides.mean(), asks[top], decides[top]))
    rows = np.array(found, float)
    names = ("asks", "decides", "deciding", "top_asks", "top_decides")
    return {"n": len(rows)} | {name: rounded(mean) for name, mean in zip(names, rows.mean(0), strict=True)}


def _triangles(matrices: np.ndarray) -> list[list[Nested]]:
    """(n, T, T) without what is above the diagonal: no position reads what comes after it."""
    return [[rounded(row[: j + 1]) for j, row in enumerate(matrix)] for matrix in matrices]


def widest(data: Data, layer: int, n: int) -> list[tuple[int, int, float]]:
    """The n widest edges of a layer, its heads together: from, to, part of M."""
    heads = data["edges"][layer]
    found = [
        (i, j, sum(head[j][i] for head in heads)) for j in range(len(data["labels"])) for i in range(len(heads[0][j]))
    ]
    return sorted(found, key=lambda edge: -edge[2])[:n]


def told(data: Data) -> dict[str, str]:
    """The numbers of the texts."""
    m, labels, flow, others = data["m"], data["labels"], np.array(data["flow"]), data["others"]
    at = {name: labels.index(name) for name in ("museum", "office", "Mary")}
    asked_for, last = data["question"] + labels[data["question"] :].index("Mary"), len(labels) - 1
    head = int(np.argmax(flow[-1].sum(1)))
    return {
        "answer": data["target"]["label"],
        "museum": words.percent(m[at["museum"]]),
        "office": words.percent(m[at["office"]]),
        "in_place": layer_of(data, at["Mary"], at["museum"]),
        "in_question": layer_of(data, at["museum"], asked_for),
        "in_last": layer_of(data, asked_for, last),
        "in_office": layer_of(data, at["office"], last),
        "head": str(head + 1),
        "asked_for": words.percent(m[asked_for]),
        "question": words.percent(sum(m[data["question"] :])),
        "of_head": words.percent(flow[-1, head].sum()),
        "office_last": words.percent(flow[-1, :, at["office"]].sum()),
        "kl_office": words.number(data["kl"][at["office"]]),
        "kl_museum": words.number(data["kl"][at["museum"]]),
        "n": str(others["n"]),
        "decides": words.percent(others["decides"]),
        "deciding": words.percent(others["deciding"]),
        "times": words.number(others["decides"] / others["deciding"], 1),
        "top_asks": str(round(others["top_asks"] * others["n"])),
        "top_decides": str(round(others["top_decides"] * others["n"])),
    }


def layer_of(data: Data, start: int, to: int) -> str:
    """The layer, from 1, in which most goes straight from one place to another."""
    return str(1 + int(np.argmax([sum(head[to][start] for head in layer) for layer in data["edges"]])))


def still(data: Data, *, is_solved: bool = False) -> str:
    """The flow through the layers; in the teacher's copy with M of every word and the widest edges."""
    labels, office = data["labels"], data["labels"].index("office")
    shown = range(len(labels)) if is_solved else (labels.index("museum"), office)  # those that the idea tells of
    black = flowing.drawn_part(data)
    rows = [
        (
            f"Layer {layer + 1}",
            ", ".join(
                f"{named(labels, i)} → {named(labels, j)} {words.percent(part)}"
                for i, j, part in widest(data, layer, 2)
                if part >= flowing.LEAST
            ),
        )
        for layer in reversed(range(len(data["flow"])))
    ]
    told = (
        f"Black: what a layer adds, as wide as its part of M. Grey: handed on. Drawn are edges of "
        f"{words.percent(flowing.LEAST)} of M or more: black ones of {words.percent(black)} in all; "
        f"{words.percent(1 - black)} is in thinner ones."
    )
    return (
        sentence(data["text"])
        + flowing.svg(data, set(shown))
        + note(told)
        + (table(("", "widest edges, heads together"), rows) if is_solved else "")
    )


LESSON = Lesson(
    name="gate",
    number=4,
    title="Follow the flow",
    idea=(
        "In every [[layer|layer]], [[attention|attention]] carries something from one place of the text to another. "
        "[[transition|M]] asks of each word: how much of it reaches the last token, where the next word is predicted? "
        "M = attention on the way there × size of what it carries (‖v W_O‖₁), summed over layers and [[head|heads]], "
        "divided by the total.",
        "Read this picture from its end. In layer {in_last} the last token reads the question’s “Mary”. In layer "
        "{in_question} that “Mary” had read “museum”. In layer {in_place} “museum” had read the first “Mary”. This is "
        "how “{answer}” reaches the prediction.",
        "M is a gate, not a verdict. It knows where the model predicts, not which word. “office”, the wrong place, "
        "gets {office} of the [[flow|flow]], nearly as much as “museum” with {museum}. M assumes that half of each "
        "place is carried on unchanged.",
    ),
    look="Let the layers pass one by one. Then press a word to follow its flow alone.",
    question="Where does the largest part of M lie: on the words that decide the answer, or on those that ask?",
    answer="On those that ask: from “Question” on {question} of M, {asked_for} on its “Mary” alone. In {n} other texts "
    "the largest M stood in the question {top_asks} times and on a deciding word {top_decides} times. Deciding words "
    "hold {decides} of M, and are {deciding} of the tokens: {times} times their share, no more. What a word does to "
    "the answer is left to S and I.",
    exercises=(
        Exercise(
            "Press “office”, the place where Mary is not. In which layer does most of its flow go in?",
            "In layer {in_office}: {office_last} of M, read straight by the last token. Yet without “office” the "
            "prediction stays as it is ([[kl|KL]] {kl_office} nats; without “museum” {kl_museum}). An open path need "
            "not carry anything the answer needs.",
        ),
        Exercise(
            "Choose head {head}. What does it do in layer {in_last}?",
            "It adds {of_head} of M there, all but a trace of it from one word: the “Mary” of the question. No other "
            "head of that layer adds half as much.",
        ),
        Exercise(
            "On Explore, let “office” be explained instead of “museum”, and look at Transition.",
            "Not one number changes: the same text flows to the same last token, whichever word is explained.",
            TEXT,
        ),
    ),
    measure=measure,
    told=told,
    still=still,
    solved=partial(still, is_solved=True),
)
