"""File operations on directories (`solver/llbsolver/file/backend.go`, fsutil's `copy`)."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from tests.gateway.patterns import Patterns
from tests.gateway.tree import copy_file, copy_tree, expand, remove, resolve, rooted, walk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llb.pb import ops_pb2


class FileOperationError(Exception):
    """An operation failed, in BuildKit's words."""


def run_actions(op: ops_pb2.FileOp, inputs: Sequence[Path], folder: Path) -> list[Path]:
    """The outputs of the operation, each a directory below `folder`."""
    results = list(inputs)
    outputs: dict[int, Path] = {}
    for number, action in enumerate(op.actions):
        target = folder / f"action-{number}"
        target.mkdir()
        if action.input >= 0:
            copy_tree(results[action.input], target)
        source = results[action.secondaryInput] if action.secondaryInput >= 0 else None
        try:
            _run(action, target, source)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            where = str(error.filename).removeprefix(str(target))
            raise FileOperationError(f"{where}: {reason}") from error
        results.append(target)
        if action.output >= 0:
            outputs[action.output] = target
    return [outputs[index] for index in sorted(outputs)]


def _run(action: ops_pb2.FileAction, target: Path, source: Path | None) -> None:
    kind = action.WhichOneof("action")
    if kind == "mkfile":
        path = resolve(target, action.mkfile.path)
        path.write_bytes(action.mkfile.data)
        path.chmod(action.mkfile.mode & 0o777)
        _set_time(path, action.mkfile.timestamp)
    elif kind == "mkdir":
        path = resolve(target, action.mkdir.path)
        if not path.is_dir():
            _make_directories(path, action.mkdir.mode & 0o777, parents=action.mkdir.makeParents)
        _set_time(path, action.mkdir.timestamp)
    elif kind == "symlink":
        parent, name = posixpath.split(action.symlink.newpath)
        link = resolve(target, parent) / name
        link.symlink_to(action.symlink.oldpath)
        _set_time(link, action.symlink.timestamp)
    elif kind == "rm":
        _remove(action.rm, target)
    elif kind == "copy" and source is not None:
        _copy(action.copy, target, source)
    else:
        raise FileOperationError(f"no support for file operation {kind}")


def _remove(action: ops_pb2.FileActionRm, target: Path) -> None:
    parent, name = posixpath.split(rooted(action.path))
    folder = resolve(target, parent)
    names = [name]
    if action.allowWildcard:
        names = expand(folder, name)
    for each in names:
        path = folder / each
        if not os.path.lexists(path) and not action.allowNotFound:
            raise FileNotFoundError(2, "no such file or directory", f"stat {action.path}")
        remove(path)


def _copy(action: ops_pb2.FileActionCopy, target: Path, source: Path) -> None:
    if not action.createDestPath:
        parent = posixpath.dirname(rooted(action.dest))
        if not resolve(target, parent).is_dir():
            raise FileNotFoundError(2, "no such file or directory", f"failed to stat {action.dest}")
    sources = [action.src]
    if action.allowWildcard:
        sources = expand(source, action.src)
        if not sources and not action.allowEmptyWildcard:
            raise FileOperationError(f"{action.src} not found")
    for each in sources:
        _copy_one(action, target, source, each)


def _copy_one(action: ops_pb2.FileActionCopy, target: Path, source: Path, path: str) -> None:
    parent, name = posixpath.split(rooted(path))
    from_ = (
        resolve(source, path)
        if action.followSymlink or not name
        else (resolve(source, parent) / name)
    )
    if not os.path.lexists(from_):
        raise _not_found(path)
    to = resolve(target, action.dest)
    if action.dest.endswith(("/", "/.")):
        to.mkdir(parents=True, exist_ok=True)
    if from_.is_dir() and not from_.is_symlink():
        if to.is_dir() and not action.dirCopyContents:
            to = to / name
        paths = _selected(action, from_)
        copy_selected(from_, to, paths)
        made = [to, *(to / each for each in paths)]
    else:
        if to.is_dir():
            to = to / name
        to.parent.mkdir(parents=True, exist_ok=True)
        copy_file(from_, to)
        made = [to]
    for each in reversed(made):
        if action.mode != -1 and not each.is_symlink():
            each.chmod(action.mode & 0o7777)
        _set_time(each, action.timestamp)


def _selected(action: ops_pb2.FileActionCopy, root: Path) -> list[str]:
    paths = walk(root, list(action.include_patterns))
    excludes = Patterns(action.exclude_patterns)
    return [path for path in paths if not excludes.match(path)]


def copy_selected(source: Path, target: Path, paths: Sequence[str]) -> None:
    """As `copy_paths`, into a directory that may lack its parents and gets the source's mode."""
    fresh = not target.exists()
    target.mkdir(parents=True, exist_ok=True)
    if fresh:
        target.chmod(source.stat().st_mode & 0o7777)
    for path in paths:
        from_, to = source / path, target / path
        if from_.is_dir() and not from_.is_symlink():
            if not to.is_dir():
                to.mkdir()
                to.chmod(from_.stat().st_mode & 0o7777)
        else:
            copy_file(from_, to)


def _not_found(path: str) -> FileOperationError:
    return FileOperationError(
        "failed to compute cache key: failed to calculate checksum of ref test::test: "
        f'"{rooted(path)}": not found'
    )


def _make_directories(path: Path, mode: int, *, parents: bool) -> None:
    """All that are made get the mode, unlike with `Path.mkdir`."""
    if parents and not path.parent.is_dir():
        _make_directories(path.parent, mode, parents=True)
    path.mkdir()
    path.chmod(mode)


def _set_time(path: Path, timestamp: int) -> None:
    if timestamp != -1:
        os.utime(path, ns=(timestamp, timestamp), follow_symlinks=False)
