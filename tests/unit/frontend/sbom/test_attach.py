"""What is read of a built image for its bill of materials, and how the bill is attached."""

from __future__ import annotations

import json
from typing import Any

import llb
from frontend.emit.image_config import ImageConfig
from frontend.gateway import Ref
from frontend.model.layers import Kind, MembersLayer, PackagesLayer, Plan, VenvLayer
from frontend.model.packages import Closure, LockedPackage
from frontend.sbom.attach import attestations
from frontend.sbom.document import PREDICATE
from frontend.targets.result import TargetResult
from llb.pb import ops_pb2
from tests.unit.frontend import builds
from tests.unit.frontend.locks import HEAD, edges, manifest, package, registry
from tests.unit.frontend.targets import target

CAPABILITY = "exporter.image.attestations"
FILES = {
    "pyproject.toml": manifest("api", 'license = "MIT"', 'dependencies = ["idna"]', version="1.2"),
    "uv.lock": HEAD
    + package("api", 'editable = "."', "1.2", edges("dependencies", "idna"))
    + registry("idna", "3.0"),
}
IDNA = LockedPackage("idna", "3.0", {"source": {"registry": "https://index.example/simple"}})
ROOT = llb.image("python:3.13-slim", platform=builds.AMD64)
VENV = "/app/.venv/lib/python3.13/site-packages"
OWN = "/usr/local/lib/python3.13/site-packages"
DPKG = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n\n"
BELOW = {
    "/var/lib/dpkg/status": DPKG.format("libc6", "2.41"),
    f"{OWN}/pip-26.0.dist-info/METADATA": "Name: pip\nVersion: 26.0\nLicense-Expression: MIT\n",
    f"{OWN}/pip/__init__.py": "",
}
IMAGE = {
    "/etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
    "/var/lib/dpkg/status": DPKG.format("libc6", "2.41") + DPKG.format("libpq5", "17.5"),
    f"{VENV}/idna-3.0.dist-info/METADATA": "Name: IDNA\nVersion: 3.0\nLicense: BSD-3-Clause\n",
    f"{VENV}/broken-1.dist-info/RECORD": "",
}


def result(plan: bool = True, root: bool = True) -> TargetResult:
    read = builds.inputs(FILES, "api")
    layers = (VenvLayer(), PackagesLayer(Kind.PACKAGES, (IDNA,)), MembersLayer(read.packages))
    return TargetResult(
        ROOT,
        ImageConfig(builds.AMD64),
        plan=Plan(target(), layers) if plan else None,
        base_rootfs=ROOT if root else None,
    )


def attach(daemon: Any, image: dict[str, str], made: TargetResult) -> Any:
    read = builds.inputs(FILES, "api")
    platform = builds.resolved(read, Closure((IDNA,), read.packages), created=0)
    return attestations(daemon, platform, made, Ref("image", builds.Files(image)))


def written(daemon: Any) -> dict[str, Any]:
    """Return the document that the last solve writes."""
    operations = getattr(llb.marshal(daemon.solves[-1][0]), "def")
    (action,) = ops_pb2.Op.FromString(operations[0]).file.actions
    assert action.mkfile.path == "/sbom.spdx.json"
    document: dict[str, Any] = json.loads(action.mkfile.data)
    return document


def by_id(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {package["SPDXID"].removeprefix("SPDXRef-"): package for package in document["packages"]}


def test_there_is_no_bill_of_what_is_no_image_of_layers_or_cannot_be_stored() -> None:
    daemon: Any = builds.Daemon(capabilities=[CAPABILITY])
    assert attach(daemon, IMAGE, result(plan=False)) == ()
    assert attach(daemon, IMAGE, result(root=False)) == ()
    unable: Any = builds.Daemon()
    assert attach(unable, IMAGE, result()) == ()
    assert (daemon.solves, unable.solves) == ([], [])


def test_the_bill_is_a_predicate_of_spdx_in_a_file_of_its_own() -> None:
    daemon: Any = builds.Daemon([BELOW, {}], capabilities=[CAPABILITY])
    (attestation,) = attach(daemon, IMAGE, result())
    assert (attestation.predicate_type, attestation.path) == (PREDICATE, "/sbom.spdx.json")
    assert attestation.ref.id == "ref-2"
    assert attestation.metadata == {"reason": b"sbom"}


def test_what_manifests_and_installed_packages_state() -> None:
    daemon: Any = builds.Daemon([BELOW, {}], capabilities=[CAPABILITY])
    attach(daemon, IMAGE, result())
    document = written(daemon)
    packages = by_id(document)
    assert document["name"] == "api 1.2 linux/amd64"
    assert document["creationInfo"]["created"] == "1970-01-01T00:00:00Z"
    assert packages["python-api"]["licenseDeclared"] == "MIT"
    assert packages["python-idna"]["licenseDeclared"] == "BSD-3-Clause"
    assert packages["base-python-pip"]["versionInfo"] == "26.0"
    related = {
        (r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"])
        for r in document["relationships"]
    }
    assert ("SPDXRef-python-api", "DEPENDS_ON", "SPDXRef-python-idna") in related
    assert ("SPDXRef-base", "CONTAINS", "SPDXRef-deb-libc6") in related
    assert ("SPDXRef-image", "CONTAINS", "SPDXRef-deb-libpq5") in related
    assert ("SPDXRef-image", "CONTAINS", "SPDXRef-deb-libc6") not in related
    purl = packages["deb-libpq5"]["externalRefs"][0]["referenceLocator"]
    assert purl == "pkg:deb/debian/libpq5@17.5?arch=amd64&distro=debian-13"


def test_distroless_images_have_a_file_for_each_package() -> None:
    single = {
        "/var/lib/dpkg/status.d/tzdata": "Package: tzdata\nVersion: 2026a\nArchitecture: all\n",
        "/var/lib/dpkg/status.d/tzdata.md5sums": "Package: wrong\nVersion: 1\n",
    }
    daemon: Any = builds.Daemon([single, {}], capabilities=[CAPABILITY])
    attach(daemon, single, result())
    assert [name for name in by_id(written(daemon)) if name.startswith("deb-")] == ["deb-tzdata"]


def test_alpine_has_a_database_of_its_own_at_either_of_two_places() -> None:
    for path in ("/lib/apk/db/installed", "/usr/lib/apk/db/installed"):
        alpine = {path: "P:musl\nV:1.2.5-r9\nA:x86_64\nL:MIT\n"}
        daemon: Any = builds.Daemon([alpine, {}], capabilities=[CAPABILITY])
        attach(daemon, {**alpine, "/usr/lib/os-release": "ID=alpine\n"}, result())
        packages = by_id(written(daemon))
        assert packages["apk-musl"]["licenseDeclared"] == "MIT"
        purl = packages["apk-musl"]["externalRefs"][0]["referenceLocator"]
        assert purl == "pkg:apk/alpine/musl@1.2.5-r9?arch=x86_64"


def test_an_image_without_any_record_of_packages() -> None:
    daemon: Any = builds.Daemon([{}, {}], capabilities=[CAPABILITY])
    attach(daemon, {}, result())
    packages = by_id(written(daemon))
    assert not [name for name in packages if name.startswith(("deb-", "apk-", "base-python-"))]
    # The manifest states the member's licence, and nothing states that of the other one.
    assert packages["python-api"]["licenseDeclared"] == "MIT"
    assert packages["python-idna"]["licenseDeclared"] == "NOASSERTION"
