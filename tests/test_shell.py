"""The command line, on a tiny random model in the place of the one that is asked for."""

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import heta_core.loading
from heta_core.errors import LoadError
from heta_core.generated import Ending
from heta_core.language_model import LanguageModel
from heta_core.report import loads, loads_generation
from heta_core.shell.commands import main
from heta_core.shell.lines import report

ROOT = Path(__file__).resolve().parents[1]
PROMPT = "the cat sat"


@pytest.fixture(autouse=True)
def how(monkeypatch: pytest.MonkeyPatch, llama: LanguageModel) -> dict[str, object]:
    """`load` gives the tiny Llama, whatever is asked for but "nowhere"; how it was asked."""
    found: dict[str, object] = {}

    def load(name: str, *, download: bool = False, progress: object = None, **how: object) -> LanguageModel:
        found.update(how)
        if name == "nowhere":
            raise LoadError("Need a model, found none: name another.")
        return llama

    monkeypatch.setattr(heta_core.loading, "load", load, raising=False)
    return found


def attribute(*arguments: str) -> int:
    return main(["attribute", "--probes", "2", *arguments])


def test_a_prompt_gives_a_ranking_with_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT) == 0
    told, errors = capsys.readouterr()
    assert "Why did tiny-llama say" in told
    assert PROMPT in told
    assert "█" in told and "rank" in told and "entropy" in told and "Δ nats" in told
    assert errors == ""


def test_precision_and_device_can_be_chosen(how: dict[str, object]) -> None:
    assert attribute("--prompt", "ab") == 0
    assert how == {"dtype": None, "device": None}
    assert attribute("--prompt", "ab", "--dtype", "bfloat16", "--device", "auto") == 0
    assert how == {"dtype": "bfloat16", "device": "auto"}
    with pytest.raises(SystemExit):
        attribute("--prompt", "ab", "--dtype", "int8")


def test_the_ranking_names_its_mask_estimator_and_scaling(capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT, "--mask", "mean", "--scaling", "unit") == 0
    told = capsys.readouterr().out
    assert "set to the mean" in told and "balanced" in told and "block_probes" in told


def test_every_row_is_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    attribute("--prompt", PROMPT, "--top", "0")
    told = capsys.readouterr().out
    n_context = 1 + len(PROMPT)  # one id a byte behind <s>
    assert sum(line[:4].strip().isdigit() for line in told.splitlines()) == n_context
    assert "more hold" not in told


def test_the_json_is_the_result_that_python_gives(capsys: pytest.CaptureFixture[str], llama: LanguageModel) -> None:
    from heta_core import Settings
    from heta_core import attribute as in_python

    assert attribute("--prompt", PROMPT, "--json", "-") == 0
    shown = loads(capsys.readouterr().out)
    expected = in_python(llama, PROMPT, settings=Settings(probes=2))
    assert shown.target == expected.target
    assert shown.scores == pytest.approx(expected.scores, rel=1e-6)


def test_json_alone_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    attribute("--prompt", PROMPT, "--json", "-")
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_file_of_prompts_gives_one_result_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompts.txt").write_bytes("\ufeffone two\r\n\nthree four\n".encode())
    out = tmp_path / "out.json"
    assert attribute("--file", str(tmp_path / "prompts.txt"), "--json", str(out)) == 0
    assert [loads(line).tokens.text for line in out.read_text("utf-8").splitlines()] == ["one two", "three four"]
    assert capsys.readouterr().out.count("Why did") == 2


def test_a_prompt_that_fails_is_told_and_the_rest_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompts.txt").write_bytes(b"one two\nbroken \xff\nthree four\n")
    out = tmp_path / "out.json"
    assert attribute("--file", str(tmp_path / "prompts.txt"), "--json", str(out)) == 1
    assert "prompts.txt, line 2: " in capsys.readouterr().err
    assert len(out.read_text("utf-8").splitlines()) == 2


def test_a_file_can_be_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one two\n")))
    assert attribute("--file", "-") == 0
    assert "one two" in capsys.readouterr().out


@pytest.mark.parametrize("option", [("--target", "x"), ("--target-id", "88")])
def test_a_target_can_be_named(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT, "--json", "-", *option) == 0
    target = json.loads(capsys.readouterr().out)["target"]
    assert target["token_id"] == (88 if option[0] == "--target-id" else target["token_id"])
    assert not target["is_observed"]


def test_a_position_is_explained_by_what_precedes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT, "--position", "5", "--json", "-") == 0
    target = json.loads(capsys.readouterr().out)["target"]
    assert (target["position"], target["piece"], target["is_observed"]) == (5, "c", True)


def test_a_span_is_explained_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT, "--span", "5:8", "--json", "-") == 0
    shown = loads(capsys.readouterr().out)
    assert (shown.target.kind, shown.target.text, shown.n_context) == ("span", "cat", 7)
    assert attribute("--prompt", PROMPT, "--span", "5:8", "--top", "0") == 0
    told = capsys.readouterr().out.replace("\u00a0", " ")
    assert "Why did tiny-llama say “cat”?" in told and "target: tokens 5:8 (in the text) · log p" in told
    rows = [line for line in told.splitlines() if line[:4].strip().isdigit()]
    assert sorted(line[:5].strip() for line in rows if line[4] == "*") == ["5*", "6*"]


def test_sentences_are_ranked_as_blocks(capsys: pytest.CaptureFixture[str], llama: LanguageModel) -> None:
    assert attribute("--prompt", "One. Two. So", "--groups", "sentences", "--top", "0") == 0
    told = capsys.readouterr().out.replace("\u00a0", " ")
    assert "scored: sentences as blocks, not sums over tokens" in told
    rows = [line for line in told.splitlines() if line[:4].strip().isdigit()]
    assert sorted(line[:17].split(maxsplit=1)[1].strip() for line in rows) == ["<s>", "One.", "So", "Two."]
    assert attribute("--prompt", "One. Two. So", "--groups", "words", "--json", "-") == 0
    shown = loads(capsys.readouterr().out)
    assert shown.units.pieces == ("<s>", "One", ".", " Two", ".", " So")
    assert shown.hessian is not None and (shown.hessian.scores > 0).all()


def test_a_contrast_compares_two_words(capsys: pytest.CaptureFixture[str], llama: LanguageModel) -> None:
    from heta_core import Choice, Settings
    from heta_core import attribute as in_python
    from heta_core.typed import token_of

    assert attribute("--prompt", PROMPT, "--contrast", "x", "y", "--json", "-") == 0
    shown = loads(capsys.readouterr().out)
    x, y = (token_of(llama.tokenizer, letter) for letter in "xy")
    expected = in_python(llama, PROMPT, choice=Choice(token_id=x, foil=(y,)), settings=Settings(probes=2))
    assert shown.target == expected.target and shown.target.kind == "contrast"
    assert shown.scores == pytest.approx(expected.scores, rel=1e-5)
    assert attribute("--prompt", PROMPT, "--contrast", "x", "y") == 0
    told = capsys.readouterr().out
    assert "Why “x” rather than “y”?" in told and f"compared at position {1 + len(PROMPT)}: " in told
    assert "above 0 the token speaks for “x”, below it for “y”. The score weighs |Δ| in the place of I." in told


def test_of_longer_texts_the_first_difference_is_compared_or_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT, "--contrast", "axe", "ape", "--json", "-") == 0
    first = loads(capsys.readouterr().out).target
    assert (first.kind, first.text, first.foil_text, first.asked) == ("contrast", "x", "p", ("axe", "ape"))
    assert attribute("--prompt", PROMPT, "--contrast", "axe", "ape", "--whole", "--json", "-") == 0
    whole = loads(capsys.readouterr().out).target
    assert (whole.kind, whole.text, whole.foil_text) == ("string contrast", "axe", "ape")
    assert attribute("--prompt", PROMPT, "--contrast", "axe", "ape", "--whole") == 0
    told = capsys.readouterr().out
    assert "Whole strings are compared" in told and "  against: “a”" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prompt", PROMPT, "--span", "5:5"), "must begin before it ends"),
        (("--prompt", PROMPT, "--span", "7:5"), "must begin before it ends"),
        (("--prompt", PROMPT, "--span", "0:2"), "nothing precedes"),
        (("--prompt", PROMPT, "--span", "5:99"), "must begin before it ends"),
        (("--prompt", PROMPT, "--contrast", "x", "x"), "name another foil"),
        (("--prompt", PROMPT, "--contrast", "x", "xy", "--whole"), "name another foil"),
        (("--prompt", PROMPT, "--contrast", "x", ""), "empty"),
        (("--prompt", ""), "empty text"),
        (("--prompt", PROMPT, "--position", "0"), "nothing precedes"),
        (("--prompt", PROMPT, "--position", "-1"), "from 1 to"),
        (("--prompt", PROMPT, "--position", "99"), "from 1 to"),
        (("--prompt", PROMPT, "--target", "two"), "must be one token"),
        (("--prompt", PROMPT, "--target-id", "99999"), "must be from 0"),
        (("--prompt", PROMPT, "--probes", "0"), "probes must be"),
        (("--prompt", PROMPT, "--mask", "token"), "mask_token goes with"),
        (("--prompt", PROMPT, "--beta", "nan"), "beta must be"),
        (("--prompt", PROMPT, "--beta", "0", "--gamma", "0"), "make one positive"),
        (("--prompt", PROMPT, "--model", "nowhere"), "name another"),
        (("--prompt", PROMPT, "--json", "/no/such/folder/x.json"), "folder that exists"),
        (("--file", "/no/such/file"), "needs a text file"),
    ],
)
def test_what_cannot_be_done_ends_with_1_and_a_message(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attribute(*arguments) == 1
    told, errors = capsys.readouterr()
    assert errors.startswith("error: ") and message in errors
    assert told == ""


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["explain"], ["attribute"], ["attribute", "--prompt", "a", "--file", "b"], ["models", "x"]),
        *(["attribute", "--prompt", "a", "--span", span] for span in ("5", "5:", "a:b", "1:2:3")),
        ["attribute", "--prompt", "a", "--span", "1:2", "--position", "1"],
        ["attribute", "--prompt", "a", "--contrast", "b", "c", "--position", "1"],
        ["attribute", "--prompt", "a", "--contrast", "b", "c", "--target", "b"],
        ["attribute", "--prompt", "a", "--contrast", "b"],
        ["attribute", "--prompt", "a", "--whole"],
        *(["generate"], ["generate", "--prompt", "a", "--user", "b"], ["generate", "--prompt", "a", "--system", "b"]),
        ["generate", "--prompt", "a", "--continuation", "b", "--steps", "3"],
        ["generate", "--prompt", "a", "--continuation", "b", "--sample"],
        ["generate", "--prompt", "a", "--continuation", "b", "--stop", "c"],
    ],
)
def test_what_is_not_understood_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_an_output_that_exists_outlives_a_run_that_fails(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("before", "utf-8")
    assert attribute("--prompt", PROMPT, "--position", "99", "--json", str(kept)) == 1
    assert kept.read_text("utf-8") == "before"


def test_what_is_finished_is_written_when_the_rest_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import heta_core.engine

    steps = heta_core.engine.attribute_steps

    def stopped(lm: LanguageModel, text: str, **options: object) -> object:
        if text == "second":
            raise KeyboardInterrupt
        return steps(lm, text, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(heta_core.engine, "attribute_steps", stopped)
    (tmp_path / "prompts.txt").write_text("first\nsecond\n", "utf-8")
    out = tmp_path / "out.json"
    assert attribute("--file", str(tmp_path / "prompts.txt"), "--json", str(out)) == 130
    assert len(out.read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    "command",
    [[], ["attribute"], ["generate"], ["models"], ["evidence"], ["bench"], ["examples"], ["train-littletown"]],
)
def test_help_names_the_exit_codes_and_brings_no_torch(command: list[str]) -> None:
    code = (
        "import sys; from heta_core.shell.commands import main\n"
        f"try: main({[*command, '--help']!r})\n"
        "except SystemExit as ended: assert ended.code == 0\n"
        "assert not {'torch', 'transformers', 'streamlit'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "exit codes:" in done.stdout


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = (
        "import sys; from heta_core.shell import commands, upkeep\n"
        "def talk(arguments):\n"
        "    for _ in range(100000): print('a line')\n"
        "    return 0\n"
        "commands._COMMANDS['models'] = talk\n"
        "sys.exit(commands.main(['models']))"
    )
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" -c "$1" | head -n 1', sys.executable, code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a line\n", "")


def test_progress_is_told_on_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    from heta_core.shell.progress import progress

    with progress() as show:
        show(0.5)
    assert capsys.readouterr().err == ""
    ours, theirs = pty.openpty()
    before = sys.stderr
    try:
        with os.fdopen(theirs, "w") as sys.stderr, progress() as show:
            show(0.5)
        assert os.read(ours, 100).startswith(b"\r 50% ")
    finally:
        sys.stderr = before
        os.close(ours)


def generate(*arguments: str) -> int:
    return main(["generate", "--probes", "1", *arguments])


def test_a_continuation_is_told_with_a_block_for_each_word(
    capsys: pytest.CaptureFixture[str], llama: LanguageModel
) -> None:
    from heta_core.generation import generate as in_python
    from heta_core.settings import Decoding, Settings

    assert generate("--prompt", PROMPT, "--steps", "3", "--json", "-") == 0
    shown = loads_generation(capsys.readouterr().out)
    expected = in_python(llama, PROMPT, decoding=Decoding(steps=3), settings=Settings(probes=1))
    assert shown.tokens == expected.tokens and shown.ending == "length"
    assert shown.at(2).scores == pytest.approx(expected.at(2).scores, rel=1e-5)
    assert generate("--prompt", PROMPT, "--steps", "3", "--top", "2") == 0
    told, errors = capsys.readouterr()
    assert told.startswith(f"tiny-llama goes on after:\n  {PROMPT}\n\n")
    assert "3 tokens, as many as were asked for." in told and errors == ""
    blocks = told.split("\n\n")[-4:-1]
    assert [block.split()[0] for block in blocks] == ["12", "13", "14"]
    assert all(block.count("\n") == 3 and "rank" in block and "of the score is" in block for block in blocks)


def test_sampling_with_a_seed_repeats_and_another_seed_differs(capsys: pytest.CaptureFixture[str]) -> None:
    def ids(*arguments: str) -> tuple[int, ...]:
        assert generate("--prompt", PROMPT, "--steps", "6", "--json", "-", *arguments) == 0
        return loads_generation(capsys.readouterr().out).tokens.ids

    drawn = ("--sample", "--temperature", "2", "--top-k", "200", "--top-p", "0.99")
    assert ids(*drawn) == ids(*drawn) != ids(*drawn, "--decoding-seed", "1")


def test_a_given_continuation_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("--prompt", PROMPT, "--continuation", " on", "--json", "-") == 0
    shown = loads_generation(capsys.readouterr().out)
    assert (shown.tokens.text, shown.n_given, shown.ending) == (f"{PROMPT} on", 3, "given")
    assert generate("--prompt", PROMPT, "--continuation", " on") == 0
    told = capsys.readouterr().out
    assert "\n\n on\n\n3 tokens, given, not generated." in told and " · given · " in told


def test_a_stop_text_ends_a_continuation(capsys: pytest.CaptureFixture[str]) -> None:
    generate("--prompt", PROMPT, "--steps", "4", "--json", "-")
    whole = loads_generation(capsys.readouterr().out)
    stop = next(piece for piece in whole.tokens.pieces[whole.n_prompt :] if piece.isprintable() and piece != "\ufffd")
    assert generate("--prompt", PROMPT, "--steps", "4", "--stop", stop) == 0
    assert "then a stop text was complete." in capsys.readouterr().out


def test_a_chat_is_rendered_by_the_models_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], llama: LanguageModel
) -> None:
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
    monkeypatch.setattr(llama.tokenizer, "chat_template", template, raising=False)
    assert generate("--user", "Who?", "--system", "Be short.", "--steps", "1", "--json", "-") == 0
    first = loads_generation(capsys.readouterr().out)
    assert [s.role for s in first.tokens.segments if s.kind == "content"] == ["system", "user"]
    turns = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Who?"}]
    (tmp_path / "chat.json").write_text(json.dumps(turns), "utf-8")
    assert generate("--chat", str(tmp_path / "chat.json"), "--steps", "1", "--json", "-") == 0
    assert loads_generation(capsys.readouterr().out).tokens == first.tokens


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prompt", ""), "empty text"),
        (("--prompt", PROMPT, "--steps", "0"), "steps must be"),
        (("--prompt", PROMPT, "--temperature", "2"), "sample"),
        (("--prompt", PROMPT, "--sample", "--temperature", "0"), "temperature must be"),
        (("--prompt", PROMPT, "--stop", ""), "stop text must not be empty"),
        (("--prompt", PROMPT, "--continuation", ""), "empty"),
        (("--prompt", PROMPT, "--json", "/no/such/folder/x.json"), "folder that exists"),
        (("--prompt", PROMPT, "--model", "nowhere"), "name another"),
        (("--user", "Who?"), "this one has none: write a plain prompt"),
        (("--chat", "/no/such/file"), "needs a JSON file"),
    ],
)
def test_a_continuation_that_cannot_be_ends_with_1_and_a_message(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(*arguments) == 1
    told, errors = capsys.readouterr()
    assert errors.startswith("error: ") and message in errors
    assert told == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "damaged"),
        ("\udcff", "damaged"),
        ('{"role": "user"}', "found other JSON"),
        ('[{"role": "user", "content": 1}]', "found other JSON"),
        ('[{"role": "king", "content": "Who?"}]', "must come from system, user, assistant"),
    ],
)
def test_a_chat_that_is_none_is_refused(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "chat.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert generate("--chat", str(tmp_path / "chat.json")) == 1
    assert message in capsys.readouterr().err


def test_what_is_known_of_a_continuation_is_written_when_the_rest_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import heta_core.generation

    steps = heta_core.generation.generate_steps

    def stopped(*given: object, **options: object) -> Iterator[object]:
        for grown in steps(*given, **options):  # type: ignore[arg-type]
            yield grown
            if grown.steps and grown.steps[0].information:
                raise KeyboardInterrupt

    monkeypatch.setattr(heta_core.generation, "generate_steps", stopped)
    out = tmp_path / "out.json"
    assert generate("--prompt", PROMPT, "--steps", "2", "--json", str(out)) == 130
    kept = loads_generation(out.read_text("utf-8"))
    assert kept.steps[1].information is not None and kept.steps[1].hessian is None


def test_a_character_is_printed_once_it_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    import made

    from heta_core.shell.steps import report as of_steps
    from heta_core.shell.steps import show

    final = made.generation(["<s>", "a"], [" b", " \x1b[2J"])
    part = replace(final, ending=None, steps=())
    broken = replace(part.tokens, text=part.tokens.text[:3] + "\ufffd")
    shown = show(replace(part, tokens=broken), None)
    show(final, shown)
    told = capsys.readouterr().out
    assert told == "littletown goes on after:\n  a\n\n b ␛[2J\n\n"
    assert "\x1b" not in of_steps(final, 0)


@pytest.mark.parametrize(
    ("ending", "n", "told"),
    [
        ("end", 1, "1 token: the model ended the text at once."),
        ("end", 2, "2 tokens, then the model ended the text."),
        ("stop", 2, "2 tokens, then a stop text was complete."),
        ("context", 2, "2 tokens, then the model's context was full."),
    ],
)
def test_why_a_continuation_ended_is_told(ending: Ending, n: int, told: str) -> None:
    import made

    from heta_core.shell.steps import report as of_steps

    assert of_steps(replace(made.generation(answer=[" b", " c"][:n]), ending=ending), 1).startswith(told)


def test_a_hostile_token_moves_nothing_on_the_terminal() -> None:
    import samples

    told = report(samples.result([*samples.HOSTILE, "\x1b[2J", "\u202egnp", "\x00"]), 0)
    assert not {"\x1b", "\u202e", "\x00", "\r"} & set(told)
