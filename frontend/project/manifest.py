"""A member's manifest as its build sees it: without what only people and linters read.

Written anew from the parsed file, so that comments and settings of tools that take no part in
building don't rebuild the member.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import tomli_w
from packaging.utils import canonicalize_name

from frontend.project.kinds import TEXT, TEXTS, Either, ListOf, Table, TableOf, check_kind
from frontend.project.uv_config import MEMBER_INDEXES, UV_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.errors import Location
    from frontend.toml_document import TomlDocument


#: Tables of `[tool]` that no build backend reads.
NOT_FOR_BUILDS = (
    "bandit",
    "basedpyright",
    "black",
    "codespell",
    "coverage",
    "flake8",
    "importlinter",
    "interrogate",
    "isort",
    "mypy",
    "nox",
    "poe",
    "pylint",
    "pyrefly",
    "pyright",
    "pytest",
    "ruff",
    "taskipy",
    "tox",
    "towncrier",
    "ty",
    "uv-frontend",
    "vulture",
)
#: Tables that keep a copy of the version, which they write into other files.
RELEASE_TOOLS = ("bumpversion", "bumpver", "commitizen", "semantic_release", "tbump")
#: The kinds of what is read of a manifest: `[project]` (PEP 621), `[build-system]` (PEP 518) and
#: uv's settings, which `uv.toml` has as well.
_PROJECT = Table(
    {
        "authors": ListOf(Table({"name": TEXT, "email": TEXT})),
        "dependencies": TEXTS,
        "description": TEXT,
        "dynamic": TEXTS,
        "license": Either(TEXT, Table({"text": TEXT, "file": TEXT})),
        "name": TEXT,
        "optional-dependencies": TableOf(TEXTS),
        "readme": Either(TEXT, Table({"text": TEXT, "file": TEXT})),
        "requires-python": TEXT,
        "scripts": TableOf(TEXT),
        "urls": TableOf(TEXT),
        "version": TEXT,
    }
)
_BUILD_SYSTEM = Table({"requires": TEXTS, "build-backend": TEXT, "backend-path": TEXTS})
_REMEDY = "Mend it, and see what `uv lock` says."


def check(manifest: TomlDocument) -> None:
    """Refuse a manifest with keys that are not of their kind; FrontendError at the line."""
    check_kind(manifest, _PROJECT, "project", remedy=_REMEDY)
    check_kind(manifest, _BUILD_SYSTEM, "build-system", remedy=_REMEDY)
    check_kind(manifest, UV_SETTINGS, "tool", "uv", remedy=_REMEDY)


#: Build backends that run a compiler, by the object that a manifest names.
_COMPILING_BACKENDS = ("maturin", "mesonpy", "scikit_build_core", "sipbuild", "enscons")
#: Requirements of a build that make another backend run one.
_COMPILERS = (
    *("cffi", "cython", "hatch-cython", "hatch-mypyc", "mypy", "nanobind", "pybind11"),
    *("scikit-build", "scikit-build-core", "setuptools-rust", "setuptools-golang", "torch"),
)


def compiler(manifest: TomlDocument) -> Location | None:
    """Return the line that says that a compiler takes part in building; None where none does.

    A `setup.py` may call one without a word in the manifest, which is all that is read.
    """
    backend = str(manifest.get("build-system", "build-backend") or "")
    if backend.partition(".")[0].partition(":")[0] in _COMPILING_BACKENDS:
        return manifest.place("build-system", "build-backend")
    for text in manifest.get("build-system", "requires") or ():
        name = re.match(r"[A-Za-z0-9._-]*", str(text))
        if name and canonicalize_name(name.group()) in _COMPILERS:
            return manifest.place_of(str(text), "build-system", "requires")
    if manifest.get("tool", "setuptools", "ext-modules"):
        return manifest.place("tool", "setuptools", "ext-modules")
    return None


#: What a build reads of `[tool.uv]`: the rest is about locking and installing.
UV_FOR_BUILDS = ("build-backend", "cache-keys", "package", "sources")


def for_export(manifest: TomlDocument) -> str:
    """Return the root's manifest for `uv export`, without the demand for another release of uv."""
    if "required-version" not in manifest.source.text:
        return manifest.source.text
    kept = copy.deepcopy(dict(manifest.data))
    if manifest.get("tool", "uv"):
        kept["tool"]["uv"].pop("required-version", None)
        kept["tool"]["uv"].pop(MEMBER_INDEXES, None)
    return tomli_w.dumps(kept)


def for_building(manifest: Mapping[str, Any]) -> str:
    """Return the manifest that a member is built with.

    Dependency groups go too: they are uv's, and the lock has settled them.
    """
    kept = copy.deepcopy(dict(manifest))
    kept.pop("dependency-groups", None)
    tools = kept.get("tool", {})
    if "version" not in (kept.get("project", {}).get("dynamic") or ()):
        # Where the version is dynamic, it may stand in one of these.
        for name in RELEASE_TOOLS:
            tools.pop(name, None)
    for name in NOT_FOR_BUILDS:
        tools.pop(name, None)
    if isinstance(tools.get("uv"), dict):
        tools["uv"] = {key: tools["uv"][key] for key in UV_FOR_BUILDS if key in tools["uv"]}
        if not tools["uv"]:
            del tools["uv"]
    if not tools:
        kept.pop("tool", None)
    return tomli_w.dumps(kept)
