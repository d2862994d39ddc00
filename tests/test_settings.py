"""Settings and weights refuse what they cannot mean."""

import pytest

from heta_core.errors import SettingsError
from heta_core.settings import Settings, Weights


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
