"""Groups that are installed unasked, and what groups ask of Python."""

from __future__ import annotations

import pytest

from frontend.errors import FrontendError, SourceFile
from frontend.project import groups
from frontend.project.lock import Lock
from frontend.project.workspace import Workspace
from frontend.toml_document import TomlDocument
from tests.unit.frontend.locks import HEAD, edges, package
from tests.unit.frontend.targets import target

_GROUPS = "dev = []\nops = [{ include-group = 'Base_Tools' }]\nbase-tools = []\n"
_LOCK = HEAD + "".join(
    [
        '\n[manifest]\nmembers = ["api", "mono"]\n',
        package(
            "api",
            'editable = "api"',
            "1",
            "[package.dev-dependencies]",
            *(edges(name) for name in ("base-tools", "dev", "ops")),
        ),
        package("mono", 'virtual = "."', "0", "[package.dev-dependencies]", edges("lint")),
    ]
)


def workspace(own: str = "", root: str = "") -> Workspace:
    api = f'[project]\nname = "api"\n[dependency-groups]\n{_GROUPS}{own}'
    top = f'[project]\nname = "mono"\n[dependency-groups]\nlint = []\n{root}'
    return Workspace(
        ".",
        TomlDocument.parse(SourceFile("pyproject.toml", top)),
        Lock.parse(SourceFile("uv.lock", _LOCK)),
        manifests={"api": TomlDocument.parse(SourceFile("api/pyproject.toml", api))},
    )


def defaults(found: Workspace) -> tuple[str, ...]:
    return groups.defaults(found, found.lock.members["api"])


@pytest.mark.parametrize(
    ("own", "root", "expected"),
    [
        ("", "", ("dev",)),
        ('[tool.uv]\ndefault-groups = ["Ops"]', "", ("ops",)),
        ("[tool.uv]\ndefault-groups = []", "", ()),
        ("", '[tool.uv]\ndefault-groups = ["lint"]', ("dev",)),
        ('[tool.uv]\ndefault-groups = "all"', "", ("base-tools", "dev", "ops")),
    ],
)
def test_defaults_are_what_uv_takes_unasked(own: str, root: str, expected: tuple[str, ...]) -> None:
    assert defaults(workspace(own, root)) == expected


def test_a_default_that_the_package_does_not_have() -> None:
    with pytest.raises(FrontendError, match="names 'opps'") as raised:
        defaults(workspace('[tool.uv]\ndefault-groups = ["opps"]'))
    assert raised.value.remedy == "Did you mean ops?"


def needs(found: Workspace, *names: str) -> list[tuple[str, str]]:
    packages = [found.lock.members["api"]]
    return [(need.group, need.specifier) for need in groups.python_needs(found, packages, names)]


def test_included_groups_bring_their_python() -> None:
    found = workspace('[tool.uv.dependency-groups]\nbase_tools = { requires-python = ">=3.12" }')
    assert needs(found, "ops", "base-tools") == [("base-tools", ">=3.12")]
    assert needs(found, "dev") == []


def test_a_group_of_the_root_asks_where_the_package_has_none_of_the_name() -> None:
    table = '[tool.uv.dependency-groups]\nlint = { requires-python = ">=3.14" }\n'
    found = workspace(root=f'{table}dev = {{ requires-python = ">=4" }}')
    assert needs(found, "lint", "dev") == [("lint", ">=3.14")]


def test_a_python_that_does_not_fit_is_refused_at_its_line() -> None:
    found = workspace('[tool.uv.dependency-groups]\ndev = { requires-python = ">=3.12" }')
    wanted = groups.python_needs(found, [found.lock.members["api"]], ["dev"])
    groups.check_python(wanted, target("3.12.1"), "base")
    with pytest.raises(FrontendError, match=r"base has Python 3.11.9, and group 'dev'") as raised:
        groups.check_python(wanted, target("3.11.9"), "base")
    assert raised.value.places[0].source.filename == "api/pyproject.toml"


def test_a_requirement_that_is_none() -> None:
    with pytest.raises(FrontendError, match="which is no version specifier"):
        needs(workspace('[tool.uv.dependency-groups]\ndev = { requires-python = "3" }'), "dev")
