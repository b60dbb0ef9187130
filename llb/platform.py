"""Which operating system and processor a filesystem is for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llb.pb import ops_pb2

_OS = re.compile(r"([A-Za-z0-9_.-]+)(?:\(([A-Za-z0-9_.-]*)((?:\+[A-Za-z0-9_.-]+)*)\))?")
_PART = re.compile(r"[A-Za-z0-9_.-]+")

# (architecture, variant) as people write it -> as image indexes do. None matches every variant.
# The table is that of containerd's platforms package, which Docker and BuildKit share.
_ALIASES: dict[tuple[str, str | None], tuple[str, str]] = {
    ("i386", None): ("386", ""),
    ("armhf", None): ("arm", "v7"),
    ("armel", None): ("arm", "v6"),
    ("amd64", "v1"): ("amd64", ""),
    ("arm64", "8"): ("arm64", ""),
    ("arm64", "v8"): ("arm64", ""),
    ("arm64", "v8.0"): ("arm64", ""),
    ("arm64", "9"): ("arm64", "v9"),
    ("arm64", "9.0"): ("arm64", "v9"),
    ("arm64", "v9.0"): ("arm64", "v9"),
    ("arm", ""): ("arm", "v7"),
    ("arm", "5"): ("arm", "v5"),
    ("arm", "6"): ("arm", "v6"),
    ("arm", "7"): ("arm", "v7"),
    ("arm", "8"): ("arm", "v8"),
}
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform as the OCI image specification describes it (image-index.md)."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.os or not self.architecture:
            raise ValueError("a platform needs an operating system and an architecture")
        object.__setattr__(self, "os_features", tuple(self.os_features))

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read `os/architecture[/variant]`, where os may be `windows(10.0.17763+feature)`.

        Nothing is normalised. A single word (`linux`, `arm64`) is refused with ValueError: the
        other half would have to come from this machine, which is not the one that builds.
        """
        first, *rest = text.strip().split("/")
        os = _OS.fullmatch(first)
        if os is None or len(rest) not in (1, 2) or not all(map(_PART.fullmatch, rest)):
            raise ValueError(f"not a platform of the form os/architecture[/variant]: {text!r}")
        return cls(
            os[1],
            rest[0],
            rest[1] if len(rest) == 2 else "",
            os[2] or "",
            tuple((os[3] or "").split("+")[1:]),
        )

    @classmethod
    def from_proto(cls, message: ops_pb2.Platform) -> Platform:
        """The platform in `message`, which must name an OS and an architecture (ValueError)."""
        return cls(
            message.OS,
            message.Architecture,
            message.Variant,
            message.OSVersion,
            tuple(message.OSFeatures),
        )

    def to_proto(self) -> ops_pb2.Platform:
        """The same as a message."""
        return ops_pb2.Platform(
            OS=self.os,
            Architecture=self.architecture,
            Variant=self.variant,
            OSVersion=self.os_version,
            OSFeatures=self.os_features,
        )

    def normalized(self) -> Platform:
        """The one spelling that compares equal: `linux/aarch64/v8` is `linux/arm64`."""
        os = self.os.lower()
        architecture, variant = self.architecture.lower(), self.variant.lower()
        architecture = _ARCHITECTURES.get(architecture, architecture)
        for key in ((architecture, variant), (architecture, None)):
            if key in _ALIASES:
                architecture, variant = _ALIASES[key]
                break
        return Platform(
            "darwin" if os == "macos" else os,
            architecture,
            variant,
            self.os_version,
            self.os_features,
        )

    @property
    def id(self) -> str:
        """`os/architecture[/variant]`, the form in which users and exporters name a platform."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    def __str__(self) -> str:
        return self.id
