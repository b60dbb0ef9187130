"""Whatever is installed, the document is valid SPDX 2.3, and repeats no credential."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from frontend.model.base import BaseImage
from frontend.model.layers import Kind, MembersLayer, PackagesLayer, Plan, VenvLayer
from frontend.model.packages import Artifact, LocalPackage, LockedPackage
from frontend.sbom.document import Contents, document
from frontend.sbom.licences import Installed, of_text
from frontend.sbom.system import Distribution, SystemPackage
from tests.unit.frontend.targets import target

SECRET = "s3cret"
ACCOUNT = f"courier:{SECRET}@"
NAME = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
VERSION = st.from_regex(r"([0-9]!)?[0-9]{1,2}(\.[0-9]{1,3})?(\+[a-z0-9]{1,3})?", fullmatch=True)
HOST = st.sampled_from(
    ["index.example", "10.0.0.1:8080", "nexus", "git.corp.internal", "files.example"]
)
#: What people write where a licence is asked for, and what is none.
SAID = st.sampled_from(
    ["MIT", "mit or apache-2.0", "BSD", "GPL", "LicenseRef-Own", "(", ""]
) | st.text(max_size=20)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)
LINE = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9+.~_-]{0,8}", fullmatch=True)


@st.composite
def locked(draw: st.DrawFn, name: str) -> LockedPackage:
    """A package of any kind of source; every address has an account in front of its host."""
    host = draw(HOST)
    url = f"https://{ACCOUNT}{host}/{name}.whl?token={SECRET}"
    kind = draw(st.sampled_from(["registry", "git", "url", "path"]))
    source = {
        "registry": f"https://{ACCOUNT}{host}/simple",
        "git": f"https://{ACCOUNT}{host}/{name}?subdirectory=python&rev=main#{draw(DIGEST)[:40]}",
        "url": url,
        "path": f"vendor/{name}.tar.gz",
    }[kind]
    artifact = Artifact(f"{name}.whl", url, "") if kind in ("registry", "url") else None
    hashes = tuple(f"sha256:{digest}" for digest in draw(st.lists(DIGEST, max_size=2, unique=True)))
    version = draw(VERSION) if kind != "path" else draw(st.just("") | VERSION)
    return LockedPackage(
        name, version, {"source": {kind: source}}, artifact=artifact, hashes=hashes
    )


@st.composite
def contents(draw: st.DrawFn) -> Contents:
    """An image of any packages, members and packages of a distribution."""
    names = draw(st.lists(NAME, min_size=1, max_size=6, unique=True))
    cut = draw(st.integers(1, len(names)))
    members = tuple(LocalPackage(name, f"libs/{name}", "editable") for name in names[:cut])
    packages = tuple(draw(locked(name)) for name in names[cut:])
    pairs = st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=6)
    kind = draw(st.sampled_from(["deb", "apk"]))
    system = draw(st.lists(st.tuples(LINE, LINE), max_size=4, unique=True))
    digest = draw(st.sampled_from(["", f"sha256:{'a' * 64}"]))
    layers = (VenvLayer(), PackagesLayer(Kind.PACKAGES, packages), MembersLayer(members))
    return Contents(
        package=names[0],
        version=draw(VERSION),
        others=tuple(names[1:cut][:1]),
        platform="linux/amd64",
        plan=Plan(target(), layers),
        base=BaseImage(
            "python:3.13-slim", f"docker.io/library/python:3.13-slim@{digest}", digest, {}
        ),
        edges=tuple(draw(pairs)),
        installed={name: Installed(name, draw(VERSION), of_text(draw(SAID))) for name in names},
        indexes=frozenset(["https://index.example/simple"]),
        distribution=draw(st.sampled_from([Distribution(), Distribution("debian", "13")])),
        system=tuple(SystemPackage(kind, name, version) for name, version in system),
        added=(SystemPackage(kind, "added", "1", "amd64", "MIT"),),
        based=tuple(Installed(name, "1", of_text(draw(SAID))) for name in draw(st.lists(NAME))),
        epoch=draw(st.none() | st.integers(0, 4 * 10**9)),
    )


def problems(written: dict[str, Any]) -> list[str]:
    """Return what SPDX's own library says of a document."""
    parsed = JsonLikeDictParser().parse(written)  # type: ignore[no-untyped-call]
    return [message.validation_message for message in validate_full_spdx_document(parsed)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(contents())
def test_the_document_is_valid_and_has_every_package_once(found: Contents) -> None:
    data = document(found)
    written = json.loads(data)
    assert problems(written) == []
    assert data == document(found)
    assert SECRET.encode() not in data
    assert b"courier" not in data
    names = [
        package["name"]
        for package in written["packages"]
        if package["SPDXID"].startswith("SPDXRef-python-")
    ]
    held = [
        name
        for layer in found.plan.layers
        for name in (*(p.name for p in layer.packages), *(m.name for m in layer.members))
    ]
    assert sorted(names) == sorted(held)


def test_a_licence_that_spdx_does_not_list_is_defined() -> None:
    member = LocalPackage("api", ".", "editable")
    plan = Plan(target(), (MembersLayer((member,)),))
    base = BaseImage("a", "a", "", {})
    stated = {"api": Installed("api", "1", of_text("MIT AND LicenseRef-Corp-1.0"))}
    written = json.loads(
        document(Contents("api", "1", "linux/amd64", plan, base, installed=stated))
    )
    assert problems(written) == []
    (licence,) = written["hasExtractedLicensingInfos"]
    assert licence["licenseId"] == "LicenseRef-Corp-1.0"
    plain = json.loads(document(Contents("api", "1", "linux/amd64", plan, base)))
    assert "hasExtractedLicensingInfos" not in plain


def test_the_library_sees_what_is_no_spdx() -> None:
    """The check above would notice: a document less one of its parts is refused."""
    member = LocalPackage("api", ".", "editable")
    plan = Plan(target(), (MembersLayer((member,)),))
    written = json.loads(
        document(Contents("api", "1", "linux/amd64", plan, BaseImage("a", "a", "", {})))
    )
    assert problems(written) == []
    written["relationships"] = written["relationships"][1:]
    assert problems(written) != []
