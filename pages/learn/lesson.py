"""A lesson on the page: its words and its picture, in one component, and what comes back from it, checked."""

from functools import cache

from heta_core.errors import InputError
from heta_core.learning import called, lessons
from heta_core.teaching import shipped, texts
from heta_core.teaching.contract import Lesson
from pages.learn import answering, choosing, wording
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
    shown, problem = _shown()
    controls.trouble(problem)
    answering.advance(shown.name)
    payload = _written(shown) | {"reply": answering.said(shown.name), "presenter": presenting.is_on()}
    _COMPONENT(key=_KEY, data=payload, on_event_change=_received)
    wording.draw(wording.of_lesson(shown))


def _shown() -> tuple[Lesson, str | None]:
    try:
        return called(choosing.lesson()), None
    except InputError as error:
        return lessons()[0], str(error)


@cache
def _written(lesson: Lesson) -> dict[str, object]:
    """What does not change while the app runs; not to be changed."""
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
    lesson, _ = _shown()
    if lesson.reply is not None:
        answering.ask(lesson.name, lesson.reply, event)
