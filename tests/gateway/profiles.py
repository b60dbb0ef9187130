"""Daemons by what they can do.

Which version brought which capability: the constants in `frontend/gateway/pb/caps.go` and
`solver/pb/caps.go` at each of BuildKit's release tags. Two of them have never been registered, so
no daemon lists them: `exec.meta.removemountstubs.recursive` and `file.copy.modestring`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llb.pb.caps_pb2 import APICap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FRONTEND: Mapping[int, str] = {
    3: "readdir readfile resolveimage resolveimage.resolvemode return returnmap solve.base "
    "solve.inlinereturn statfile",
    4: "importcaches",
    7: "frontend.inputs proto.refarray reference.output",
    8: "frontend.caps gateway.exec gateway.solve.evaluate gateway.solve.metadata",
    10: "gateway.exec.extrahosts gateway.exec.signals gateway.warnings",
    11: "gateway.evaluate reference.attestations",
    12: "gateway.exec.secretenv",
    13: "source.metaresolver",
    27: "gateway.exec.filesystem",
    28: "source.metaresolver.http.checksumrequest source.metaresolver.image.attestations",
}

_LLB: Mapping[int, str] = {
    3: "constraints exec.cgroup exec.meta.base exec.meta.network exec.meta.proxyenv "
    "exec.meta.setsdefaultpath exec.mount.bind exec.mount.cache exec.mount.cache.sharing "
    "exec.mount.secret exec.mount.selector exec.mount.ssh exec.mount.tmpfs meta.description "
    "meta.exportcache meta.ignorecache platform soruce.http.uidgid source.buildop.llbfilename "
    "source.git source.git.fullurl source.git.keepgitdir source.http source.http.checksum "
    "source.http.perm source.image source.image.resolvemode source.local "
    "source.local.excludepatterns source.local.followpaths source.local.includepatterns "
    "source.local.sessionid source.local.sharedkeyhint source.local.unique",
    5: "exec.meta.security file.base",
    7: "exec.meta.security.devices.v1 exec.mount.bind.readwrite-nooutput file.rm.wildcard",
    8: "source.git.httpauth source.git.knownsshhosts source.git.mountsshsock",
    9: "cache.gha file.copy.includeexcludepatterns source.git.subdir source.local.differ",
    10: "diffop exec.meta.cgroup.parent exec.meta.ulimit exec.mount.tmpfs.size exec.secretenv "
    "file.rm.nofollowsymlink mergeop",
    11: "cache.azblob cache.s3 exporter.image.annotations "
    "exporter.image.attestations exporter.sourcedateepoch source.image.layerlimit "
    "source.ocilayout source.policy",
    13: "exec.mount.cache.content exporter.multiple",
    14: "file.copy.alwaysreplaceexistingdestpaths",
    17: "exec.validexitcode gc.freespacefilter",
    19: "file.symlink.create",
    20: "exec.meta.cdi history.filter",
    21: "exporter.session source.http.auth source.http.header source.local.metadatatransfer",
    22: "source.git.checksum",
    24: "source.git.skipsubmodules",
    25: "source.image.checksum",
    26: "file.copy.requiredpaths source.git.signatureverify source.policy.session",
    28: "source.http.signatureverify source.imageblob",
    29: "source.git.mtime",
    30: "source.git.bundle source.git.checkoutbundle source.git.fetchbycommit",
    31: "exec.meta.linux.resources exec.meta.network.proxy passthroughop",
}

_BIG_MESSAGES_SINCE = 14


@dataclass(frozen=True)
class Profile:
    """BuildKit 0.`minor`, less what is `missing`; `disabled` capabilities are listed as such.

    `lists_nothing` is a daemon from before capabilities were listed at all.
    """

    minor: int
    missing: frozenset[str] = frozenset()
    disabled: Mapping[str, str] = field(default_factory=dict)
    lists_nothing: bool = False

    def without(self, *ids: str) -> Profile:
        return replace(self, missing=self.missing | set(ids))

    def frontend_caps(self) -> list[APICap]:
        return [] if self.lists_nothing else self._listed(_FRONTEND)

    def llb_caps(self) -> list[APICap]:
        return [] if self.lists_nothing else self._listed(_LLB)

    def supports_frontend(self, capability: str) -> bool:
        return any(capability == each.ID and each.Enabled for each in self._listed(_FRONTEND))

    def check_llb(self, capability: str) -> str | None:
        """What the daemon says against an operation that needs `capability` (`util/apicaps`)."""
        for each in self._listed(_LLB):
            if capability == each.ID:
                if each.Enabled:
                    return None
                return (
                    f"requested experimental feature {capability}  has been disabled on the build "
                    f"server: {each.DisabledReasonMsg}"
                )
        return f"unknown API capability {capability}"

    @property
    def receive_limit(self) -> int:
        """Bytes that a request may have."""
        return (16 if self.minor >= _BIG_MESSAGES_SINCE else 4) << 20

    @property
    def version(self) -> str:
        return f"v0.{self.minor}.0"

    def _listed(self, table: Mapping[int, str]) -> list[APICap]:
        return [
            APICap(
                ID=each,
                Enabled=each not in self.disabled,
                DisabledReasonMsg=self.disabled.get(each, ""),
            )
            for each in sorted(self._ids(table))
        ]

    def _ids(self, table: Mapping[int, str]) -> Iterable[str]:
        for since, ids in table.items():
            if since <= self.minor:
                yield from (each for each in re.split(r"\s+", ids) if each not in self.missing)


_NEEDS_CONTAINERD = "only enabled with containerd image store backend"

BUILDKIT_0_8 = Profile(8)
"""In Docker 20.10."""

BUILDKIT_0_25_GRAPHDRIVER = Profile(
    25, disabled={"mergeop": _NEEDS_CONTAINERD, "diffop": _NEEDS_CONTAINERD}
)
"""In Docker 28.5 with the graph driver store."""

BUILDKIT_0_25_CONTAINERD = Profile(25)
"""In Docker 28.5 with the containerd store."""

BUILDKIT_0_32 = Profile(32)
