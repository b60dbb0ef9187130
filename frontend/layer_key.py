"""A digest of everything that decides what a step writes, to be compared between plans.

BuildKit's own cache key is not known before a step's files are loaded, and the digest of its
operation moves with each session. So this one is made from the operations behind a step, less what
BuildKit leaves out of the key as well: sessions, names, proxies, addresses of hosts, and which
image uv was taken from. Contents of files in the build context are not in it either: `sources` says
where these come from.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from proto import ops_pb2

if TYPE_CHECKING:
    import llb
    from llb.graph import Vertex

_SESSION = ("local.session", "local.sharedkeyhint", "local.unique", "oci.session")
_HOW = ("image.resolvemode", "image.recordtype")


def key(output: llb.Output, uv: llb.Output, version: str) -> str:
    """Return the key of a filesystem, `sha256:` and 64 hexadecimal digits.

    `uv` is the image that steps have their uv from, `version` that uv's.
    """
    known = {uv.digest: _sha256(f"uv {version}".encode())}
    return "sha256:" + _sha256(f"{_key(output.vertex, known)} {output.index}".encode())


def _key(top: Vertex, known: dict[str, str]) -> str:
    """Each vertex after its inputs, without recursion: a graph can be deep."""
    pending = [top]
    while pending:
        vertex = pending[-1]
        missing = [each for each in vertex.inputs if each.digest not in known]
        if vertex.digest not in known and missing:
            pending += missing
            continue
        pending.pop()
        if vertex.digest not in known:
            known[vertex.digest] = _sha256(_stripped(vertex, known))
    return known[top.digest]


def _stripped(vertex: Vertex, known: dict[str, str]) -> bytes:
    op = ops_pb2.Op.FromString(vertex.data)
    for edge in op.inputs:
        edge.digest = known[edge.digest]
    kind = op.WhichOneof("op")
    if kind == "source":
        for name in (*_SESSION, *_HOW):
            op.source.attrs.pop(name, None)
    elif kind == "exec":
        op.exec.meta.ClearField("proxy_env")
        for host in op.exec.meta.extraHosts:
            host.IP = ""
    return op.SerializeToString(deterministic=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
