"""Groups that are installed unasked, and what groups ask of Python."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import tomli_w
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.dependency_groups import DependencyGroupResolver, resolve_dependency_groups
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


LEVELS = 200


@pytest.mark.parametrize(
    ("bottom", "reason"),
    [
        ('["x"]', ""),
        ('[{ include-group = "missing" }]', "Dependency group 'missing' not found"),
        ('[{ include-group = "g7" }]', "g7 -> g200, g200 -> g7"),
        ("[1]", "Invalid dependency group item: 1"),
    ],
)
def test_doubled_includes_do_not_multiply(
    bottom: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups: Counter[str] = Counter()
    original = DependencyGroupResolver.lookup

    def counted(resolver: DependencyGroupResolver, group: str) -> object:
        lookups[group] += 1
        # Here ends a walk that multiplies: it would never end by itself.
        assert lookups[group] == 1
        return original(resolver, group)

    monkeypatch.setattr(DependencyGroupResolver, "lookup", counted)
    lines = [
        f'g{n} = [{{ include-group = "g{n + 1}" }}, {{ include-group = "g{n + 1}" }}]'
        for n in range(LEVELS)
    ]
    document = manifest("\n".join([*lines, f"g{LEVELS} = {bottom}"]))
    if reason:
        with pytest.raises(FrontendError) as raised:
            list(groups.group_requirements(document, "g0"))
        assert raised.value.message.endswith(reason)
        assert [place.start for place in raised.value.places] == [4 + LEVELS]
    else:
        assert list(groups.group_requirements(document, "g0")) == ["x"]
    assert len(lookups) == LEVELS + 1


NAMES = st.sampled_from(["a", "B", "c_c", "d"])
ITEMS = st.one_of(
    st.sampled_from(["x", "y>=1", "z; python_version > '3'"]),
    st.fixed_dictionaries({"include-group": NAMES | st.sampled_from(["C.c", "b", "missing"])}),
)
TABLES = st.dictionaries(NAMES, st.lists(ITEMS, max_size=4), min_size=1)


@given(TABLES, st.sampled_from(["a", "b", "c-c", "d"]))
@example({"a": [{"include-group": "B"}, "x"], "B": [{"include-group": "a"}]}, "a")
@example({"a": [{"include-group": "d"}], "d": ["y>=1", {"include-group": "d"}]}, "a")
def test_groups_are_those_of_packaging(table: dict[str, list[Any]], group: str) -> None:
    document = TomlDocument.parse(
        SourceFile("pyproject.toml", tomli_w.dumps({"dependency-groups": table}))
    )
    if group not in {str(canonicalize_name(name)) for name in table}:
        assert list(groups.group_requirements(document, group)) == []
        return
    try:
        expected = resolve_dependency_groups(table, group)
    except ExceptionGroup as error:
        with pytest.raises(FrontendError) as raised:
            list(groups.group_requirements(document, group))
        reason = str(error.exceptions[0])
        assert raised.value.message == f"dependency group {group!r} cannot be read: {reason}"
    else:
        requirements = groups.group_requirements(document, group)
        assert {str(Requirement(text)) for text in requirements} == set(expected)


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ('a = [{ include-group = "a" }]', "a includes itself", 4),
        ('a = [{ include-group = "b" }]\nb = [{ include-group = "a" }]', "Cyclic", 5),
        ('a = [\n  "x",\n  { include-group = "c" },\n]', "'c' not found", 6),
        ('a = [{ include-group = "b" }]\nb = [\n{ include-group = "c" }]', "'c' not found", 6),
        ('a = [{ include-group = "B" }]\nb = [1]', "Invalid dependency group item: 1", 5),
        ("a = [{ include-group = 1 }]", "include-group value is not a string", 4),
        ("a = [1]", "Invalid dependency group item", 4),
        ("a = 1", "'a' is not a sequence", 4),
        ('a = "text"', "'a' contained a string rather than a list", 4),
        ('a = ""', "it is not a list", 4),
        ('a = [{ other = "b" }]', "Invalid dependency group item", 4),
        ('b = []\na = [{ include-group = "b" }]\nA = []', "Duplicate dependency group names", 5),
    ],
)
def test_groups_that_cannot_be_read(text: str, reason: str, line: int) -> None:
    with pytest.raises(FrontendError, match=r"dependency group 'a' cannot be read: .") as raised:
        list(groups.group_requirements(manifest(text), "a"))
    assert reason in raised.value.message
    (place,) = raised.value.places
    assert (place.source.filename, place.start) == ("api/pyproject.toml", line)
