"""`--sbom=true`: a document made from the lock, valid, and true of the image."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.attestations.exported import Exported
from tests.errors.index import REACH, Index
from tests.requirement import unmet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine
    from tests.errors.workspaces import Workspace

SPDX = "https://spdx.dev/Document"
_SCANNER = """\
FROM python:3.13-slim
COPY scan.py /scan.py
ENTRYPOINT ["python3", "/scan.py"]
"""
_SCAN = """\
import json, os
statement = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "predicateType": "https://spdx.dev/Document",
    "predicate": {"SPDXID": "SPDXRef-DOCUMENT", "name": "of-the-users-generator"},
}
with open(os.environ["BUILDKIT_SCAN_DESTINATION"] + "/sbom.spdx.json", "w") as output:
    json.dump(statement, output)
"""


@dataclass(frozen=True)
class Bill:
    """The document, and the image it is about."""

    document: dict[str, Any]
    image: Exported

    def package(self, identifier: str) -> dict[str, Any]:
        return next(p for p in self.document["packages"] if p["SPDXID"] == f"SPDXRef-{identifier}")

    def related(self, kind: str) -> dict[str, set[str]]:
        """For every element the others that it stands in this relation to."""
        found = defaultdict(set)
        for each in self.document["relationships"]:
            if each["relationshipType"] == kind:
                one, other = each["spdxElementId"], each["relatedSpdxElement"]
                found[one.removeprefix("SPDXRef-")].add(other.removeprefix("SPDXRef-"))
        return found


def build(engine: Engine, shop: Workspace, index: Index, path: Path, *options: str) -> Exported:
    netrc = path.with_suffix(".netrc")
    user, _, password = index.account.partition(":")
    netrc.write_text(f"machine 127.0.0.1 login {user} password {password}\n")
    engine.build(
        shop.folder,
        REACH,
        f"--secret=id=netrc,src={netrc}",
        *options,
        f"--output=type=oci,dest={path}",
        build_args={"package": "api"},
    )
    return Exported(path)


@pytest.fixture(scope="module")
def bill(
    docker28: Engine,
    shop: Workspace,
    index: Index,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bill:
    path = tmp_path_factory.mktemp("exported") / "image.tar"
    image = build(docker28, shop, index, path, "--sbom=true")
    return Bill(image.statements()[SPDX], image)


def test_the_official_library_finds_it_valid(bill: Bill, tmp_path: Path) -> None:
    try:
        from spdx_tools.spdx.parser.parse_anything import parse_file
        from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
    except ImportError:
        unmet("spdx-tools is not installed: it belongs to the development environment")
    path = tmp_path / "sbom.spdx.json"
    path.write_text(json.dumps(bill.document))
    messages = validate_full_spdx_document(parse_file(str(path)))
    assert [message.validation_message for message in messages] == []


def test_a_wheel(bill: Bill, index: Index) -> None:
    found = bill.package("python-greeting")
    file = "greeting-1.0-py3-none-any.whl"
    assert (found["name"], found["versionInfo"]) == ("greeting", "1.0")
    # The library that checks the document knows no hosts without a domain.
    assert found["downloadLocation"] == "NOASSERTION"
    assert found["sourceInfo"] == f"downloaded from {index.url}/files/{file}"
    value = hashlib.sha256(index.files[file]).hexdigest()
    assert found["checksums"] == [{"algorithm": "SHA256", "checksumValue": value}]
    assert found["licenseDeclared"] == "MIT"
    (reference,) = found["externalRefs"]
    host = index.url.removeprefix("http://")
    assert reference["referenceLocator"] == (
        f"pkg:pypi/greeting@1.0?repository_url=http://{host}/simple"
    )


def test_what_is_built_from_source(bill: Bill, index: Index) -> None:
    found = bill.package("python-phrases")
    assert found["sourceInfo"] == f"downloaded from {index.url}/files/phrases-1.0.tar.gz"
    assert found["licenseDeclared"] == "ISC"


def test_a_licence_that_spdx_has_no_name_for(bill: Bill) -> None:
    found = bill.package("python-words")
    assert found["licenseDeclared"] == "NOASSERTION"
    assert found["licenseComments"] == "The package says: whatever you like"


def test_members_are_no_packages_of_an_index(bill: Bill) -> None:
    core, api = bill.package("python-core"), bill.package("python-api")
    assert core["comment"] == "built from 'libs/core' of the build context"
    assert core["externalRefs"][0]["referenceLocator"] == "pkg:generic/core@1.0"
    assert api["licenseDeclared"] == bill.package("image")["licenseDeclared"] == "Apache-2.0"


def test_edges(bill: Bill) -> None:
    assert bill.related("DEPENDS_ON") == {
        "image": {"python-api"},
        "python-api": {"python-core"},
        "python-core": {"python-greeting", "python-phrases"},
        "python-greeting": {"python-words"},
    }


def test_layers_are_those_of_the_image(bill: Bill) -> None:
    holding = bill.related("CONTAINS")
    layers = sorted(holding["image"], key=lambda name: int(name.rpartition("-")[2]))
    titles = [bill.package(layer)["name"] for layer in layers]
    history = [e for e in bill.image.config["history"] if not e.get("empty_layer")]
    assert titles == [entry["created_by"] for entry in history[-len(layers) :]]
    diff_ids = bill.image.config["rootfs"]["diff_ids"]
    first = len(diff_ids) - len(layers)
    comments = [bill.package(layer)["comment"] for layer in layers]
    assert comments == [
        f"rootfs.diff_ids[{number}] of the image" for number in range(first, len(diff_ids))
    ]
    held = {name for layer in layers for name in holding[layer]}
    names = ("api", "core", "greeting", "phrases", "words")
    assert held == {f"python-{name}" for name in names}


def test_packages_of_the_base(bill: Bill, docker28: Engine) -> None:
    (base,) = bill.related("DESCENDANT_OF")["image"]
    assert bill.package(base)["name"] == "python:3.13-slim"
    held = bill.related("CONTAINS")[base]
    shown = docker28.run("python:3.13-slim", "dpkg-query", "--show", "-f=${Package} ${Version}\n")
    told = {
        f"{p['name']} {p['versionInfo']}"
        for p in (bill.package(name) for name in held if name.startswith("deb-"))
    }
    assert told == set(shown.stdout.splitlines())
    libc = bill.package("deb-libc6")
    assert libc["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/libc6@2.")
    assert "python" in held


def test_no_credentials_and_no_moment(bill: Bill, index: Index) -> None:
    text = json.dumps(bill.document)
    assert index.account.rpartition(":")[2] not in text
    assert bill.document["creationInfo"]["created"] == "1980-01-01T00:00:00Z"


def test_the_same_image_has_the_same_document(
    bill: Bill, docker28: Engine, shop: Workspace, index: Index, tmp_path: Path
) -> None:
    options = "--sbom=true", "--build-arg=SOURCE_DATE_EPOCH=1700000000"
    image = build(docker28, shop, index, tmp_path / "again.tar", *options)
    again = image.statements()[SPDX]
    assert again.pop("creationInfo")["created"] == "2023-11-14T22:13:20Z"
    assert again.pop("documentNamespace") != bill.document["documentNamespace"]
    same = {k: v for k, v in bill.document.items() if k in again}
    assert again == same


def test_none_unless_it_is_asked_for(
    docker28: Engine, shop: Workspace, index: Index, tmp_path: Path
) -> None:
    image = build(docker28, shop, index, tmp_path / "plain.tar")
    assert SPDX not in image.statements()


def test_a_generator_of_the_users_own(
    docker28: Engine, shop: Workspace, index: Index, tmp_path: Path
) -> None:
    name = "uv-frontend-test/scanner"
    scanner = tmp_path / "scanner"
    scanner.mkdir()
    (scanner / "Dockerfile").write_text(_SCANNER)
    (scanner / "scan.py").write_text(_SCAN)
    docker28.build(scanner, "--provenance=false", tag=name)
    docker28.publish(name)
    option = f"--attest=type=sbom,generator={name}"
    image = build(docker28, shop, index, tmp_path / "scanned.tar", option)
    assert image.statements()[SPDX]["name"] == "of-the-users-generator"
