"""The Generate page without a browser: what it draws, what it sends to the component, what it does with clicks."""

import json
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_generation
import pytest
import samples
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.errors import InputError  # noqa: E402 - the pages need the path above
from heta_core.report import dumps, loads_generation  # noqa: E402
from heta_core.settings import Decoding, Weights  # noqa: E402
from heta_core.targets import Choice  # noqa: E402
from heta_core.tokens import Segment  # noqa: E402
from heta_core.views import shares, strip  # noqa: E402
from heta_core.views.film import payload  # noqa: E402
from pages.generate import branches, continuation, film, forking, generating, prompt_form  # noqa: E402
from pages.generate.generating import Edit, Request, Turn  # noqa: E402
from pages.ui import engine_cache, examples, state, token_strip  # noqa: E402
from pages.ui.details import text_of  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402
from pages.ui.question import Question  # noqa: E402

SHOWN = made_generation.generation()
asked: list[Request] = []
explained: list[Question] = []


def fake_steps(request: Request, _: Weights, look: Callable[[], int]) -> Iterator[Step]:
    """A growing made-up generation, and an error where the prompt asks for one."""
    asked.append(request)
    yield Step("Starting the engine")
    if request.prompt == "fail":
        raise InputError("A prompt of two words is needed, got one: add a word.")
    for partial in made_generation.growing(made_generation.generation(seed=len(asked))):
        yield Step(generating.doing(partial), partial.fraction, partial)


def fake_explained(question: Question, _: Weights) -> Iterator[Step]:
    explained.append(question)
    for partial in samples.growing(made_generation.together(question.text, question.choice)):
        yield Step("Hessian: refining", partial.work.fraction, partial)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    st.cache_resource.clear()
    asked.clear()
    explained.clear()
    samples.write_examples(tmp_path)
    (tmp_path / "generation.json").write_text(dumps(SHOWN), encoding="utf-8")
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    monkeypatch.setattr(generating, "steps", fake_steps)
    monkeypatch.setattr(engine_cache, "steps", fake_explained)
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "_warm", None)
    monkeypatch.setattr(engine_cache, "_finished", OrderedDict())
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    yield at.switch_page("pages/1_Generate.py")
    st.cache_resource.clear()


def sent(app: AppTest) -> dict[str, Any]:
    """What the component got."""
    assert not app.exception, app.exception
    data: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    return data


class Held:
    """The part of `st.session_state` that `state` uses, on a tested app's state."""

    def __init__(self, app: AppTest) -> None:
        self.held = app.session_state

    def get(self, key: str, default: object = None) -> object:
        return self.held[key] if key in self.held else default  # noqa: SIM401 - an AppTest's state has no `get`

    def __setitem__(self, key: str, value: object) -> None:
        self.held[key] = value


def act(app: AppTest, action: Callable[[], object]) -> AppTest:
    """Run a callback on the state of a tested app."""
    original = state.st
    state.st = type("State", (), {"session_state": Held(app)})
    try:
        action()
    finally:
        state.st = original
    return app.run()


def click(app: AppTest, **event: object) -> AppTest:
    """What the component's click comes to; its own trigger cannot be set from here."""
    original = state.event
    state.event = lambda _: event
    try:
        return act(app, film._received)
    finally:
        state.event = original


def test_the_page_opens_with_the_shipped_generation_and_asks_no_model(app: AppTest) -> None:
    data = sent(app.run())["film"]
    assert data["shared"]["labels"] == strip.labels(SHOWN.tokens) and len(data["steps"]) == SHOWN.n_new
    own = strip.payload(SHOWN.at(3))
    assert data["steps"][3]["kl"] == pytest.approx(own["kl"], rel=1e-5)
    assert {**own, **data["steps"][3], **data["shared"]}.keys() == own.keys()
    assert data["curved"] == [True] * SHOWN.n_new
    assert asked == [] and explained == []


def test_without_a_shipped_generation_the_form_holds_the_prompt_of_the_first_example(app: AppTest) -> None:
    (examples.FOLDER / "generation.json").unlink()
    app.run()
    assert branches.FILM not in [c.key for c in app.get("bidi_component")] and app.text_area[0].value == samples.SCENE
    app.button[0].click().run()
    assert asked[0].prompt == samples.SCENE and asked[0].decoding == Decoding(steps=16)
    assert sent(app)["film"]["curved"] == [True] * SHOWN.n_new and not app.text_area


def test_a_step_that_has_not_changed_is_not_written_anew() -> None:
    drawn: dict[int, Any] = {}
    first = payload(SHOWN, drawn)["steps"]
    changed = SHOWN.with_step(2, replace(SHOWN.steps[2], hessian=None))
    second = payload(changed, drawn)["steps"]
    assert second[1] is first[1] and second[2] is not first[2] and second[2]["hessian"] is None
    assert payload(changed.with_weights(Weights(beta=0.1)), drawn)["steps"][1] is not first[1]


def test_the_text_grows_before_there_is_a_number() -> None:
    for partial in made_generation.growing(SHOWN):
        data = payload(partial)
        assert len(data["steps"]) in (0, SHOWN.n_new)
        assert len(data["shared"]["tokens"]) == len(partial.tokens)
        json.dumps(data, allow_nan=False)


def test_another_word_is_forced_on_the_same_ids(app: AppTest) -> None:
    app.run()
    k, n = 2, SHOWN.n_prompt
    foil = SHOWN.steps[k].prediction.candidates[1]
    data = sent(click(app, kind="force", position=n + k, token_id=foil.token_id))
    assert asked[0].given == (*SHOWN.tokens.ids[n : n + k], foil.token_id)
    assert asked[0].prompt == SHOWN.tokens and asked[0].n_prompt == n and asked[0].decoding == SHOWN.decoding
    assert [fork["name"] for fork in data["branches"]] == ["Shipped example", "“other23a” forced at step 3"]
    assert data["branch"]["number"] == 2 and data["branch"]["step"] == k
    assert sent(click(app, kind="branch", index=1))["branch"]["number"] == 1
    assert len(sent(click(app, kind="remove", index=2))["branches"]) == 1
    assert len(sent(click(app, kind="remove", index=1))["branches"]) == 1  # one stays


def test_a_word_of_the_prompt_gives_way_whole(app: AppTest) -> None:
    app.run()
    at = SHOWN.tokens.pieces.index(" green")
    click(app, kind="delete", position=at)
    assert asked[0].edit == Edit(at, at + 1, "")
    click(app, kind="branch", index=1)
    click(app, kind="swap", position=at, text=" red ")
    assert asked[1].edit == Edit(at, at + 1, " red")
    for position, text in ((0, "x"), (at, " "), (SHOWN.n_prompt, "x")):
        click(app, kind="branch", index=1)
        assert "word" in click(app, kind="swap", position=position, text=text).error[0].value
    assert len(asked) == 2


def test_a_part_of_a_word_stands_for_the_word() -> None:
    tokens = samples.tokens(["<s>", "Litt", "le", "town", "'s", " 🦊", " 🦊", " fox"])
    assert [forking.word_at(tokens, i) for i in (1, 2, 3, 5, 7)] == [(1, 4), (1, 4), (1, 4), (5, 7), (7, 8)]
    with pytest.raises(InputError, match="somebody wrote"):
        forking.word_at(tokens, 0)
    chat = replace(tokens, segments=(Segment(0, 4, "role", "user", 0), Segment(4, 8, "content", "user", 0)))
    with pytest.raises(InputError, match="somebody wrote"):
        forking.word_at(chat, 2)


def test_steps_together_and_contrasts_go_through_the_engine_of_explore(app: AppTest) -> None:
    app.run()
    n = SHOWN.n_prompt
    data = sent(click(app, kind="target", position=n + 1, stop=n + 4))
    assert data["together"]["target"]["kind"] == "span" and data["together"]["number"] == 1
    foil = SHOWN.steps[1].prediction.candidates[2]
    own = SHOWN.tokens.ids[n + 1]
    data = sent(click(app, kind="target", position=n + 1, token_id=own, foil=[foil.token_id]))
    assert data["together"]["target"]["foil"] == "other22b"
    click(app, kind="exchange")
    assert [q.choice for q in explained] == [
        Choice(n + 1, stop=n + 4),
        Choice(n + 1, own, foil=(foil.token_id,)),
        Choice(n + 1, foil.token_id, foil=(own,)),
    ]
    assert all(q.text == SHOWN.tokens for q in explained)


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "look", "position": 10**9, "index": True},
        {"kind": "force", "position": 23, "token_id": 1},
        {"kind": "force", "position": 0, "token_id": 1},
        {"kind": "branch", "index": 99},
        {"kind": "delete", "position": 10**9},
        {"kind": "target", "position": 1, "stop": 3},
        {"kind": "rather", "position": -1, "text": "x"},
        {"kind": "exchange"},
        {"kind": ["look"]},
        {},
    ],
    ids=str,
)
def test_a_forged_event_does_no_harm(app: AppTest, event: dict[str, Any]) -> None:
    before = sent(app.run())["film"]["shared"]["labels"]
    assert sent(click(app, **event))["film"]["shared"]["labels"] == before
    assert asked == [] and explained == []


def test_the_step_looked_at_is_the_one_that_the_work_is_told_of(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Callable[[], int]] = []

    def steps(request: Request, _: Weights, look: Callable[[], int]) -> Iterator[Step]:
        looks.append(look)
        yield from fake_steps(request, Weights(), look)

    monkeypatch.setattr(generating, "steps", steps)
    app.run()
    click(app, kind="force", position=SHOWN.n_prompt + 1, token_id=SHOWN.steps[1].prediction.candidates[1].token_id)
    assert looks[0]() == 1
    data = sent(click(app, kind="look", position=SHOWN.n_prompt + 5, index=3))
    assert looks[0]() == 5 and (data["branch"]["step"], data["branch"]["token"]) == (5, 3)


def test_a_new_prompt_takes_the_place_of_all_and_a_bad_one_of_none(app: AppTest) -> None:
    app.run()
    click(app, kind="edit")
    app.text_area[0].set_value("fail")
    app.button[0].click().run()
    assert app.error[0].value.startswith("A prompt of two words is needed")
    assert app.text_area[0].value == "fail" and sent(app)["branches"][0]["name"] == "Shipped example"
    app.text_area[0].set_value("")
    app.button[0].click().run()
    assert app.error[0].value.startswith("A prompt is needed")
    app.text_area[0].set_value("Kate has a")
    app.button[0].click().run()
    assert not app.error and [b["name"] for b in sent(app)["branches"]] == ["Original"]


def test_the_form_says_how_the_model_goes_on() -> None:
    fields = {"how": "A drawn word", "steps": 3, "temperature": 0.7, "top_k": 0, "top_p": 0.9, "seed": 4}
    decoding = prompt_form._decoding_of(fields | {"stop": r".|\n"})
    assert decoding == Decoding(method="sample", steps=3, temperature=0.7, top_p=0.9, seed=4, stop=(".", "\n"))
    assert prompt_form._decoding_of({"steps": 2, "stop": ""}) == Decoding(steps=2)


def test_a_saved_generation_reopens_the_exact_view(app: AppTest) -> None:
    app.run()
    saved = SHOWN.with_weights(Weights(beta=0.1, gamma=0.7, scaling="raw"))
    data = sent(act(app, lambda: branches.show(loads_generation(dumps(saved)), "Saved file")))
    assert data["film"]["shared"]["weights"] == {"beta": 0.1, "gamma": 0.7, "scaling": "raw"}
    again = payload(loads_generation(dumps(saved)))
    assert data["film"] == json.loads(json.dumps(again))


@pytest.mark.parametrize(
    ("content", "says"), [(b"{", "damaged"), (b"\xff\xfe", "UTF-8"), (dumps(samples.result()).encode(), "page Explore")]
)
def test_a_file_that_is_no_generation_says_why(content: bytes, says: str) -> None:
    with pytest.raises(Exception, match=says):
        loads_generation(text_of(content))


def test_how_a_text_ended_early_is_said(app: AppTest) -> None:
    app.run()
    answer = (" took",)
    short = made_generation.generation(answer=answer)
    act(app, lambda: branches.show(replace(short, ending="end"), "x"))
    assert app.info[0].value.startswith("The model ended at once")
    act(app, lambda: branches.show(replace(SHOWN, ending="context"), "x"))
    assert f"no more than {len(SHOWN.tokens)} tokens" in app.info[0].value
    act(app, lambda: branches.show(replace(SHOWN, ending="end"), "x"))
    assert not app.info


def test_the_matrix_follows_the_step_and_a_cell_leads_to_its_step(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert figure["data"][1]["customdata"][0] == [0, 0]

    def clicked() -> None:
        with monkeypatch.context() as selected:
            selected.setattr(state, "widget", lambda _: {"selection": {"points": [{"customdata": [4, 6]}]}})
            continuation._clicked()

    data = sent(act(app, clicked))["branch"]
    assert (data["step"], data["token"]) == (6, 4) and data["jump"] > 1
    frames = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]["shapes"]
    assert [5.5, 6.5] in [[s["x0"], s["x1"]] for s in frames]


def test_stopping_keeps_what_was_found(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on = threading.Event()

    def waiting(request: Request, weights: Weights, look: Callable[[], int]) -> Iterator[Step]:
        for step in fake_steps(request, weights, look):
            if step.result is not None and step.result.steps:
                may_go_on.wait(20)
            yield step

    monkeypatch.setattr(generating, "steps", waiting)
    app.run()

    def asks() -> None:
        branch = branches.Branch("x")
        branches.ask(branch, Request("littletown", "Kate has a"))
        while branches.active() is not branch:
            branches.advance()
        branches.stop()
        may_go_on.set()
        assert branches.busy() is None

    data = sent(act(app, asks))
    assert [b["name"] for b in data["branches"]] == ["x"] and data["film"]["steps"] == []


def test_a_chat_is_asked_with_its_turns(app: AppTest) -> None:
    fields = {"system": "Be kind.", "turn0": "Hi"}
    assert prompt_form._messages(fields | {"system": " "}) == (Turn("user", "Hi"),)
    assert prompt_form._messages(fields) == (Turn("system", "Be kind."), Turn("user", "Hi"))


def test_parts_cover_the_context_of_every_step() -> None:
    parts = payload(SHOWN)["parts"]["sentences"]
    for k in range(SHOWN.n_new):
        a = SHOWN.at(k)
        expected = [part.share for part in shares.by_sentence(a)]
        held = [[i for i in part["tokens"] if i < a.n_context] for part in parts]
        assert [a.combined.shares[tokens].sum() for tokens in held if tokens] == pytest.approx(expected)


def test_a_look_that_comes_late_does_not_leave_what_was_asked_after_it(app: AppTest) -> None:
    app.run()

    def both() -> None:
        branch = branches.active()
        assert branch is not None and branch.generation is not None
        n_prompt = branch.generation.n_prompt
        for event in (
            {"kind": "target", "position": n_prompt + 2, "stop": n_prompt + 5},
            {"kind": "look", "position": n_prompt + 2},
        ):
            found = token_strip.read_event(event)
            assert found is not None
            film.respond(found, branch, branch.generation)

    assert sent(act(app, both))["branch"]["joined"]
    joined = sent(app.run())
    assert joined["together"] is not None
    assert not sent(click(app, kind="look", position=SHOWN.n_prompt + 2))["branch"]["joined"]
