"""Files and directories as the daemon lists them."""

from __future__ import annotations

import enum
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llb.pb.stat_pb2 import Stat


class Kind(enum.Enum):
    """What a path is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"


# Bits of Go's os.FileMode (package io/fs), which are not those of stat(2).
_DIRECTORY = 1 << 31
_SYMLINK = 1 << 27
_OTHER = 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19
_SET_UID, _SET_GID, _STICKY = 1 << 23, 1 << 22, 1 << 20


@dataclass(frozen=True)
class Entry:
    """One path.

    `path` is relative to the directory that was listed, `permissions` are the twelve bits of
    chmod(2), `size` is in bytes, `mtime_ns` in nanoseconds since the epoch. `link_target` is empty
    unless it is a symlink.
    """

    path: str
    kind: Kind
    permissions: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    link_target: str = ""

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return posixpath.basename(self.path)

    @property
    def is_file(self) -> bool:
        """Return whether it is a regular file."""
        return self.kind is Kind.FILE

    @property
    def is_dir(self) -> bool:
        """Return whether it is a directory."""
        return self.kind is Kind.DIRECTORY

    @property
    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""
        return self.kind is Kind.SYMLINK

    @classmethod
    def from_stat(cls, stat: Stat) -> Entry:
        """Read the daemon's message (tonistiigi/fsutil, `types/stat.proto`)."""
        return cls(
            path=stat.path,
            kind=_kind(stat.mode),
            permissions=_permissions(stat.mode),
            uid=stat.uid,
            gid=stat.gid,
            size=stat.size,
            mtime_ns=stat.modTime,
            link_target=stat.linkname if stat.mode & _SYMLINK else "",
        )


def _kind(mode: int) -> Kind:
    if mode & _DIRECTORY:
        return Kind.DIRECTORY
    if mode & _SYMLINK:
        return Kind.SYMLINK
    return Kind.OTHER if mode & _OTHER else Kind.FILE


def _permissions(mode: int) -> int:
    special = (
        (0o4000 if mode & _SET_UID else 0)
        | (0o2000 if mode & _SET_GID else 0)
        | (0o1000 if mode & _STICKY else 0)
    )
    return mode & 0o777 | special
