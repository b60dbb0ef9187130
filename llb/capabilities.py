"""What an engine must be able to do for an operation to mean what it says.

Protobuf lets an old daemon skip a field it does not know, which would quietly build something else.
So each operation carries the capabilities its fields need, and the daemon refuses a graph with one
it lacks. A name the daemon never registered is refused as well, by every daemon: only the names
below may be used, and they are registered in BuildKit's solver/pb/caps.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llb.pb import caps_pb2

SOURCE_IMAGE: Final = "source.image"
SOURCE_IMAGE_RESOLVE_MODE: Final = "source.image.resolvemode"
SOURCE_IMAGE_LAYER_LIMIT: Final = "source.image.layerlimit"
SOURCE_IMAGE_CHECKSUM: Final = "source.image.checksum"
SOURCE_OCI_LAYOUT: Final = "source.ocilayout"

SOURCE_LOCAL: Final = "source.local"
SOURCE_LOCAL_UNIQUE: Final = "source.local.unique"
SOURCE_LOCAL_SESSION: Final = "source.local.sessionid"
SOURCE_LOCAL_INCLUDE: Final = "source.local.includepatterns"
SOURCE_LOCAL_FOLLOW: Final = "source.local.followpaths"
SOURCE_LOCAL_EXCLUDE: Final = "source.local.excludepatterns"
SOURCE_LOCAL_SHARED_KEY_HINT: Final = "source.local.sharedkeyhint"
SOURCE_LOCAL_DIFFER: Final = "source.local.differ"
SOURCE_LOCAL_METADATA: Final = "source.local.metadatatransfer"

SOURCE_GIT: Final = "source.git"
SOURCE_GIT_KEEP_DIR: Final = "source.git.keepgitdir"
SOURCE_GIT_FULL_URL: Final = "source.git.fullurl"
SOURCE_GIT_HTTP_AUTH: Final = "source.git.httpauth"
SOURCE_GIT_KNOWN_SSH_HOSTS: Final = "source.git.knownsshhosts"
SOURCE_GIT_MOUNT_SSH: Final = "source.git.mountsshsock"
SOURCE_GIT_SUBDIR: Final = "source.git.subdir"
SOURCE_GIT_CHECKSUM: Final = "source.git.checksum"
SOURCE_GIT_SKIP_SUBMODULES: Final = "source.git.skipsubmodules"
SOURCE_GIT_MTIME: Final = "source.git.mtime"
SOURCE_GIT_FETCH_BY_COMMIT: Final = "source.git.fetchbycommit"

SOURCE_HTTP: Final = "source.http"
SOURCE_HTTP_AUTH: Final = "source.http.auth"
SOURCE_HTTP_CHECKSUM: Final = "source.http.checksum"
SOURCE_HTTP_MODE: Final = "source.http.perm"
SOURCE_HTTP_OWNER: Final = "soruce.http.uidgid"  # misspelt in BuildKit, and so for ever
SOURCE_HTTP_HEADER: Final = "source.http.header"

EXEC_BASE: Final = "exec.meta.base"
EXEC_CGROUP_PARENT: Final = "exec.meta.cgroup.parent"
EXEC_NETWORK: Final = "exec.meta.network"
EXEC_PROXY: Final = "exec.meta.proxyenv"
EXEC_SECURITY: Final = "exec.meta.security"
EXEC_DEFAULT_PATH: Final = "exec.meta.setsdefaultpath"
EXEC_ULIMIT: Final = "exec.meta.ulimit"
EXEC_CDI: Final = "exec.meta.cdi"
EXEC_LINUX_RESOURCES: Final = "exec.meta.linux.resources"
EXEC_SECRET_ENV: Final = "exec.secretenv"
EXEC_VALID_EXIT_CODES: Final = "exec.validexitcode"
MOUNT_BIND: Final = "exec.mount.bind"
MOUNT_BIND_NO_OUTPUT: Final = "exec.mount.bind.readwrite-nooutput"
MOUNT_CACHE: Final = "exec.mount.cache"
MOUNT_CACHE_SHARING: Final = "exec.mount.cache.sharing"
MOUNT_SELECTOR: Final = "exec.mount.selector"
MOUNT_TMPFS: Final = "exec.mount.tmpfs"
MOUNT_TMPFS_SIZE: Final = "exec.mount.tmpfs.size"
MOUNT_SECRET: Final = "exec.mount.secret"
MOUNT_SSH: Final = "exec.mount.ssh"
MOUNT_CONTENT_CACHE: Final = "exec.mount.cache.content"

FILE_BASE: Final = "file.base"
FILE_RM_WILDCARD: Final = "file.rm.wildcard"
FILE_COPY_PATTERNS: Final = "file.copy.includeexcludepatterns"
FILE_COPY_REQUIRED: Final = "file.copy.requiredpaths"
FILE_COPY_REPLACE: Final = "file.copy.alwaysreplaceexistingdestpaths"
FILE_SYMLINK: Final = "file.symlink.create"

MERGE: Final = "mergeop"
DIFF: Final = "diffop"

CONSTRAINTS: Final = "constraints"
PLATFORM: Final = "platform"
META_IGNORE_CACHE: Final = "meta.ignorecache"
META_DESCRIPTION: Final = "meta.description"
META_EXPORT_CACHE: Final = "meta.exportcache"

# The first BuildKit release that registered a capability; what is not here is as old as any engine
# still in use. For messages only: decisions go by what the engine lists.
SINCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        FILE_BASE: "0.5",
        SOURCE_LOCAL_DIFFER: "0.9",
        SOURCE_GIT_SUBDIR: "0.9",
        FILE_COPY_PATTERNS: "0.9",
        MERGE: "0.10",
        DIFF: "0.10",
        EXEC_SECRET_ENV: "0.10",
        EXEC_ULIMIT: "0.10",
        EXEC_CGROUP_PARENT: "0.10",
        MOUNT_TMPFS_SIZE: "0.10",
        SOURCE_OCI_LAYOUT: "0.11",
        SOURCE_IMAGE_LAYER_LIMIT: "0.11",
        MOUNT_BIND_NO_OUTPUT: "0.12",
        MOUNT_CONTENT_CACHE: "0.13",
        FILE_COPY_REPLACE: "0.14",
        EXEC_VALID_EXIT_CODES: "0.17",
        FILE_SYMLINK: "0.19",
        EXEC_CDI: "0.20",
        SOURCE_HTTP_AUTH: "0.21",
        SOURCE_HTTP_HEADER: "0.21",
        SOURCE_LOCAL_METADATA: "0.22",
        SOURCE_GIT_CHECKSUM: "0.23",
        SOURCE_GIT_SKIP_SUBMODULES: "0.24",
        SOURCE_IMAGE_CHECKSUM: "0.25",
        FILE_COPY_REQUIRED: "0.26",
        SOURCE_GIT_MTIME: "0.29",
        SOURCE_GIT_FETCH_BY_COMMIT: "0.30",
        EXEC_LINUX_RESOURCES: "0.31",
    }
)

# What a daemon can do that is too old to say so: what existed when listing was introduced
# (frontend/gateway/grpcclient/client.go).
LLB_DEFAULTS: Final = frozenset(
    {
        SOURCE_IMAGE,
        SOURCE_LOCAL,
        SOURCE_LOCAL_UNIQUE,
        SOURCE_LOCAL_SESSION,
        SOURCE_LOCAL_INCLUDE,
        SOURCE_LOCAL_FOLLOW,
        SOURCE_LOCAL_EXCLUDE,
        SOURCE_LOCAL_SHARED_KEY_HINT,
        SOURCE_GIT,
        SOURCE_GIT_KEEP_DIR,
        SOURCE_GIT_FULL_URL,
        SOURCE_HTTP,
        SOURCE_HTTP_CHECKSUM,
        SOURCE_HTTP_MODE,
        SOURCE_HTTP_OWNER,
        EXEC_BASE,
        EXEC_PROXY,
        MOUNT_BIND,
        MOUNT_CACHE,
        MOUNT_CACHE_SHARING,
        MOUNT_SELECTOR,
        MOUNT_TMPFS,
        MOUNT_SECRET,
        CONSTRAINTS,
        PLATFORM,
        META_IGNORE_CACHE,
        META_DESCRIPTION,
        META_EXPORT_CACHE,
    }
)


class UnsupportedCapability(Exception):  # noqa: N818 - names the condition, as LookupError does
    """The engine cannot do what an operation needs. `capability` is its id, `reason` says why."""

    def __init__(self, capability: str, reason: str, operation: str = "") -> None:
        self.capability = capability
        self.reason = reason
        self.operation = operation
        super().__init__(f"{operation}: {reason}" if operation else reason)


@dataclass(frozen=True, slots=True)
class Capability:
    """One line of an engine's list. An engine may list what it has switched off."""

    id: str
    enabled: bool = True
    disabled_reason: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one engine can do."""

    listed: Mapping[str, Capability] = field(hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "listed", MappingProxyType(dict(self.listed)))

    @classmethod
    def of(cls, *ids: str) -> Capabilities:
        """Exactly the capabilities named."""
        return cls({id: Capability(id) for id in ids})

    @classmethod
    def from_proto(
        cls, messages: Iterable[caps_pb2.APICap], *, default: Iterable[str] = LLB_DEFAULTS
    ) -> Capabilities:
        """The list of a Ping; `default` are the ids of an engine that lists nothing at all."""
        listed = {
            message.ID: Capability(
                message.ID, message.Enabled, message.DisabledReasonMsg or message.DisabledReason
            )
            for message in messages
            if message.ID
        }
        return cls(listed) if listed else cls.of(*default)

    def supports(self, id: str) -> bool:
        """Whether the capability is listed and enabled."""
        capability = self.listed.get(id)
        return capability is not None and capability.enabled

    def reason(self, id: str) -> str:
        """Why the capability cannot be used, as a sentence; empty if it can."""
        capability = self.listed.get(id)
        if capability is None:
            since = SINCE.get(id)
            return f"the engine does not know {id}" + (
                f", which BuildKit {since} introduced" if since else ""
            )
        if not capability.enabled:
            why = f": {capability.disabled_reason}" if capability.disabled_reason else ""
            return f"{id} is disabled in the engine{why}"
        return ""

    def require(self, id: str, operation: str = "") -> None:
        """Raise UnsupportedCapability, naming `operation`, if the capability cannot be used."""
        reason = self.reason(id)
        if reason:
            raise UnsupportedCapability(id, reason, operation)
