"""The house: which file may import which, how long things may be, what is public.

The README's file table is the rule: a file imports only from rows above its own.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import heta_core

ROOT = Path(__file__).resolve().parents[1]
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_PAGE, LONGEST_SCRIPT = 250, 40, 80, 600
# These draw and read finished results: they must come up without the half gigabyte that runs a model.
LIGHT = (
    *("heta_core.attribution", "heta_core.report", "heta_core.shell.arguments", "heta_core.shell.lines"),
    "heta_core.library.exchange",
)


def files(*patterns: str) -> list[str]:
    return sorted(p.relative_to(ROOT).as_posix() for pattern in patterns for p in ROOT.glob(pattern))


MODULES = files("heta_core/**/*.py")
PAGES = files("app.py", "pages/*.py")
SOURCES = sorted({*MODULES, *PAGES, *files("pages/**/*.py")})


@cache
def rows() -> dict[str, float]:
    """File → row of the README's table. A package's `__init__.py` need not be named."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| row \|.*?\n\n", text, re.MULTILINE | re.DOTALL)
    assert table, "the README has no table that begins with '| row |'"
    found: dict[str, float] = {}
    for line in table[0].strip().splitlines()[2:]:
        row, named = (cell.strip() for cell in line.strip("|").split("|")[:2])
        folder = ""
        for name in re.findall(r"`([^`]+)`", named):
            if name.endswith("/"):
                folder = name
                if f"{folder}__init__.py" in SOURCES:
                    found[f"{folder}__init__.py"] = float(row)
            else:
                path = name if "/" in name or not folder else folder + name
                assert path not in found, f"{path} stands twice in the README's table"
                found[path] = float(row)
    return found


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), path)


def imported(path: str) -> Iterator[str]:
    """Every module that a file names in an import, wherever in the file; relative ones are not our style."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if file_of(name) else node.module for name in names)


def file_of(module: str) -> str | None:
    stem = module.replace(".", "/")
    return next((p for p in (f"{stem}.py", f"{stem}/__init__.py") if p in SOURCES), None)


def our_imports(path: str) -> set[str]:
    return {file for module in imported(path) if (file := file_of(module))}


def outside(path: str) -> set[str]:
    return {module.split(".")[0] for module in imported(path)}


def room(path: str) -> str:
    """The package a file belongs to; a module beside packages is a room of its own."""
    folder = path.rpartition("/")[0]
    return path if folder in ("", "heta_core", "pages") else folder


def test_the_readme_names_every_file_and_no_other() -> None:
    assert sorted(rows()) == SOURCES


@pytest.mark.parametrize("path", SOURCES)
def test_a_file_imports_only_from_rows_above(path: str) -> None:
    place = rows()
    wrong = [
        f"{other} (row {place[other]:g})"
        for other in our_imports(path)
        if place[other] >= place[path] and room(other) != room(path)
    ]
    assert not wrong, f"{path} (row {place[path]:g}) imports {wrong}"


def test_no_file_imports_itself_in_a_circle() -> None:
    done: set[str] = set()

    def visit(path: str, trail: tuple[str, ...]) -> None:
        assert path not in trail, " → ".join((*trail, path))
        if path not in done:
            for other in sorted(our_imports(path)):
                visit(other, (*trail, path))
            done.add(path)

    for path in SOURCES:
        visit(path, ())


def test_the_package_knows_neither_streamlit_nor_pages() -> None:
    assert not [path for path in MODULES if outside(path) & {"streamlit", "pages", "app"}]


def test_views_know_neither_torch_nor_transformers() -> None:
    assert not [p for p in MODULES if p.startswith("heta_core/views/") and outside(p) & {"torch", "transformers"}]


def test_pages_know_no_torch() -> None:
    assert not [path for path in PAGES if outside(path) & {"torch", "transformers"}]


def test_littletown_knows_nothing_of_the_engine() -> None:
    town = [path for path in MODULES if path.startswith("heta_core/littletown/")]
    assert not [path for path in town if any(not p.startswith("heta_core/littletown/") for p in our_imports(path))]


@pytest.mark.parametrize("path", SOURCES)
def test_modules_and_functions_fit_on_their_pages(path: str) -> None:
    n_lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert n_lines <= (LONGEST_PAGE if path in PAGES else LONGEST_MODULE), f"{path} has {n_lines} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{path}: {node.name} has {length} lines"


@pytest.mark.parametrize("path", files("assets/**/*.js"))
def test_scripts_are_short(path: str) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= LONGEST_SCRIPT


def test_every_public_name_resolves() -> None:
    assert heta_core.__all__ == sorted(set(heta_core.__all__))
    assert [name for name in heta_core.__all__ if getattr(heta_core, name, None) is None] == []


def test_public_names_are_all_there_is() -> None:
    public = {name for name in dir(heta_core) if not name.startswith("_")}
    submodules = {Path(path).stem for path in files("heta_core/*.py")} | {
        Path(path).parent.name for path in files("heta_core/*/__init__.py")
    }
    assert public - submodules - {"Any", "import_module"} == set(heta_core.__all__)


def test_reading_and_drawing_a_result_brings_no_torch() -> None:
    light = [*LIGHT, *(p[:-3].replace("/", ".") for p in files("heta_core/views/*.py") if "__init__" not in p)]
    code = (
        f"import sys, {', '.join(light)}; print(*sorted({{'torch', 'transformers', 'streamlit'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
