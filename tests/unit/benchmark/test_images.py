"""Layers and bytes, from the documents of the OCI image specification."""

from __future__ import annotations

import pytest

from tests.benchmark.images import Layer, layers, manifest_digest, new_bytes

ATTESTATION = {
    "digest": "sha256:cc",
    "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
}
A, B, C = Layer("sha256:a", 1), Layer("sha256:b", 20), Layer("sha256:c", 300)


def test_provenance_is_no_image() -> None:
    index = {"manifests": [ATTESTATION, {"digest": "sha256:aa", "annotations": {"x": "y"}}]}
    assert manifest_digest(index) == "sha256:aa"


@pytest.mark.parametrize("count", [0, 2])
def test_other_indexes_are_refused(count: int) -> None:
    index = {"manifests": [{"digest": f"sha256:{n}"} for n in range(count)]}
    with pytest.raises(ValueError, match=f"{count} images"):
        manifest_digest(index)


def test_layers() -> None:
    manifest = {"layers": [{"digest": "sha256:a", "size": 1}, {"digest": "sha256:b", "size": 20}]}
    assert layers(manifest) == {A, B}


def test_only_unknown_layers_are_uploaded_and_each_once() -> None:
    assert new_bytes([A, B, C, C], [B]) == 301
    assert new_bytes([A], [A, B]) == 0
