"""Links to continuations: the same request again, and one clear line where there is none."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import made_generation
import pytest
import samples
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core import explain, generate, load  # noqa: E402 - the pages need the path above
from heta_core.errors import HetaError, InputError  # noqa: E402
from heta_core.generated import GenerationAttribution  # noqa: E402
from heta_core.library import writing  # noqa: E402
from heta_core.library.entry import Shelf  # noqa: E402
from heta_core.report import dumps  # noqa: E402
from heta_core.settings import Decoding, Settings, Weights  # noqa: E402
from heta_core.taking import continuation, link  # noqa: E402
from heta_core.tokens import Segment  # noqa: E402
from pages.generate import branches, following, generating, prompt_form  # noqa: E402
from pages.generate.generating import Request  # noqa: E402
from pages.ui import controls, engine_cache, examples, keeping, linking, session, state  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402
from pages.ui.question import ADAPTIVE  # noqa: E402

SHOWN = made_generation.generation()
GIVEN = replace(SHOWN, decoding=None, ending="given", n_given=SHOWN.n_new)
CHAT = (Segment(0, 1, "template", "user", 0), Segment(1, SHOWN.n_prompt, "content", "user", 0))
DRAWN = Decoding(
    method="sample", steps=8, temperature=0.7, top_k=40, top_p=0.9, seed=2**64 - 1, stop=("|", "\n", "é&=#")
)
asked: list[Request] = []


@pytest.mark.parametrize(
    "g",
    [
        SHOWN,
        GIVEN,
        replace(SHOWN, decoding=DRAWN, n_given=3),
        replace(SHOWN, tokens=replace(SHOWN.tokens, segments=CHAT)),
        made_generation.generation(["<s>", *samples.HOSTILE], (" </script>", " a")),
        replace(SHOWN, settings=Settings(probes="auto", tolerance=0.2), weights=Weights(beta=0.1)),
    ],
)
def test_a_link_asks_for_the_same_again(g: GenerationAttribution) -> None:
    fragment = continuation.written(g)
    assert re.fullmatch(r"#heta-generate\?[\x21-\x7e]+", fragment)
    found = continuation.read(fragment)
    assert (found.model, found.prompt, found.ids) == ("littletown", g.prompt.text, g.tokens.ids[: g.n_prompt])
    assert (found.decoding, found.segments) == (g.decoding, g.prompt.segments)
    assert found.answer == g.tokens.ids[g.n_prompt : g.n_prompt + g.n_given]
    assert (found.settings, found.weights) == (g.settings, g.weights)


def test_a_link_that_is_typed_by_hand_needs_a_model_and_a_prompt_alone() -> None:
    found = continuation.read("#heta-generate?model=gpt2&prompt=The+capital%20of")
    assert (found.model, found.prompt, found.decoding, found.settings) == ("gpt2", "The capital of", Decoding(), None)
    assert continuation.read(continuation.saved("a/b c")).saved == "a/b c"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("prompt=hello", "needs the id of a model"),
        ("model=<script>alert(1)</script>&prompt=a", "needs the id of a model"),
        ("model=../../x&prompt=a", "needs the id of a model"),
        ("model=gpt2", "needs a prompt"),
        ("model=gpt2&prompt=a&steps=-1", "whole number from 0 as steps, found '-1'"),
        ("model=gpt2&prompt=a&steps=0", "steps must be a whole number ≥ 1"),
        ("model=gpt2&prompt=a&steps=100000", "steps up to 512"),
        ("model=gpt2&prompt=a&steps=99999999999999999999", "whole number from 0 as steps"),
        ("model=gpt2&prompt=a&how=<img>", "one of greedy, sample, given as how"),
        ("model=gpt2&prompt=a&temperature=2", "temperature, top_k and top_p shape sampling"),
        ("model=gpt2&prompt=a&how=sample&temperature=inf", "temperature must be a finite number"),
        ("model=gpt2&prompt=a&how=sample&top_p=much", "number as top_p"),
        ("model=gpt2&prompt=a&how=sample&draw=18446744073709551616", "seed must be less than 2^64"),
        ("model=gpt2&prompt=a&how=sample&draw=-5", "whole number from 0 as draw"),
        ("model=gpt2&prompt=a&probes=1000000", "probes up to 200"),
        ("model=gpt2&prompt=a&how=given", "needs the answer"),
        ("model=gpt2&prompt=a&steps=2&answer=1.2.3", "up to 2 tokens of an answer, found 3"),
        ("model=gpt2&prompt=a&stop=[", "a list as stop"),
        ("model=gpt2&prompt=a&stop=[1]", "16 short texts"),
        ('model=gpt2&prompt=a&stop=[""]', "must not be empty"),
        ('model=gpt2&prompt=a&turns=[[0,1,"evil","user",0]]&ids=1', "turns of a chat"),
        ("model=gpt2&prompt=a&turns=" + "[" * 20_000, "a list as turns"),
        ('model=gpt2&prompt=a&turns=[[0,1,"role","user",0]]', "without its tokens"),
        ("model=gpt2&prompt=a&evil=1", "says 'evil'"),
        ("model=gpt2&prompt=" + "a" * 70_000, "at most 64,000 characters"),
    ],
)
def test_a_link_that_makes_no_sense_says_so_in_one_line(said: str, told: str) -> None:
    with pytest.raises(HetaError, match=re.escape(told)) as error:
        continuation.read(f"#heta-generate?{said}")
    assert len(str(error.value)) < 250 and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "decoding", [Decoding(steps=3), Decoding(method="sample", steps=4, seed=7, temperature=2.0), None]
)
def test_what_a_link_asks_says_the_same_words_again(decoding: Decoding | None) -> None:
    lm = load("littletown")
    text, settings = "Noah went to the garden. Then Noah", Settings(probes=2)
    if decoding is None:
        said = explain(lm, text, " went to", settings=settings)
    else:
        said = generate(lm, text, decoding=decoding, settings=settings)
    request = _request(continuation.written(said))
    *_, last = (step.result for step in generating.steps(request, Weights(), lambda: 0) if step.result is not None)
    assert (last.tokens, last.n_prompt, last.decoding) == (said.tokens, said.n_prompt, said.decoding)


def _request(fragment: str) -> Request:
    """What following a link asks for."""
    found: list[Request] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(branches, "ask", lambda branch, request: found.append(request))
        for place, name in ((branches, "set_weights"), (session, "offer"), (session, "set_model")):
            patch.setattr(place, name, lambda *_: None)
        following.follow(fragment)
    return found[0]


# on the page


def fake_steps(request: Request, _: Weights, look: Callable[[], int]) -> Iterator[Step]:
    asked.append(request)
    for partial in made_generation.growing(made_generation.generation(seed=1)):
        yield Step(generating.doing(partial), partial.fraction, partial)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    st.cache_resource.clear()
    asked.clear()
    samples.write_examples(tmp_path)
    (tmp_path / "generation.json").write_text(dumps(SHOWN), encoding="utf-8")
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    monkeypatch.setattr(generating, "steps", fake_steps)
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "_warm", None)
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    monkeypatch.setattr(keeping, "shelf", lambda: None)
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    st.cache_resource.clear()


def arrive(app: AppTest, page: str, fragment: str) -> AppTest:
    """Open a page to which a link has led."""
    app.session_state[f"heta.{linking._ELSEWHERE}"] = fragment
    return app.switch_page(page).run()


def test_a_link_that_led_to_the_page_is_asked_before_anything_is_drawn(app: AppTest) -> None:
    arrive(app, "pages/1_Generate.py", continuation.written(replace(SHOWN, decoding=DRAWN, n_given=2)))
    (request,) = asked
    assert not app.exception and not app.error
    assert (request.prompt, request.ids) == (SHOWN.prompt.text, SHOWN.prompt.ids)
    assert (request.decoding, request.given) == (DRAWN, SHOWN.tokens.ids[SHOWN.n_prompt : SHOWN.n_prompt + 2])


@pytest.mark.parametrize(
    "said",
    ["model=<script>alert(1)</script>&prompt=a", "model=littletown&prompt=a&steps=-3", "saved=nothing", "%zz&&="],
)
def test_a_link_that_makes_no_sense_is_one_line_and_the_film_stays(app: AppTest, said: str) -> None:
    arrive(app, "pages/1_Generate.py", f"#heta-generate?{said}")
    (error,) = app.error
    assert len(error.value) < 400 and "<script>" not in error.value.replace("\\", "@")
    assert not app.exception and asked == []
    assert branches.FILM in [c.key for c in app.get("bidi_component")]


def test_a_link_of_the_other_page_is_followed_there(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []
    monkeypatch.setattr(following, "follow", followed.append)
    app.run()
    app.session_state[f"heta.{linking._ELSEWHERE}"] = continuation.written(SHOWN)
    app.run()
    assert followed == [continuation.written(SHOWN)] and not app.exception
    went: list[str] = []
    monkeypatch.setattr(linking, "follow", went.append)
    app.session_state[f"heta.{linking._ELSEWHERE}"] = link.written(samples.result())
    app.run()
    assert went == [link.written(samples.result())] and not app.exception


def test_a_model_that_is_not_here_is_offered_and_its_request_waits(app: AppTest) -> None:
    arrive(app, "pages/1_Generate.py", "#heta-generate?model=someone/other&prompt=The+end&steps=3")
    assert asked == [] and "someone/other is not on this computer." in [text.value for text in app.text]
    found: list[Request] = []
    with pytest.MonkeyPatch.context() as patch:
        waiting = app.session_state[f"heta.{following._PENDING}"]
        patch.setattr(state, "get", lambda name, default=None: waiting)
        patch.setattr(state, "put", lambda *_: None)
        patch.setattr(branches, "ask", lambda branch, request: found.append(request))
        for place, name in ((session, "offer"), (session, "set_model")):
            patch.setattr(place, name, lambda *_: None)
        following.download("someone/other")
    assert found == [
        Request("someone/other", "The end", Decoding(steps=3), settings=ADAPTIVE, may_download=True, given=())
    ]


def test_a_download_without_a_link_is_the_readers_own_request(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(prompt_form, "download", called.append)
    following.download("gpt2")
    assert called == ["gpt2"]


def test_a_long_prompt_is_named_by_its_place_in_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Shelf(tmp_path / "library.sqlite")
    long = made_generation.generation(["<s>", *(f" word{i}" for i in range(900))], (" a",))
    monkeypatch.setattr(keeping, "shelf", lambda: own)
    with pytest.raises(InputError, match="at most 8,000"):
        following.written(long)
    entry_id = writing.save(own, long)
    assert continuation.read(following.written(long)).saved == entry_id
    shown: list[GenerationAttribution] = []
    monkeypatch.setattr(branches, "show", lambda g, _: shown.append(g))
    following.follow(following.written(long))
    assert shown[0].tokens == long.tokens
    single = writing.save(own, samples.result())
    said: list[str] = []
    monkeypatch.setattr(branches, "say", said.append)
    following.follow(continuation.saved(single))
    assert "single answer" in said[0]
    assert controls.plain(said[0])
