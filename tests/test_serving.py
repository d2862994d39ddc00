"""What a served instance is told: file and environment, the command that starts it, and its container."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from servers import free_port, served
from streamlit.config import get_options_for_section

from heta_core import configuration, serving
from heta_core.errors import SettingsError
from heta_core.models import hub
from heta_core.models.building import DTYPES
from heta_core.models.offloading import PACKINGS
from heta_core.serving import PRECISIONS, Serving
from heta_core.shell import serve
from heta_core.shell.arguments import parsed

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def written(text: str) -> Path:
        path = tmp_path / "heta.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


# what is read


def test_without_a_word_everything_is_as_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    at_home = configuration.read(environment={})
    assert at_home == Serving() and at_home.opening == serving.EMBEDDED == hub.EMBEDDED
    assert at_home.allows("any/model") and at_home.allows("/any/folder")
    assert (at_home.longest, at_home.jobs, at_home.memory, at_home.kept) == (None, None, None, "")


def test_what_serve_does_unasked_is_what_the_app_does() -> None:
    own = get_options_for_section("server")
    assert (own["address"], own["port"], own["allowedHosts"]) == (
        Serving().address,
        Serving().port,
        list(Serving().hosts),
    )


def test_a_file_says_it_and_the_environment_wins(write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        'models = ["gpt2", "owner/name", "/models/own"]\ndefault_model = "owner/name"\nmax_tokens = 300\njobs = 2\n'
        'memory = "4GB"\naddress = "0.0.0.0"\nport = 8600\nhosts = ["heta.example.org"]\nlibrary = false\n'
    )
    read = configuration.read(path, {"HETA_JOBS": "5", "HETA_MODELS": "gpt2, owner/name", "HETA_PORT": ""})
    assert read == Serving(
        models=("gpt2", "owner/name"),
        default_model="owner/name",
        max_tokens=300,
        jobs=5,
        memory=4_000_000_000,
        address="0.0.0.0",
        port=8600,
        hosts=("heta.example.org",),
        library="off",
    )
    monkeypatch.chdir(path.parent)
    assert configuration.read(environment={"HETA_JOBS": "5", "HETA_MODELS": "gpt2, owner/name"}) == read
    monkeypatch.chdir(ROOT)
    assert configuration.read(environment={"HETA_CONFIG": str(path)}).max_tokens == 300


ODD_LINES = {
    "modles = ['gpt2']": "'modles'",
    "models = 'gpt2'": "models",
    "models = []": "models",
    "models = ['a b']": "'a b'",
    "models = ['owner/name/more']": "owner/name/more",
    "models = ['https://h.org/gpt2']": "https://h.org/gpt2",
    "models = [3]": "3",
    "default_model = 7": "7",
    "max_tokens = -1": "-1",
    "max_tokens = 1": "max_tokens",
    "max_tokens = 2.5": "2.5",
    "max_tokens = true": "True",
    "jobs = 0": "jobs",
    "jobs = '2'": "'2'",
    "memory = 'much'": "'much'",
    "memory = -4": "-4",
    "memory = '-4GB'": "-4GB",
    "port = 70000": "70000",
    "port = '8501'": "'8501'",
    "address = ''": "address",
    "address = 'a b'": "'a b'",
    "address = '*'": "'*'",
    "hosts = ['a/b']": "a/b",
    "library = 3": "library",
    "demo = 'yes'": "'yes'",
    "[serving]\njobs = 2": "'serving'",
    "jobs = ": "TOML",
}


@pytest.mark.parametrize(("line", "named"), ODD_LINES.items(), ids=list(ODD_LINES))
def test_what_cannot_be_is_refused_by_name(write: Callable[[str], Path], line: str, named: str) -> None:
    path = write(line)
    with pytest.raises(SettingsError, match=re.escape(named)) as refused:
        configuration.read(path, {})
    key = re.split(r"[ =]", line)[0]
    assert (
        ("must" in str(refused.value))
        and (key in str(refused.value) or line.startswith("["))
        and str(path) in str(refused.value)
    )


ODD_VARIABLES = {
    "HETA_MODELS": "a b",
    "HETA_MAX_TOKENS": "many",
    "HETA_JOBS": "-2",
    "HETA_MEMORY": "4 lots",
    "HETA_PORT": "80.5",
    "HETA_DEMO": "perhaps",
}


@pytest.mark.parametrize(("name", "value"), ODD_VARIABLES.items(), ids=list(ODD_VARIABLES))
def test_a_variable_that_cannot_be_is_refused_by_name(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        configuration.read(environment={name: value})
    assert value in str(refused.value)


def test_a_list_with_nothing_in_it_is_no_list() -> None:
    with pytest.raises(SettingsError, match="HETA_MODELS"):
        configuration.read(environment={"HETA_MODELS": " , "})


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SettingsError, match="must be a file of settings"):
            configuration.read(environment={"HETA_CONFIG": str(path)})


@pytest.mark.parametrize(
    "odd",
    [
        {"models": ("gpt2",), "default_model": "littletown"},
        {"demo": True, "models": ("gpt2",)},
        {"demo": True, "default_model": "gpt2"},
        {"demo": True, "library": "on"},
        {"demo": True, "library": "/data/library.sqlite"},
    ],
)
def test_what_contradicts_itself_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Serving(**odd)


# what it means


def test_a_list_of_models_is_the_whole_of_what_can_be_asked() -> None:
    some = Serving(models=("gpt2", "/models/own"))
    assert some.opening == "gpt2" and some.allows("gpt2") and some.allows("/models/other/../own/")
    for other in (
        "littletown",
        "GPT2",
        "gpt2 ",
        "owner/gpt2",
        "./gpt2",
        "/models/own/inner",
        "/models",
        "models/own",
        "",
    ):
        assert not some.allows(other), other
    assert Serving(models=("gpt2", "littletown")).opening == "littletown"


def test_a_demo_is_the_embedded_model_alone_with_short_texts_and_nothing_kept() -> None:
    demo = Serving(demo=True)
    assert demo.allowed == ("littletown",) and not demo.allows("gpt2") and not demo.allows("/models/own")
    assert demo.longest == serving.DEMO_TOKENS and demo.kept == "off"
    assert Serving(demo=True, max_tokens=64, library="off").longest == 64


# the README


def test_the_readme_names_every_setting_as_it_is() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Serving it to others")[1].split("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == serving.table()
    assert len(serving.table()) == len(fields(Serving))


# the command


def test_serve_passes_on_address_port_and_hosts() -> None:
    line = serve.command(Serving(address="0.0.0.0", port=9000, hosts=("a.org", "*.b.org")))
    assert line[:4] == [sys.executable, "-m", "streamlit", "run"] and Path(line[4]) == ROOT / "app.py"
    options = list(zip(line[5::2], line[6::2], strict=True))
    assert ("--server.address", "0.0.0.0") in options and ("--server.port", "9000") in options
    assert [value for name, value in options if name == "--server.allowedHosts"] == ["a.org", "*.b.org"]


def test_serve_tells_the_server_which_file_and_the_reader_what_holds(tmp_path: Path) -> None:
    told = serve.told_on(tmp_path / "x.toml", {"A": "b", "HETA_CONFIG": "other"})
    assert told == {"A": "b", "HETA_CONFIG": str(tmp_path / "x.toml")}
    assert serve.told_on(None, {"A": "b"}) == {"A": "b"}
    assert serve.in_words(Serving()) == []
    assert serve.in_words(Serving(models=("a", "b"), jobs=1)) == ["models = a, b", "jobs = 1"]


@pytest.mark.parametrize("line", ["jobs = 0", "library = 'yes'", "demo = true\nlibrary = 'on'"])
def test_serve_starts_nothing_under_settings_that_cannot_be(
    line: str, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HETA_LIBRARY")
    monkeypatch.setattr(serve.os, "execve", lambda *_: pytest.fail("it was started"))
    with pytest.raises(SettingsError):
        serve.run(parsed(["serve", "--config", str(write(line))]))


def test_serve_brings_the_app_up_where_the_file_says(write: Callable[[str], Path], tmp_path: Path) -> None:
    """In another folder than the app's, with the container's own health check; it ends with the process it is."""
    port, log = free_port(), tmp_path / "log"
    path = write(f"port = {port}\nmax_tokens = 99\ndemo = true\n")
    command = [sys.executable, "-m", "heta_core", "serve", "--config", str(path)]
    with served(command, port, log, cwd=ROOT) as url:
        assert urllib.request.urlopen(f"{url}_stcore/health", timeout=20).read() == b"ok"
        check = [sys.executable, *health_check()[1:]]
        environment = {"HETA_CONFIG": str(path), "PATH": ""}
        assert subprocess.run(check, cwd=ROOT, env=environment, timeout=60).returncode == 0
        environment["HETA_PORT"] = str(free_port())
        assert subprocess.run(check, cwd=ROOT, env=environment, timeout=60, capture_output=True).returncode != 0
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{url}_stcore/health", timeout=20)
    assert "max_tokens = 99" in log.read_text()


# the container: what can be held without one


def instructions(name: str) -> list[str]:
    """What follows an instruction of the Dockerfile, wherever it stands."""
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    return [line.removeprefix(f"{name} ") for line in joined.splitlines() if line.startswith(f"{name} ")]


def health_check() -> list[str]:
    command: list[str] = json.loads(instructions("HEALTHCHECK")[0].split("CMD ")[1])
    assert command[0] == "python"
    return command


def test_the_container_runs_serve_and_not_as_root() -> None:
    assert json.loads(instructions("CMD")[-1]) == ["python", "-m", "heta_core", "serve"]
    (user,) = instructions("USER")
    assert user != "root" and f" {user} " in instructions("RUN")[0]
    assert DOCKERFILE.index("USER ") > DOCKERFILE.rindex("COPY ") > DOCKERFILE.rindex("RUN ")
    assert "/_stcore/health" in health_check()[-1]


def test_the_container_gets_all_that_the_app_needs_and_no_more() -> None:
    copied = {name for line in instructions("COPY") for name in line.split()[:-1]}
    assert {"requirements.txt", "app.py", "pages", "heta_core", "assets", ".streamlit"} <= copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied and "*" in ignored


def test_the_containers_settings_can_be_and_what_lasts_is_a_volume() -> None:
    environment = dict(pair.split("=", 1) for pair in instructions("ENV")[0].split())
    assert configuration.read(environment=environment).address == "0.0.0.0"
    volume = instructions("VOLUME")[0]
    assert environment["XDG_DATA_HOME"].startswith(volume) and environment["HF_HOME"].startswith(volume)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    profiles = {}
    for service in compose["services"].values():
        assert service["build"]["context"] == "." and service["volumes"] == [
            f"{next(iter(compose['volumes']))}:{volume}"
        ]
        read = configuration.read(environment=environment | service["environment"])
        assert service["ports"] == [f"127.0.0.1:{read.port}:{read.port}"]
        (profile,) = service["profiles"]
        profiles[profile] = service
    assert set(profiles) == {"cpu", "cuda"}
    declared = {line.split("=")[0] for line in instructions("ARG")}
    assert all(set(service["build"].get("args", {})) == declared for service in profiles.values())
    assert profiles["cuda"]["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]


def test_precisions_are_those_that_weights_can_be_loaded_in() -> None:
    assert {*PRECISIONS} == {*DTYPES, *PACKINGS}
    assert configuration.read(environment={"HETA_DTYPE": "bfloat16", "HETA_DEVICE": "auto"}).dtype == "bfloat16"
    for name, value in (("HETA_DTYPE", "int8"), ("HETA_DEVICE", "cuda 1")):
        with pytest.raises(SettingsError, match=f"got {value!r} in {name}"):
            configuration.read(environment={name: value})
