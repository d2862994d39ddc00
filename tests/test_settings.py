"""Settings and weights refuse what they cannot mean."""

import pytest

from heta_core.errors import SettingsError
from heta_core.settings import Decoding, Settings, Weights


@pytest.mark.parametrize(
    "wrong",
    [
        {"mask": "blank"},
        {"estimator": "guess"},
        {"probes": 0},
        {"probes": 2.5},
        {"probes": True},
        {"seed": -1},
        {"chunk": 0},
        {"batch": 0},
        {"mask": "token"},
        {"mask_token": 3},
        {"mask": "token", "mask_token": -1},
    ],
)
def test_an_impossible_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong)).split("_")[0]):
        Settings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [{"beta": -0.1}, {"gamma": float("nan")}, {"beta": float("inf")}, {"scaling": "log"}, {"beta": 0, "gamma": 0}],
)
def test_impossible_weights_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Weights(**wrong)  # type: ignore[arg-type]


def test_the_defaults_are_the_papers() -> None:
    assert (Weights().beta, Weights().gamma, Weights().scaling) == (0.5, 0.5, "raw")
    assert (Settings().mask, Settings().estimator, Settings().probes) == ("zero", "block_probes", 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "beam"},
        {"steps": 0},
        {"steps": -1},
        {"steps": 2.0},
        {"steps": True},
        {"seed": -1},
        {"seed": 2**64},
        {"temperature": 0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"temperature": "warm"},
        {"top_k": 0},
        {"top_k": 1.5},
        {"top_p": 0},
        {"top_p": 1.01},
        {"top_p": True},
        {"stop": ("",)},
        {"stop": (".", "")},
        {"stop": "."},
        {"stop": (1,)},
    ],
)
def test_an_impossible_decoding_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=f"^(A )?{next(iter(wrong))}"):
        Decoding(**{"method": "sample", **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [{"temperature": 0.5}, {"top_k": 5}, {"top_p": 0.9}])
def test_greedy_takes_no_options_of_sampling(shape: dict[str, float]) -> None:
    assert Decoding(method="sample", **shape).method == "sample"  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="greedy has no use for them: sample"):
        Decoding(**shape)  # type: ignore[arg-type]


def test_without_a_wish_the_decoding_is_greedy() -> None:
    plain = Decoding()
    assert (plain.method, plain.temperature, plain.top_k, plain.top_p, plain.stop) == ("greedy", 1.0, None, None, ())
