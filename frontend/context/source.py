"""Where the files of a context come from.

A monorepo can hold a million files, so from a directory of the client's nothing is transferred that
is not named: files by their names, directories one by one, and no `**` pattern to include. Two
loads with different patterns under one shared-key hint make BuildKit delete and send files again,
so every set of patterns has its own.

What BuildKit has fetched by itself (git, an archive, another target of a bake file) lies there as
a whole, and is copied from.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import llb

if TYPE_CHECKING:
    from collections.abc import Sequence


#: One mode for files, one for directories and programs, as git knows them.
_MODE = "u=rwX,go=rX"
#: Archives and filesystems of other targets have owners; directories of clients come without.
_NOBODY = llb.Owner(0, 0)


class Source(Protocol):
    """Files that a build can use; paths are relative to its root.

    `ignored` are the patterns of an ignore file in its order.
    """

    @property
    def remote(self) -> bool:
        """Whether the engine has it, and not the client; no ignore file applies then."""

    def files(self, paths: Sequence[str], ignored: Sequence[str], purpose: str) -> llb.Output:
        """Return a filesystem with these files at their paths; it lacks those that are missing.

        It may hold more files: it is for reading.
        """

    def tree(self, paths: Sequence[str], ignored: Sequence[str], purpose: str) -> llb.Output:
        """Return a filesystem with these files and directories at their paths, `.` for everything.

        It may hold more files: it is for reading.
        """

    def copied_files(
        self, paths: Sequence[str], folder: str, ignored: Sequence[str], purpose: str
    ) -> Sequence[llb.Action]:
        """Copy these files alone, which are below `folder`, to their paths relative to it."""

    def copied_directory(
        self, path: str, without: Sequence[str], ignored: Sequence[str], name: str
    ) -> Sequence[llb.Action]:
        """Copy a directory's contents (`.`: everything) without the patterns of `without`.

        These are relative to the directory.
        """

    def copied_selection(
        self, patterns: Sequence[str], ignored: Sequence[str], name: str
    ) -> Sequence[llb.Action]:
        """Copy files and directories to their paths; the patterns are those of ignore files.

        Engines before BuildKit 0.9 may copy more.
        """


@dataclass(frozen=True)
class LocalSource:
    """A directory of the client's, by the name under which the client offers it.

    `label` is the start of each vertex name. `hint` keeps its shared keys apart from those of other
    sources.
    """

    name: str
    session: str
    label: str = "[internal]"
    hint: str = "uv-frontend"

    @property
    def remote(self) -> bool:
        """See Source."""
        return False

    def files(self, paths: Sequence[str], ignored: Sequence[str], purpose: str) -> llb.Output:
        """See Source."""
        return llb.local(
            self.name,
            session=self.session,
            follow_paths=sorted(paths),
            exclude=ignored,
            shared_key_hint=f"{self.hint}-{purpose}",
            meta=llb.Metadata(name=f"{self.label} load {purpose}"),
        )

    def tree(self, paths: Sequence[str], ignored: Sequence[str], purpose: str) -> llb.Output:
        """See Source."""
        return llb.local(
            self.name,
            session=self.session,
            include=() if "." in paths else paths,
            exclude=ignored,
            shared_key_hint=f"{self.hint}-tree-{purpose}",
            meta=llb.Metadata(name=f"{self.label} load {purpose}"),
        )

    def copied_files(
        self, paths: Sequence[str], folder: str, ignored: Sequence[str], purpose: str
    ) -> Sequence[llb.Action]:
        """See Source."""
        loaded = self.files(paths, ignored, purpose)
        return [llb.Copy(loaded, posixpath.join("/", folder), "/", contents_only=True)]

    def copied_directory(
        self, path: str, without: Sequence[str], ignored: Sequence[str], name: str
    ) -> Sequence[llb.Action]:
        """See Source."""
        inside = "" if path == "." else f"{path}/"
        loaded = llb.local(
            self.name,
            session=self.session,
            include=() if path == "." else (path,),
            exclude=(*ignored, *(_below(inside, pattern) for pattern in without)),
            shared_key_hint=f"{self.hint}-member-{path}",
            meta=llb.Metadata(name=f"{self.label} load {name}"),
        )
        return [llb.Copy(loaded, f"/{inside}", "/", contents_only=True, mode=_MODE)]

    def copied_selection(
        self, patterns: Sequence[str], ignored: Sequence[str], name: str
    ) -> Sequence[llb.Action]:
        """See Source."""
        loaded = llb.local(
            self.name,
            session=self.session,
            include=patterns,
            exclude=ignored,
            shared_key_hint=f"{self.hint}-{name}-{'|'.join(sorted(patterns))}",
            meta=llb.Metadata(name=f"{self.label} load {name}"),
        )
        return [llb.Copy(loaded, "/", "/", contents_only=True, mode=_MODE)]


@dataclass(frozen=True)
class FixedSource:
    """A filesystem that BuildKit makes. No ignore file is applied to it, as in Dockerfiles.

    `origin` is the git or HTTP source that it was made from, if it was. `patterns` says whether the
    engine copies by pattern (BuildKit 0.9).
    """

    filesystem: llb.Output = field(repr=False)
    origin: llb.Output | None = field(default=None, repr=False)
    patterns: bool = True

    @property
    def remote(self) -> bool:
        """See Source."""
        return True

    def files(self, paths: Sequence[str], ignored: Sequence[str], purpose: str) -> llb.Output:
        """See Source."""
        return self.filesystem

    def tree(self, paths: Sequence[str], ignored: Sequence[str], purpose: str) -> llb.Output:
        """See Source."""
        return self.filesystem

    def copied_files(
        self, paths: Sequence[str], folder: str, ignored: Sequence[str], purpose: str
    ) -> Sequence[llb.Action]:
        """See Source."""
        actions: list[llb.Action] = []
        for path in sorted(set(paths)):
            to = posixpath.join("/", posixpath.relpath(path, folder))
            if posixpath.dirname(to) != "/":
                actions.append(llb.Mkdir(posixpath.dirname(to), parents=True, timestamp=0))
            actions.append(llb.Copy(self.filesystem, f"/{path}", to, owner=_NOBODY))
        return actions

    def copied_directory(
        self, path: str, without: Sequence[str], ignored: Sequence[str], name: str
    ) -> Sequence[llb.Action]:
        """See Source."""
        inside = "/" if path == "." else f"/{path}/"
        if self.patterns:
            return [self._copy(inside, exclude=tuple(without))]
        return [self._copy(inside), *filter(None, map(_removal, without))]

    def copied_selection(
        self, patterns: Sequence[str], ignored: Sequence[str], name: str
    ) -> Sequence[llb.Action]:
        """See Source."""
        return [self._copy("/", include=tuple(patterns) if self.patterns else ())]

    def _copy(
        self, path: str, *, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()
    ) -> llb.Action:
        return llb.Copy(
            self.filesystem,
            path,
            "/",
            contents_only=True,
            mode=_MODE,
            owner=_NOBODY,
            include=include,
            exclude=exclude,
        )


def _removal(pattern: str) -> llb.Action | None:
    """Return the removal that comes nearest to a pattern, for engines that copy everything.

    These engines take shell patterns at the top alone. Below it, they fail where the directory is
    missing.
    """
    path = pattern.removeprefix("**/")
    if "/" not in path:
        return llb.Rm(f"/{path}", allow_not_found=True, wildcard=True)
    exact = path.rstrip("*")
    return None if set(exact) & set("*?[") else llb.Rm(f"/{exact}", allow_not_found=True)


def _below(inside: str, pattern: str) -> str:
    """Return a pattern relative to the root of the context."""
    return pattern if pattern.startswith("**/") else inside + pattern
