"""What one visitor of Generate looks at and waits for: continuations side by side, one of them shown."""

from dataclasses import dataclass, field
from typing import Any

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution
from heta_core.settings import Weights
from pages.generate import generating
from pages.generate.generating import Request
from pages.ui import engine_cache, keeping, session, state
from pages.ui.engine_cache import Step
from pages.ui.question import Question
from pages.ui.runs import Run

FILM = "heta.film"  # the key of the component
MATRIX = "heta.matrix"
_MOST = 8  # more cannot be compared side by side


@dataclass(slots=True, eq=False)
class Branch:
    """A continuation and what the reader looks at in it. It changes in place, as `Run` does."""

    name: str
    number: int = 0
    parent: int | None = None  # the number of the branch that it forked from; None takes the place of all others
    request: Request | None = None
    step: int = 0  # the one looked at
    token: int | None = None  # the word pinned in it
    jump: int = 0  # counts up whenever the page, not the reader, has chosen step and token
    run: Run | None = None
    opened: GenerationAttribution | None = None  # a saved one
    together: Run | Attribution | None = None  # several steps, or one thing rather than another, explained
    n_together: int = 0  # counts up with every such question
    is_joined: bool = False  # that is looked at, not the step
    drawn: dict[int, Any] = field(default_factory=dict)  # what was sent of each step, see film.py
    figure: Any = None  # the matrix and what it was drawn from, see continuation.py

    @property
    def generation(self) -> GenerationAttribution | None:
        """What is known so far, with the weights chosen on it."""
        shown = self.run.result if self.run and self.run.result else self.opened
        return shown.with_weights(weights()) if shown else None

    @property
    def joint(self) -> Attribution | None:
        """What is known so far of the steps or the contrast explained together."""
        shown = self.together.result if isinstance(self.together, Run) else self.together
        return shown.with_weights(weights()) if shown else None

    @property
    def runs(self) -> list[Run]:
        """What is being worked on or has just ended unseen, the most urgent first."""
        return [run for run in (self.together, self.run) if isinstance(run, Run) and run.has_news]

    def goto(self, step: int, token: int | None = None) -> None:
        """Look at another step; the browser follows."""
        self.step, self.token, self.jump, self.is_joined = step, token, self.jump + 1, False


# what is shown


def branches() -> list[Branch]:
    """All of them, the oldest first."""
    return state.get("generate.branches") or []


def active() -> Branch | None:
    """The one that is looked at."""
    return find(state.get("generate.active"))


def find(number: object) -> Branch | None:
    """The branch with this number."""
    return next((branch for branch in branches() if branch.number == number), None)


def activate(branch: Branch) -> None:
    """Look at a branch; its work goes on, that of the others waits."""
    state.put("generate.active", branch.number)
    branch.goto(branch.step, branch.token)


def remove(branch: Branch) -> None:
    """Take a branch away; what forked from it stays, and one stays in any case."""
    left = [other for other in branches() if other is not branch]
    if not left:
        return
    _end(branch)
    state.put("generate.branches", left)
    if active() is None:
        activate(find(branch.parent) or left[-1])


def show(generation: GenerationAttribution, name: str) -> None:
    """Put a finished generation on the screen as it was saved, alone."""
    stop()
    state.put("generate.weights", generation.weights)
    _add(Branch(name, opened=generation))
    say(None)


def weights() -> Weights:
    """How the components are combined."""
    return state.get("generate.weights", session.OPENING)  # type: ignore[no-any-return]


def set_weights(value: Weights) -> None:
    """Combine otherwise from now on."""
    state.put("generate.weights", value)


# what is asked


def ask(branch: Branch, request: Request) -> None:
    """A new continuation; it is shown when its first word is there. The newest request ends the one before."""
    _end(state.get("generate.pending"))
    say(None)
    if branch.parent is not None and len(branches()) >= _MOST:
        say(f"At most {_MOST} branches stand side by side, found {len(branches())}: remove one first.")
        return
    branch.request = request
    branch.run = Run(generating.steps(request, weights(), lambda: branch.step), model=request.model)
    state.put("generate.pending", branch)


def explain_together(branch: Branch, question: Question) -> None:
    """A span of the continuation, or one thing rather than another, through the same engine as on Explore."""
    if branch.generation is None or branch.generation.ending is None:
        return
    say(None)
    keep()
    if isinstance(branch.together, Run):
        branch.together.stop()
    branch.together = engine_cache.recall(question) or Run(
        engine_cache.steps(question, weights()), model=question.model
    )
    branch.n_together += 1
    branch.is_joined = True


def advance() -> bool:
    """Work for a moment on what is most urgent. False when there is nothing to do."""
    pending: Branch | None = state.get("generate.pending")
    shown = active()
    run = pending.run if pending else next(iter(shown.runs), None) if shown else None
    if run is None or not run.advance():
        keep()
        return False
    if pending and (run.result or not run.is_live):
        state.put("generate.pending", None)
        if run.result:
            _add(pending)
    if run.problem:
        say(run.problem)
    return True


def _add(branch: Branch) -> None:
    """A branch beside the others, or in the place of all of them."""
    others = branches()
    if branch.parent is None:
        for other in others:
            _end(other)
        others = []
    branch.number = state.get("generate.number", 0) + 1
    state.put("generate.number", branch.number)
    state.put("generate.branches", [*others, branch])
    edit(False)
    activate(branch)


def stop() -> None:
    """End what is being worked on; what was found stays on the screen."""
    _end(state.get("generate.pending"))
    state.put("generate.pending", None)
    _end(active())


def keep() -> None:
    """Let the library have what is finished."""
    for run in (run for branch in branches() for run in (branch.run, branch.together)):
        keeping.keep(run if isinstance(run, Run) else None, weights())


def _end(branch: Branch | None) -> None:
    keep()
    for run in (branch.together, branch.run) if branch else ():
        if isinstance(run, Run):
            run.stop()


def busy() -> Step | None:
    """How far the most urgent work is."""
    pending, shown = state.get("generate.pending"), active()
    run = pending.run if pending else next(iter(shown.runs), None) if shown else None
    return run.busy if run else None


# what is typed and said


def problem() -> str | None:
    """Why the last thing asked for did not work."""
    return state.get("generate.problem")  # type: ignore[no-any-return]


def say(text: str | None) -> None:
    """Tell the reader why something did not work; None takes it back."""
    state.put("generate.problem", text)


def is_editing() -> bool:
    """The form is open."""
    return bool(state.get("generate.editing"))


def edit(is_open: bool) -> None:
    """Open the form or close it."""
    state.put("generate.editing", is_open)
