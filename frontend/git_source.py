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

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import llb
from frontend.container import ROOT
from frontend.versions import pretended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.closure import LockedPackage
    from frontend.plan import Layer

#: Where checkouts lie, beside the generated files.
FOLDER = "git"


@dataclass(frozen=True)
class GitSource:
    """A `git` source of the lock: a repository, the locked commit, and what the manifest asked for.

    `revision` is the tag, branch or revision named there; empty for the default branch.
    """

    repository: str
    commit: str
    revision: str = ""
    subdirectory: str = ""
    archive: str = ""
    lfs: bool = False

    @classmethod
    def parse(cls, text: str) -> GitSource:
        """Read the address as uv writes it: `https://host/repo?subdirectory=x&tag=v1#COMMIT`."""
        parts = urlsplit(text)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        return cls(
            repository=parts._replace(query="", fragment="").geturl(),
            commit=parts.fragment,
            revision=next((query[key] for key in ("tag", "branch", "rev") if key in query), ""),
            subdirectory=query.get("subdirectory", ""),
            archive=query.get("path", ""),
            lfs=query.get("lfs") == "true",
        )

    @classmethod
    def of(cls, package: LockedPackage) -> GitSource | None:
        """Return where `package` is from, if that is git."""
        text = package.table["source"].get("git")
        return cls.parse(str(text)) if text else None

    @property
    def fetchable(self) -> bool:
        """Whether BuildKit can fetch it as uv would."""
        plain = self.repository.startswith(("https://", "http://"))
        return plain and not self.lfs and not self.archive

    @property
    def origin(self) -> dict[str, Any]:
        """The note about the origin, with its keys in uv's order (`direct_url.json`, PEP 610)."""
        about = {"vcs": "git", "commit_id": self.commit}
        if self.revision:
            about["requested_revision"] = self.revision
        found: dict[str, Any] = {"url": self.repository, "vcs_info": about}
        if self.subdirectory:
            found["subdirectory"] = self.subdirectory
        return found


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
