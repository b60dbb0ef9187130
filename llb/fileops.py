"""Changing files without running a program: copy, create, remove, link.

Several actions on one filesystem are one operation and give one layer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, ClassVar

from llb import capabilities, paths
from llb.graph import NONE, SCRATCH, Draft, Input, Operation, Output, Scratch, Vertex
from llb.metadata import NO_METADATA, Metadata

if TYPE_CHECKING:
    from llb.pb import ops_pb2
    from llb.platform import Platform

_KEEP = -1  # a mode or time that is not changed; 0 would be one


@dataclass(frozen=True, slots=True)
class Owner:
    """Who files belong to: an id, or a name found in /etc/passwd and /etc/group of the base.

    None leaves user or group as it would be without an owner given.
    """

    user: int | str | None = None
    group: int | str | None = None

    def __post_init__(self) -> None:
        for who in (self.user, self.group):
            if isinstance(who, int) and not 0 <= who < 1 << 32:
                raise ValueError(f"user and group ids are between 0 and 2**32 - 1: {who}")
            if who == "":
                raise ValueError("the name of an owner is empty")

    @classmethod
    def parse(cls, text: str) -> Owner:
        """`user[:group]`, each a number or a name; `root` is 0 and needs no passwd file."""
        user, _, group = text.partition(":")
        return cls(_id_or_name(user), _id_or_name(group) if group else None)

    @property
    def by_name(self) -> bool:
        """Whether a name has to be looked up."""
        return isinstance(self.user, str) or isinstance(self.group, str)

    def encode(self, message: ops_pb2.ChownOpt, base: int) -> None:
        """Write it into `message`; names are looked up in input number `base`."""
        for who, option in ((self.user, "user"), (self.group, "group")):
            if who is None:
                continue
            target: ops_pb2.UserOpt = getattr(message, option)
            if isinstance(who, str):
                target.byName.name = who
                target.byName.input = base
            else:
                target.byID = who  # in a oneof, so that 0 is written too


def _id_or_name(text: str) -> int | str:
    if text == "root":
        return 0
    return int(text) if text.isascii() and text.isdigit() else text


class Action(ABC):
    """One change; a frozen dataclass below."""

    __slots__ = ()

    def reads(self) -> Input:
        """The filesystem it takes something from, besides the one it changes."""
        return SCRATCH

    def looks_up_names(self) -> bool:
        """Whether the filesystem it changes must have a passwd and a group file."""
        return False

    @abstractmethod
    def encode(self, message: ops_pb2.FileAction, draft: Draft, base: int) -> None:
        """Write it into `message`; names of owners are looked up in input number `base`."""


@dataclass(frozen=True, slots=True)
class Copy(Action):
    """Copy `src` of the filesystem `source` to `dest`.

    Where `dest` is a directory or ends in `/`, a file is put into it. A directory is copied into an
    existing directory as a whole, or only what is in it with `contents_only`.

    `mode` sets permission bits: as a number, or as text (`go-w`), which engines before BuildKit
    0.17 ignore without a word as no capability tells of it. `timestamp` sets the modification time,
    in nanoseconds since the epoch. `owner` sets the owner. Without them the files keep their own.

    `wildcard` expands `*`, `?` and `[...]` in `src`, failing if nothing matches unless
    `allow_empty_wildcard`. `include` and `exclude` are patterns as in a .dockerignore, relative to
    `src`; the paths in `required` must be among the included. `follow_symlinks` applies to `src`.
    `unpack` extracts `src` if it is an archive. `replace_existing` lets a file take the place of a
    directory and the other way round.
    """

    source: Input
    src: str
    dest: str
    _: KW_ONLY
    mode: int | str | None = None
    owner: Owner | None = None
    timestamp: int | None = None
    contents_only: bool = False
    create_dest_path: bool = False
    follow_symlinks: bool = False
    wildcard: bool = False
    allow_empty_wildcard: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    unpack: bool = False
    replace_existing: bool = False

    def __post_init__(self) -> None:
        paths.absolute(self.src, "the source of a copy")
        paths.destination(self.dest, "the target of a copy")
        if isinstance(self.mode, int):
            _check_mode(self.mode, 0o7777)
        for name in ("include", "exclude", "required"):
            patterns = getattr(self, name)
            if isinstance(patterns, str):
                raise ValueError(f"{name} is a list of patterns, not one string: {patterns!r}")
            object.__setattr__(self, name, tuple(patterns))
        if self.required and not self.include:
            raise ValueError("required paths are looked for among the included: give include")
        if self.allow_empty_wildcard and not self.wildcard:
            raise ValueError("allow_empty_wildcard has a meaning with wildcard only")

    def reads(self) -> Input:
        """The filesystem that holds `src`."""
        return self.source

    def looks_up_names(self) -> bool:
        """Whether the owner is given by name."""
        return self.owner is not None and self.owner.by_name

    def encode(self, message: ops_pb2.FileAction, draft: Draft, base: int) -> None:
        """Write it into `message`."""
        copy = message.copy
        copy.src = paths.absolute(self.src, "the source of a copy")
        copy.dest = paths.destination(self.dest, "the target of a copy")
        if isinstance(self.mode, str):
            # Its capability exists as a constant, but no engine has ever registered it.
            copy.modeStr = self.mode
        else:
            copy.mode = _KEEP if self.mode is None else self.mode
        if self.owner is not None:
            self.owner.encode(copy.owner, base)
        copy.timestamp = _KEEP if self.timestamp is None else self.timestamp
        copy.followSymlink = self.follow_symlinks
        copy.dirCopyContents = self.contents_only
        copy.attemptUnpackDockerCompatibility = self.unpack
        copy.createDestPath = self.create_dest_path
        copy.allowWildcard = self.wildcard
        copy.allowEmptyWildcard = self.allow_empty_wildcard
        if self.include or self.exclude:
            copy.include_patterns.extend(self.include)
            copy.exclude_patterns.extend(self.exclude)
            draft.require(capabilities.FILE_COPY_PATTERNS)
        if self.required:
            copy.required_paths.extend(self.required)
            draft.require(capabilities.FILE_COPY_REQUIRED)
        if self.replace_existing:
            copy.alwaysReplaceExistingDestPaths = True
            draft.require(capabilities.FILE_COPY_REPLACE)


@dataclass(frozen=True, slots=True)
class Mkfile(Action):
    """Write a file, replacing one that is there. `timestamp` in nanoseconds, default now."""

    path: str
    data: bytes = field(repr=False)
    _: KW_ONLY
    mode: int = 0o644
    owner: Owner | None = None
    timestamp: int | None = None

    def __post_init__(self) -> None:
        paths.absolute(self.path, "the path of a file")
        _check_mode(self.mode, 0o777)

    def looks_up_names(self) -> bool:
        """Whether the owner is given by name."""
        return self.owner is not None and self.owner.by_name

    def encode(self, message: ops_pb2.FileAction, draft: Draft, base: int) -> None:
        """Write it into `message`."""
        message.mkfile.path = paths.absolute(self.path, "the path of a file")
        message.mkfile.mode = self.mode
        message.mkfile.data = self.data
        if self.owner is not None:
            self.owner.encode(message.mkfile.owner, base)
        message.mkfile.timestamp = _KEEP if self.timestamp is None else self.timestamp


@dataclass(frozen=True, slots=True)
class Mkdir(Action):
    """Create a directory, with `parents` also those above it and no error if it is there.

    `timestamp` in nanoseconds since the epoch, default now.
    """

    path: str
    _: KW_ONLY
    mode: int = 0o755
    parents: bool = False
    owner: Owner | None = None
    timestamp: int | None = None

    def __post_init__(self) -> None:
        paths.absolute(self.path, "the path of a directory")
        _check_mode(self.mode, 0o777)

    def looks_up_names(self) -> bool:
        """Whether the owner is given by name."""
        return self.owner is not None and self.owner.by_name

    def encode(self, message: ops_pb2.FileAction, draft: Draft, base: int) -> None:
        """Write it into `message`."""
        message.mkdir.path = paths.absolute(self.path, "the path of a directory")
        message.mkdir.mode = self.mode
        message.mkdir.makeParents = self.parents
        if self.owner is not None:
            self.owner.encode(message.mkdir.owner, base)
        message.mkdir.timestamp = _KEEP if self.timestamp is None else self.timestamp


@dataclass(frozen=True, slots=True)
class Rm(Action):
    """Remove a file or a directory with all that is in it."""

    path: str
    _: KW_ONLY
    allow_not_found: bool = False
    wildcard: bool = False

    def __post_init__(self) -> None:
        if paths.absolute(self.path, "the path to remove") == "/":
            raise ValueError("the root of a filesystem cannot be removed")

    def encode(self, message: ops_pb2.FileAction, draft: Draft, base: int) -> None:
        """Write it into `message`."""
        message.rm.path = paths.absolute(self.path, "the path to remove")
        message.rm.allowNotFound = self.allow_not_found
        if self.wildcard:
            message.rm.allowWildcard = True
            draft.require(capabilities.FILE_RM_WILDCARD)


@dataclass(frozen=True, slots=True)
class Symlink(Action):
    """Create a symbolic link at `path` that says `target` (relative or absolute, need not exist).

    `timestamp` in nanoseconds since the epoch, default now.
    """

    target: str
    path: str
    _: KW_ONLY
    owner: Owner | None = None
    timestamp: int | None = None

    def __post_init__(self) -> None:
        if not self.target:
            raise ValueError("a symbolic link needs a target")
        paths.absolute(self.path, "the path of a symbolic link")

    def looks_up_names(self) -> bool:
        """Whether the owner is given by name."""
        return self.owner is not None and self.owner.by_name

    def encode(self, message: ops_pb2.FileAction, draft: Draft, base: int) -> None:
        """Write it into `message`."""
        draft.require(capabilities.FILE_SYMLINK)
        message.symlink.oldpath = self.target
        message.symlink.newpath = paths.absolute(self.path, "the path of a symbolic link")
        if self.owner is not None:
            self.owner.encode(message.symlink.owner, base)
        message.symlink.timestamp = _KEEP if self.timestamp is None else self.timestamp


@dataclass(frozen=True, slots=True)
class FileOperation(Operation):
    """Actions one after the other, each on the result of the one before."""

    kind: ClassVar[str] = "file"

    base: Input
    actions: tuple[Action, ...]

    @property
    def platform(self) -> Platform | None:
        """That of the filesystem it changes."""
        return self.base.platform

    @property
    def title(self) -> str:
        """What it does first."""
        return f"file {type(self.actions[0]).__name__.lower()}"

    def validate(self) -> None:
        """Raise ValueError if nothing is done, or a name is to be looked up in nothing."""
        if not self.actions:
            raise ValueError("a file operation needs at least one action")
        if isinstance(self.base, Scratch):
            for action in self.actions:
                if action.looks_up_names():
                    raise ValueError(
                        f"{action!r}: an owner on an empty filesystem is given by number,"
                        " there is no /etc/passwd to find a name in"
                    )

    def encode(self, draft: Draft) -> None:
        """Write the operation into `draft`."""
        draft.require(capabilities.FILE_BASE)
        base = draft.input(self.base)
        sources = [draft.input(action.reads()) for action in self.actions]
        # Indices count the inputs first and then the results of the actions, so all inputs have
        # to be known before the first action can be written.
        first_result = draft.input_count
        for position, (action, source) in enumerate(zip(self.actions, sources, strict=True)):
            last = position == len(self.actions) - 1
            message = draft.body.file.actions.add(
                input=first_result + position - 1 if position else base,
                secondaryInput=source,
                output=0 if last else NONE,
            )
            action.encode(message, draft, base)


def files(base: Input, *actions: Action, meta: Metadata = NO_METADATA) -> Output:
    """`base` after the actions. Raises ValueError for none, or an owner's name without a base."""
    return Output(Vertex.of(FileOperation(base, actions), meta))


def _check_mode(mode: int, highest: int) -> None:
    if not 0 <= mode <= highest:
        raise ValueError(f"permission bits are between 0 and {highest:#o}, not {mode:#o}")
