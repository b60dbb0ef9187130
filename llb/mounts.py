"""What the container of an exec sees: the closed set of mounts.

The mount at `/` is the root filesystem: `Bind` for one that is only read, `Writable` for one whose
changes are wanted. `Writable` mounts are the outputs of the exec; changes anywhere else are lost.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import TypeAlias

from llb import capabilities, paths
from llb.fileops import Mkdir, Owner, files
from llb.graph import NONE, SCRATCH, Draft, Input, Scratch
from llb.pb import ops_pb2


class Sharing(Enum):
    """What happens when two steps use one cache at once."""

    SHARED = "shared"  # both write
    PRIVATE = "private"  # the second one gets another cache
    LOCKED = "locked"  # the second one waits


class ContentCache(Enum):
    """Whether a step is found in the cache by the content of a mount, or by how it was made.

    By default the engine looks at the content of what is not changed: read-only mounts and those
    without output, the root excepted.
    """

    DEFAULT = "default"
    ON = "on"
    OFF = "off"


_SHARING = {
    Sharing.SHARED: ops_pb2.SHARED,
    Sharing.PRIVATE: ops_pb2.PRIVATE,
    Sharing.LOCKED: ops_pb2.LOCKED,
}
_CONTENT_CACHE = {
    ContentCache.DEFAULT: ops_pb2.DEFAULT,
    ContentCache.ON: ops_pb2.ON,
    ContentCache.OFF: ops_pb2.OFF,
}


@dataclass(frozen=True, slots=True)
class Bind:
    """A filesystem, or what `selector` names in it, read-only."""

    target: str
    source: Input
    selector: str = ""
    _: KW_ONLY
    content_cache: ContentCache = ContentCache.DEFAULT

    def __post_init__(self) -> None:
        _check_target(self.target)

    def encode(self, draft: Draft) -> ops_pb2.Mount:
        """The mount's message; its input and capabilities go to `draft`."""
        mount = _filesystem(draft, self.target, self.source, self.selector, self.content_cache)
        mount.readonly = True
        return mount


@dataclass(frozen=True, slots=True)
class Writable:
    """A filesystem the command may change; the result is an output of the exec.

    With a `selector` only that part is seen, and the output is still the whole filesystem.
    """

    target: str
    source: Input = SCRATCH
    selector: str = ""
    _: KW_ONLY
    content_cache: ContentCache = ContentCache.DEFAULT

    def __post_init__(self) -> None:
        _check_target(self.target)

    def encode(self, draft: Draft) -> ops_pb2.Mount:
        """The mount's message, its output still to be numbered."""
        return _filesystem(draft, self.target, self.source, self.selector, self.content_cache)


@dataclass(frozen=True, slots=True)
class Discarded:
    """A filesystem the command may change, while nobody wants the changes (BuildKit 0.12).

    Not for the root: engines mount a root without output read-only.
    """

    target: str
    source: Input = SCRATCH
    selector: str = ""
    _: KW_ONLY
    content_cache: ContentCache = ContentCache.DEFAULT

    def __post_init__(self) -> None:
        _check_target(self.target)
        if self.target == "/":
            raise ValueError("the root filesystem is a Bind or a Writable mount, not Discarded")

    def encode(self, draft: Draft) -> ops_pb2.Mount:
        """The mount's message; its input and capabilities go to `draft`."""
        draft.require(capabilities.MOUNT_BIND_NO_OUTPUT)
        return _filesystem(draft, self.target, self.source, self.selector, self.content_cache)


@dataclass(frozen=True, slots=True)
class Cache:
    """A directory that the engine keeps from build to build, and may throw away at any time.

    `source` is what a new cache starts with; which one is part of what identifies the cache. Its
    contents are never part of a cache key. Dockerfiles give ids a leading slash: `id=uv` there is
    the id `/uv` here. See `owned_cache` for one that another user can write to.
    """

    target: str
    id: str
    sharing: Sharing = Sharing.SHARED
    source: Input = SCRATCH
    selector: str = ""
    _: KW_ONLY
    readonly: bool = False

    def __post_init__(self) -> None:
        _check_target(self.target)
        _check_not_root(self.target, "a cache")
        if not self.id:
            raise ValueError(f"the cache at {self.target} needs an id")

    def encode(self, draft: Draft) -> ops_pb2.Mount:
        """The mount's message; its input and capabilities go to `draft`."""
        draft.require(capabilities.MOUNT_CACHE)
        draft.require(capabilities.MOUNT_CACHE_SHARING)
        mount = ops_pb2.Mount(
            input=draft.input(self.source),
            dest=self.target,
            output=NONE,
            readonly=self.readonly,
            mountType=ops_pb2.CACHE,
            cacheOpt=ops_pb2.CacheOpt(ID=self.id, sharing=_SHARING[self.sharing]),
        )
        _select(draft, mount, self.selector)
        return mount


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """An empty directory in memory, of at most `size` bytes if given (BuildKit 0.10)."""

    target: str
    size: int | None = None

    def __post_init__(self) -> None:
        _check_target(self.target)
        _check_not_root(self.target, "a tmpfs")
        if self.size is not None and self.size <= 0:
            raise ValueError(f"the size of the tmpfs at {self.target} is not positive: {self.size}")

    def encode(self, draft: Draft) -> ops_pb2.Mount:
        """The mount's message; its capabilities go to `draft`."""
        draft.require(capabilities.MOUNT_TMPFS)
        options = ops_pb2.TmpfsOpt()
        if self.size is not None:
            draft.require(capabilities.MOUNT_TMPFS_SIZE)
            options.size = self.size
        return ops_pb2.Mount(
            input=NONE,
            dest=self.target,
            output=NONE,
            mountType=ops_pb2.TMPFS,
            TmpfsOpt=options,
        )


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of the client as a file. If `optional` and not there, nothing is mounted."""

    target: str
    id: str
    _: KW_ONLY
    uid: int = 0
    gid: int = 0
    mode: int = 0o400
    optional: bool = False

    def __post_init__(self) -> None:
        _check_target(self.target)
        _check_not_root(self.target, "a secret")
        if not self.id:
            raise ValueError(f"the secret at {self.target} needs an id")

    def encode(self, draft: Draft) -> ops_pb2.Mount:
        """The mount's message; its capabilities go to `draft`."""
        draft.require(capabilities.MOUNT_SECRET)
        return ops_pb2.Mount(
            input=NONE,
            dest=self.target,
            mountType=ops_pb2.SECRET,
            secretOpt=ops_pb2.SecretOpt(
                ID=self.id, uid=self.uid, gid=self.gid, mode=self.mode, optional=self.optional
            ),
        )


@dataclass(frozen=True, slots=True)
class Ssh:
    """The socket of the client's SSH agent. SSH_AUTH_SOCK has to be set by whoever writes `env`."""

    target: str
    id: str = "default"
    _: KW_ONLY
    uid: int = 0
    gid: int = 0
    mode: int = 0o600
    optional: bool = False

    def __post_init__(self) -> None:
        _check_target(self.target)
        _check_not_root(self.target, "an agent socket")

    def encode(self, draft: Draft) -> ops_pb2.Mount:
        """The mount's message; its capabilities go to `draft`."""
        draft.require(capabilities.MOUNT_SSH)
        return ops_pb2.Mount(
            input=NONE,
            dest=self.target,
            mountType=ops_pb2.SSH,
            SSHOpt=ops_pb2.SSHOpt(
                ID=self.id, uid=self.uid, gid=self.gid, mode=self.mode, optional=self.optional
            ),
        )


Mount: TypeAlias = Bind | Writable | Discarded | Cache | Tmpfs | Secret | Ssh


def owned_cache(
    target: str,
    id: str,
    *,
    uid: int,
    gid: int,
    mode: int = 0o755,
    sharing: Sharing = Sharing.SHARED,
) -> Cache:
    """A cache whose directory belongs to a user, made as Dockerfiles do it.

    The owner is part of what identifies the cache: other users get another one of the same id.
    """
    start = files(SCRATCH, Mkdir("/cache", mode=mode, owner=Owner(uid, gid)))
    return Cache(target, id, sharing, start, "/cache")


def _filesystem(
    draft: Draft, target: str, source: Input, selector: str, content_cache: ContentCache
) -> ops_pb2.Mount:
    if not isinstance(source, Scratch):
        draft.require(capabilities.MOUNT_BIND)
    mount = ops_pb2.Mount(input=draft.input(source), dest=target, output=NONE)
    _select(draft, mount, selector)
    if content_cache is not ContentCache.DEFAULT:
        draft.require(capabilities.MOUNT_CONTENT_CACHE)
        mount.contentCache = _CONTENT_CACHE[content_cache]
    return mount


def _select(draft: Draft, mount: ops_pb2.Mount, selector: str) -> None:
    if selector:
        draft.require(capabilities.MOUNT_SELECTOR)
        mount.selector = selector


def _check_target(target: str) -> None:
    cleaned = paths.absolute(target, "the target of a mount")
    if cleaned != target:
        # Left as it is, two spellings of one place would not be recognised as such.
        raise ValueError(f"the target of a mount is written {cleaned!r}, not {target!r}")


def _check_not_root(target: str, what: str) -> None:
    if target == "/":
        raise ValueError(f"the root filesystem is a Bind or a Writable mount, not {what}")
