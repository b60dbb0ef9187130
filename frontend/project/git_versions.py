"""Versions that build backends take from git, handed to them where there is no git.

Each plugin has a variable of its own for that; a plugin ignores those of the others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from frontend.project.build_requirements import build_dependencies, build_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.model.packages import LocalPackage
    from frontend.project.workspace import Workspace
    from frontend.toml_document import TomlDocument


#: Variables that hold for whatever is built: setuptools-scm and what stands on it (hatch-vcs,
#: flit-scm), uv-dynamic-versioning, pdm-backend, poetry-dynamic-versioning.
_VARIABLES = (
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "UV_DYNAMIC_VERSIONING_BYPASS",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
)
#: Packages that take a version from git while they build.
_PLUGINS = frozenset(
    {
        "flit-scm",
        "hatch-vcs",
        "poetry-dynamic-versioning",
        "setuptools-git-versioning",
        "setuptools-scm",
        "uv-dynamic-versioning",
        "vcs-versioning",
        "versioningit",
    }
)


def pretended(name: str, version: str, *, alone: bool) -> dict[str, str]:
    """Return the variables that give package `name` its version.

    Only setuptools-scm knows a variable for one package; the others' are set where the step builds
    nothing else (`alone`).
    """
    one = re.sub(r"[-_.]+", "_", name).upper()
    variables = {f"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{one}": version}
    if alone:
        variables |= dict.fromkeys(_VARIABLES, version)
    return variables


def from_git(manifest: TomlDocument) -> bool:
    """Whether a member's version is in no file, but made from tags and commits."""
    if "version" not in (manifest.get("project", "dynamic") or ()):
        return False
    names = set(build_names(manifest))
    pdm = manifest.get("tool", "pdm", "version", "source") == "scm"
    return not _PLUGINS.isdisjoint(names) or ("pdm-backend" in names and pdm)


def dynamic_members(
    workspace: Workspace, local: Sequence[LocalPackage]
) -> tuple[LocalPackage, ...]:
    """Return those of `local`, and of the members that build them, whose version is from git."""
    members = {
        package.name: package
        for member in local
        for package in (member, *build_dependencies(workspace, member))
    }
    return tuple(p for p in members.values() if not p.virtual and from_git(workspace.manifest(p)))
