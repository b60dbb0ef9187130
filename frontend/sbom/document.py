"""The document: SPDX 2.3 as JSON (spdx.github.io/spdx-spec/v2.3). Pure.

```
document ─describes─ image ─descendant of─ base image ─contains─ packages of the distribution
                       └─contains─ layer ─contains─ Python packages ─depends on─ Python packages
```
Layers are packages of the document, since SPDX has no other name for what holds packages; each
says which of the image's `rootfs.diff_ids` it is.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from packaging.utils import canonicalize_name

from frontend.model.base_changes import CreateUser, RemovePath
from frontend.model.layers import BaseLayer, PythonLayer
from frontend.sbom.licences import Installed, Licence
from frontend.sbom.system import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from frontend.model.base import BaseImage
    from frontend.model.layers import Layer, Plan
    from frontend.model.packages import LocalPackage, LockedPackage
    from frontend.sbom.system import SystemPackage


#: What BuildKit knows an SPDX document by.
PREDICATE = "https://spdx.dev/Document"
#: 1980-01-01: the time of a document whose build has no SOURCE_DATE_EPOCH.
_EPOCH = 315532800
_NOTHING = "NOASSERTION"
_LICENSE_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_NO_TEXT = "The text is among the licence files of the packages that declare this licence."
_ALGORITHMS = {"md5": "MD5", "sha1": "SHA1", "sha256": "SHA256", "sha384": "SHA384"}
_ALGORITHMS["sha512"] = "SHA512"
#: The hosts of download locations that SPDX's own library (spdx-tools 0.8) finds valid: with a top
#: level domain of two to five letters. The specification has no such rule, but readers use it.
_HOST = r"([^@/]+@)?[a-z0-9]+([-.][a-z0-9]+)*\.[a-z]{2,5}"
_LOCATION = re.compile(rf"https?://{_HOST}|git\+(https?|ssh)://{_HOST}(:[0-9]+)?(/.*)?$", re.I)


@dataclass(frozen=True)
class Contents:
    """What is in an image for one platform.

    The image is for `package`, whose version is `version`, and for `others` where it has several.
    `edges` are pairs of names; `installed` is by name what packages say of themselves. `indexes`
    are addresses of indexes that the workspace itself declares: packages from there are not those
    of the same name elsewhere. `system` are the distribution's packages in the base, `added` those
    that only the image has, `based` the Python packages that the base brings.
    """

    package: str
    version: str
    platform: str
    plan: Plan
    base: BaseImage
    others: tuple[str, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    installed: Mapping[str, Installed] = field(default_factory=dict)
    indexes: frozenset[str] = frozenset()
    distribution: Distribution = field(default_factory=Distribution)
    system: tuple[SystemPackage, ...] = ()
    added: tuple[SystemPackage, ...] = ()
    based: tuple[Installed, ...] = ()
    epoch: int | None = None


def document(contents: Contents) -> bytes:
    """Write the document; the same contents give the same bytes."""
    writer = _Writer(contents)
    writer.write()
    when = datetime.fromtimestamp(_EPOCH if contents.epoch is None else contents.epoch, UTC)
    body: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{contents.package} {contents.version} {contents.platform}",
        "creationInfo": {
            "created": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: uv-frontend"],
        },
        "packages": writer.packages,
        "relationships": writer.relationships,
    }
    if references := _license_references(writer.packages):
        body["hasExtractedLicensingInfos"] = references
    # Another document has another namespace, and the same one always the same.
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    body["documentNamespace"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}"
    return json.dumps(body, indent=1, sort_keys=True).encode()


def _license_references(packages: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the licences that packages declare and SPDX does not list; each must be defined."""
    expressions = (str(package["licenseDeclared"]) for package in packages)
    names = {name for text in expressions for name in _LICENSE_REFERENCE.findall(text)}
    return [{"licenseId": name, "extractedText": _NO_TEXT} for name in sorted(names)]


class _Writer:
    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._ids: set[str] = set()
        self.packages: list[dict[str, Any]] = []
        self.relationships: list[dict[str, str]] = []

    def write(self) -> None:
        contents, plan = self._contents, self._contents.plan
        image = self._package(
            "image",
            contents.package,
            contents.version,
            purpose="CONTAINER",
            licence=self._said(contents.package).licence,
        )
        self._relate("SPDXRef-DOCUMENT", "DESCRIBES", image)
        base = self._base()
        self._relate(image, "DESCENDANT_OF", base)
        ids: dict[str, str] = {}
        # Whose layer holds the interpreter, and what was added to the distribution's packages.
        python, system = base, image
        for number, layer in enumerate(plan.layers, 1):
            held = self._layer(image, number, layer, ids)
            if isinstance(layer, PythonLayer):
                python = held
            elif isinstance(layer, BaseLayer) and not isinstance(
                layer.change, RemovePath | CreateUser
            ):
                system = held
        self._relate(python, "CONTAINS", self._interpreter())
        for name, needed in contents.edges:
            if name in ids and needed in ids:
                self._relate(ids[name], "DEPENDS_ON", ids[needed])
        for name in (contents.package, *contents.others):
            if name in ids:
                self._relate(image, "DEPENDS_ON", ids[name])
        for owner, found in ((base, contents.system), (system, contents.added)):
            for each in found:
                self._relate(owner, "CONTAINS", self._system(each))
        for brought in contents.based:
            self._relate(base, "CONTAINS", self._brought(brought))

    def _base(self) -> str:
        base = self._contents.base
        algorithm, _, value = base.digest.partition(":")
        repository = base.pinned.partition("@")[0]
        head, colon, tag = repository.rpartition(":")
        if not colon or "/" in tag:
            head, tag = repository, ""
        name = head.rpartition("/")[2]
        return self._package(
            "base",
            base.name,
            base.digest or _NOTHING,
            purpose="CONTAINER",
            checksums=[base.digest] if value and algorithm in _ALGORITHMS else (),
            purl=f"pkg:oci/{quote(name.lower())}@{quote(base.digest, safe='')}"
            f"?repository_url={quote(head, safe='')}" + (f"&tag={quote(tag)}" if tag else "")
            if base.digest
            else "",
        )

    def _interpreter(self) -> str:
        interpreter = self._contents.plan.interpreter
        version = interpreter.version.partition("+")[0]
        return self._package(
            "python",
            "python",
            version,
            purl=f"pkg:generic/python@{version}",
            comment=f"the interpreter at {interpreter.path}",
        )

    def _brought(self, package: Installed) -> str:
        """A Python package of the base, known by its metadata alone."""
        name = canonicalize_name(package.name)
        return self._package(
            f"base-python-{name}",
            name,
            package.version,
            purl=f"pkg:pypi/{name}@{quote(package.version, safe='')}",
            licence=package.licence,
        )

    def _layer(self, image: str, number: int, layer: Layer, ids: dict[str, str]) -> str:
        held = self._package(
            f"layer-{number}",
            layer.title,
            "",
            purpose="ARCHIVE",
            comment=f"rootfs.diff_ids[{self._contents.base.layers + number - 1}] of the image",
        )
        self._relate(image, "CONTAINS", held)
        for package in layer.packages:
            ids[package.name] = self._locked(package)
        for member in layer.members:
            ids[member.name] = self._local(member)
        names = [*(p.name for p in layer.packages), *(m.name for m in layer.members)]
        for name in names:
            self._relate(held, "CONTAINS", ids[name])
        return held

    def _locked(self, package: LockedPackage) -> str:
        location, qualifiers = _origin(package)
        registry = bare(package.registry)
        if registry in self._contents.indexes:
            qualifiers["repository_url"] = registry
        query = "&".join(f"{k}={quote(v, safe=':/@')}" for k, v in sorted(qualifiers.items()))
        version = f"@{quote(package.version, safe='')}" if package.version else ""
        return self._package(
            f"python-{package.name}",
            package.name,
            package.version,
            location=location,
            checksums=package.hashes,
            purl=f"pkg:pypi/{package.name}{version}" + (f"?{query}" if query else ""),
            licence=self._said(package.name).licence,
        )

    def _local(self, member: LocalPackage) -> str:
        said = self._said(member.name)
        # The lock has no version of packages that only know it when they are built.
        version = said.version or member.version
        if member.name == self._contents.package:
            version = self._contents.version or version
        return self._package(
            f"python-{member.name}",
            member.name,
            version,
            # Not of the type `pypi`: a package of that name there would be another one.
            purl=f"pkg:generic/{member.name}" + (f"@{quote(version, safe='')}" if version else ""),
            comment=f"built from {member.path!r} of the build context",
            licence=said.licence,
        )

    def _said(self, name: str) -> Installed:
        return self._contents.installed.get(name, Installed(name, ""))

    def _system(self, package: SystemPackage) -> str:
        return self._package(
            f"{package.kind}-{package.name}",
            package.name,
            package.version,
            purl=self._contents.distribution.purl(package),
            licence=Licence(package.licence),
        )

    def _package(
        self,
        wanted: str,
        name: str,
        version: str,
        *,
        purpose: str = "",
        location: str = _NOTHING,
        checksums: Iterable[str] = (),
        purl: str = "",
        comment: str = "",
        licence: Licence | None = None,
    ) -> str:
        licence = licence or Licence()
        found: dict[str, Any] = {
            "SPDXID": self._id(wanted),
            "name": name,
            "downloadLocation": location if _LOCATION.match(location) else _NOTHING,
            "filesAnalyzed": False,
            "licenseConcluded": _NOTHING,
            "licenseDeclared": licence.expression or _NOTHING,
            "copyrightText": _NOTHING,
            "supplier": _NOTHING,
        }
        if version:
            found["versionInfo"] = version
        if location != found["downloadLocation"]:
            found["sourceInfo"] = f"downloaded from {location}"
        if purpose:
            found["primaryPackagePurpose"] = purpose
        if licence.said and not licence.expression:
            found["licenseComments"] = f"The package says: {licence.said}"
        hashes = [text.partition(":") for text in checksums]
        known = [
            {"algorithm": _ALGORITHMS[kind], "checksumValue": value}
            for kind, _, value in hashes
            if kind in _ALGORITHMS
        ]
        if known:
            found["checksums"] = known
        if purl:
            found["externalRefs"] = [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": purl,
                }
            ]
        if comment:
            found["comment"] = comment
        self.packages.append(found)
        return str(found["SPDXID"])

    def _id(self, wanted: str) -> str:
        """An identifier of the letters that SPDX admits, which nothing else here has."""
        stem = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", wanted)
        found, number = stem, 1
        while found in self._ids:
            number += 1
            found = f"{stem}-{number}"
        self._ids.add(found)
        return found

    def _relate(self, one: str, kind: str, other: str) -> None:
        self.relationships.append(
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
        )


def bare(url: str) -> str:
    """`url` with no user, password, query or fragment, any of which may be a credential.

    Of SSH the user is part of the address, and stays.
    """
    parts = urlsplit(url)
    account, _, host = parts.netloc.rpartition("@")
    user = account.partition(":")[0] if parts.scheme.endswith("ssh") else ""
    return urlunsplit(
        (parts.scheme, f"{user}@{host}" if user else host, parts.path, "", "")
    ).rstrip("/")


def _origin(package: LockedPackage) -> tuple[str, dict[str, str]]:
    """Where the package came from, as SPDX writes it, and what a purl says of it."""
    source = package.table["source"]
    if "git" in source:
        parts = urlsplit(str(source["git"]))
        location = f"git+{bare(str(source['git']))}@{parts.fragment}"
        qualifiers = {"vcs_url": location}
        folder = parse_qs(parts.query).get("subdirectory")
        return location + (f"#{folder[0]}" if folder else ""), qualifiers
    if "url" in source:
        location = bare(str(source["url"]))
        return location, {"download_url": location}
    url = package.artifact.url if package.artifact else ""
    location = bare(url) if urlsplit(url).scheme in ("http", "https") else ""
    return location or _NOTHING, {}
