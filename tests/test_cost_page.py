"""What the Explore page says about a long question."""

import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as `streamlit run app.py` does

from heta_core.cost.estimate import Cost, Plan
from heta_core.errors import InputError
from heta_core.language_model import LanguageModel
from heta_core.settings import Decoding, Settings, Weights
from pages.generate import generating
from pages.generate.generating import Request
from pages.ui import engine_cache, session
from pages.ui.cost import told, told_steps
from pages.ui.engine_cache import Question, steps

TEXT = "Kate has a cup and Noah has a map."


def costs(monkeypatch: pytest.MonkeyPatch, seconds: float, cheaper: float) -> None:
    """Every question is long, by so many seconds with probes of their own and with shared ones."""

    def cost(plan: Plan) -> Cost:
        is_cheaper = plan.passes < 100
        return Cost(plan.passes, plan.flops, cheaper if is_cheaper else seconds, 2 * 10**9)

    monkeypatch.setattr(Plan, "may_take", lambda *_: True)
    monkeypatch.setattr(Plan, "cost", cost)


def test_a_long_question_says_its_cost_and_a_cheaper_way(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    costs(monkeypatch, 41, 4)
    question = Question("littletown", TEXT)
    found = told(llama, question, *question.read(llama.tokenizer))
    assert found is not None and found.words.startswith("about 41 s, 2.0 GB beside the model, ")
    assert found.cheaper is not None and found.cheaper_words == "about 4 s"
    assert found.cheaper.settings == Settings(estimator="coloured", probes="auto")
    assert found.cheaper.text == TEXT


def test_no_way_is_offered_that_takes_as_long(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    costs(monkeypatch, 41, 39)
    question = Question("littletown", TEXT)
    found = told(llama, question, *question.read(llama.tokenizer))
    assert found is not None and found.cheaper is None


def test_a_short_question_says_nothing_and_measures_nothing(
    llama: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plan, "cost", None)
    question = Question("littletown", TEXT)
    assert told(llama, question, *question.read(llama.tokenizer)) is None


def test_what_does_not_fit_is_left_to_the_run(llama: LanguageModel) -> None:
    question = Question("littletown", TEXT, settings=Settings(memory=1000))
    assert told(llama, question, *question.read(llama.tokenizer)) is None


def test_every_step_carries_the_cost_and_the_first_comes_before_any_work(
    llama: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*_: object) -> object:
        yield from ()
        return llama

    costs(monkeypatch, 41, 4)
    monkeypatch.setattr(engine_cache, "loaded", loaded)
    first, *others = steps(Question("littletown", TEXT, settings=Settings(probes=20)), Weights())
    assert first.result is None and first.told is not None
    assert {step.told for step in others} == {first.told}


def page() -> None:
    """The line alone, on a question that waits."""
    from pages.ui import cost_line, state
    from pages.ui.cost import Told
    from pages.ui.engine_cache import Question, Step
    from pages.ui.runs import Run

    if state.once("tested"):
        words = "about 41 s, 1.2 GB beside the model, 5,912 passes"
        step = Step("Reading the text", told=Told(words, Question("littletown", "cheaper"), "about 4 s"))
        state.put("run", Run((s for s in [step]), step))
    cost_line.draw()


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(page, default_timeout=60).run()


def test_the_line_is_drawn_while_the_question_is_worked_on(app: AppTest) -> None:
    assert not app.exception
    assert app.caption[0].value.replace("\\", "") == "This takes about 41 s, 1.2 GB beside the model, 5,912 passes."
    assert [b.label.replace("\\", "") for b in app.button] == ["Shared probes instead: about 4 s", "Stop"]


def test_stop_ends_it(app: AppTest) -> None:
    app.button[1].click().run()
    assert not app.exception and not app.caption and not app.button


def test_the_cheaper_way_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Question] = []
    monkeypatch.setattr(session, "ask", asked.append)
    AppTest.from_function(page, default_timeout=60).run().button[0].click().run()
    assert [question.text for question in asked] == ["cheaper"]


def test_a_short_question_draws_nothing() -> None:
    def short() -> None:
        from pages.ui import cost_line, state
        from pages.ui.engine_cache import Step
        from pages.ui.runs import Run

        step = Step("Asking the model")
        state.put("run", Run((s for s in [step]), step))
        cost_line.draw()

    app = AppTest.from_function(short, default_timeout=60).run()
    assert not app.exception and not app.caption and not app.button


def test_a_long_continuation_says_its_cost_after_its_words_and_before_the_long_work(
    llama: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*_: object) -> object:
        yield from ()
        return llama

    costs(monkeypatch, 41, 41)
    monkeypatch.setattr(engine_cache, "loaded", loaded)
    request = Request("littletown", TEXT, Decoding(steps=2), settings=Settings(probes=1))
    all_steps = list(generating.steps(request, Weights(), lambda: 0))
    silent = [step for step in all_steps if step.told is None]
    told_of = all_steps[len(silent) :]
    assert silent[-1].result.n_new == 2 and silent[-1].result.steps[0].information is None
    assert {step.told.words for step in told_of} == {told_of[0].told.words}
    assert told_of[0].told.words.startswith("about 41 s") and told_of[-1].result.is_complete


def test_a_short_continuation_says_and_measures_nothing(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "cost", None)
    assert told_steps(llama, TEXT, 2, Settings()) is None
    assert told_steps(llama, TEXT, 2, Settings(memory=1000)) is None


def test_a_prompt_that_is_too_long_is_refused_before_the_work(llama: LanguageModel) -> None:
    with pytest.raises(InputError, match="at most"):
        told_steps(llama, "the cup " * 5000, 2, Settings())
