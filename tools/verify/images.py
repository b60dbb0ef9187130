"""The two images: one in a registry, one in an archive (OCI image layout)."""

from __future__ import annotations

import hashlib
import lzma
import re
import tarfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.verify import addresses, buildx, documents
from tools.verify.errors import UnverifiableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tools.verify.documents import Table

_PLATFORM = re.compile(r"[a-z0-9]{1,40}/[a-z0-9_]{1,40}(/[a-z0-9.]{1,40})?")
_PROVENANCE = "https://slsa.dev/provenance/"
_MOST_PLATFORMS = 100
#: Engines make no image of more than 127 layers.
_MOST_LAYERS = 1000
_MOST_FILES = 1_000_000
_DOCUMENT = 64 << 20
_LAYER = 64 << 30


@dataclass(frozen=True)
class Image:
    """An image for one platform, as its manifest and its configuration describe it.

    `diff_ids` are the digests of the layers' contents, the lowest first, `blobs` those of their
    files. `titles` are what the history calls the layers, as far as it does. `triggers` tells that
    the image has instructions (ONBUILD) that run where an image is made from it.
    """

    digest: str
    config_digest: str
    config: Mapping[str, Any]
    diff_ids: tuple[str, ...]
    blobs: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    triggers: bool = False

    @classmethod
    def of(cls, digest: str, manifest: Table, config: Table) -> Image:
        """Check the kinds of what is read. Raises UnverifiableError."""
        history = config.tables("history")
        diff_ids = config.table("rootfs").texts("diff_ids")
        if len(diff_ids) > _MOST_LAYERS:
            raise UnverifiableError(f"{config.place} has more than {_MOST_LAYERS:,} layers")
        return cls(
            digest,
            manifest.table("config").text("digest"),
            config.values,
            diff_ids,
            tuple(layer.text("digest") for layer in manifest.tables("layers")),
            tuple(row.text("created_by") for row in history if not row.flag("empty_layer")),
            bool(config.table("config").values.get("OnBuild")),
        )


@dataclass(frozen=True)
class Published:
    """One platform's image in a registry, and its provenance if there is one."""

    reference: str  # with the digest of that platform's manifest
    platform: str
    image: Image
    provenance: Mapping[str, Any] | None


def published(reference: str) -> Iterator[Published]:
    """Read an image of a registry, for each of its platforms. Raises UnverifiableError."""
    raw = buildx.inspect(reference, "--raw")
    repository, digest = _repository(reference), _digest(raw)
    top = documents.parse(raw, f"the manifest of {reference}")
    # By digest: a name may lead somewhere else by now.
    attached = buildx.inspect(f"{repository}@{digest}", "--format", "{{json .Provenance}}")
    provenance = documents.parse(attached, f"the provenance of {reference}")
    if "manifests" not in top.values:
        yield _of_platform(repository, digest, top, provenance)
        return
    descriptors = [entry for entry in top.tables("manifests") if not _attestation(entry)]
    if len(descriptors) > _MOST_PLATFORMS:
        raise UnverifiableError(f"{reference} has more than {_MOST_PLATFORMS} platforms")
    for descriptor in descriptors:
        manifest = _read(repository, descriptor.text("digest"))
        yield _of_platform(repository, descriptor.text("digest"), manifest, provenance)


def _attestation(descriptor: Table) -> bool:
    """Whether a manifest is no image, and belongs to one."""
    return bool(descriptor.table("annotations").text("vnd.docker.reference.type"))


def _of_platform(repository: str, digest: str, manifest: Table, provenance: Table) -> Published:
    if "config" not in manifest.values:
        raise UnverifiableError(f"{repository}@{digest} is no image")
    config = _read(repository, manifest.table("config").text("digest"))
    parts = (config.text("os"), config.text("architecture"), config.text("variant"))
    platform = "/".join(part for part in parts if part)
    if platform.endswith("/arm64/v8"):  # as it is, unless it says otherwise (containerd, platforms)
        platform = platform.removesuffix("/v8")
    if not _PLATFORM.fullmatch(platform):
        raise UnverifiableError(f"{repository}@{digest} is for no platform: {platform!r}")
    # One platform's provenance stands there by itself, that of several by their names.
    named = provenance.table(platform) if platform in provenance.values else provenance
    statement = named.table("SLSA").values
    return Published(
        f"{repository}@{digest}", platform, Image.of(digest, manifest, config), statement or None
    )


def _read(repository: str, digest: str) -> Table:
    """Read a JSON document of a repository: a manifest, or a configuration."""
    if not addresses.is_digest(digest):
        raise UnverifiableError(f"{repository} names a document that has no digest: {digest!r}")
    raw = buildx.inspect(f"{repository}@{digest}", "--raw")
    if _digest(raw) != digest:
        raise UnverifiableError(f"the registry gives something else for {repository}@{digest}")
    return documents.parse(raw, f"{repository}@{digest}")


def _digest(raw: bytes) -> str:
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def _repository(reference: str) -> str:
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


@dataclass(frozen=True)
class Archive:
    """The one image in an archive that `--output type=oci` has written."""

    path: Path

    @property
    def image(self) -> Image:
        """The image's documents. Raises UnverifiableError."""
        with _opened(self.path) as tar:
            digest = _image_digest(tar)
            manifest = _document(tar, digest)
            config = _document(tar, manifest.table("config").text("digest"))
        return Image.of(digest, manifest, config)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What the engine says of this build. Raises UnverifiableError."""
        with _opened(self.path) as tar:
            statements = [
                _document(tar, layer.text("digest")).table("predicate").values
                for descriptor in _manifests(tar)
                if _attestation(descriptor)
                for layer in _document(tar, descriptor.text("digest")).tables("layers")
                if layer.table("annotations")
                .text("in-toto.io/predicate-type")
                .startswith(_PROVENANCE)
            ]
        # A frontend may attach documents of its own, and they would look like the engine's.
        if len(statements) != 1:
            raise UnverifiableError(
                f"the rebuild has {len(statements)} provenances, and the engine writes one"
            )
        return statements[0]

    def entries(self, number: int) -> dict[str, Entry]:
        """What is in a layer, by path; the lowest layer has the number 0. Raises as above."""
        blobs = self.image.blobs
        if number >= len(blobs):
            raise UnverifiableError(f"the archive has no layer {number + 1}")
        with _opened(self.path) as tar:
            blob = tar.extractfile(_path(blobs[number]))
            assert blob
            with tarfile.open(fileobj=blob, mode="r:*") as layer:
                return _entries(layer)


@dataclass(frozen=True)
class Entry:
    """A file, folder or link of a layer; `content` is a digest of a file's bytes."""

    type: str
    mode: str
    owner: str
    time: str
    target: str
    content: str
    attributes: str


def _entries(layer: tarfile.TarFile) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    size = 0
    for member in layer:
        size += member.size
        if len(entries) >= _MOST_FILES or size > _LAYER:
            raise UnverifiableError(
                f"a layer has more than {_MOST_FILES:,} files, or {_LAYER:,} bytes"
            )
        entries[member.name.strip("/")] = _entry(layer, member)
    return entries


def _entry(layer: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    content = ""
    if member.isreg():
        file = layer.extractfile(member)
        assert file
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        content = digest.hexdigest()
    attributes = {k: v for k, v in member.pax_headers.items() if k.startswith("SCHILY.xattr.")}
    return Entry(
        member.type.decode(errors="replace"),
        f"{member.mode:o}",
        f"{member.uid}:{member.gid}",
        str(member.mtime),
        member.linkname,
        content,
        repr(sorted(attributes.items())),
    )


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive; what is wrong in it or in a layer of it is an UnverifiableError."""
    try:
        with tarfile.open(path) as tar:
            yield tar
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UnverifiableError(f"an archive cannot be read: {error}") from None
    except (KeyError, ValueError, AssertionError) as error:
        raise UnverifiableError(f"an archive lacks something: {error}") from None


def _manifests(tar: tarfile.TarFile) -> tuple[Table, ...]:
    """Return the descriptors of the image and of what is attached to it."""
    descriptors = _json(tar, "index.json").tables("manifests")
    if len(descriptors) == 1:
        inner = _document(tar, descriptors[0].text("digest"))
        return inner.tables("manifests") or descriptors
    return descriptors


def _image_digest(tar: tarfile.TarFile) -> str:
    digests = [entry.text("digest") for entry in _manifests(tar) if not _attestation(entry)]
    if len(digests) != 1:
        raise UnverifiableError(f"the archive has {len(digests)} images, and has to have one")
    return digests[0]


def _document(tar: tarfile.TarFile, digest: str) -> Table:
    return _json(tar, _path(digest))


def _json(tar: tarfile.TarFile, name: str) -> Table:
    file = tar.extractfile(name)
    assert file
    raw = file.read(_DOCUMENT + 1)
    if len(raw) > _DOCUMENT:
        raise UnverifiableError(f"{name} in the archive is longer than {_DOCUMENT:,} bytes")
    return documents.parse(raw, f"{name} in the archive")


def _path(digest: str) -> str:
    if not addresses.is_digest(digest):
        raise UnverifiableError(f"the archive names something that has no digest: {digest!r}")
    return f"blobs/{digest.replace(':', '/')}"
