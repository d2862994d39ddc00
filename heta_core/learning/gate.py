"""Follow the flow: the attention edges that carry a word to the prediction, layer by layer and head by head.

An edge of layer l and head h goes from position i to position j. What it adds to M is
u⁽ˡ⁾[j] · A⁽ˡʰ⁾[j,i] · n⁽ˡʰ⁾[i] / Z (components/transition.py): all edges out of i together are M[i].
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from heta_core.teaching.contract import Data, Exercise, Lesson
from heta_core.teaching.drawing import note, row_of_words, sentence, table
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
    from heta_core.tokens import from_text

    result = asking.looked(lm, TEXT)
    assert result.transition is not None and result.information is not None
    n, flow = result.n_context, result.transition.flow
    asked = [
        asking.looked(lm, TEXT, choice=Choice(token_id=from_text(lm.tokenizer, f" {word}").ids[-1])) for word in ASKED
    ]
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
    asked_for = data["question"] + labels[data["question"] :].index("Mary")
    return {
        "answer": data["target"]["label"],
        "museum": words.percent(m[at["museum"]]),
        "office": words.percent(m[at["office"]]),
        "first": words.percent(m[at["Mary"]]),
        "asked_for": words.percent(m[asked_for]),
        "question": words.percent(sum(m[data["question"] :])),
        "last": words.percent(flow[-1].sum()),
        "last_third": words.percent(flow[-1, 2].sum()),
        "office_last": words.percent(flow[-1, :, at["office"]].sum()),
        "kl_office": words.number(data["kl"][at["office"]]),
        "kl_museum": words.number(data["kl"][at["museum"]]),
        "n": str(others["n"]),
        "asks": words.percent(others["asks"], 0),
        "decides": words.percent(others["decides"], 0),
        "deciding": words.percent(others["deciding"], 0),
        "top_asks": str(round(others["top_asks"] * others["n"])),
        "top_decides": str(round(others["top_decides"] * others["n"])),
    }


def still(data: Data) -> str:
    """M of every word, and the widest edges of each layer."""
    m, labels = data["m"], data["labels"]
    rows = [
        (
            f"Layer {layer + 1}",
            words.percent(float(np.sum(data["flow"][layer]))),
            ", ".join(
                f"{escape(named(labels, i))} → {escape(named(labels, j))} {words.percent(part)}"
                for i, j, part in widest(data, layer, 3)
            ),
        )
        for layer in reversed(range(len(data["flow"])))
    ]
    return (
        sentence(f"{data['text']} → {data['target']['label']}")
        + row_of_words(data["parts"], [words.percent(value) for value in m], [value / max(m) for value in m])
        + note("Below each word its M, in parts of the whole flow. The last “:” is the place that answers.")
        + table(("", "adds to M", "widest edges, heads together"), rows)
    )


def named(labels: Sequence[str], i: int) -> str:
    """A word, with its place where the text has it more than once."""
    return words.quoted(labels[i]) + (f" ({i})" if labels.count(labels[i]) > 1 else "")


LESSON = Lesson(
    name="gate",
    number=4,
    title="Follow the flow",
    idea=(
        "In every layer [[attention|attention]] takes something from one place of the text and adds it to another. "
        "[[transition|M]] asks of each word: how much of what stands there flows on, layer by layer and "
        "[[head|head]] by head, to the place that answers?",
        "Read this picture from its end. In layer 4 the place that answers reads the question’s “Mary”. In layer 3 "
        "that “Mary” had read “museum”. In layer 2 “museum” had read the first “Mary”. So “{answer}” came home.",
        "M is a gate, not a verdict. It knows the place, not the word said there. “office”, the wrong place, gets "
        "{office} of the flow, nearly as much as “museum” with {museum}.",
    ),
    look="Let the layers pass one by one. Then press a word to follow its flow alone.",
    question="Where does the largest part of M lie: on the words that decide the answer, or on those that ask?",
    answer="On those that ask: from “Question” on {question} of M, {asked_for} on its “Mary” alone. In {n} other texts "
    "the largest M stood in the question {top_asks} times and on a deciding word {top_decides} times. Deciding words "
    "hold {decides} of M, and are {deciding} of the tokens: the gate leans their way, and no more. What a word does "
    "to the answer, the rest of the score must say.",
    exercises=(
        Exercise(
            "Press “office”, the place where Mary is not. In which layer does most of its flow go in?",
            "In layer 4: {office_last} of M, read straight by the place that answers. Yet without “office” the "
            "prediction stays as it is ([[kl|KL]] {kl_office} nats; without “museum” {kl_museum}). A way that is open "
            "need not carry anything that counts.",
        ),
        Exercise(
            "Choose head 3. What does it do in layer 4?",
            "It adds {last_third} of M there, all but a trace of it from one word: the “Mary” of the question. No "
            "other head of that layer adds half as much.",
        ),
        Exercise(
            "On Explore, let “office” be explained instead of “museum”, and look at Transition.",
            "Not one number changes: the same text flows to the same place, whichever word is asked about.",
            TEXT,
        ),
    ),
    measure=measure,
    told=told,
    still=still,
)
