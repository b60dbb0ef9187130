"""What a build returns: filesystems, image configurations and attestations.

Metadata keys: BuildKit, `exporter/containerimage/exptypes`.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llb.pb import gateway_pb2 as pb

if TYPE_CHECKING:
    from frontend.gateway.ref import Ref
    from llb import Platform


CONFIG = "containerimage.config"
BASE_CONFIG = "containerimage.base.config"
PLATFORMS = "refs.platforms"


class AttestationKind(enum.Enum):
    """How the file of an attestation is read."""

    IN_TOTO = pb.AttestationKind.InToto
    """It is a predicate; BuildKit makes the statement."""
    BUNDLE = pb.AttestationKind.Bundle
    """It is a directory of complete in-toto statements."""


@dataclass(frozen=True)
class Subject:
    """What an attestation speaks of, by digests (`sha256:…`)."""

    name: str
    digests: tuple[str, ...]


@dataclass(frozen=True)
class Attestation:
    """A statement about the image, at `path` in the filesystem `ref`.

    Without `subjects` it speaks of the image itself.
    """

    ref: Ref
    path: str
    predicate_type: str
    kind: AttestationKind = AttestationKind.IN_TOTO
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    subjects: tuple[Subject, ...] = ()

    def to_proto(self) -> pb.Attestation:
        """Return the message; its ref is always set, clients written in Go read it unchecked."""
        return pb.Attestation(
            kind=self.kind.value,
            metadata=self.metadata,
            ref=pb.Ref(id=self.ref.id),
            path=self.path,
            inTotoPredicateType=self.predicate_type,
            inTotoSubjects=[
                pb.InTotoSubject(
                    kind=pb.InTotoSubjectKind.Raw, name=subject.name, digest=subject.digests
                )
                for subject in self.subjects
            ],
        )


@dataclass(frozen=True)
class PlatformResult:
    """The image for one platform: filesystem, OCI configuration (JSON) and that of its base."""

    platform: Platform
    ref: Ref
    config: bytes
    base_config: bytes | None = None
    attestations: tuple[Attestation, ...] = ()


@dataclass(frozen=True)
class Result:
    """Everything a Return carries.

    `refs` is one filesystem, several by platform id, or None for answers without any (subrequests).
    """

    refs: Ref | Mapping[str, Ref] | None = None
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    attestations: Mapping[str, tuple[Attestation, ...]] = field(default_factory=dict)

    @classmethod
    def image(
        cls,
        images: Sequence[PlatformResult],
        *,
        multi_platform: bool = False,
        metadata: Mapping[str, bytes] | None = None,
    ) -> Result:
        """Return the result for one image per platform.

        Several, or `multi_platform`, are keyed by platform id. Raises ValueError for none and for
        two of one platform.
        """
        by_id = {image.platform.normalized().id: image for image in images}
        if not images or len(by_id) != len(images):
            raise ValueError("an image result needs at least one image and one per platform")
        several = multi_platform or len(images) > 1
        collected = dict(metadata or {})
        for key, image in by_id.items():
            suffix = f"/{key}" if several else ""
            collected[CONFIG + suffix] = image.config
            if image.base_config is not None:
                collected[BASE_CONFIG + suffix] = image.base_config
        # Also with a single image: attestations are found by the id given here.
        collected[PLATFORMS] = _platforms(by_id)
        return cls(
            refs={key: image.ref for key, image in by_id.items()} if several else images[0].ref,
            metadata=collected,
            attestations={
                key: image.attestations for key, image in by_id.items() if image.attestations
            },
        )

    def to_proto(self, *, ref_messages: bool = True) -> pb.Result:
        """Return the message; `ref_messages=False` is for daemons without `proto.refarray`."""
        result = pb.Result(
            metadata=self.metadata,
            attestations={
                key: pb.Attestations(attestation=[each.to_proto() for each in attestations])
                for key, attestations in self.attestations.items()
            },
        )
        if isinstance(self.refs, Mapping):
            ids = {key: ref.id for key, ref in self.refs.items()}
            if ref_messages:
                refs = {key: pb.Ref(id=each) for key, each in ids.items()}
                result.refs.CopyFrom(pb.RefMap(refs=refs))
            else:
                result.refsDeprecated.CopyFrom(pb.RefMapDeprecated(refs=ids))
        elif self.refs is not None:
            if ref_messages:
                result.ref.CopyFrom(pb.Ref(id=self.refs.id))
            else:
                result.refDeprecated = self.refs.id
        return result


def _platforms(images: Mapping[str, PlatformResult]) -> bytes:
    listed = [
        {"ID": key, "Platform": _oci_platform(image.platform.normalized())}
        for key, image in images.items()
    ]
    return json.dumps({"Platforms": listed}, separators=(",", ":")).encode()


def _oci_platform(platform: Platform) -> dict[str, object]:
    """Return the platform object of the OCI image specification (image-index.md)."""
    fields: dict[str, object] = {"architecture": platform.architecture, "os": platform.os}
    if platform.os_version:
        fields["os.version"] = platform.os_version
    if platform.os_features:
        fields["os.features"] = list(platform.os_features)
    if platform.variant:
        fields["variant"] = platform.variant
    return fields
