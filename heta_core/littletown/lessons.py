"""Lessons: a prompt, its one right next token, and where in the prompt the evidence stands.

1. `held_out(skill, n, seed)` asks about scenes that training never saw.
2. `minimal_pair` is the same prompt with the smallest change that makes another answer right.
3. `evidence_change` replaces the answer's word in the evidence by a third one: a model that reads must follow.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from heta_core.littletown import lexicon
from heta_core.littletown.questions import Form, asked, fixed_questions, forms_of, question, skill_of
from heta_core.littletown.rows import Syllabus, agreement, agreement_prompt, copying, scene
from heta_core.littletown.scenes import Fact, Place, Scene, Span, bucket, say
from heta_core.littletown.syllabus import ALL
from heta_core.littletown.words import FIXED_FACTS, NAMES, OBJECTS, PLURALS, POOLS

CORE = ("where", "have", "colour", "who", "gave", "facts", "continuation")
HARDER = ("pronoun", "negation", "two-step", "conflict", "agreement", "copying")
SKILLS = CORE + HARDER
# Blocks that tell what a skill asks for.
TOLD_BY = {
    "where": ("where",),
    "have": ("have", "painted"),
    "colour": ("colour", "painted"),
    "who": ("where", "have"),
    "gave": ("gave",),
    "continuation": ("where", "have", "colour"),
    "pronoun": ("pronoun",),
    "negation": ("negation",),
    "two-step": ("two-step",),
    "conflict": ("conflict",),
}
known_words = lexicon.known_words


@dataclass(frozen=True, slots=True)
class Ask:
    """A scene, a fact of it, and the way it is asked for: what a prompt is written from."""

    skill: str
    scene: Scene
    fact: Fact
    form: Form

    @property
    def answer(self) -> str:
        """The word that is right."""
        return self.fact.word(self.form.role)

    @property
    def answer_place(self) -> Place:
        """Where the scene tells the answer."""
        return dict(self.fact.found)[self.form.role]


@dataclass(frozen=True, slots=True)
class Instance:
    """One prompt with its answer and its evidence; spans are character offsets in `prompt`."""

    prompt: str
    answer: str  # with the space before it: one token
    distractor: str  # the wrong answer of the same kind, right in the minimal pair
    skill: str
    scene_span: Span
    question_span: Span
    evidence_spans: tuple[Span, ...]  # the sentences that the answer rests on
    word_spans: tuple[Span, ...]  # the words in them that decide
    ask: Ask
    twin: Ask


def _in_question(ask: Ask, role: str) -> Span:
    """Where a role's word stands in a question, from its start."""
    start = ask.form.text.index("{" + role + "}")
    return start, start + len(ask.fact.word(role))


def _instance(ask: Ask, twin: Ask) -> Instance:
    """The prompt of an ask, its evidence, and the distractor taken from its twin."""
    story, tail = ask.scene.text, asked(ask.form, ask.fact)
    start = len(story) + bool(story and tail)
    prompt = (story + " " + tail).strip()
    roles = [r for r, _ in ask.fact.words if "{" + r + "}" in ask.form.text or r == ask.form.role]
    places = {p for r, p in ask.fact.found if r in roles} | set(ask.fact.links)
    words = sorted(ask.scene.word_span(p) for p in places)
    sentences = [ask.scene.sentence_span(n) for n in sorted({n for n, _ in places})]
    if ask.skill == "facts":
        a, b = _in_question(ask, "subject")
        words, sentences = [(start + a, start + b)], [(start, len(prompt))]
    return Instance(
        prompt=prompt,
        answer=" " + ask.answer,
        distractor=" " + twin.answer,
        skill=ask.skill,
        scene_span=(0, len(story)),
        question_span=(start, len(prompt)),
        evidence_spans=tuple(sentences),
        word_spans=tuple(words),
        ask=ask,
        twin=twin,
    )


def minimal_pair(instance: Instance) -> Instance:
    """The twin: the same scene asked about the other one, or the scene minimally edited; another answer is right."""
    return _instance(instance.twin, instance.ask)


def evidence_change(instance: Instance) -> Instance:
    """The same prompt with the answer's word in the evidence replaced by a third value of its kind.

    Fixed facts and agreement have no such word: there the subject itself is replaced, and the answer with it.
    """
    ask, rng = instance.ask, Random(instance.prompt)
    if ask.skill == "facts":
        table = next(t for q, t in FIXED_FACTS.items() if question(q) == ask.form.text)
        others = [s for s, a in table.items() if " " + a not in (instance.answer, instance.distractor)]
        return _instance(_fixed_ask(ask.scene, ask.form, rng.choice(others), table), instance.twin)
    if ask.skill == "agreement":
        heads = [h for h in PLURALS if h not in ask.scene.words and PLURALS[h] not in ask.scene.words]
        head, words = rng.choice(heads), dict(ask.scene.sentences[0].words)
        is_plural = ask.answer == "are"
        _, template = ask.scene.sentences[0].text, ask.scene.sentences[0].template
        return _instance(
            _agreement_ask(template, head if is_plural else PLURALS[head], words["attractor"], not is_plural),
            ask,
        )
    pool = NAMES + OBJECTS if ask.skill == "copying" else POOLS[ask.form.role]
    taken = ask.scene.words | {instance.distractor.strip()}
    third = rng.choice([w for w in pool if w not in taken])
    return _instance(_with_answer(ask, third), instance.twin)


def _with_answer(ask: Ask, word: str) -> Ask:
    """The ask after its answer's word was replaced in the scene."""
    words = tuple((r, word if r == ask.form.role else w) for r, w in ask.fact.words)
    return replace(ask, scene=ask.scene.with_word(ask.answer_place, word), fact=replace(ask.fact, words=words))


def _fixed_ask(told: Scene, form: Form, subject: str, table: dict[str, str]) -> Ask:
    words = (("subject", subject), ("answer", table[subject]))
    return Ask("facts", told, Fact("facts", "facts", words, ()), form)


def _agreement_ask(template: str, head: str, attractor: str, is_plural: bool) -> Ask:
    told = say(template, head=head, attractor=attractor)
    words = (("head", head), ("answer", "are" if is_plural else "is"))
    fact = Fact("agreement", "agreement", words, (("head", (0, "head")),), ((0, "head"),))
    return Ask("agreement", Scene((told,), ()), fact, Form("", "answer"))


def _agreement_pair(rng: Random) -> tuple[Ask, Ask]:
    while bucket(" ".join(drawn := agreement(rng))) != 0:
        pass
    head, preposition, attractor = drawn
    template = agreement_prompt("{head}", preposition, "{attractor}")
    pair = [_agreement_ask(template, PLURALS[head] if p else head, attractor, p) for p in (False, True)]
    rng.shuffle(pair)
    return pair[0], pair[1]


def _copy_ask(words: list[str], n_copied: int) -> Ask:
    roles = [f"w{i}" for i in range(len(words))]
    told = say("Copy: " + " ".join("{" + r + "}" for r in roles) + ".", **dict(zip(roles, words, strict=True)))
    form = Form("Again: " + " ".join("{" + r + "}" for r in roles[:n_copied]), roles[n_copied])
    fact = Fact("copying", "copying", told.words, tuple((r, (0, r)) for r in roles))
    return Ask("copying", Scene((told,), (fact,)), fact, form)


def _copy_pair(rng: Random) -> tuple[Ask, Ask]:
    """A list, and the list with the next word exchanged with one that is not yet copied."""
    while True:
        words, n = copying(rng)
        if n < len(words) - 1 and bucket(" ".join(words)) == 0:
            break
    other, swapped = rng.randrange(n + 1, len(words)), list(words)
    swapped[n], swapped[other] = swapped[other], swapped[n]
    return _copy_ask(words, n), _copy_ask(swapped, n)


def _fixed_pair(told: Scene, rng: Random) -> tuple[Ask, Ask]:
    template, subject, answer = rng.choice(fixed_questions())
    table, form = FIXED_FACTS[template], Form(question(template), "answer")
    other = rng.choice([s for s, a in table.items() if a != answer])
    return _fixed_ask(told, form, subject, table), _fixed_ask(told, form, other, table)


def _edited(ask: Ask) -> Ask | None:
    """The ask with the two values of its subject exchanged, where the scene tells two."""
    number, role = ask.answer_place
    sentences, key = ask.scene.sentences, ask.fact.words[0]
    rivals: list[Place] = [(number, "wrong")] if ask.skill == "negation" else []
    if ask.skill == "conflict":
        rivals = [(i, role) for i, s in enumerate(sentences[:number]) if {key, key} <= set(s.words)]
        rivals = [(i, r) for i, r in rivals if r in dict(sentences[i].words)]
    if not rivals:
        return None
    i, r = rivals[-1]
    rival = sentences[i].word(r)
    changed = _with_answer(ask, rival)
    return replace(changed, scene=changed.scene.with_word((i, r), ask.answer))


def _told_pair(skill: str, told: Scene, rng: Random) -> tuple[Ask, Ask] | None:
    """A question of a skill about a scene, and its twin."""
    asks = [Ask(skill, told, f, form) for f in told.facts for form in forms_of(f) if skill_of(f, form) == skill]
    rng.shuffle(asks)
    for ask in asks:
        if (twin := _edited(ask)) is not None:
            return ask, twin
        for other in asks:
            if other.form == ask.form and other.answer != ask.answer:
                return ask, other
    return None


def pairs(skill: str, syllabus: Syllabus, rng: Random) -> Iterator[tuple[Ask, Ask]]:
    """Held-out questions of a skill with their twins, without end."""
    blocks = [b for b in TOLD_BY.get(skill, ()) if b in dict(syllabus.blocks)]
    while True:
        if skill == "agreement":
            yield _agreement_pair(rng)
        elif skill == "copying":
            yield _copy_pair(rng)
        else:
            told = scene(syllabus, rng, must=rng.choice(blocks) if blocks else None)
            if told.is_held_out:
                pair = _fixed_pair(told, rng) if skill == "facts" else _told_pair(skill, told, rng)
                if pair is not None:
                    yield pair


def held_out(skill: str, n: int, seed: int, *, syllabus: Syllabus = ALL) -> tuple[Instance, ...]:
    """`n` held-out instances of a skill; the same for the same seed, on every machine."""
    source = pairs(skill, syllabus, Random(f"{skill} {seed}"))
    return tuple(_instance(*next(source)) for _ in range(n))
