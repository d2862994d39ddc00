"""What can be asked about a fact, and how a story goes on from it."""

from dataclasses import dataclass

from heta_core.littletown.scenes import Fact
from heta_core.littletown.words import FIXED_FACTS


@dataclass(frozen=True, slots=True)
class Form:
    """A way to ask for one role of a fact: `text` stops right before the answer, `after` follows it."""

    text: str
    role: str
    after: str = "."
    skill: str | None = None  # None: the skill of the fact


def question(text: str) -> str:
    """A question up to the point where its one-word answer stands."""
    return f"Question: {text} Answer:"


def _ask(text: str, role: str, skill: str | None = None) -> Form:
    return Form(question(text), role, skill=skill)


FORMS: dict[str, tuple[Form, ...]] = {
    "where": (
        _ask("Where is {name}?", "place"),
        _ask("Who is in the {place}?", "name", "who"),
        Form("Now {name} is in the", "place", skill="continuation"),
    ),
    "have": (
        _ask("What does {name} have?", "object"),
        _ask("Who has the {object}?", "name", "who"),
        Form("{name} still has the", "object", skill="continuation"),
    ),
    "colour": (
        _ask("What colour is the {object}?", "colour"),
        Form("The {object} is still", "colour", skill="continuation"),
    ),
    "gave": (
        _ask("Who gave the {object} to {receiver}?", "giver"),
        _ask("Who got the {object}?", "receiver"),
        _ask("What did {giver} give to {receiver}?", "object"),
    ),
    "inside": (_ask("Which place is the {object} in?", "place"),),
    "stands": (_ask("Where is the {container}?", "place"), Form("Now the {container} is in the", "place")),
    "container": (_ask("What is the {object} in?", "container"),),
}

# Skills whose facts are asked about in every way; the others only by their own first question.
OPEN_SKILLS = ("where", "have", "colour", "gave", "two-step", "container")


def forms_of(fact: Fact) -> tuple[Form, ...]:
    """The ways in which a fact is asked for."""
    forms = FORMS[fact.relation]
    return forms if fact.skill in OPEN_SKILLS else forms[:1]


def skill_of(fact: Fact, form: Form) -> str:
    """The skill that a question about a fact tests."""
    return form.skill or fact.skill


def asked(form: Form, fact: Fact) -> str:
    """The words of a question or continuation about a fact, up to the answer."""
    return form.text.format(**dict(fact.words))


def fixed_questions() -> tuple[tuple[str, str, str], ...]:
    """(question template, subject, answer) of everything that is true in every scene."""
    return tuple((t, s, a) for t, table in FIXED_FACTS.items() for s, a in table.items())
