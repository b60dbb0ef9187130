"""Dependencies from git: what the lock says of them, and who fetches them.

Where the builder image has git, uv fetches them there, as it does everywhere. Slim images have
none: then BuildKit fetches the locked commit (it has git itself, and gives it the client's tokens),
and uv builds the package from that directory. What is installed is the same, down to the note about
its origin (PEP 610), which `steps/origins.py` writes as uv does.

Left to the builder's git in any case: what is fetched over SSH, since BuildKit would not compare
the server's key with one that is known; repositories with large files (git LFS), which BuildKit
leaves as pointers; archives kept in a repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import llb
from frontend.container.paths import FOLDER, ROOT
from frontend.model.git_source import GitSource
from frontend.project.git_versions import pretended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.model.layers import Layer


def fetched(layer: Layer, *, builder_git: bool) -> Mapping[str, GitSource]:
    """Return the layer's packages that BuildKit fetches, by name."""
    if builder_git:
        return {}
    sources = ((package.name, GitSource.of(package)) for package in layer.packages)
    return {name: source for name, source in sources if source and source.fetchable}


def directory(name: str, source: GitSource) -> str:
    """Return the package's directory, seen from the generated files."""
    inside = f"/{source.subdirectory}" if source.subdirectory else ""
    return f"../{FOLDER}/{name}{inside}"


def checkout(source: GitSource) -> llb.Output:
    """Let BuildKit fetch the commit, with submodules and without the repository itself.

    Tokens of the client (GIT_AUTH_TOKEN, GIT_AUTH_HEADER, or these with `.HOST`) are BuildKit's to
    find and to use: no step sees them.
    """
    return llb.git(
        source.repository,
        source.commit,
        meta=llb.Metadata(name=f"[internal] fetch {source.repository}"),
    )


def mount_point(name: str) -> str:
    """Return the absolute path that a checkout is mounted at."""
    return f"{ROOT}/{FOLDER}/{name}"


def environment(layer: Layer, sources: Mapping[str, GitSource]) -> dict[str, str]:
    """What stands in for the history, which a checkout has not: the versions that uv has locked."""
    found: dict[str, str] = {}
    for package in layer.packages:
        if package.name in sources and package.version:
            found |= pretended(package.name, package.version, alone=len(layer.packages) == 1)
    return found
