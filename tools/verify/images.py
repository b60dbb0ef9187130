"""The two images: one in a registry, one in an archive (OCI image layout)."""

from __future__ import annotations

import hashlib
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.verify import buildx
from tools.verify.errors import UnverifiableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Image:
    """An image for one platform: the digest of its manifest, and its two documents."""

    digest: str
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def config_digest(self) -> str:
        """The digest of the configuration, which the digests of the layers' contents are in."""
        return str(self.manifest["config"]["digest"])

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The digests of the layers' contents, the lowest first."""
        return tuple(self.config["rootfs"]["diff_ids"])

    @property
    def titles(self) -> tuple[str, ...]:
        """What the history calls the layers, as far as it does."""
        history = self.config.get("history") or []
        return tuple(
            str(each.get("created_by", "")) for each in history if not each.get("empty_layer")
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
    repository = _repository(reference)
    top = json.loads(raw)
    provenance = json.loads(buildx.inspect(reference, "--format", "{{json .Provenance}}")) or {}
    if "manifests" not in top:
        manifest = _read(repository, _digest(raw))
        yield _of_platform(repository, _digest(raw), manifest, provenance)
        return
    for descriptor in top["manifests"]:
        if (descriptor.get("annotations") or {}).get("vnd.docker.reference.type"):
            continue
        manifest = _read(repository, descriptor["digest"])
        yield _of_platform(repository, descriptor["digest"], manifest, provenance)


def _of_platform(
    repository: str, digest: str, manifest: dict[str, Any], provenance: Mapping[str, Any]
) -> Published:
    if "config" not in manifest:
        raise UnverifiableError(f"{repository}@{digest} is no image")
    config = _read(repository, manifest["config"]["digest"])
    parts = (config["os"], config["architecture"], config.get("variant"))
    platform = "/".join(part for part in parts if part)
    if platform.endswith("/arm64/v8"):  # as it is, unless it says otherwise (containerd, platforms)
        platform = platform.removesuffix("/v8")
    # One platform's provenance stands there by itself, that of several by their names.
    found = provenance.get(platform, provenance).get("SLSA")
    return Published(
        f"{repository}@{digest}", platform, Image(digest, manifest, config), found or None
    )


def _read(repository: str, digest: str) -> dict[str, Any]:
    """Read a JSON document of a repository: a manifest, or a configuration."""
    raw = buildx.inspect(f"{repository}@{digest}", "--raw")
    if _digest(raw) != digest:
        raise UnverifiableError(f"the registry gives something else for {repository}@{digest}")
    found: dict[str, Any] = json.loads(raw)
    return found


def _digest(raw: str) -> str:
    return "sha256:" + hashlib.sha256(raw.encode()).hexdigest()


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
        """The image's documents."""
        with tarfile.open(self.path) as tar:
            digest = json.loads(_content(tar, "index.json"))["manifests"][0]["digest"]
            manifest = json.loads(_content(tar, _path(digest)))
            config = json.loads(_content(tar, _path(manifest["config"]["digest"])))
        return Image(digest, manifest, config)

    def entries(self, number: int) -> dict[str, Entry]:
        """What is in a layer, by path; the lowest layer has the number 0."""
        digest = self.image.manifest["layers"][number]["digest"]
        with tarfile.open(self.path) as tar:
            blob = tar.extractfile(_path(digest))
            assert blob
            with tarfile.open(fileobj=blob, mode="r:*") as layer:
                return {each.name.strip("/"): _entry(layer, each) for each in layer}


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
        member.type.decode(),
        f"{member.mode:o}",
        f"{member.uid}:{member.gid}",
        str(member.mtime),
        member.linkname,
        content,
        repr(sorted(attributes.items())),
    )


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file
    return file.read()


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
