"""Files that nobody in their right mind writes: every refusal is one with a file and a line."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import tomli
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from frontend.config.settings import (
    from_build_file,
    from_manifest,
    merge_sources,
    misplaced,
    parse_build_file,
)
from frontend.container.uv_settings import credentials, deciding, lowered, project
from frontend.errors import FrontendError, SourceFile
from frontend.model.layers import Kind, Layer, MembersLayer, PackagesLayer
from frontend.model.packages import LocalPackage, LockedPackage, Selection
from frontend.project.build_requirements import build_dependencies, included, with_paths
from frontend.project.git_versions import dynamic_members
from frontend.project.groups import defaults, python_needs
from frontend.project.lock_check import compare
from frontend.project.manifest import check, compiler, for_building, for_export
from frontend.project.uv_config import folders, ineffective, is_local_index
from frontend.project.workspace import (
    Workspace,
    check_selection,
    open_workspace,
    with_indexes,
)
from frontend.toml_document import TomlDocument
from tests.unit.frontend.locks import HEAD, edges, package, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = """\
[project]
name = "mono"
version = "0"
description = "What it is"
requires-python = ">=3.11"
dependencies = ["idna>=3", "core"]
dynamic = []
license = { text = "MIT" }
authors = [{ name = "A", email = "a@example.org" }]
urls = { Homepage = "https://a.example" }
scripts = { mono = "mono:main" }
optional-dependencies = { fast = ["numpy"] }

[build-system]
requires = ["hatchling", "core"]
build-backend = "hatchling.build"

[dependency-groups]
dev = ["ruff", { include-group = "test" }]
test = ["pytest"]

[tool.uv]
default-groups = ["dev"]
find-links = ["vendor"]
no-binary-package = ["idna"]
no-build-package = ["numpy"]
no-build-isolation-package = ["core"]
build-constraint-dependencies = ["setuptools<80"]
dev-dependencies = ["mypy"]
required-version = ">=0.5"
conflicts = [[{ extra = "fast" }, { group = "dev" }]]
index = [{ name = "corp", url = "https://index.example/simple" }]

[tool.uv.extra-build-dependencies]
core = ["hatchling", { requirement = "idna", match-runtime = true }]

[tool.uv.sources]
core = { workspace = true }

[tool.uv.workspace]
members = ["libs/*"]

[tool.uv.dependency-groups]
dev = { requires-python = ">=3.12" }

[tool.uv-frontend]
include = ["LICENSE"]
"""
MEMBER = """\
[project]
name = "core"
version = "1"
dependencies = ["idna"]

[build-system]
requires = ["hatchling"]

[tool.uv]
index = [{ name = "own", url = "https://own.example/simple" }]

[tool.uv.sources]
idna = { index = "own" }

[tool.uv-frontend]
include = ["NOTICE"]
"""
UV_TOML = (
    'find-links = ["vendor"]\nindex = [{ name = "corp", url = "https://index.example/simple" }]\n'
)
LOCK = "".join(
    [
        HEAD,
        'conflicts = [[\n    { package = "mono", extra = "fast" },\n',
        '    { package = "mono", group = "dev" },\n]]\n',
        '\n[manifest]\nmembers = ["core", "mono"]\n',
        'dependency-groups = { lint = [{ name = "ruff", specifier = ">=1" }] }\n',
        package(
            "core",
            'editable = "libs/core"',
            "1",
            edges("dependencies", "idna"),
            '[package.metadata]\nrequires-dist = [{ name = "idna" }]',
        ),
        package(
            "mono",
            'virtual = "."',
            "0",
            edges("dependencies", "core", "idna; sys_platform == 'linux'"),
            "[package.optional-dependencies]\nfast = [{ name = 'numpy', extra = ['x'] }]",
            "[package.dev-dependencies]\ndev = [{ name = 'ruff' }]",
            "[package.metadata]",
            "requires-dist = [",
            "    { name = 'idna', specifier = '>=3', extras = ['all'] },",
            "    { name = 'core' },",
            "]",
            "provides-extras = ['fast']",
            "[package.metadata.requires-dev]\ndev = [{ name = 'ruff', marker = \"extra == 'x'\" }]",
        ),
        registry("idna", "3.8"),
        registry("numpy", "2.0", ["cp313-cp313-manylinux_2_28_x86_64"]),
        registry("ruff", "1.0", sdist=False),
    ]
)
FILES = {
    "pyproject.toml": ROOT,
    "uv.lock": LOCK,
    "uv.toml": UV_TOML,
    "libs/core/pyproject.toml": MEMBER,
}


def use(files: dict[str, str]) -> None:
    """Parse files of a workspace, and ask for all that a build asks of them."""
    sources = {name: SourceFile(name, text) for name, text in files.items()}
    site = open_workspace(".", sources)
    # Whatever its path is: a build reads the manifest of each package that it asks about.
    member = TomlDocument.parse(sources["libs/core/pyproject.toml"])
    check(member)
    manifests = {name: member for name, p in site.lock.local_packages.items() if p.path != "."}
    site = Workspace(site.folder, site.root, site.lock, site.python_pin, manifests)
    ask(with_indexes(site, manifests))
    ask_lock(site)


def ask(site: Workspace) -> None:
    settings = site.root.get("tool", "uv") or {}
    members = list(site.lock.members.values())
    documents = [site.manifest(member) for member in members]
    layers: list[Layer] = [
        MembersLayer((LocalPackage("core", "libs/core", "editable"),)),
        PackagesLayer(
            Kind.BUILT, (LockedPackage("idna", "1", {"source": {"registry": "x"}}, built=True),)
        ),
    ]
    for layer in layers:
        project(lowered(settings, {"idna": "1"}), layer)
        credentials(settings, layer)
    deciding(settings)
    folders(settings)
    list(ineffective(site.root, documents))
    included(site, documents, ())
    merge_sources(from_manifest(site.root))
    for_export(site.root)
    for member, document in zip(members, documents, strict=True):
        build_dependencies(site, member)
        dynamic_members(site, [member])
        compiler(document)
        for_building(with_paths(document.data, site, {"core": "x"}))
        list(compare(site.lock, member, document, ["dev", "test"]))
        python_needs(site, [member], ["dev"])
        defaults(site, member)
        check_selection(site, merge_sources(), Selection(member.name, (), ("dev",)))


def ask_lock(site: Workspace) -> None:
    lock = site.lock
    assert lock.for_export
    lock.root_groups()
    lock.group_names("dev", ["mono"])
    for name, local in lock.local_packages.items():
        lock.extras(name)
        lock.groups(name)
        lock.place(name, local.version)
        lock.conflict([name], ["fast"], ["dev"])
        lock.local_closure(name, ["fast"], ["dev", "lint"])
        site.outside(local)
    for table in lock.packages:
        third_party = LockedPackage(table["name"], "", table)
        assert is_local_index(third_party.registry) in (True, False)
        assert third_party.source_artifact or "sdist" not in table


def refused(files: dict[str, str]) -> FrontendError | None:
    """The error of the user that these files lead to, if they do; any other one is raised."""
    try:
        use(files)
    except FrontendError as error:
        return error
    return None


def refusal(files: dict[str, str]) -> FrontendError:
    error = refused(files)
    assert error is not None
    assert error.places, error.message
    return error


def test_the_files_of_these_tests_are_read() -> None:
    use(FILES)
    use({name: text for name, text in FILES.items() if name != "uv.toml"})


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "text",
    [
        "x = " + "9" * 5000,
        "x = 0x" + "f" * 5000,
        "x = " + "[" * 400 + "]" * 400,
        "x = " + "[" * 5000,
        ".".join("a" * 1500) + " = 1",
        "[" + ".".join("a" * 90) + "]",
        "x = " + "{ a = " * 300 + "1" + " }" * 300,
    ],
    ids=["digits", "hexadecimal", "lists", "open", "dotted", "header", "tables"],
)
def test_what_python_cannot_hold(name: str, text: str) -> None:
    lines = "# a comment\n" + text
    error = refusal({**FILES, name: lines})
    assert error.message.startswith(f"{name} is not valid TOML: ")
    assert [(p.source.filename, p.start) for p in error.places] == [(name, 2)]


def _damaged(text: str, *path: str | int, value: object) -> str:
    data = tomli.loads(text)
    inner: Any = data
    for step in path[:-1]:
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, {})
    inner[path[-1]] = value
    return tomli_w.dumps(data)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("uv.lock", ("package",), 1),
        ("uv.lock", ("package",), ["x"]),
        ("uv.lock", ("package", 0, "name"), ["x"]),
        ("uv.lock", ("package", 0, "wheels"), 1),
        ("uv.lock", ("package", 0, "sdist"), 1),
        ("uv.lock", ("package", 0, "source", "editable"), 1),
        ("uv.lock", ("package", 1, "source"), "text"),
        ("uv.lock", ("package", 0, "metadata"), 1),
        ("uv.lock", ("package", 0, "metadata", "provides-extras"), 1),
        ("uv.lock", ("package", 0, "metadata", "requires-dev"), 1),
        ("uv.lock", ("package", 0, "metadata", "requires-dist"), 1),
        ("uv.lock", ("package", 0, "metadata", "requires-dist"), [{}]),
        ("uv.lock", ("package", 0, "metadata", "requires-dist", 0, "specifier"), "garbage"),
        ("uv.lock", ("package", 0, "dev-dependencies"), "text"),
        ("uv.lock", ("package", 0, "optional-dependencies"), 1),
        ("uv.lock", ("package", 0, "dependencies"), 1),
        ("uv.lock", ("package", 0, "dependencies"), ["core"]),
        ("uv.lock", ("package", 0, "dependencies"), [{"version": "1"}]),
        ("uv.lock", ("package", 0, "dependencies"), [{"name": "x", "extra": 1}]),
        ("uv.lock", ("manifest",), 1),
        ("uv.lock", ("manifest", "members"), 1),
        ("uv.lock", ("conflicts",), 1),
        ("uv.lock", ("conflicts",), [1]),
        ("uv.lock", ("conflicts",), [[1]]),
        ("pyproject.toml", ("project",), 1),
        ("pyproject.toml", ("project", "dependencies"), [1]),
        ("pyproject.toml", ("project", "dependencies"), [{}]),
        ("pyproject.toml", ("project", "optional-dependencies", "a"), [1]),
        ("pyproject.toml", ("project", "description"), 1),
        ("pyproject.toml", ("project", "license"), 1),
        ("pyproject.toml", ("project", "urls", "homepage"), 1),
        ("pyproject.toml", ("project", "authors", 0, "name"), 1),
        ("pyproject.toml", ("dependency-groups",), 1),
        ("pyproject.toml", ("dependency-groups", "dev"), 1),
        ("pyproject.toml", ("dependency-groups", "dev"), [{"include-group": 1}]),
        ("pyproject.toml", ("dependency-groups", "dev"), [{"include-group": "dev"}]),
        ("pyproject.toml", ("build-system",), 1),
        ("pyproject.toml", ("build-system", "requires"), 1),
        ("pyproject.toml", ("tool",), 1),
        ("pyproject.toml", ("tool", "uv"), 1),
        ("pyproject.toml", ("tool", "uv", "sources"), 1),
        ("pyproject.toml", ("tool", "uv", "index"), 1),
        ("pyproject.toml", ("tool", "uv", "dev-dependencies"), 1),
        ("uv.toml", ("index",), 1),
        ("uv.toml", ("index",), ["x"]),
        ("uv.toml", ("index",), [[]]),
        ("uv.toml", ("index",), [{"name": "x"}]),
        ("uv.toml", ("find-links",), 1),
        ("uv.toml", ("find-links",), "vendor"),
        ("uv.toml", ("no-build-isolation-package",), 1),
        ("uv.toml", ("no-build-isolation-package",), [1]),
        ("uv.toml", ("no-binary-package",), 1),
        ("uv.toml", ("extra-build-dependencies",), 1),
        ("uv.toml", ("extra-build-dependencies", "core"), 1),
        ("uv.toml", ("extra-build-dependencies", "core"), [{}]),
        ("libs/core/pyproject.toml", ("tool",), 1),
        ("libs/core/pyproject.toml", ("build-system", "requires"), 1),
        ("libs/core/pyproject.toml", ("tool", "uv", "sources"), 1),
        ("libs/core/pyproject.toml", ("tool", "uv", "index"), [1]),
    ],
)
def test_a_value_of_a_wrong_kind(name: str, path: tuple[str | int, ...], value: object) -> None:
    text = _damaged(FILES[name], *path, value=value)
    error = refusal({**FILES, name: text})
    place = error.places[0]
    assert place.source.filename == name
    # The line has the key, or the name of the package that it belongs to.
    line = text.split("\n")[place.start - 1]
    inner = value[0] if isinstance(value, list) and isinstance(value[0], dict) else {}
    names = {step for step in path if isinstance(step, str)} | inner.keys()
    assert any(name in line for name in names) or line == 'name = "core"', line


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths of all values in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in items:
        yield (*path, step)
        if isinstance(inner, (dict, list)):
            yield from _places(inner, (*path, step))


PLACES = [(name, path) for name, text in FILES.items() for path in _places(tomli.loads(text))]
WORDS = [
    "",
    "x",
    "core",
    "mono",
    "dev",
    "..",
    "/",
    "garbage >=",
    "https://[::1",
    "\0",
    "a[b@c",
    ".",
]
VALUES = st.recursive(
    st.sampled_from(WORDS) | st.integers() | st.booleans() | st.floats() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "extra", "source", "url", "include-group", "index"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=4,
)


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_only_errors_of_the_user_come_of_any_value(
    changes: list[tuple[tuple[str, tuple[str | int, ...]], Any]],
) -> None:
    documents = {name: tomli.loads(text) for name, text in FILES.items()}
    for (name, path), value in changes:
        documents[name] = _with(documents[name], path, value)
    error = refused({name: tomli_w.dumps(data) for name, data in documents.items()})
    assert error is None or error.places


def _with(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """`data` with another value at `path`; as it is where an earlier change took the path away."""
    if not path:
        return value
    step, *rest = path
    if isinstance(data, dict) and step in data:
        return {**data, step: _with(data[step], tuple(rest), value)}
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return [*data[:step], _with(data[step], tuple(rest), value), *data[step + 1 :]]
    return data


@given(st.sampled_from(sorted(FILES)), st.data())
def test_only_errors_of_the_user_come_of_any_text(name: str, data: st.DataObject) -> None:
    text = FILES[name]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    new = data.draw(st.text("[]{}=,.\"'\n# ab1\0", max_size=6))
    error = refused({**FILES, name: text[:start] + new + text[end:]})
    assert error is None or error.places


@given(st.text("[]{}=,.\"'\n# pbaseckgen1\0", max_size=30))
def test_only_errors_of_the_user_come_of_any_build_file(text: str) -> None:
    with suppress(FrontendError):
        source = from_build_file(parse_build_file(SourceFile("uv.build.toml", text)))
        misplaced(source, "package")
        merge_sources(source)
