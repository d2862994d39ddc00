"""What is told of a model before it is loaded: its card, what it takes, and loading that can be followed and ended."""

from pathlib import Path

import pytest
from conftest import TINY_CONFIGS, byte_tokenizer, random_model

from heta_core.cost.beforehand import beforehand
from heta_core.cost.estimate import plan
from heta_core.errors import Cancelled, OutOfMemoryError
from heta_core.language_model import LanguageModel
from heta_core.loading import load
from heta_core.models import building
from heta_core.models.card import card
from heta_core.settings import Settings
from pages.ui import model_card

TEXT = "Mia ran to the garden. " * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gpt2")
    random_model(TINY_CONFIGS["gpt2"]).bfloat16().save_pretrained(path)
    byte_tokenizer().save_pretrained(path)
    (path / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    return path


@pytest.fixture(scope="module")
def loaded(folder: Path) -> LanguageModel:
    return load(folder)


def test_a_card_says_what_the_files_say(folder: Path, loaded: LanguageModel) -> None:
    found = card(folder)
    assert (found.model_type, found.n_layers, found.n_heads) == ("gpt2", 2, 4)
    assert found.context == loaded.max_context
    assert found.stored == "bfloat16" and found.licence == "mit"
    assert found.n_parameters == loaded.source.n_parameters
    assert found.n_bytes == sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    assert found.standing is not None and found.standing.standing == "proven"


def test_a_card_without_a_licence_does_not_make_one_up(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for written in ("no front matter", "---\nlicense: [\n---\n", "---\nlanguage: en\n---\n"):
        (tmp_path / "README.md").write_text(written)
        assert card(tmp_path).licence is None
    (tmp_path / "README.md").unlink()
    assert card(tmp_path).licence is None


def test_a_run_is_counted_without_weights_as_it_is_with_them(folder: Path, loaded: LanguageModel) -> None:
    settings = Settings(probes=2)
    told = beforehand(card(folder), TEXT, settings=settings)
    asked = plan(loaded, TEXT, settings=settings)
    assert told.n_tokens == len(asked.ids)
    assert told.weight_bytes == pytest.approx(1.1 * 4 * loaded.source.n_parameters, rel=0.01)
    # Where the last layer's feed-forward may be left out is known of the model in memory alone.
    assert 1 <= told.run_bytes / asked.cost().bytes < 1.5
    assert told.seconds > 0 and told.fits
    assert told.words.startswith("47 kB in memory; the 93 tokens of this text: about ")


def test_longer_texts_take_longer(folder: Path) -> None:
    found = card(folder)
    short, long = (beforehand(found, TEXT[:n]) for n in (23, 92))
    assert long.seconds > 2 * short.seconds and long.run_bytes > short.run_bytes


def test_what_does_not_fit_is_told_with_its_numbers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = card(folder)
    monkeypatch.setattr("heta_core.cost.beforehand.free_memory", lambda device: 10_000)
    told = beforehand(found, TEXT)
    assert not told.fits and told.words == "47 kB in memory. It does not fit: 10 kB are free"
    monkeypatch.setattr("heta_core.cost.beforehand.free_memory", lambda device: 100_000)
    with pytest.raises(OutOfMemoryError, match="The smallest batch"):
        beforehand(found, TEXT)


def test_a_model_that_cannot_fit_is_refused_with_the_arithmetic(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "free_memory", lambda device: 1000)
    n = card(folder).n_parameters
    with pytest.raises(OutOfMemoryError, match=rf"\({n:,} parameters of 4 bytes in float32, and 10% for a short run\)"):
        load(folder)
    with pytest.raises(OutOfMemoryError, match=r"of 2 bytes in bfloat16.*take a smaller model\.$"):
        load(folder, dtype="bfloat16")


def test_loading_tells_how_far_the_weights_are(folder: Path) -> None:
    told: list[tuple[str, float]] = []
    load(folder, progress=lambda doing, part: told.append((doing, part)))
    weights = [part for doing, part in told if doing == "weights"]
    assert len(weights) > 10 and weights == sorted(weights) and 0 <= weights[0] < 0.1 < 0.9 < weights[-1] <= 1
    assert [doing for doing, _ in told][-1] == "checks"


def test_loading_ends_where_nobody_wants_it_any_more(folder: Path) -> None:
    def tell(doing: str, part: float) -> None:
        if doing == "weights" and part > 0.5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        load(folder, progress=tell)
    assert load(folder).source.family == "gpt2"  # and nothing is left behind that would end the next


def test_the_page_tells_it_in_words(folder: Path) -> None:
    lines = list(model_card.told(str(folder), TEXT))
    assert " · 2 layers · 4 heads · " in lines[1]
    assert lines[2] == "Stored in bfloat16, loaded in float32 · licence: mit"
    assert "the whole method holds" in lines[3] and "tokens of this text" in lines[4]
    assert list(model_card.told(str(folder), " "))[-1] == "Write a text to see what it will take."
    missing = list(model_card.told("nobody/nothing", TEXT))
    assert len(missing) == 2 and "is not on this computer" in missing[1]
