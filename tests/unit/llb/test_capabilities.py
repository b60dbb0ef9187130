"""What an engine lists, and what of it counts."""

from __future__ import annotations

import pytest

import llb
from llb import capabilities
from llb.pb import caps_pb2

# Every id that solver/pb/caps.go of BuildKit registers. A definition that lists any other is
# refused by every engine ("unknown API capability").
REGISTERED = """
    source.image source.image.resolvemode source.image.layerlimit source.image.checksum
    source.local source.local.unique source.local.sessionid source.local.includepatterns
    source.local.followpaths source.local.excludepatterns source.local.sharedkeyhint
    source.local.differ source.local.metadatatransfer
    source.git source.git.keepgitdir source.git.fullurl source.git.httpauth
    source.git.knownsshhosts source.git.mountsshsock source.git.subdir source.git.checksum
    source.git.skipsubmodules source.git.signatureverify source.git.mtime
    source.git.fetchbycommit source.git.bundle source.git.checkoutbundle
    source.http source.http.checksum source.http.perm source.http.auth soruce.http.uidgid
    source.http.header source.http.signatureverify
    source.imageblob source.ocilayout source.buildop.llbfilename
    exec.meta.base exec.meta.cgroup.parent exec.meta.proxyenv exec.meta.network
    exec.meta.network.proxy exec.meta.setsdefaultpath exec.meta.security
    exec.meta.security.devices.v1 exec.meta.ulimit exec.meta.cdi exec.meta.linux.resources
    exec.mount.bind exec.mount.bind.readwrite-nooutput exec.mount.cache
    exec.mount.cache.sharing exec.mount.selector exec.mount.tmpfs exec.mount.tmpfs.size
    exec.mount.secret exec.mount.ssh exec.mount.cache.content exec.cgroup exec.secretenv
    exec.validexitcode
    file.base file.rm.wildcard file.rm.nofollowsymlink file.copy.includeexcludepatterns
    file.copy.requiredpaths file.copy.alwaysreplaceexistingdestpaths file.symlink.create
    constraints platform meta.ignorecache meta.description meta.exportcache
    mergeop diffop passthroughop
""".split()  # noqa: SIM905 - a table of words


def test_only_registered_ids_can_be_required() -> None:
    ids = {
        value
        for name, value in vars(capabilities).items()
        if name.isupper() and isinstance(value, str)
    }
    assert len(ids) > 50
    assert ids <= set(REGISTERED)
    assert capabilities.LLB_DEFAULTS | capabilities.SINCE.keys() <= set(REGISTERED)


def test_listed_and_enabled_are_both_needed() -> None:
    able = llb.Capabilities.from_proto(
        [
            caps_pb2.APICap(ID="file.base", Enabled=True),
            caps_pb2.APICap(
                ID="mergeop",
                Enabled=False,
                DisabledReason="code",
                DisabledReasonMsg="only enabled with containerd image store backend",
            ),
            caps_pb2.APICap(ID="diffop", Enabled=False),
        ]
    )
    assert able.supports("file.base")
    assert able.reason("file.base") == ""
    able.require("file.base")
    assert not able.supports("mergeop")
    assert able.reason("mergeop") == (
        "mergeop is disabled in the engine: only enabled with containerd image store backend"
    )
    assert able.reason("diffop") == "diffop is disabled in the engine"
    assert not able.supports("exec.validexitcode")
    assert able.reason("exec.validexitcode") == (
        "the engine does not know exec.validexitcode, which BuildKit 0.17 introduced"
    )
    assert able.reason("nonsense") == "the engine does not know nonsense"
    with pytest.raises(llb.UnsupportedCapability, match=r"^lay it on top: mergeop is disabled"):
        able.require("mergeop", "lay it on top")


def test_an_engine_that_lists_nothing_has_the_defaults() -> None:
    old = llb.Capabilities.from_proto([])
    assert old.supports("exec.mount.cache")
    assert not old.supports("file.base")
    other = llb.Capabilities.from_proto([], default=["solve.base"])
    assert other.supports("solve.base")
    assert not other.supports("exec.mount.cache")


def test_capabilities_are_values() -> None:
    assert llb.Capabilities.of("a", "b") == llb.Capabilities.of("b", "a")
    assert llb.Capabilities.of("a") != llb.Capabilities({"a": llb.Capability("a", enabled=False)})
    hash(llb.Capabilities.of("a"))
