"""The bill of materials: what it says of every kind of package, and what it must not say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from frontend.errors import SourceFile
from frontend.model.base import BaseImage
from frontend.model.layers import Kind, MembersLayer, PackagesLayer, Plan, VenvLayer
from frontend.model.packages import Artifact, LocalPackage, LockedPackage, Selection
from frontend.project.lock import Lock
from frontend.request import parse
from frontend.resolve.closure import select_packages
from frontend.resolve.export import export
from frontend.sbom.document import Contents, bare, document
from frontend.sbom.edges import edges
from frontend.sbom.licences import Installed, Licence, of_metadata, of_text
from frontend.sbom.system import Distribution, SystemPackage, apk, dpkg
from tests.unit.frontend.locks import HEAD, manifest, package, registry
from tests.unit.frontend.locks import edges as listed
from tests.unit.frontend.targets import target

API = LocalPackage("api", "apps/api", "editable")
BASE = BaseImage(
    "python:3.13-slim",
    "docker.io/library/python:3.13-slim@sha256:" + "ab" * 32,
    "sha256:" + "ab" * 32,
    {"rootfs": {"diff_ids": ["sha256:1", "sha256:2"]}},
)


def written(*packages: LockedPackage, **more: Any) -> dict[str, Any]:
    plan = Plan(
        target(),
        (
            VenvLayer(),
            PackagesLayer(Kind.PACKAGES, packages),
            MembersLayer((API,)),
        ),
    )
    contents = Contents("api", "1.2", "linux/amd64", plan, BASE, **more)
    found: dict[str, Any] = json.loads(document(contents))
    return found


def one(package: LockedPackage, **more: Any) -> dict[str, Any]:
    """What the document says of a package."""
    found = written(package, **more)["packages"]
    (entry,) = [p for p in found if p["SPDXID"] == f"SPDXRef-python-{package.name}"]
    assert isinstance(entry, dict)
    return entry


def purl(entry: dict[str, Any]) -> str:
    return str(entry["externalRefs"][0]["referenceLocator"])


# --- packages --------------------------------------------------------------------------------


def test_a_wheel() -> None:
    entry = one(
        LockedPackage(
            "idna",
            "3.20",
            {"source": {"registry": "https://index.example/simple"}},
            artifact=Artifact("", "https://index.example/files/idna-3.20-py3-none-any.whl", ""),
            hashes=("sha256:cafe", "unheard-of:1"),
        )
    )
    assert entry["downloadLocation"] == "https://index.example/files/idna-3.20-py3-none-any.whl"
    assert entry["checksums"] == [{"algorithm": "SHA256", "checksumValue": "cafe"}]
    assert purl(entry) == "pkg:pypi/idna@3.20"


def test_an_index_that_the_workspace_declares_is_named() -> None:
    source = {"registry": "https://courier:s3cret@corp.example/simple/"}
    locked = LockedPackage("idna", "3.20+corp1", {"source": source})
    entry = one(locked, indexes=frozenset(["https://corp.example/simple"]))
    expected = "pkg:pypi/idna@3.20%2Bcorp1?repository_url=https://corp.example/simple"
    assert purl(entry) == expected


def test_git() -> None:
    source = {"git": "https://git.corp.test/tool?subdirectory=python&rev=main#1234abcd"}
    entry = one(LockedPackage("tool", "1.0", {"source": source}))
    assert entry["downloadLocation"] == "git+https://git.corp.test/tool@1234abcd#python"
    assert purl(entry) == "pkg:pypi/tool@1.0?vcs_url=git%2Bhttps://git.corp.test/tool@1234abcd"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "nexus:8081", "git.internal"])
def test_hosts_that_the_library_of_spdx_refuses(host: str) -> None:
    entry = one(LockedPackage("tool", "1.0", {"source": {"git": f"https://{host}/tool#12"}}))
    assert entry["downloadLocation"] == "NOASSERTION"
    assert entry["sourceInfo"] == f"downloaded from git+https://{host}/tool@12"


def test_an_address_and_a_file() -> None:
    url = {"url": "https://files.example/arch-1.0-py3-none-any.whl?token=s3cret"}
    entry = one(
        LockedPackage("arch", "1.0", {"source": url}, artifact=Artifact("", url["url"], ""))
    )
    assert entry["downloadLocation"] == "https://files.example/arch-1.0-py3-none-any.whl"
    entry = one(LockedPackage("local", "1.0", {"source": {"path": "vendor/local.tar.gz"}}))
    assert entry["downloadLocation"] == "NOASSERTION"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:s3cret@index.example/a/", "https://index.example/a"),
        ("https://t0ken@index.example:8443/a", "https://index.example:8443/a"),
        ("https://index.example/a?sig=s3cret#s3cret", "https://index.example/a"),
        ("ssh://git:s3cret@git.example:2222/a", "ssh://git@git.example:2222/a"),
    ],
)
def test_no_credentials(url: str, expected: str) -> None:
    assert bare(url) == expected


def test_no_credentials_anywhere() -> None:
    account = "https://courier:s3cret@corp.example"
    packages = (
        LockedPackage(
            "a",
            "1",
            {"source": {"registry": account}},
            artifact=Artifact("", f"{account}/a.whl", ""),
        ),
        LockedPackage("b", "1", {"source": {"git": f"{account}/b#12"}}),
        LockedPackage(
            "c",
            "1",
            {"source": {"url": f"{account}/c.whl"}},
            artifact=Artifact("", f"{account}/c.whl", ""),
        ),
    )
    text = json.dumps(written(*packages))
    assert "s3cret" not in text
    assert "courier" not in text


def test_layers_stand_above_those_of_the_base() -> None:
    found = written(LockedPackage("idna", "3", {"source": {"registry": ""}}))
    comments = [p["comment"] for p in found["packages"] if "-layer-" in p["SPDXID"]]
    assert comments == [f"rootfs.diff_ids[{n}] of the image" for n in (2, 3, 4)]


def test_identifiers_are_of_the_letters_that_spdx_admits_and_unique() -> None:
    system = tuple(SystemPackage("deb", name, "1") for name in ("libc++", "libc--", "libc.."))
    ids = [p["SPDXID"] for p in written(system=system)["packages"]]
    assert len(ids) == len(set(ids))
    assert "SPDXRef-deb-libc--" in ids
    assert "SPDXRef-deb-libc---2" in ids


def test_the_same_contents_have_the_same_namespace_and_others_another() -> None:
    locked = LockedPackage("idna", "3", {"source": {"registry": ""}})
    assert written(locked) == written(locked)
    names = {written(locked, epoch=epoch)["documentNamespace"] for epoch in (None, 1, 2)}
    assert len(names) == 3


def test_who_holds_what_the_base_and_the_image_have() -> None:
    found = written(
        system=(SystemPackage("deb", "libc6", "2.41"),),
        added=(SystemPackage("deb", "libpq5", "17.5"),),
        based=(Installed("Pip", "26.0", Licence("MIT")),),
    )
    holding = {
        each["relatedSpdxElement"].removeprefix("SPDXRef-"): each["spdxElementId"]
        for each in found["relationships"]
        if each["relationshipType"] == "CONTAINS"
    }
    for name in ("deb-libc6", "base-python-pip", "python"):
        assert holding[name] == "SPDXRef-base"
    assert holding["deb-libpq5"] == "SPDXRef-image"


# --- licences --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expression", "said"),
    [
        ("License-Expression: mit or apache-2.0\n", "MIT OR Apache-2.0", "mit or apache-2.0"),
        ("License: MIT License\n", "MIT", "MIT License"),
        ("License: BSD\n", "", "BSD"),
        ("License: BSD\nClassifier: License :: OSI Approved :: MIT License\n", "MIT", None),
        (
            "Classifier: License :: OSI Approved :: BSD License\n",
            "",
            "License :: OSI Approved :: BSD License",
        ),
        (
            "Classifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: ISC License (ISCL)\n",
            "",
            None,
        ),
        ("License: Copyright me\n  All rights\n", "", ""),
        ("", "", ""),
    ],
)
def test_licences(headers: str, expression: str, said: str | None) -> None:
    found = of_metadata(f"Metadata-Version: 2.4\nName: Tool\nVersion: 1\n{headers}\nreadme").licence
    assert found.expression == expression
    assert said is None or found.said == said


def test_a_text_of_several_lines_is_not_repeated() -> None:
    assert of_text("Apache License, Version 2.0").expression == "Apache-2.0"
    assert of_metadata("Name: a\nVersion: 1\n").version == "1"


# --- the distribution's packages -------------------------------------------------------------


def test_dpkg() -> None:
    status = (
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41-12\n"
        "Description: GNU C Library\n with a\n .\n Version: 9\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
    )
    single = "Package: tzdata\nVersion: 2026a\nArchitecture: all\n"
    assert dpkg([status, single]) == (
        SystemPackage("deb", "libc6", "2.41-12", "amd64"),
        SystemPackage("deb", "tzdata", "2026a", "all"),
    )
    assert dpkg([""]) == ()


def test_apk() -> None:
    text = "C:Q1\nP:musl\nV:1.2.5-r9\nA:x86_64\nL:MIT\nF:lib\nR:x\n\nP:odd\nV:1\nL:custom\n"
    assert apk(text) == (
        SystemPackage("apk", "musl", "1.2.5-r9", "x86_64", "MIT"),
        SystemPackage("apk", "odd", "1"),
    )


def test_purls_of_distributions() -> None:
    debian = Distribution.parse('PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="13"\n')
    found = debian.purl(SystemPackage("deb", "libstdc++6", "1:14+b1", "amd64"))
    assert found == "pkg:deb/debian/libstdc%2B%2B6@1:14%2Bb1?arch=amd64&distro=debian-13"
    assert Distribution().purl(SystemPackage("apk", "musl", "1")) == "pkg:apk/alpine/musl@1"


# --- edges -----------------------------------------------------------------------------------


def test_an_image_depends_on_the_packages_that_it_is_for() -> None:
    idna, click = (LockedPackage(name, "1", {"source": {}}) for name in ("idna", "click"))
    found = written(idna, click, others=("click", "absent"))
    assert found["name"] == "api 1.2 linux/amd64"
    needed = [r for r in found["relationships"] if r["relationshipType"] == "DEPENDS_ON"]
    assert [(r["spdxElementId"], r["relatedSpdxElement"]) for r in needed] == [
        ("SPDXRef-image", "SPDXRef-python-api"),
        ("SPDXRef-image", "SPDXRef-python-click"),
    ]


LOCK = "".join(
    [
        HEAD,
        '\n[manifest]\nmembers = ["api", "core"]\n',
        package(
            "api",
            'editable = "apps/api"',
            "1.0",
            "dependencies = [",
            '    { name = "core", extra = ["plots"] },',
            '    { name = "idna" },',
            "]",
            "[package.optional-dependencies]",
            listed("redis", "redis"),
            "[package.dev-dependencies]",
            listed("lint", "ruff"),
        ),
        package(
            "core",
            'editable = "libs/core"',
            "1.0",
            listed("dependencies", "idna", "colorama; sys_platform == 'win32'"),
            "[package.optional-dependencies]",
            listed("plots", "numpy"),
            listed("unused", "redis"),
        ),
        *(registry(name, "1.0") for name in ("colorama", "idna", "numpy", "redis", "ruff")),
    ]
)


def found_edges(extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> set[str]:
    lock = Lock.parse(SourceFile("uv.lock", LOCK))
    selection = Selection("api", extras, groups)
    root = manifest("mono", "[tool.uv.workspace]", 'members = ["apps/*", "libs/*"]')
    api = manifest(
        "api", "[project.optional-dependencies]", "redis = []", "[dependency-groups]", "lint = []"
    )
    files = {
        "pyproject.toml": root.partition("[tool")[1] + root.partition("[tool")[2],
        "uv.lock": LOCK,
        "apps/api/pyproject.toml": api,
    }
    closure = select_packages(export(files, selection), lock, target())
    return {" ".join(pair) for pair in edges(lock, closure, selection, target())}


PLAIN = {"api core", "api idna", "core idna", "core numpy"}


def test_edges_follow_extras_and_markers() -> None:
    assert found_edges() == PLAIN


def test_edges_of_what_the_user_selects() -> None:
    assert found_edges(("redis",), ("lint",)) == PLAIN | {"api redis", "api ruff"}


# --- the request -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (None, False),
        ("", True),
        ("type=sbom", True),
        ("type=sbom,disabled=true", False),
        ("disabled", False),
        ("type=sbom,disabled=false", True),
        ("type=sbom,generator=scanner.example/mine", False),
        ('"generator=scanner.example/mine",a=b', False),
    ],
)
def test_when_it_is_asked_for(value: str | None, asked: bool) -> None:
    env = {} if value is None else {"BUILDKIT_FRONTEND_OPT_0": f"attest:sbom={value}"}
    assert parse(env).sbom is asked
