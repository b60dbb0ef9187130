"""An image as `--output type=oci` writes it, and what is attached to it."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Exported:
    """An archive with one image, or one for each platform."""

    path: Path

    def blob(self, digest: str) -> Any:
        """A JSON document of the archive."""
        return self._json(f"blobs/{digest.replace(':', '/')}")

    def _json(self, name: str) -> Any:
        with tarfile.open(self.path) as tar:
            content = tar.extractfile(name)
            assert content
            return json.loads(content.read())

    @property
    def manifests(self) -> list[dict[str, Any]]:
        """The descriptors of images and attestations; of one image alone, if that is all."""
        top = self._json("index.json")["manifests"]
        document = self.blob(top[0]["digest"])
        found: list[dict[str, Any]] = document.get("manifests", top)
        return found

    @property
    def config(self) -> dict[str, Any]:
        """The first image's configuration."""
        manifest = self.blob(self.manifests[0]["digest"])
        found: dict[str, Any] = self.blob(manifest["config"]["digest"])
        return found

    @property
    def layers(self) -> list[str]:
        """The digests of the first image's layers."""
        return [layer["digest"] for layer in self.blob(self.manifests[0]["digest"])["layers"]]

    def statements(self) -> dict[str, Any]:
        """The predicates that are attached to the image, by type."""
        found = {}
        for descriptor in self.manifests:
            kind = (descriptor.get("annotations") or {}).get("vnd.docker.reference.type")
            if kind == "attestation-manifest":
                for layer in self.blob(descriptor["digest"])["layers"]:
                    statement = self.blob(layer["digest"])
                    found[statement["predicateType"]] = statement["predicate"]
        return found
