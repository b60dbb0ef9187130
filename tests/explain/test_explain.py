"""What a call and a build say of a previous image, which is never pulled."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.pages import Page
from tests.explain.conftest import OLD, pin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Build
    from tests.explain.conftest import Site

PAGE = Page("docs/explain.md")
NEW = "3.11"
LAYER = re.compile(r"\[[0-9]+/[0-9]+\]")
TOLD = re.compile(r"\[explain\] (.*)")


def call(site: Site, folder: Path, *options: str, check: bool = True, previous: str = "") -> Build:
    """Ask what changed; no layer is made for the answer."""
    name = f"docker-image://{previous or site.named('first')}"
    given = () if previous == "none" else (f"--build-context=previous={name}",)
    arguments = {"package": "api"}
    asked = site.engine.build(folder, *given, *options, build_args=arguments, check=check)
    assert not [step for step in asked.executed if LAYER.match(step.name)]
    return asked


def lines(site: Site, folder: Path, *options: str, previous: str = "") -> list[str]:
    """What the call says below its first line."""
    head, empty, *told = call(
        site, folder, "--call=explain", *options, previous=previous
    ).stdout.splitlines()
    name = previous or site.named("first")
    assert (head, empty) == (f"api for linux/amd64, compared with {name}", "")
    return told


@pytest.fixture(scope="module")
def changed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another version of a package, a line of the service, and a new base."""
    folder = site.copied(tmp_path_factory.mktemp("changed"))
    pin(folder, [f"idna=={NEW}"])
    with (folder / "services/api/src/api/__init__.py").open("a") as module:
        module.write("# Edited.\n")
    return folder


@pytest.fixture(scope="module")
def base(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A base image that moved after the image `on-base` was built on it."""
    image = "uv-frontend-test/explain-base:1"
    for patch in ("first", "second"):
        folder = tmp_path_factory.mktemp("base")
        (folder / "Dockerfile").write_text("FROM python:3.13-slim\nCOPY patch /etc/patched\n")
        (folder / "patch").write_text(patch)
        site.engine.build(folder, "--provenance=false", tag=image)
        site.engine.publish(image)
        if patch == "first":
            site.push(site.folder, "on-base", base=image)
    return image


def alike(text: str, site: Site, base: str = "python:3.13-slim") -> list[str]:
    """An answer with the page's names, and without digests and sizes, which may differ."""
    named = text.replace(site.named("on-base"), "registry.example/shop/api:latest")
    named = named.replace(base, "python:3.13-slim")
    named = re.sub(r"[0-9a-f]{12}", "DIGEST", named)
    return re.sub(r"[0-9.]+ [kM]B", "SIZE", named).splitlines()


def test_nothing_changed(site: Site) -> None:
    assert lines(site, site.folder) == ["nothing changed"]


def test_packages_files_and_base(site: Site, changed: Path, base: str) -> None:
    """The answer is that of the page."""
    named, on_base = site.named("on-base"), f"--build-arg=base={base}"
    asked = call(site, changed, "--call=explain", on_base, previous=named)
    (shown,) = (each.text for each in PAGE.blocks if each.text.startswith("api for linux/amd64"))
    assert alike(asked.stdout, site, base) == alike(shown, site)


def test_nothing_is_pulled(site: Site, tmp_path: Path) -> None:
    """The previous image's layer is lost: its labels are all that can be read."""
    registry, layer = site.engine.registry, tmp_path / "layer.tar.gz"
    layer.write_bytes(os.urandom(1000))
    digest = hashlib.sha256(layer.read_bytes()).hexdigest()
    config: dict[str, object] = {
        "os": "linux",
        "architecture": "amd64",
        "config": {"Labels": site.labels("first")},
    }
    repository = site.named("").partition("/")[2].rstrip(":")
    registry.push_layer(repository, "lost", layer=layer, diff_id=f"sha256:{digest}", config=config)
    (blob,) = registry.home.glob(f"storage/**/sha256/{digest[:2]}/{digest}/data")
    blob.unlink()
    assert site.engine.docker("pull", site.named("lost"), check=False).returncode

    settings, push = lines(site, site.folder, previous=site.named("lost"))
    assert settings.startswith("configuration: ")
    assert push == "to push: only the configuration"


def test_for_programs(site: Site, changed: Path) -> None:
    asked = call(site, changed, "--call=explain,format=json")
    (image,) = json.loads(asked.stdout)["images"]
    assert image["previous"] == {"name": site.named("first"), "digest": site.digest("first")}
    states = [layer["state"] for layer in image["layers"]]
    assert states == ["same", "changed", "same", "changed"]
    assert image["layers"][1]["packages"] == [
        {"name": "idna", "change": "changed", "before": OLD, "after": NEW}
    ]
    assert image["layers"][3]["files"] == [
        {"package": "api", "path": "src/api/__init__.py", "change": "changed"}
    ]
    size = image["push"]["bytes"]
    assert 50_000 < size < 500_000
    assert image["push"] == {"layers": 2, "bytes": size, "unknown": 0}


def explained(build: Build) -> list[str]:
    """What a build says, in the order in which it does."""
    return [found[1] for v in build.vertexes if (found := TOLD.fullmatch(v.name))]


def test_a_build_says_the_same_and_makes_the_same_image(site: Site, changed: Path) -> None:
    plain = site.push(changed, "plain")
    given = f"--build-context=previous=docker-image://{site.named('first')}"
    build = site.push(changed, "second", given)
    assert explained(build) == lines(site, changed)
    shown = next(each.text for each in PAGE.blocks if "=> [explain]" in each.text)
    page = [line.strip() for line in re.findall(r"\[explain\] (.*) 0\.0s", shown)]
    assert alike("\n".join(explained(build)), site) == alike("\n".join(page), site)
    assert explained(plain) == []
    assert not build.progress.warnings
    assert site.digest("second") == site.digest("plain")
    assert not [step for step in build.executed if LAYER.match(step.name)]
    assert lines(site, changed, previous=site.named("second")) == ["nothing changed"]


def test_a_build_without_a_previous_image_goes_on(site: Site) -> None:
    """The first one of a branch has none."""
    missing = site.named("missing")
    given = f"--build-context=previous=docker-image://{missing}"
    (said,) = explained(site.build(site.folder, given))
    assert said.startswith(f"the previous image {missing} cannot be read: ")


def test_a_call_without_a_previous_image_fails(site: Site) -> None:
    missing = call(site, site.folder, "--call=explain", check=False, previous=site.named("missing"))
    assert missing.code == 1
    assert f"the previous image {site.named('missing')} cannot be read: " in missing.error
    none = call(site, site.folder, "--call=explain", check=False, previous="none")
    assert "there is no previous image to compare with" in none.error
    assert "--build-context previous=docker-image://NAME" in none.error


def test_a_target_without_layers(site: Site) -> None:
    asked = call(site, site.folder, "--call=explain", "--target=wheels", check=False)
    assert "the target wheels makes no image of layers" in asked.error


def test_an_image_of_somebody_else(site: Site, base: str) -> None:
    told = lines(site, site.folder, previous=base)
    assert told == [
        f"nothing to compare with: {base} was not built with uv-frontend, or without plan-labels"
    ]


def test_another_package_and_configuration(site: Site) -> None:
    arguments = ("--build-arg=package=notes", "--build-arg=env.MODE=fast")
    asked = call(site, site.folder, "--call=explain", *arguments)
    told = asked.stdout.splitlines()[2:]
    assert told[0] == "package: api → notes"
    assert "layer 4 of 4, source notes: new" in told
    assert "gone: layer 4 of 4, member api" in told
    assert "Env MODE" in told[-2]


def test_an_image_in_a_folder(site: Site, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    site.build(site.folder, f"--output=type=oci,dest={layout},tar=false")
    given = f"--build-context=previous=oci-layout://{layout}"
    asked = call(site, site.folder, "--call=explain,format=json", given, previous="none")
    found: Any = json.loads(asked.stdout)["images"][0]
    assert found["changed"] is False
    assert found["previous"]["name"] == "previous"
