"""BuildKit's build graph (LLB) for Python: describe filesystems, get what makes them.

    import llb
    from llb import mounts

    base = llb.image("debian:13-slim", platform=llb.Platform.parse("linux/amd64"))
    step = llb.run(["/bin/sh", "-c", "date > /out/date"],
                   mounts=[mounts.Bind("/", base), mounts.Writable("/out")])
    definition = llb.marshal(step.output("/out"))

Everything is an immutable value. An operation is checked when it is made (ValueError), and what an
engine must be able to do for it when it is marshalled (UnsupportedCapability). The digests are
those of BuildKit's own Go client.
"""

from __future__ import annotations

from llb.capabilities import LLB_DEFAULTS, Capabilities, Capability, UnsupportedCapability
from llb.definition import marshal, source_info, splice
from llb.execution import (
    CdiDevice,
    Host,
    Network,
    Proxy,
    Run,
    SecretEnv,
    Security,
    Ulimit,
    run,
)
from llb.fileops import Action, Copy, Mkdir, Mkfile, Owner, Rm, Symlink, files
from llb.graph import SCRATCH, Input, Output, Scratch, Vertex
from llb.layers import diff, merge
from llb.metadata import LinuxResources, Metadata, ProgressGroup
from llb.mounts import (
    Bind,
    Cache,
    ContentCache,
    Discarded,
    Mount,
    Secret,
    Sharing,
    Ssh,
    Tmpfs,
    Writable,
    owned_cache,
)
from llb.platform import Platform
from llb.references import Reference, normalize
from llb.sourcemap import Location, SourceFile
from llb.sources import (
    Differ,
    ModificationTime,
    RecordType,
    ResolveMode,
    git,
    http,
    image,
    local,
    oci_layout,
    source,
)

__all__ = [
    "LLB_DEFAULTS",
    "SCRATCH",
    "Action",
    "Bind",
    "Cache",
    "Capabilities",
    "Capability",
    "CdiDevice",
    "ContentCache",
    "Copy",
    "Differ",
    "Discarded",
    "Host",
    "Input",
    "LinuxResources",
    "Location",
    "Metadata",
    "Mkdir",
    "Mkfile",
    "ModificationTime",
    "Mount",
    "Network",
    "Output",
    "Owner",
    "Platform",
    "ProgressGroup",
    "Proxy",
    "RecordType",
    "Reference",
    "ResolveMode",
    "Rm",
    "Run",
    "Scratch",
    "Secret",
    "SecretEnv",
    "Security",
    "Sharing",
    "SourceFile",
    "Ssh",
    "Symlink",
    "Tmpfs",
    "Ulimit",
    "UnsupportedCapability",
    "Vertex",
    "Writable",
    "diff",
    "files",
    "git",
    "http",
    "image",
    "local",
    "marshal",
    "merge",
    "normalize",
    "oci_layout",
    "owned_cache",
    "run",
    "source",
    "source_info",
    "splice",
]
