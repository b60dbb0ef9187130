"""A package that the lock takes from a git repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from llb import git_remote

if TYPE_CHECKING:
    from frontend.model.packages import LockedPackage


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
        repository, parameters, commit = git_remote.split(text)
        query = {key: values[0] for key, values in parse_qs(parameters).items()}
        return cls(
            repository=repository,
            commit=commit,
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
        if self.lfs or self.archive or not self.repository.startswith(("https://", "http://")):
            return False
        try:
            git_remote.GitRemote.parse(self.repository)
        except ValueError:
            return False
        return True

    @property
    def origin(self) -> dict[str, Any]:
        """Return the note about the origin (`direct_url.json`, PEP 610), in uv's order of keys."""
        commit = {"vcs": "git", "commit_id": self.commit}
        if self.revision:
            commit["requested_revision"] = self.revision
        origin: dict[str, Any] = {"url": self.repository, "vcs_info": commit}
        if self.subdirectory:
            origin["subdirectory"] = self.subdirectory
        return origin
