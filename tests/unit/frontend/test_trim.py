"""What is taken out of installed packages: patterns, and the lists of files."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.frontend.test_steps import Container


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("**/tests", ["tests", "a/tests", "a/b/tests"], ["a/tests/b", "mytests", "a/tests.py"]),
        ("tests", ["tests"], ["a/tests"]),
        ("a/*.py", ["a/b.py"], ["a/b/c.py", "b.py"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b"]),
        ("a/**/c?.[!x]", ["a/c1.y", "a/b/d/c1.y"], ["a/c.y", "a/c1.x"]),
        ("**/*.py[id]", ["a.pyi", "a/b.pyd"], ["a.py", "a.pyc"]),
        ("a+b/(c)", ["a+b/(c)"], ["aab/c"]),
    ],
)
def test_patterns(
    container: Container, pattern: str, matching: list[str], others: list[str]
) -> None:
    translated = re.compile(container.steps["trimming"].translate(pattern))
    assert [path for path in [*matching, *others] if translated.fullmatch(path)] == matching


def fill(container: Container) -> Path:
    site = container.venv / "lib/python3.13/site-packages"
    for path in (
        "a/__init__.py",
        "a/__pycache__/__init__.cpython-313.pyc",
        "a/conftest.py",
        "a/__pycache__/conftest.cpython-313.pyc",
        "a/__pycache__/conftest_more.cpython-313.pyc",
        "a/tests/__init__.py",
        "a/tests/data/big.bin",
        "a/_vendor/b-1.dist-info/RECORD",
        "a/_vendor/tests/x.py",
        "a-1.dist-info/METADATA",
        "a-1.dist-info/tests/LICENSE",
    ):
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text("")
    record = 'a/__init__.py,sha256=x,0\n"a/tests/__init__.py",,\na/tests/data/big.bin,,\n'
    record += "a/conftest.py,sha256=y,1\na-1.dist-info/METADATA,,\n../../../bin/a,,\n"
    (site / "a-1.dist-info/RECORD").write_text(record)
    return site


def remaining(site: Path) -> set[str]:
    return {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}


def test_folders_and_files_go_and_their_bytecode_and_lines_with_them(container: Container) -> None:
    site = fill(container)
    container.steps["trimming"].trim(["**/tests", "*/conftest.py"])
    assert remaining(site) == {
        "a/__init__.py",
        "a/__pycache__/__init__.cpython-313.pyc",
        "a/__pycache__/conftest_more.cpython-313.pyc",
        "a/_vendor/b-1.dist-info/RECORD",
        "a-1.dist-info/METADATA",
        "a-1.dist-info/RECORD",
        # What describes a package stays as it is.
        "a-1.dist-info/tests/LICENSE",
    }
    assert (site / "a-1.dist-info/RECORD").read_text() == (
        "a/__init__.py,sha256=x,0\na-1.dist-info/METADATA,,\n../../../bin/a,,\n"
    )
    assert not (site / "a/tests").exists()


def test_what_matches_nothing_changes_nothing(container: Container) -> None:
    site = fill(container)
    before: dict[str, Any] = {p: (site / p).stat().st_mtime_ns for p in remaining(site)}
    container.steps["trimming"].trim(["nothing/**"])
    assert {p: (site / p).stat().st_mtime_ns for p in remaining(site)} == before


def test_bytecode_of_a_library_where_there_is_none(container: Container, tmp_path: Path) -> None:
    library = tmp_path / "library"
    for path in ("a.py", "b/c.py", "b/test/d.py", "site-packages/e.py", "broken.py"):
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_text("x = 1\n" if path != "broken.py" else "x =\n")
    existing = Path(importlib.util.cache_from_source(str(library / "b/c.py")))
    existing.parent.mkdir()
    existing.write_bytes(b"")
    container.steps["stdlib"].write_bytecode(str(library))
    made = [str(path) for path in container.layer.rglob("*.pyc")]
    assert made == [f"{container.layer}{importlib.util.cache_from_source(str(library / 'a.py'))}"]
    # Flags of PEP 552: by hash, and never looked at again.
    assert Path(made[0]).read_bytes()[4:8] == b"\x01\x00\x00\x00"
