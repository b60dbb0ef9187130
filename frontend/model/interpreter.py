"""The Python of an image: its wheel tags and its marker environment.

Everything comes from running the interpreter once (`steps/probe.py`); the wheel tags follow
packaging's rules for the platform tags of PEP 600 (manylinux) and PEP 656 (musllinux).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.version import Version

from frontend.errors import FrontendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.markers import Environment

    from llb import Platform


_MACHINES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "386": "i686",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
}
#: The oldest glibc that PEP 600 has tags for: 2.5 on x86, 2.17 elsewhere.
_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
_UV_MACHINES = ("x86_64", "aarch64")
_UV_GLIBC = (17, 28, *range(31, 41))
_UV_MUSL = (1, 2)
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


@dataclass(frozen=True)
class Libc:
    """A C library: `glibc` or `musl`, and its version as (major, minor)."""

    name: str
    version: tuple[int, int]


@dataclass(frozen=True)
class Interpreter:
    """An interpreter in an image."""

    path: str
    prefix: str
    version: str
    machine: str
    libc: Libc
    markers: Mapping[str, str]
    free_threaded: bool = False

    @classmethod
    def from_probe(cls, report: Mapping[str, Any], platform: Platform) -> Interpreter:
        """Read the probe's report; `platform` decides the machine where the two differ.

        FrontendError for a Python that wheel tags for CPython say nothing about.
        """
        markers = report["markers"]
        if markers["platform_python_implementation"] != "CPython":
            raise FrontendError(
                f"{report['path']} is {markers['platform_python_implementation']}, and only "
                "CPython is supported",
                remedy="Choose another `base`.",
            )
        machine = machine_of(platform, markers["platform_machine"])
        numbers = [int(part) for part in report["libc"]["version"].split(".")[:2] if part.isdigit()]
        major, minor = (*numbers, 0, 0)[:2]
        version = markers["python_full_version"]
        if version.endswith("+"):
            # A build between two releases; without a local label this is no version (PEP 440).
            version += "local"
        return cls(
            path=report["path"],
            prefix=report["prefix"],
            version=version,
            machine=machine,
            libc=Libc(report["libc"]["name"], (major, minor)),
            markers={**markers, "platform_machine": machine, "python_full_version": version},
            free_threaded=report["free_threaded"],
        )

    @classmethod
    def from_foreign(
        cls, report: Mapping[str, Any], like: Interpreter, platform: Platform
    ) -> Interpreter:
        """Read the report of `steps/foreign.py` about an interpreter for another processor.

        `like` is a CPython of the same minor version that was run. Markers that do not depend on
        the processor are those of `like`.
        """
        numbers = [int(part) for part in report["libc"]["version"].split(".")[:2] if part.isdigit()]
        major, minor = (*numbers, 0, 0)[:2]
        version, machine = report["version"], machine_of(platform, report["machine"])
        markers = {
            **like.markers,
            "implementation_version": version,
            "platform_machine": machine,
            "python_full_version": version,
            "python_version": ".".join(version.split(".")[:2]),
        }
        return cls(
            path=report["path"],
            prefix=report["prefix"],
            version=version,
            machine=machine,
            libc=Libc(report["libc"]["name"], (major, minor)),
            markers=markers,
            free_threaded=report["free_threaded"],
        )

    @property
    def uv_platform(self) -> str:
        """Return what uv calls the newest platform of its list that this one is; empty for none.

        The choices of its --python-platform: manylinux up to 2.40, musllinux 1.2, of two machines.
        """
        if self.machine not in _UV_MACHINES:
            return ""
        if self.libc.name == "musl" and self.libc.version >= _UV_MUSL:
            return f"{self.machine}-unknown-linux-musl"
        minors = [n for n in _UV_GLIBC if (2, n) <= self.libc.version]
        if self.libc.name == "glibc" and minors:
            return f"{self.machine}-manylinux_2_{minors[-1]}"
        return ""

    @property
    def clamped_to_uv_platform(self) -> Interpreter:
        """The same with the C library's version that `uv_platform` stands for.

        Wheels must be chosen by the tags that uv then accepts.
        """
        version = _UV_MUSL
        if self.libc.name == "glibc":
            version = (2, int(self.uv_platform.rpartition("_")[2]))
        return replace(self, libc=Libc(self.libc.name, version))

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version."""
        parsed = Version(self.version)
        return parsed.major, parsed.minor

    @property
    def minor(self) -> str:
        """The version as `3.13`."""
        return "{}.{}".format(*self.release)

    @property
    def environment(self) -> Environment:
        """The environment that markers are evaluated in.

        As for uv, a pre-release counts as the release that it is to become: PEP 440 orders
        3.14.0rc1 before 3.14, and `>=3.14` would exclude it.
        """
        return cast("Environment", {**self.markers, "python_full_version": self.release_version})

    @property
    def release_version(self) -> str:
        """The version that requirements on Python are compared with: no `rc1`, no `+local`."""
        return Version(self.version).base_version

    def satisfies(self, wanted: str) -> bool:
        """Return whether the version meets `wanted` (`3.13`, `>=3.11`; empty: any)."""
        if re.fullmatch(r"[0-9.]+", wanted):
            wanted = f"=={wanted}.*" if wanted.count(".") < 2 else f"=={wanted}"
        try:
            return SpecifierSet(wanted).contains(self.release_version)
        except InvalidSpecifier:
            return False

    def platform_tags(self, libc_minor: int | None = None) -> list[str]:
        """Return the platform tags, the best first; `libc_minor` replaces the probed version."""
        major, minor = self.libc.version
        minor = minor if libc_minor is None else libc_minor
        tags = []
        if self.libc.name == "musl":
            tags = [f"musllinux_{major}_{n}_{self.machine}" for n in range(minor, -1, -1)]
        elif self.libc.name == "glibc":
            for n in range(minor, _OLDEST_GLIBC.get(self.machine, 17) - 1, -1):
                tags.append(f"manylinux_2_{n}_{self.machine}")
                if n in _LEGACY:
                    tags.append(f"{_LEGACY[n]}_{self.machine}")
        return [*tags, f"linux_{self.machine}"]

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """Every wheel tag this interpreter accepts, the best first."""
        return self._tags(self.platform_tags())

    @cached_property
    def tags_for_any_libc(self) -> frozenset[Tag]:
        """The tags it would accept with any version of its C library.

        Wheels are kept by these, so that a base image with a newer libc leaves the generated locks,
        and with them the cache keys, as they are; uv picks the best wheel on the spot.
        """
        return frozenset(self._tags(self.platform_tags(libc_minor=99)))

    def _tags(self, platforms: list[str]) -> tuple[Tag, ...]:
        compact = "{}{}".format(*self.release)
        abis = [f"cp{compact}t"] if self.free_threaded else [f"cp{compact}"]
        return (
            *cpython_tags(self.release, abis, platforms),
            *compatible_tags(self.release, f"cp{compact}", platforms),
        )


def machine_of(platform: Platform, probed: str) -> str:
    """Return uname's name for the platform's architecture; `probed` for others."""
    if platform.architecture == "arm":
        return f"arm{platform.variant or 'v7'}l"
    return _MACHINES.get(platform.architecture, probed)
