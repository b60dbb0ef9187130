"""The generated lock of a layer: what is in it, that uv takes it, and when its bytes move."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomli

from frontend.container.paths import source_path
from frontend.emit.layer_lock import write_layer_lock
from frontend.errors import SourceFile
from frontend.model.layers import Kind, Layer, MembersLayer, PackagesLayer
from frontend.model.packages import LocalPackage, LockedPackage, Selection
from frontend.plan.partition import LayerPolicy, make
from frontend.project.lock import Lock
from frontend.resolve.closure import select_packages
from frontend.resolve.export import export, uv_binary
from tests.unit.frontend.locks import HEAD, edges, manifest, package, registry
from tests.unit.frontend.targets import MUSL, target

if TYPE_CHECKING:
    from frontend.model.interpreter import Interpreter

GOLDEN = Path(__file__).with_name("layer.golden")
API = LocalPackage("api", "apps/api", "editable", "1.0")
WHEELS = (
    "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64",
    "cp312-cp312-musllinux_1_2_x86_64",
    "cp312-cp312-win_amd64",
    "cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp313-cp313-manylinux_2_60_x86_64",
    "cp313-cp313-macosx_11_0_x86_64",
    "cp313-cp313t-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp38-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "pp311-pypy311_pp73-manylinux_2_17_x86_64.manylinux2014_x86_64",
)


def third_party(text: str, name: str) -> Layer:
    """A layer of the package `name` of a lock."""
    (table,) = Lock.parse(SourceFile("uv.lock", text)).named(name)
    return PackagesLayer(Kind.PACKAGES, (LockedPackage(name, table.get("version", ""), table),))


def locked(layer: Layer, on: Interpreter, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    return tomli.loads(write_layer_lock(layer, on, settings or {})["uv.lock"])


# --- what is in it -------------------------------------------------------------------------------


def test_the_files_of_a_layer_of_wheels() -> None:
    """As text: other bytes for the same layer would build every user's images anew."""
    text = HEAD + registry("idna", "3.20") + registry("numpy", "2.5", WHEELS, sdist=False)
    packages = (*third_party(text, "idna").packages, *third_party(text, "numpy").packages)
    settings = {"index": [{"name": "corp", "url": "https://u:p@index.example/simple"}]}
    generated = write_layer_lock(PackagesLayer(Kind.PACKAGES, packages), target(), settings)
    written = "".join(f"### {name}\n{content}" for name, content in generated.items())
    assert written == GOLDEN.read_text()


def test_the_lock_of_a_layer_of_members() -> None:
    root = LocalPackage("mono", ".", "editable")
    found = locked(MembersLayer((API, root)), target())
    assert found["package"] == [
        {
            "name": "uv-frontend-layer",
            "version": "0",
            "source": {"virtual": "."},
            "dependencies": [{"name": "api"}, {"name": "mono"}],
        },
        {"name": "api", "source": {"directory": "../src/apps/api"}},
        {"name": "mono", "source": {"directory": "../src"}},
    ]


def test_sources_that_are_no_index() -> None:
    text = "".join(
        [
            HEAD,
            package("tool", f'git = "https://git.example/tool?tag=v1#{"1" * 40}"', "0.3"),
            package(
                "arch",
                'url = "https://files.example/arch-1.0-py3-none-any.whl"',
                "1.0",
                'wheels = [{ url = "https://files.example/arch-1.0-py3-none-any.whl", '
                f'hash = "sha256:{"c" * 64}", size = 7 }}]',
            ),
            package(
                "archive",
                'path = "vendor/archive-1.0.tar.gz"',
                "1.0",
                f'sdist = {{ hash = "sha256:{"d" * 64}" }}',
            ),
        ]
    )
    found = {
        name: locked(third_party(text, name), target())["package"][1]
        for name in ("tool", "arch", "archive")
    }
    assert found == {
        "tool": {
            "name": "tool",
            "version": "0.3",
            "source": {"git": f"https://git.example/tool?tag=v1#{'1' * 40}"},
        },
        "arch": {
            "name": "arch",
            "version": "1.0",
            "source": {"url": "https://files.example/arch-1.0-py3-none-any.whl"},
            "wheels": [
                {
                    "url": "https://files.example/arch-1.0-py3-none-any.whl",
                    "hash": f"sha256:{'c' * 64}",
                }
            ],
        },
        "archive": {
            "name": "archive",
            "version": "1.0",
            "source": {"path": "../src/vendor/archive-1.0.tar.gz"},
            "sdist": {"hash": f"sha256:{'d' * 64}"},
        },
    }


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (target("3.13.1"), {4, 5, 8}),
        (target("3.13.1", free_threaded=True), {7}),
        (target("3.12.9"), {0, 8}),
        (target("3.12.9", libc=MUSL), {2}),
        (target("3.12.9", "aarch64"), {1}),
        (target("3.11.9"), {8}),
        (target("3.14.0", "riscv64"), set()),
    ],
)
def test_wheels_that_could_fit_with_any_version_of_the_libc(
    on: Interpreter, expected: set[int]
) -> None:
    text = HEAD + registry("thing", "1", WHEELS)
    wheels = locked(third_party(text, "thing"), on)["package"][1].get("wheels", [])
    kept = {n for n, tag in enumerate(WHEELS) if any(tag in wheel["url"] for wheel in wheels)}
    assert kept == expected


@pytest.mark.parametrize(
    "tag", ["py3-none-any", "py2.py3-none-any", "cp313-none-any", "py3-none-manylinux_2_17_x86_64"]
)
def test_wheels_without_an_abi(tag: str) -> None:
    text = HEAD + registry("thing", "1+cu.1", [tag])
    quoted = text.replace("1+cu.1-", "1%2Bcu.1-")
    for variant in (text, quoted):
        assert len(locked(third_party(variant, "thing"), target())["package"][1]["wheels"]) == 1


def test_a_wheel_whose_name_cannot_be_read_is_left_to_uv() -> None:
    text = HEAD + registry("thing", "1", ["x86_64"])
    assert len(locked(third_party(text, "thing"), target())["package"][1]["wheels"]) == 1


def test_build_constraints_stand_in_the_lock_where_something_is_built() -> None:
    settings = {
        "build-constraint-dependencies": [
            "Setup_Tools>=70,<80",
            "cython<3; python_version < '3.12'",
            "thing @ https://files.example/thing-1-py3-none-any.whl",
        ]
    }
    assert locked(MembersLayer((API,)), target(), settings)["manifest"] == {
        "build-constraints": [
            {"name": "setup-tools", "specifier": "<80,>=70"},
            {"name": "cython", "marker": 'python_version < "3.12"', "specifier": "<3"},
            {"name": "thing", "url": "https://files.example/thing-1-py3-none-any.whl"},
        ]
    }
    wheels = third_party(HEAD + registry("idna", "3"), "idna")
    assert "manifest" not in locked(wheels, target(), settings)


@pytest.mark.parametrize(
    ("path", "expected"),
    [(".", "../src"), ("libs/core", "../src/libs/core"), ("a.whl", "../src/a.whl")],
)
def test_places_of_sources(path: str, expected: str) -> None:
    assert source_path(path) == expected


# --- uv takes it ---------------------------------------------------------------------------------


def uv(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [uv_binary(), *arguments],
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": os.defpath,
            "UV_CACHE_DIR": str(folder / "cache"),
            "UV_CONFIG_FILE": str(folder / "lock" / "uv.toml"),
            "UV_OFFLINE": "1",
            "UV_PROJECT_ENVIRONMENT": str(folder / "venv"),
            "UV_PYTHON_DOWNLOADS": "never",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


SYNC = (
    "sync",
    "--dry-run",
    "--frozen",
    "--no-install-project",
    "--inexact",
    "--no-default-groups",
    "--project",
    "lock",
    "--python",
    sys.executable,
)


def written(folder: Path, generated: dict[str, str]) -> Path:
    (folder / "lock").mkdir()
    for name, text in generated.items():
        (folder / "lock" / name).write_text(text)
    return folder


def test_uv_installs_exactly_what_the_lock_names(tmp_path: Path, own: Interpreter) -> None:
    abi = f"cp{own.release[0]}{own.release[1]}"
    text = "".join(
        [
            HEAD.replace(">=3.11", f">={own.minor}"),
            registry("idna", "3.20", ["py3-none-any"], edges("dependencies", "absent")),
            registry("numpy", "2.0", [f"{abi}-{abi}-{p}" for p in own.platform_tags()[:1]]),
            package("tool", f'git = "https://git.example/tool#{"1" * 40}"', "0.3"),
        ]
    )
    tables = Lock.parse(SourceFile("uv.lock", text)).packages
    packages = tuple(
        LockedPackage(t["name"], t["version"], t, built="git" in t["source"]) for t in tables
    )
    # Every setting that is carried must be one that uv knows, or it refuses the whole file.
    settings: dict[str, Any] = {
        "allow-insecure-host": ["index.example"],
        "build-constraint-dependencies": ["setuptools<80", "cython<3; python_version < '3.12'"],
        "config-settings": {"a": "b"},
        "config-settings-package": {"tool": {"a": "b"}},
        "dependency-metadata": [{"name": "tool", "version": "0.3", "requires-dist": []}],
        "exclude-newer": "2026-01-01T00:00:00Z",
        "exclude-newer-package": {"tool": "2026-01-01T00:00:00Z"},
        "extra-build-dependencies": {"tool": ["wheel"]},
        "extra-build-variables": {"tool": {"A": "1"}},
        "find-links": ["https://links.example/wheels"],
        "index": [{"name": "corp", "url": "https://index.example/simple", "default": True}],
        "index-strategy": "first-index",
        "keyring-provider": "disabled",
        "no-binary": False,
        "no-binary-package": ["other"],
        "no-build": False,
        "no-build-package": ["other"],
        "no-index": False,
    }
    generated = write_layer_lock(PackagesLayer(Kind.PACKAGES, packages), own, settings)
    said = uv(written(tmp_path, generated), *SYNC)
    assert sorted(line for line in said.splitlines() if line.startswith(" + ")) == [
        " + idna==3.20",
        " + numpy==2.0",
        f" + tool @ git+https://git.example/tool@{'1' * 40}",
    ]
    exported = uv(tmp_path, "export", "--frozen", "--no-header", "--project", "lock")
    names = {line.split("==")[0] for line in exported.splitlines() if not line.startswith(" ")}
    assert {"idna", "numpy"} <= names


def test_uv_installs_members_from_their_directories(tmp_path: Path, own: Interpreter) -> None:
    source = tmp_path / "src" / "apps" / "api"
    source.mkdir(parents=True)
    (source / "pyproject.toml").write_text(manifest("api", version="1.5"))
    generated = write_layer_lock(MembersLayer((API,)), own, {})
    said = uv(written(tmp_path, generated), *SYNC, "--reinstall-package", "api")
    assert f" + api @ file://{source}\n" in said


# --- when its bytes move -------------------------------------------------------------------------

ROOT = manifest("mono", "[tool.uv.workspace]", 'members = ["apps/*"]')
API_MANIFEST = manifest("api", 'dependencies = ["idna", "numpy", "torch"]')


def workspace(
    *,
    version: str = "1.0",
    requires_python: str = ">=3.12",
    wheels: tuple[str, ...] = WHEELS[:5],
    size: int = 1000,
    numpy: str = "2.0",
    own: tuple[str, ...] = ("idna", "numpy", "torch"),
    others: tuple[str, ...] = ("idna",),
) -> str:
    """A lock with the members `api` and `other`, which need `own` and `others`."""
    return "".join(
        [
            HEAD.replace(">=3.11", requires_python),
            '\n[manifest]\nmembers = ["api", "mono", "other"]\n',
            package("api", 'editable = "apps/api"', version, edges("dependencies", *own)),
            registry("click", "8"),
            registry("colorlog", "6"),
            registry("idna", "3.20", size=size),
            package("mono", 'virtual = "."', "0"),
            registry("numpy", numpy, wheels, size=size),
            package("other", 'editable = "apps/other"', "0", edges("dependencies", *others)),
            registry("torch", "2.9", wheels, size=size * 100),
        ]
    )


def layers(text: str, on: Interpreter | None = None) -> dict[str, tuple[str, ...]]:
    """The generated files of every third-party layer, by what the layer holds."""
    lock = Lock.parse(SourceFile("uv.lock", text))
    files = {"pyproject.toml": ROOT, "apps/api/pyproject.toml": API_MANIFEST, "uv.lock": text}
    on = on or target("3.13.1")
    closure = select_packages(export(files, Selection("api")), lock, on)
    plan = make(closure, on, API, shape=LayerPolicy(heavy=(("torch",), ("numpy",))))
    return {
        "+".join(p.name for p in layer.packages): tuple(write_layer_lock(layer, on, {}).values())
        for layer in plan.layers
        if layer.packages
    }


@pytest.fixture(scope="module")
def base() -> dict[str, tuple[str, ...]]:
    return layers(workspace())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(workspace(version="1.1"), id="the member's own version"),
        pytest.param(workspace(others=("idna", "click")), id="a dependency of another member"),
        pytest.param(
            workspace(requires_python=">=3.11", wheels=(*WHEELS[:5], *WHEELS[9:])),
            id="a wider requires-python",
        ),
        pytest.param(
            workspace(wheels=(*WHEELS[:5], "cp314-cp314-manylinux_2_17_x86_64")),
            id="wheels for another Python",
        ),
        pytest.param(workspace(size=0), id="no sizes and dates"),
        pytest.param(
            workspace().replace(
                "\n[manifest]", '\n[options]\nexclude-newer = "2026-01-01T00:00:00Z"\n[manifest]'
            ),
            id="options",
        ),
    ],
)
def test_what_moves_no_layer(base: dict[str, tuple[str, ...]], text: str) -> None:
    assert text != workspace()
    assert layers(text) == base


def test_a_newer_libc_moves_no_layer(base: dict[str, tuple[str, ...]]) -> None:
    newer = target("3.13.9", libc=type(target().libc)("glibc", (2, 50)))
    assert layers(workspace(), newer) == base


def test_another_version_moves_its_own_layer(base: dict[str, tuple[str, ...]]) -> None:
    found = layers(workspace(numpy="2.1"))
    assert {name for name in base if found[name] != base[name]} == {"numpy"}


def test_another_dependency_moves_its_own_layer(base: dict[str, tuple[str, ...]]) -> None:
    found = layers(workspace(own=("colorlog", "idna", "numpy", "torch")))
    assert {name for name in base if found.get(name) != base[name]} == {"idna"}
    assert found.keys() - base.keys() == {"colorlog+idna"}


def test_another_python_moves_layers_of_binary_wheels_only(
    base: dict[str, tuple[str, ...]],
) -> None:
    found = layers(workspace(), target("3.12.9"))
    assert {name for name in base if found[name] != base[name]} == {"numpy", "torch"}
