"""What a hermetic build mounts in place of the network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import llb
from frontend.container.downloads import HermeticSources, local
from frontend.model.layers import Kind, Layer
from frontend.model.packages import Artifact, LocalPackage, LockedPackage
from tests.unit.frontend.environments import metadata, operation

if TYPE_CHECKING:
    from collections.abc import Mapping

INDEX = "https://index.example/simple"
SHA = "sha256:" + "a" * 64
SDIST = "sha256:" + "b" * 64


def package(name: str, *, built: bool = False, **source: str) -> LockedPackage:
    table: dict[str, Any] = {
        "name": name,
        "source": source or {"registry": f"{INDEX}/"},
        "sdist": {"url": f"https://files.example/{name}-1.tar.gz", "hash": SDIST},
    }
    wheel = f"{name}-1-py3-none-any.whl"
    artifact = Artifact(wheel, f"https://files.example/{wheel}", SHA)
    return LockedPackage(name, "1", table, built=built, artifact=artifact)


TOOL = package("hatchling")


def sources(
    settings: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> HermeticSources:
    return HermeticSources((TOOL,), headers or {}, settings or {}, "build")


def places(mounts: list[llb.Mount]) -> list[str]:
    return [mount.target.removeprefix("/run/uv-frontend/") for mount in mounts]


def download(mount: llb.Mount) -> llb.Output:
    assert isinstance(mount, llb.Bind)
    assert isinstance(mount.source, llb.Output)
    return mount.source


def test_a_wheel_is_mounted_by_itself_under_its_name() -> None:
    (mount,) = sources().mounts(Layer(Kind.PACKAGES, (package("idna"),)))
    fetch = operation(download(mount)).source

    assert places([mount]) == ["artifacts/idna-1-py3-none-any.whl"]
    assert fetch.identifier == "https://files.example/idna-1-py3-none-any.whl"
    assert fetch.attrs["http.checksum"] == SHA
    assert isinstance(mount, llb.Bind)
    assert mount.selector == fetch.attrs["http.filename"]
    name = metadata(download(mount)).description["llb.customname"]
    assert name == "[internal] fetch idna-1-py3-none-any.whl"


def test_settings_that_forbid_wheels_get_the_source_and_the_tools_of_builds() -> None:
    layer = Layer(Kind.PACKAGES, (package("idna"), package("anyio")))
    mounts = sources({"no-binary-package": ["idna"]}).mounts(layer)

    assert places(mounts) == [
        "artifacts/idna-1.tar.gz",
        "artifacts/anyio-1-py3-none-any.whl",
        "tools/hatchling-1-py3-none-any.whl",
    ]
    assert operation(download(mounts[0])).source.attrs["http.checksum"] == SDIST


def test_members_are_built_with_the_tools() -> None:
    member = Layer(Kind.MEMBER, members=(LocalPackage("api", "api", "editable"),))

    assert places(sources().mounts(member)) == ["tools/hatchling-1-py3-none-any.whl"]
    assert sources().mounts(Layer(Kind.PACKAGES)) == []


@pytest.mark.parametrize(
    ("source", "in_context"),
    [
        ({"path": "dist/x.whl"}, True),
        ({"registry": "wheels"}, True),
        ({"git": "https://git.example/x#abc"}, False),
        ({"registry": INDEX}, False),
    ],
)
def test_what_needs_no_download(source: dict[str, str], in_context: bool) -> None:
    found = replace(package("x"), table={"name": "x", "source": source})
    mounts = sources().mounts(Layer(Kind.PACKAGES, (found,)))

    assert local(found) is in_context
    assert bool(mounts) is (source == {"registry": INDEX})


def test_a_header_opens_the_index_that_has_one() -> None:
    layer = Layer(Kind.PACKAGES, (package("idna"), package("x", registry="https://open.example")))
    secured, plain = sources(headers={INDEX: "HEADER"}).mounts(layer)

    assert operation(download(secured)).source.attrs["http.authheadersecret"] == "HEADER"
    assert "http.authheadersecret" not in operation(download(plain)).source.attrs
