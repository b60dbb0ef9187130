"""Directories that stand for filesystems of the build: paths in them, stat messages, copies."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from llb.pb.stat_pb2 import Stat
from tests.gateway.patterns import Patterns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LINKS = 255

# Go's os.FileMode (package io/fs).
_GO_DIRECTORY, _GO_SYMLINK = 1 << 31, 1 << 27
_GO_DEVICE, _GO_PIPE, _GO_SOCKET, _GO_CHAR = 1 << 26, 1 << 25, 1 << 24, 1 << 21
_GO_SETUID, _GO_SETGID, _GO_STICKY = 1 << 23, 1 << 22, 1 << 20


def resolve(root: Path, path: str) -> Path:
    """`path` below `root` with every symbolic link followed as if `root` were `/`."""
    todo = [part for part in path.split("/") if part]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop(0)
        if part == ".":
            continue
        if part == "..":
            done = done[:-1]
            continue
        here = root.joinpath(*done, part)
        if here.is_symlink():
            links += 1
            if links > _LINKS:
                raise OSError(f"too many links in path {path}")
            target = str(here.readlink())
            if target.startswith("/"):
                done = []
            todo = [each for each in target.split("/") if each] + todo
        else:
            done.append(part)
    return root.joinpath(*done)


def stat_message(path: Path, name: str) -> Stat:
    """What BuildKit says of `path`; owners are 0, as clients send them."""
    status = path.lstat()
    message = Stat(
        path=name,
        mode=go_mode(status.st_mode),
        size=0 if stat.S_ISDIR(status.st_mode) else status.st_size,
        modTime=status.st_mtime_ns,
    )
    if path.is_symlink():
        message.linkname = str(path.readlink())
    return message


def go_mode(mode: int) -> int:
    kinds = {
        stat.S_IFDIR: _GO_DIRECTORY,
        stat.S_IFLNK: _GO_SYMLINK,
        stat.S_IFBLK: _GO_DEVICE,
        stat.S_IFCHR: _GO_DEVICE | _GO_CHAR,
        stat.S_IFIFO: _GO_PIPE,
        stat.S_IFSOCK: _GO_SOCKET,
    }
    special = (
        (_GO_SETUID if mode & stat.S_ISUID else 0)
        | (_GO_SETGID if mode & stat.S_ISGID else 0)
        | (_GO_STICKY if mode & stat.S_ISVTX else 0)
    )
    return kinds.get(stat.S_IFMT(mode), 0) | special | mode & 0o777


def copy_paths(source: Path, target: Path, paths: Iterable[str]) -> None:
    """Copies these paths (parents first), metadata included, symbolic links as such."""
    folders = []
    for path in paths:
        from_, to = source / path, target / path
        if from_.is_dir() and not from_.is_symlink():
            to.mkdir(exist_ok=True)
            folders.append((from_, to))
        else:
            copy_file(from_, to)
    for from_, to in reversed(folders):
        shutil.copystat(from_, to)


def copy_tree(source: Path, target: Path) -> None:
    """Copies everything in `source` over what is in `target`, which is made if need be."""
    target.mkdir(parents=True, exist_ok=True)
    copy_paths(source, target, walk(source))


def copy_file(source: Path, target: Path) -> None:
    remove(target)
    shutil.copy2(source, target, follow_symlinks=False)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def rooted(path: str) -> str:
    """The cleaned path from the root: `/a/b`."""
    return posixpath.normpath("/" + path.lstrip("/"))


def expand(root: Path, pattern: str) -> list[str]:
    """The paths below `root` that a shell pattern names; none if there are none."""
    path = rooted(pattern)[1:]
    if not re.search(r"[*?[]", path):
        return [path] if os.path.lexists(root / path) else []
    return sorted(each.relative_to(root).as_posix() for each in root.glob(path))


def walk(root: Path, patterns: Sequence[str] = ()) -> list[str]:
    """Every path below `root`, parents first; with patterns those that match and their parents."""
    matcher = Patterns(patterns)
    found = []
    for directory, folders, files in os.walk(root):
        base = Path(directory).relative_to(root)
        found += [(base / name).as_posix() for name in [*folders, *files]]
    if matcher:
        matching = [path for path in found if matcher.match(path)]
        found = list({*matching, *(str(each) for path in matching for each in Path(path).parents)})
        found = [path for path in found if path != "."]
    return sorted(found, key=lambda path: path.split("/"))
