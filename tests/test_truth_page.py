"""“Does the picture tell the truth?” on Explore, without a browser: nothing runs unasked, what is found is shown."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import samples
import streamlit as st
import truth
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.attribution import Attribution  # noqa: E402 - the pages need the path above
from heta_core.errors import InputError  # noqa: E402
from heta_core.settings import Mask, Weights  # noqa: E402
from heta_core.views import verdicts  # noqa: E402
from pages.ui import checking, engine_cache, examples, session  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402

asked: list[object] = []


def fake_curves(result: Attribution, mask: Mask) -> Iterator[Step]:
    asked.append(mask)
    if mask == "attention":
        raise InputError("The map was made by <b>another</b> model: load it.")
    for found in truth.growing(truth.curves(result, mask=mask)):
        yield Step(f"Masking: {len(found.curves)} orders drawn", found.work.fraction, found)  # type: ignore[arg-type]


def fake_scramble(result: Attribution, n_last: int | None) -> Iterator[Step]:
    asked.append(n_last)
    yield Step("Asking the scrambled copy", 1.0, truth.scrambled(result))  # type: ignore[arg-type]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    samples.write_examples(tmp_path)
    st.cache_resource.clear()
    asked.clear()
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    monkeypatch.setattr(checking, "curve_work", fake_curves)
    monkeypatch.setattr(checking, "scramble_work", fake_scramble)
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    st.cache_resource.clear()


def opened(app: AppTest) -> AppTest:
    app.session_state[checking.PANEL] = True
    return app.run()


def drawn(app: AppTest) -> AppTest:
    return opened(app).button(key="heta.truth.draw").click().run()


def words(app: AppTest) -> str:
    assert not app.exception, app.exception
    """All that is written, without the marks that keep Markdown from reading it."""
    said = (element.value for kind in (app.markdown, app.caption, app.warning) for element in kind)
    return "\n".join(said).replace("\\", "")


def figure(app: AppTest, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(app.get("plotly_chart")[number].proto.spec)
    return found


def tables(app: AppTest) -> list[Any]:
    return [frame.value for frame in app.dataframe]


def test_nothing_runs_unasked_and_the_badge_needs_no_model(app: AppTest) -> None:
    opened(app)
    assert asked == [] and app.get("plotly_chart") == []
    shown = samples.result(weights=Weights(scaling="unit"))
    found = checking.stability(shown)
    assert found is not None
    short, _ = verdicts.stability(shown, found)
    assert short in words(app)


def test_a_closed_panel_draws_nothing_of_it(app: AppTest) -> None:
    app.run()
    assert not [button for button in app.button if button.key == "heta.truth.draw"]


def test_the_curves_are_drawn_under_another_mask_with_their_verdicts(app: AppTest) -> None:
    drawn(app)
    assert asked == ["mean"]
    told = words(app)
    assert "Deletion: better than all 5 random orders" in told and "Insertion: better than all 5" in told
    assert "set to the mean of the text" in told and "circular" not in told
    assert figure(app)["layout"]["title"]["text"].startswith("Deletion")
    assert figure(app, 1)["layout"]["title"]["text"].startswith("Insertion")
    areas, before, after = tables(app)
    assert areas["order"].iloc[0] == "This map" and len(areas) == 5
    assert before.iloc[0].tolist() == ["“cup”", "72.0\u00a0%"] and after.iloc[0].tolist() == ["“map”", "90.0\u00a0%"]


def test_the_mask_that_made_the_map_is_called_circular(app: AppTest) -> None:
    opened(app).selectbox(key=checking.MASK).select("zero").run()
    app.button(key="heta.truth.draw").click().run()
    assert asked == ["zero"] and "circular" in words(app)


def test_the_slider_masks_the_highest_and_says_which(app: AppTest) -> None:
    drawn(app)
    order = truth.curves(samples.result(weights=Weights(scaling="unit"))).curves[0].order
    pieces = samples.result().tokens.pieces
    assert f"Masked: “{pieces[order[0]].strip()}”" in words(app)
    app.select_slider(key=checking.RANK).set_value(0).run()
    assert "Nothing is masked" in words(app)
    assert tables(app)[1].iloc[0, 0] == tables(app)[2].iloc[0, 0] == "“cup”"
    assert asked == ["mean"]  # the model is not asked again


def test_a_click_on_a_curve_moves_the_slider(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ranks, moved = (0, 1, 2, 5), []
    monkeypatch.setattr(checking.state, "set_widget", lambda key, value: moved.append((key, value)))
    for points in ([{"x": 5}], [{"x": 4}], [{"x": "<b>"}], []):
        monkeypatch.setattr(checking.state, "widget", lambda key, points=points: {"selection": {"points": points}})
        checking.clicked(ranks)
    assert moved == [(checking.RANK, 5)]


def test_logarithms_are_another_view_of_the_same_curves(app: AppTest) -> None:
    drawn(app).segmented_control(key=checking.SCALE).set_value("Log, in nats").run()
    assert "nats" in figure(app)["layout"]["yaxis"]["title"]["text"]
    assert asked == ["mean"]


def test_why_a_check_failed_is_said_as_text(app: AppTest) -> None:
    opened(app).selectbox(key=checking.MASK).select("attention").run()
    app.button(key="heta.truth.draw").click().run()
    assert "another" in words(app) and "\\<b\\>" in app.warning[0].value
    assert app.get("plotly_chart") == []


def test_a_scrambled_copy_is_drawn_beside_the_model(app: AppTest) -> None:
    opened(app).button(key="heta.truth.scramble").click().run()
    assert asked == [None]
    assert "as it should be" in words(app) and "Every parameter of a copy" in words(app)
    html = "".join(element.proto.body for element in app.get("html"))
    assert "The scrambled copy" in html


def test_the_last_layers_can_be_scrambled_alone(app: AppTest) -> None:
    opened(app).selectbox(key=checking.LAYERS).select(2).run()
    app.button(key="heta.truth.scramble").click().run()
    assert asked == [2]


def test_other_weights_are_another_map_without_checks(app: AppTest) -> None:
    drawn(app)
    app.session_state["heta.weights"] = Weights(beta=1, gamma=0.5)
    app.run()
    assert not app.exception and app.get("plotly_chart") == []


def test_an_unfinished_map_has_no_checks(monkeypatch: pytest.MonkeyPatch, app: AppTest) -> None:
    opened(app)
    monkeypatch.setattr(session, "busy", lambda: Step("Hessian: refining"))
    app.run()
    assert "when the answer above is finished" in words(app)
    assert not [button for button in app.button if button.key == "heta.truth.draw"]
