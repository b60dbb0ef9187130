"""Every module of the stages below the daemon has a unit test that imports it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import frontend

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(frontend.__file__).parent
TESTS = Path(__file__).parent
PACKAGES = (
    "model",
    "config",
    "project",
    "context",
    "container",
    "plan",
    "emit",
    "lint",
    "explain",
    "sbom",
)
MODULES = sorted(
    f"frontend.{package}.{path.stem}"
    for package in PACKAGES
    for path in (SOURCES / package).glob("*.py")
    if path.stem != "__init__"
)

#: Modules that still lack a unit test; a test that comes has to take its module out of here.
UNTESTED: frozenset[str] = frozenset(
    {
        "frontend.context.ignore",
        "frontend.emit.assemble",
        "frontend.emit.layer_key",
        "frontend.emit.layers",
        "frontend.explain.files",
        "frontend.explain.previous",
        "frontend.explain.progress",
        "frontend.lint.images",
        "frontend.lint.options",
        "frontend.lint.report",
        "frontend.lint.workspace",
        "frontend.sbom.attach",
    }
)


def run_statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run: an import for annotations alone tests nothing."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from run_statements(node)


def imports(text: str) -> frozenset[str]:
    """Return every name that `text` imports, with the module that it is from in front."""
    names: set[str] = set()
    for node in run_statements(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


@cache
def imports_of_tests() -> frozenset[str]:
    """Return what the unit tests import; this file imports no module."""
    return frozenset().union(*(imports(path.read_text()) for path in TESTS.rglob("test_*.py")))


@pytest.mark.parametrize("module", MODULES)
def test_a_unit_test_imports(module: str) -> None:
    _, package, name = module.split(".")
    if module in UNTESTED:
        assert module not in imports_of_tests(), f"take {module} out of UNTESTED"
        return
    assert module in imports_of_tests(), (
        f"no unit test imports {module}: add tests/unit/frontend/{package}/test_{name}.py"
    )


def test_what_lacks_a_test_exists() -> None:
    assert set(MODULES) >= UNTESTED


def test_every_package_has_modules() -> None:
    assert {module.split(".")[1] for module in MODULES} == set(PACKAGES)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import frontend.a.b", {"frontend.a.b"}),
        ("import frontend.a.b as b", {"frontend.a.b"}),
        ("from frontend.a import b", {"frontend.a", "frontend.a.b"}),
        ("from frontend.a.b import c, d", {"frontend.a.b", "frontend.a.b.c", "frontend.a.b.d"}),
        ("def test():\n    from frontend.a import b", {"frontend.a", "frontend.a.b"}),
        ("if TYPE_CHECKING:\n    from frontend.a import b", set()),
        ("if typing.TYPE_CHECKING:\n    import frontend.a.b", set()),
        ("from . import b", set()),
    ],
)
def test_both_forms_of_imports_are_read(text: str, names: set[str]) -> None:
    assert imports(text) == names
