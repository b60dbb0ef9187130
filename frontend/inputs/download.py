"""What is behind an HTTP address: an archive, whose contents are the context, or one file.

An archive on the client's standard input arrives the same way: buildx serves it under an address of
the session (`http://buildkit-session/…`).
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from typing import TYPE_CHECKING

import llb
from frontend.context.directory import Context
from frontend.context.source import FixedSource
from frontend.errors import FrontendError
from frontend.redaction import without_credentials
from llb.pb import ops_pb2

if TYPE_CHECKING:
    from frontend.gateway import Gateway


FILENAME = "context"
#: Bytes that tell what a download is, as many as BuildKit's frontends look at.
_ENOUGH = 1024
#: How bzip2, gzip and xz begin. BuildKit unpacks these and plain tar.
_COMPRESSED = (b"BZh", b"\x1f\x8b\x08", b"\xfd7zXZ\x00")
_SESSION = "http://buildkit-session/"


def download(gateway: Gateway, address: str, label: str) -> tuple[Context, str]:
    """Open what is at an address; with it, the name of the file where it is only one.

    FrontendError for what is no address, GatewayError where nothing can be fetched.
    """
    if not re.match(r"https?://[^/]", address):
        raise FrontendError(
            f"the build context {address!r} is neither a directory nor an address",
            remedy="Addresses of git end in .git (https://HOST/PATH.git), others begin with "
            "https:// or http://.",
        )
    capabilities = gateway.ping().llb
    if address.startswith(_SESSION):
        fetched = _from_session(address, capabilities)
    else:
        meta = llb.Metadata(name=f"{label} load context {without_credentials(address)}")
        fetched = llb.http(address, filename=FILENAME, meta=meta)
    patterns = capabilities.supports("file.copy.includeexcludepatterns")
    if not is_archive(gateway.solve(fetched).read_file(FILENAME, limit=_ENOUGH)):
        return Context(FixedSource(fetched, fetched, patterns)), FILENAME
    unpacked = llb.files(
        llb.SCRATCH,
        llb.Copy(fetched, f"/{FILENAME}", "/", unpack=True),
        meta=llb.Metadata(name=f"{label} unpack context"),
    )
    return Context(FixedSource(unpacked, fetched, patterns)), ""


def _from_session(address: str, capabilities: llb.Capabilities) -> llb.Output:
    """What the client sends through its session, which it does once.

    BuildKit's own frontend, which reads the first line of the build file, has fetched it already.
    So ours must be the same operation, byte for byte; before BuildKit 0.17 its fields stand in the
    order of their numbers.
    """
    name = "[internal] load context from standard input"
    fetched = llb.http(address, filename=FILENAME, meta=llb.Metadata(name=name))
    if capabilities.supports("exec.validexitcode"):
        return fetched
    definition = llb.marshal(fetched)
    operation = ops_pb2.Op.FromString(fetched.vertex.data).SerializeToString(deterministic=True)
    digest = f"sha256:{hashlib.sha256(operation).hexdigest()}"
    end = ops_pb2.Op(inputs=[ops_pb2.Input(digest=digest)]).SerializeToString(deterministic=True)
    other = ops_pb2.Definition(metadata={digest: definition.metadata[fetched.digest]})
    getattr(other, "def").extend([operation, end])
    spliced = llb.splice(other)
    assert isinstance(spliced, llb.Output)
    return spliced


def is_archive(head: bytes) -> bool:
    """Whether a file that begins like this is unpacked (frontend/dockerui, `isArchive`)."""
    if head.startswith(_COMPRESSED):
        return True
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
