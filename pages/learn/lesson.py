"""A lesson on the page: its words and its picture, in one component, and what comes back from it, checked."""

from heta_core.errors import InputError
from heta_core.learning import called, lessons
from heta_core.teaching import shipped, texts
from heta_core.teaching.contract import Lesson
from pages.learn import answering, choosing
from pages.learn.joining import ASSETS, component_of
from pages.ui import controls, presenting, state

_KEY = "heta.lesson"
_FOLDER = ASSETS / "learn"
_COMPONENT = component_of(
    "heta_lesson",
    [_FOLDER / "main.js"],
    sorted(_FOLDER.glob("*.css")),
    [_FOLDER / f"{lesson.name}.js" for lesson in lessons()],
)


def draw() -> None:
    """The lesson that the address names; where there is no such lesson, that is said and the first one drawn."""
    shown, problem = lessons()[0], None
    try:
        shown = called(choosing.lesson())
    except InputError as error:
        problem = str(error)
    controls.trouble(problem)
    answering.advance()
    _COMPONENT(key=_KEY, data=_payload(shown), on_event_change=_received)


def _payload(lesson: Lesson) -> dict[str, object]:
    data = shipped.data(lesson.name)
    written = texts.told(lesson, data)
    return {
        "name": lesson.name,
        "number": lesson.number,
        "title": lesson.title,
        "idea": written.idea,
        "look": written.look,
        "question": written.question,
        "answer": written.answer,
        "exercises": [{"task": task, "expected": seen, "prompt": prompt} for task, seen, prompt in written.exercises],
        "all": [{"name": each.name, "title": each.title} for each in lessons()],
        "picture": data,
        "reply": answering.said(lesson.name),
        "presenter": presenting.is_on(),
    }


def _received() -> None:
    """Runs before the script does."""
    event = state.event(_KEY)
    if not isinstance(event, dict):
        return
    if event.get("kind") == "lesson":
        if any(lesson.name == event.get("name") for lesson in lessons()):
            choosing.go_to(str(event["name"]))
        return
    lesson = next((each for each in lessons() if each.name == choosing.lesson()), None)
    if lesson is not None and lesson.reply is not None:
        answering.ask(lesson.name, lesson.reply, event)
