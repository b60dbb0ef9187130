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

from frontend.errors import FrontendError
from frontend.project.uv_config import MEMBER_INDEXES

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
#: The kinds of the keys of `[project]` that are read here (PEP 621).
_KINDS: Mapping[str, type] = {
    "authors": list,
    "dependencies": list,
    "dynamic": list,
    "name": str,
    "optional-dependencies": dict,
    "requires-python": str,
    "scripts": dict,
    "urls": dict,
    "version": str,
}
_TOML: Mapping[type, str] = {dict: "a table", list: "a list", str: "text"}


def check(manifest: TomlDocument) -> None:
    """Refuse a `[project]` whose keys are not of their kind; FrontendError at the line."""
    project = manifest.get("project")
    kinds: list[tuple[tuple[str, ...], Any, type]] = [(("project",), project, dict)]
    if isinstance(project, dict):
        kinds += [(("project", k), project.get(k), kind) for k, kind in _KINDS.items()]
        inner: type
        for key, inner in (("optional-dependencies", list), ("scripts", str)):
            table = project.get(key)
            if isinstance(table, dict):
                kinds += [(("project", key, name), value, inner) for name, value in table.items()]
        authors = project.get("authors")
        if isinstance(authors, list):
            kinds += [(("project", "authors"), author, dict) for author in authors]
    for path, value, kind in kinds:
        if value is not None and not isinstance(value, kind):
            raise FrontendError(
                f"{'.'.join(path)} in {manifest.source.filename} must be {_TOML[kind]}",
                remedy="Mend it, and see what `uv lock` says.",
                places=(manifest.place(*path),),
            )


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
