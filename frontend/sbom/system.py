"""The packages of a distribution, from the records that its package manager keeps in the image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from frontend.sbom.licences import of_text

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, order=True)
class SystemPackage:
    """One package; `kind` is `deb` or `apk`, `licence` an SPDX expression if known."""

    kind: str
    name: str
    version: str
    architecture: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Distribution:
    """What /etc/os-release says: `debian` and `13`."""

    id: str = ""
    version: str = ""

    @classmethod
    def parse(cls, text: str) -> Distribution:
        """Read os-release(5)."""
        pairs = (line.partition("=") for line in text.splitlines())
        values = {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
        return cls(values.get("ID", ""), values.get("VERSION_ID", ""))

    def purl(self, package: SystemPackage) -> str:
        """Return the package's URL (purl-spec, types `deb` and `apk`)."""
        vendor = self.id or {"deb": "debian", "apk": "alpine"}[package.kind]
        qualifiers = {
            "arch": package.architecture,
            "distro": f"{self.id}-{self.version}" if self.id and self.version else "",
        }
        query = "&".join(f"{k}={quote(v, safe='')}" for k, v in qualifiers.items() if v)
        name = f"{quote(package.name.lower(), safe='')}@{quote(package.version, safe=':')}"
        return f"pkg:{package.kind}/{quote(vendor)}/{name}" + (f"?{query}" if query else "")


def dpkg(texts: Iterable[str]) -> tuple[SystemPackage, ...]:
    """Read dpkg's status: one file, or one for each package as distroless images have them."""
    packages = set()
    for stanza in (part for text in texts for part in re.split(r"\n\s*\n", text)):
        # Continuation lines begin with a space; none of the fields here has any.
        fields = dict(re.findall(r"^(\w[\w-]*): *(.*)$", stanza, re.MULTILINE))
        # Files for single packages name no status: they are there, so they are installed.
        installed = fields.get("Status", "install ok installed").endswith(" installed")
        if installed and "Package" in fields and "Version" in fields:
            architecture = fields.get("Architecture", "")
            packages.add(SystemPackage("deb", fields["Package"], fields["Version"], architecture))
    return tuple(sorted(packages))


def apk(text: str) -> tuple[SystemPackage, ...]:
    """Read apk's database of what is installed."""
    packages = set()
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([PVAL]):(.*)$", stanza, re.MULTILINE))
        if "P" in fields and "V" in fields:
            licence = of_text(fields.get("L", "")).expression
            packages.add(
                SystemPackage("apk", fields["P"], fields["V"], fields.get("A", ""), licence)
            )
    return tuple(sorted(packages))
