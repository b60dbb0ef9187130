"""The layers of an image as a registry would get them: digests and compressed sizes.

They are read from the engine's containerd store, so nothing has to be pushed to learn them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.engine import Engine

# https://github.com/containerd/containerd/blob/main/docs/content-flow.md: blobs by digest.
_BLOBS = "containerd/io.containerd.content.v1.content/blobs"
# Marks what BuildKit puts beside an image in its index, such as its provenance.
_ATTESTATION = "vnd.docker.reference.type"


@dataclass(frozen=True)
class Layer:
    """One layer; `size` is that of the compressed blob in bytes."""

    digest: str
    size: int


def layers_of(engine: Engine, image: str) -> frozenset[Layer]:
    """The layers of an image in the store of a private engine (with containerd's store)."""
    digest = engine.docker("image", "inspect", "--format", "{{.Id}}", image).stdout.strip()
    document = _read(engine.data, digest)
    if "manifests" in document:
        document = _read(engine.data, manifest_digest(document))
    return layers(document)


def manifest_digest(index: dict[str, Any]) -> str:
    """The only image of an index. ValueError if there are several, or none."""
    found = [
        entry["digest"]
        for entry in index["manifests"]
        if _ATTESTATION not in (entry.get("annotations") or {})
    ]
    if len(found) != 1:
        raise ValueError(f"an index of {len(found)} images where one was expected")
    return str(found[0])


def layers(manifest: dict[str, Any]) -> frozenset[Layer]:
    """The layers of an image manifest."""
    return frozenset(Layer(entry["digest"], entry["size"]) for entry in manifest["layers"])


def new_bytes(image: Iterable[Layer], there: Iterable[Layer]) -> int:
    """Bytes to upload where the layers `there` are known already."""
    known = {layer.digest for layer in there}
    return sum(layer.size for layer in set(image) if layer.digest not in known)


def _read(data: Path, digest: str) -> dict[str, Any]:
    algorithm, _, name = digest.partition(":")
    loaded: dict[str, Any] = json.loads((data / _BLOBS / algorithm / name).read_bytes())
    return loaded
