"""Contexts that the user gives by name: `--build-context NAME=WHERE`, `contexts` of bake.

BuildKit's frontends look every image up among them first (frontend/dockerui/namedcontext.go): as
`NAME::PLATFORM`, then as NAME, where NAME is an image as Docker shows it, without `:latest`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import llb
from frontend.context.directory import Context
from frontend.context.source import FixedSource, LocalSource
from frontend.errors import FrontendError
from frontend.gateway import OciStore
from frontend.inputs.main_context import given_context, open_address
from frontend.model.base import BaseImage, base_image
from llb.pb import ops_pb2

if TYPE_CHECKING:
    from frontend.gateway import Gateway
    from frontend.request import Request


_CONFIG = "containerimage.config"
#: An image without any file, which is not in any registry.
EMPTY = "scratch"


@dataclass(frozen=True)
class NamedContext:
    """A context by name. `where` is what the client made of the user's words: `KIND:…`."""

    name: str
    where: str

    @property
    def kind(self) -> str:
        """What is before the first colon: `docker-image`, `oci-layout`, `input`, `local`, …"""
        return self.where.partition(":")[0]

    @property
    def place(self) -> str:
        """What stands behind the kind: an image, a store, an input or a local directory."""
        return self.where.partition(":")[2].removeprefix("//")

    @property
    def label(self) -> str:
        """What lines of the progress begin with."""
        return f"[context {self.name}]"


def find(request: Request, name: str, platform: llb.Platform) -> NamedContext | None:
    """Look up the name of an image, or any other name; None where no context is called so."""
    try:
        reference = llb.Reference.parse(name)
    except ValueError:
        return None
    tag = f":{reference.tag}" if reference.tag and reference.tag != "latest" else ""
    digest = f"@{reference.digest}" if reference.digest else ""
    plain = f"{reference.familiar}{tag}{digest}"
    for candidate in (f"{plain}::{platform.normalized().id}", plain):
        if candidate in request.named_contexts:
            return NamedContext(candidate, request.named_contexts[candidate])
    return None


def open_image(
    gateway: Gateway, request: Request, found: NamedContext, platform: llb.Platform
) -> BaseImage:
    """Take a context for an image. FrontendError where it is none, GatewayError if it is not there.

    The result of another target of a bake file is an image as well.
    """
    if found.kind == "docker-image" and found.place != EMPTY:
        meta = gateway.resolve_image(
            llb.normalize(found.place),
            platform=platform,
            resolve_mode=request.resolve_mode.value,
            log_name=f"{found.label} load metadata for {found.place}",
        )
        return base_image(found.place, meta.pinned, meta.digest, meta.config)
    if found.kind == "oci-layout":
        return _from_layout(gateway, request, found, platform)
    if found.kind == "input":
        return _from_input(gateway, request, found, platform)
    what = "empty" if found.kind == "docker-image" else "no image"
    raise FrontendError(
        f"an image is needed, and the build context {found.name} is {what}: {found.where}",
        remedy=f"Name one: --build-context {found.name}=docker-image://NAME, or "
        "oci-layout://FOLDER.",
    )


def open_context(
    gateway: Gateway, request: Request, found: NamedContext, platform: llb.Platform
) -> Context:
    """Open a context for its files, whatever kind it is; a local one without its ignore file yet.

    FrontendError for what is none, GatewayError for an image that is not there.
    """
    if found.kind == "local":
        shared = request.options.get(f"sharedkey:localdir:{found.name}", "")
        hint = f"uv-frontend-context:{found.name}-{shared}"
        session = request.local_session(found.place)
        return Context(LocalSource(found.place, session, found.label, hint))
    if found.kind == "input":
        given = given_context(gateway, found.place)
        if given is None:
            raise _no_input(found)
        return given
    if found.kind in ("docker-image", "oci-layout"):
        image = open_image(gateway, request, found, platform)
        filesystem = image.filesystem or llb.image(
            image.pinned,
            platform=platform,
            resolve_mode=request.resolve_mode,
            meta=llb.Metadata(name=f"{found.label} {found.place}"),
        )
        patterns = gateway.ping().llb.supports("file.copy.includeexcludepatterns")
        return Context(FixedSource(filesystem, patterns=patterns))
    context, only = open_address(gateway, request, found.where, label=found.label)
    if only:
        raise FrontendError(
            f"the build context {found.name} is no archive: {found.where}",
            remedy="A file at an address has to be a tar archive, plain or compressed.",
        )
    return context


def _from_layout(
    gateway: Gateway, request: Request, found: NamedContext, platform: llb.Platform
) -> BaseImage:
    """An image in a folder of the client's, which offers it as a store: `STORE[:TAG]@DIGEST`."""
    store, _, digest = found.place.partition("@")
    store = store.partition(":")[0]
    # The store has no name that means anything, so messages name the context.
    plain = found.name.partition("::")[0]
    named = f"{llb.normalize(plain).partition('@')[0]}@{digest}"
    meta = gateway.resolve_image(
        named,
        platform=platform,
        log_name=f"{found.label} load metadata for {named}",
        oci_store=OciStore(request.session, store),
    )
    filesystem = llb.oci_layout(
        named,
        session=request.session,
        store=store,
        platform=platform,
        meta=llb.Metadata(name=f"{found.label} OCI load from client"),
    )
    made = base_image(plain, "", digest, meta.config)
    return BaseImage(plain, "", made.digest, made.config, made.raw, filesystem)


def _from_input(
    gateway: Gateway, request: Request, found: NamedContext, platform: llb.Platform
) -> BaseImage:
    given = given_context(gateway, found.place)
    if given is None or not isinstance(given.source, FixedSource):
        raise _no_input(found)
    plain = found.name.partition("::")[0]
    filesystem = given.source.filesystem
    raw = _metadata(request.options.get(f"input-metadata:{found.place}", ""))
    config = base_image(plain, "", "", raw).config or {
        "os": platform.os,
        "architecture": platform.architecture,
    }
    return BaseImage(plain, "", "", config, raw, filesystem, _fingerprint(filesystem))


def _metadata(text: str) -> bytes:
    """The configuration of an input's image; empty where it has none."""
    try:
        return base64.b64decode(json.loads(text).get(_CONFIG, "")) if text else b""
    except (ValueError, binascii.Error, AttributeError) as error:
        raise FrontendError(f"the input-metadata option cannot be read: {error}") from error


def _fingerprint(filesystem: llb.Output) -> str:
    """Tells filesystems apart by how they are made, whatever session they are made in."""
    digest = hashlib.sha256()
    for data in getattr(llb.marshal(filesystem), "def"):
        operation = ops_pb2.Op.FromString(data)
        # Both differ from build to build: sessions, and the digests of what was read in them.
        if operation.HasField("source"):
            for key in ("local.session", "local.unique", "oci.session", "oci.store"):
                operation.source.attrs.pop(key, None)
        for edge in operation.inputs:
            edge.digest = ""
        digest.update(operation.SerializeToString(deterministic=True))
    return digest.hexdigest()


def _no_input(found: NamedContext) -> FrontendError:
    return FrontendError(
        f"the build context {found.name} is an input that the client does not send: {found.where}",
        remedy="With bake, its value is `target:NAME`, and the file has that target.",
    )
