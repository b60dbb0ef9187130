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


def manifest(groups: str) -> TomlDocument:
    text = f'[project]\nname = "api"\n[dependency-groups]\n{groups}'
    return TomlDocument.parse(SourceFile("api/pyproject.toml", text))


def test_includes_are_followed_once_each_in_the_order_of_the_manifest() -> None:
    text = """
all = [{ include-group = "Docs" }, "a>=1", { include-group = "test" }]
docs = [{ include-group = "test" }, "d"]
test = ["t ; python_version > '3'"]
"""
    assert groups.included_groups(manifest(text), "ALL") == ("all", "docs", "test")
    found = list(groups.group_requirements(manifest(text), "all"))
    assert found == ["a>=1", "d", "t ; python_version > '3'"]
    assert groups.included_groups(manifest(text), "other") == ("other",)
    assert list(groups.group_requirements(manifest(text), "other")) == []


def test_doubled_includes_do_not_multiply() -> None:
    levels = 200
    lines = [
        f'g{n} = [{{ include-group = "g{n + 1}" }}, {{ include-group = "g{n + 1}" }}]'
        for n in range(levels)
    ]
    text = "\n".join([*lines, f'g{levels} = ["x"]'])
    assert len(groups.included_groups(manifest(text), "g0")) == levels + 1
    assert list(groups.group_requirements(manifest(text), "g0")) == ["x"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('a = [{ include-group = "a" }]', "a includes itself"),
        ('a = [{ include-group = "b" }]\nb = [{ include-group = "a" }]', "Cyclic"),
        ('a = [{ include-group = "c" }]', "'c' not found"),
        ("a = [{ include-group = 1 }]", ""),
        ("a = [1]", ""),
        ("a = 1", ""),
        ('a = "text"', ""),
        ('a = [{ other = "b" }]', "Invalid dependency group item"),
        ('a = [{ include-group = "b" }]\nA = []\nb = []', ""),
    ],
)
def test_groups_that_cannot_be_read(text: str, reason: str) -> None:
    with pytest.raises(FrontendError, match=r"dependency group 'a' cannot be read: .") as raised:
        list(groups.group_requirements(manifest(text), "a"))
    assert reason in raised.value.message
    (place,) = raised.value.places
    assert (place.source.filename, place.start) == ("api/pyproject.toml", 4)
