"""What gets installed, from locks in every form that uv writes; `uv export` is the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frontend.errors import FrontendError, Location, SourceFile
from frontend.model.packages import Closure, LocalPackage, Selection
from frontend.project.lock import Lock
from frontend.resolve.closure import check_members, check_python, select_packages
from frontend.resolve.export import export
from frontend.toml_document import TomlDocument
from tests.unit.frontend.locks import HEAD, edges, fork, manifest, package, registry
from tests.unit.frontend.targets import MUSL, target

if TYPE_CHECKING:
    from frontend.model.interpreter import Interpreter

ROOT = manifest(
    "mono",
    "[dependency-groups]",
    'lint = ["rules"]',
    "[tool.uv.workspace]",
    'members = ["apps/*", "libs/core", "web"]',
)
API = manifest(
    "api",
    'dependencies = ["arch", "core", "idna", "local-archive", "numpy", "tool", "winonly"]',
    "[project.optional-dependencies]",
    'redis = ["redis"]',
    "[dependency-groups]",
    'plots = ["core[plots]"]',
    "[tool.uv.sources]",
    "core = { workspace = true }",
    'arch = { url = "https://files.example/arch-1.0-py3-none-any.whl" }',
    'local-archive = { path = "../../vendor/local_archive-1.0.tar.gz" }',
    'tool = { git = "https://git.example/tool" }',
)
OLD, NEW = "python_full_version < '3.12'", "python_full_version >= '3.12'"
LOCK = "".join(
    [
        HEAD,
        f'resolution-markers = ["{NEW}", "{OLD}"]\n',
        '\n[manifest]\nmembers = ["api", "core", "mono", "web"]\n',
        package(
            "api",
            'editable = "apps/api"',
            "1.0",
            "dependencies = [",
            '    { name = "arch" },',
            '    { name = "core" },',
            '    { name = "idna" },',
            '    { name = "local-archive" },',
            f"    {fork('numpy', '1.0', OLD)},",
            f"    {fork('numpy', '2.0', NEW)},",
            '    { name = "tool" },',
            '    { name = "winonly", marker = "sys_platform == \'win32\'" },',
            "]",
            "[package.optional-dependencies]",
            edges("redis", "redis", "colorama; sys_platform == 'win32'"),
            "[package.dev-dependencies]",
            'plots = [{ name = "core", extra = ["plots"] }]',
        ),
        package(
            "arch",
            'url = "https://files.example/arch-1.0-py3-none-any.whl"',
            "1.0",
            'wheels = [{ url = "https://files.example/arch-1.0-py3-none-any.whl", '
            f'hash = "sha256:{"c" * 64}" }}]',
        ),
        registry("colorama", "0.4"),
        # No version: it is dynamic.
        package(
            "core",
            'editable = "libs/core"',
            "",
            edges("dependencies", "speedups"),
            "[package.optional-dependencies]",
            edges("plots", "pillow"),
        ),
        registry("idna", "3.20", size=0),
        package(
            "local-archive",
            'path = "vendor/local_archive-1.0.tar.gz"',
            "1.0",
            f'sdist = {{ hash = "sha256:{"d" * 64}" }}',
        ),
        package("mono", 'virtual = "."', "0", "[package.dev-dependencies]", edges("lint", "rules")),
        registry(
            "numpy",
            "1.0",
            ["cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64", "cp311-cp311-win_amd64"],
            f'resolution-markers = ["{OLD}"]',
            size=5000,
        ),
        registry(
            "numpy",
            "2.0",
            [
                "cp312-cp312-manylinux_2_28_x86_64",
                "cp313-cp313-manylinux_2_28_x86_64",
                "cp313-cp313-musllinux_1_2_aarch64",
            ],
            f'resolution-markers = ["{NEW}"]',
            sdist=False,
            size=6000,
        ),
        registry("pillow", "11"),
        registry("redis", "5"),
        registry("rules", "1"),
        package("speedups", 'directory = "native/speedups"', "3"),
        package("tool", f'git = "https://git.example/tool#{"1" * 40}"', "0.3"),
        package("web", 'virtual = "web"', "0", edges("dependencies", "idna", "core")),
        registry("winonly", "1", []),
    ]
)


def closed(
    lock_text: str, files: dict[str, str], selection: Selection, chosen: Interpreter
) -> Closure:
    lock = Lock.parse(SourceFile("uv.lock", lock_text))
    return select_packages(export({**files, "uv.lock": lock_text}, selection), lock, chosen)


def api(selection: Selection, chosen: Interpreter) -> Closure:
    files = {"pyproject.toml": ROOT, "apps/api/pyproject.toml": API}
    return closed(LOCK, files, selection, chosen)


def described(closure: Closure) -> list[str]:
    """A line a package: the local ones by place, the others with size and whether they build."""
    lines = [f"{p.name} {p.kind} {p.path}" for p in closure.local]
    for p in closure.third_party:
        lines.append(" ".join([p.name, p.version, str(p.size), "built" if p.built else "wheel"]))
    return lines


def test_every_kind_of_source() -> None:
    assert described(api(Selection("api"), target("3.13.1"))) == [
        "api editable apps/api",
        "core editable libs/core",
        "speedups directory native/speedups",
        "arch 1.0 0 wheel",
        "idna 3.20 0 wheel",
        "local-archive 1.0 0 built",
        "numpy 2.0 6000 wheel",
        "tool 0.3 0 built",
    ]


def test_every_package_has_its_own_table_of_the_lock() -> None:
    found = {p.name: p.table["source"] for p in api(Selection("api"), target()).third_party}
    assert found == {
        "arch": {"url": "https://files.example/arch-1.0-py3-none-any.whl"},
        "idna": {"registry": "https://index.example/simple"},
        "local-archive": {"path": "vendor/local_archive-1.0.tar.gz"},
        "numpy": {"registry": "https://index.example/simple"},
        "tool": {"git": f"https://git.example/tool#{'1' * 40}"},
    }


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.11.9", "numpy 1.0 5000 wheel"), ("3.12.0", "numpy 2.0 6000 wheel")],
)
def test_a_fork_per_python_version(version: str, expected: str) -> None:
    assert expected in described(api(Selection("api"), target(version)))


def test_a_source_distribution_where_no_wheel_fits() -> None:
    found = api(Selection("api"), target("3.11.9", "aarch64"))
    assert "numpy 1.0 10000 built" in described(found)


@pytest.mark.parametrize(
    ("selection", "more"),
    [
        (Selection("api", extras=("redis",)), {"redis"}),
        (Selection("api", groups=("plots",)), {"pillow"}),
        (Selection("api", groups=("lint",)), {"rules"}),
        (Selection("api", ("redis",), ("plots", "lint")), {"pillow", "redis", "rules"}),
    ],
)
def test_extras_and_groups_of_package_and_root(selection: Selection, more: set[str]) -> None:
    names = {p.name for p in api(selection, target()).third_party}
    plain = {p.name for p in api(Selection("api"), target()).third_party}
    assert names - plain == more
    assert plain <= names


def test_a_virtual_package_is_not_installed_but_what_it_needs_is() -> None:
    files = {
        "pyproject.toml": ROOT,
        "web/pyproject.toml": manifest(
            "web",
            'dependencies = ["core", "idna"]',
            "[tool.uv]",
            "package = false",
            "[tool.uv.sources]",
            "core = { workspace = true }",
        ),
    }
    assert described(closed(LOCK, files, Selection("web"), target())) == [
        "core editable libs/core",
        "speedups directory native/speedups",
        "idna 3.20 0 wheel",
    ]


# --- conflicts -----------------------------------------------------------------------------------

CPU, GPU = "https://cpu.index.example/simple", "https://gpu.index.example/simple"
LINUX = "sys_platform == 'linux'"
BOTH = "(extra == 'extra-2-ml-cpu' and extra == 'extra-2-ml-gpu')"
CONFLICTING = "".join(
    [
        HEAD,
        "conflicts = [[\n"
        '    { package = "ml", extra = "cpu" },\n    { package = "ml", extra = "gpu" },\n]]\n',
        package(
            "ml",
            'editable = "."',
            "0",
            edges("dependencies", "base"),
            "[package.optional-dependencies]",
            f"cpu = [{fork('torch', '2.0', LINUX, CPU)}]",
            f"gpu = [{fork('torch', '2.0', f'{LINUX} or {BOTH}', GPU)}]",
        ),
        registry(
            "base", "1", ["py3-none-any"], edges("dependencies", "cuda; extra == 'extra-2-ml-gpu'")
        ),
        registry("cuda", "12"),
        registry("torch", "2.0", index=CPU),
        registry("torch", "2.0", index=GPU),
    ]
)
ML = manifest(
    "ml",
    'dependencies = ["base"]',
    "[project.optional-dependencies]",
    'cpu = ["torch"]',
    'gpu = ["torch"]',
    "[tool.uv]",
    'conflicts = [[{ extra = "cpu" }, { extra = "gpu" }]]',
)


@pytest.mark.parametrize(
    ("extras", "expected"),
    [
        ((), {"base": "https://index.example/simple"}),
        (("cpu",), {"base": "https://index.example/simple", "torch": CPU}),
        (
            ("gpu",),
            {
                "base": "https://index.example/simple",
                "cuda": "https://index.example/simple",
                "torch": GPU,
            },
        ),
    ],
)
def test_one_version_from_two_indexes(extras: tuple[str, ...], expected: dict[str, str]) -> None:
    found = closed(CONFLICTING, {"pyproject.toml": ML}, Selection("ml", extras), target())
    assert {p.name: p.registry for p in found.third_party} == expected


def test_uv_refuses_a_conflict_in_its_own_words() -> None:
    place = Location.line(SourceFile("pyproject.toml", ML), 2)
    with pytest.raises(FrontendError) as raised:
        export(
            {"pyproject.toml": ML, "uv.lock": CONFLICTING}, Selection("ml", ("cpu", "gpu")), [place]
        )
    assert raised.value.message == (
        "uv cannot use this lock: Extras `cpu` and `gpu` are incompatible with the declared "
        "conflicts: {`ml[cpu]`, `ml[gpu]`}"
    )
    assert raised.value.places == (place,)


# --- what cannot be used -------------------------------------------------------------------------


def test_uvs_words_name_no_folder_of_ours() -> None:
    text = HEAD + package("app", 'editable = "."', "1", edges("dependencies", "gone"))
    with pytest.raises(FrontendError) as raised:
        export({"pyproject.toml": manifest("app"), "uv.lock": text}, Selection("app"))
    assert raised.value.message.startswith("uv cannot use this lock: Failed to parse `uv.lock`")
    assert "/uv-frontend-" not in raised.value.text


def app(*packages: str, marker: str = "") -> tuple[str, dict[str, str], Selection]:
    """A project that needs `thing`, and its lock."""
    edge = f"thing; {marker}" if marker else "thing"
    own = package("app", 'editable = "."', "1", edges("dependencies", edge))
    files = {"pyproject.toml": manifest("app", 'dependencies = ["thing"]')}
    return HEAD + own + "".join(packages), files, Selection("app")


def unsuitable(
    text: str, files: dict[str, str], selection: Selection, on: Interpreter
) -> FrontendError:
    with pytest.raises(FrontendError) as raised:
        closed(text, files, selection, on)
    return raised.value


def test_no_wheel_and_no_source_distribution_for_the_target() -> None:
    thing = registry(
        "thing",
        "4.2",
        ["cp311-cp311-manylinux_2_17_x86_64", "cp312-cp312-win_amd64"],
        sdist=False,
    )
    error = unsuitable(*app(thing), target("3.13.1", "aarch64", MUSL))
    assert error.message == (
        "thing 4.2 has no wheel for Python 3.13 on aarch64 with musl 1.2, "
        "and no source distribution"
    )
    assert error.remedy == (
        "Its wheels are for cp311-cp311, cp312-cp312 on manylinux_2_17_x86_64, win_amd64. Choose "
        "a `python`, `base` or platform among these, or another version of it."
    )
    assert [(p.source.text.split("\n")[p.start - 1], p.end - p.start) for p in error.places] == [
        ('name = "thing"', 1)
    ]


def test_a_long_list_of_wheels_is_cut() -> None:
    tags = [f"cp{n}-cp{n}-win_amd64" for n in range(30, 40)]
    error = unsuitable(*app(registry("thing", "1", tags, sdist=False)), target())
    assert "cp30-cp30, cp31-cp31, cp32-cp32, cp33-cp33, cp34-cp34, cp35-cp35 and 4 more on" in (
        error.remedy
    )


def test_a_package_that_the_lock_has_no_file_of() -> None:
    error = unsuitable(*app(registry("thing", "4.2", [], sdist=False)), target())
    assert error.message == "thing 4.2 has neither a wheel nor a source distribution in the lock"
    assert [p.source.text.split("\n")[p.start - 1] for p in error.places] == ['name = "thing"']


def test_a_package_without_files_for_another_platform_does_no_harm() -> None:
    text, files, selection = app(
        registry("thing", "4.2", [], sdist=False), marker="sys_platform == 'win32'"
    )
    assert closed(text, files, selection, target()).third_party == ()


def test_a_python_outside_of_what_the_lock_was_made_for() -> None:
    error = unsuitable(*app(registry("thing", "1")), target("3.10.4"))
    assert error.message.startswith("the lock does not fit Python 3.10.4 on x86_64: ")


def test_a_platform_that_the_lock_was_not_made_for() -> None:
    text, files, selection = app(registry("thing", "1"))
    only = "supported-markers = [\"platform_machine == 'aarch64'\"]\n"
    text = text.replace(HEAD, HEAD + only)
    error = unsuitable(text, files, selection, target())
    assert error.message.startswith("the lock does not fit Python 3.13.1 on x86_64: ")
    assert "`tool.uv.environments`" in error.remedy
    assert closed(text, files, selection, target(machine="aarch64")).third_party


def test_the_python_of_a_base_image_must_be_admitted() -> None:
    lock = Lock.parse(SourceFile("uv.lock", HEAD))
    place = Location.line(SourceFile("pyproject.toml", ROOT), 4)
    check_python(lock, target("3.11.0"), "python:3.11-slim", (place,))
    with pytest.raises(FrontendError) as raised:
        check_python(lock, target("3.10.4"), "python:3.10-slim", (place,))
    assert raised.value.message == (
        "python:3.10-slim has Python 3.10.4, and the workspace requires >=3.11"
    )
    assert raised.value.places == (place,)


def test_the_python_of_a_base_image_must_be_admitted_by_every_member() -> None:
    text = '[project]\nname = "core"\nversion = "1.0"\nrequires-python = ">=3.12"\n'
    document = TomlDocument.parse(SourceFile("libs/core/pyproject.toml", text))
    closure = Closure((), (LocalPackage("core", "libs/core", "editable", "1.0"),))
    check_members(closure, lambda _: document, target("3.12.0rc1"))
    with pytest.raises(FrontendError) as raised:
        check_members(closure, lambda _: document, target("3.11.4"))
    assert raised.value.message == "core 1.0 needs Python >=3.12, and the image has 3.11.4"
    assert [place.start for place in raised.value.places] == [4]


def test_a_candidate_of_the_python_that_the_lock_asks_for() -> None:
    lock = Lock.parse(SourceFile("uv.lock", HEAD))
    check_python(lock, target("3.11.0rc2"), "base", ())
