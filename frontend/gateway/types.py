"""Values of the gateway protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import llb
    from llb import Capabilities


@dataclass(frozen=True)
class Worker:
    """One of the daemon's workers; the first platform is its own."""

    id: str
    labels: Mapping[str, str]
    platforms: tuple[llb.Platform, ...]


@dataclass(frozen=True)
class Pong:
    """What the daemon is and can do."""

    llb: Capabilities
    frontend: Capabilities
    workers: tuple[Worker, ...]


@dataclass(frozen=True)
class CacheImport:
    """A remote cache to look in, as the option `cache-imports` lists them."""

    type: str
    attrs: Mapping[str, str]


@dataclass(frozen=True)
class OciStore:
    """Where the client of the build keeps an OCI layout: its session and the store's name there."""

    session: str
    name: str


@dataclass(frozen=True)
class ImageMeta:
    """An image as the registry, or the daemon's own store, knows it.

    `ref` differs from the one asked for if a source policy says so. `digest` is that of the index
    if there is one, `config` the OCI configuration (JSON) for the platform.
    """

    ref: str
    digest: str
    config: bytes

    @property
    def pinned(self) -> str:
        """`ref` with the digest, which fixes the content and needs no second look at a registry."""
        if not self.digest or "@" in self.ref:
            return self.ref
        return f"{self.ref}@{self.digest}"


@dataclass(frozen=True)
class SourceMeta:
    """What a git or http source is at the moment.

    `checksum` is the commit (of git) or the digest (of http); `last_modified` are seconds since
    the epoch, if the server tells.
    """

    identifier: str
    attrs: Mapping[str, str]
    checksum: str = ""
    git_ref: str = ""
    git_commit_object: bytes = b""
    http_filename: str = ""
    http_last_modified: int | None = None
