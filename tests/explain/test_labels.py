"""An image's labels say what it was made from, and nothing that differs by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from frontend.explain import labels
from tests.contexts.shop import pack
from tests.explain.conftest import OLD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.explain.conftest import Site

#: Options that change how steps run, and not what they write.
HOW = ("--network=host", "--ulimit=nofile=2048:2048", "--add-host=db:10.0.0.7", "--shm-size=80m")


def plan(site: Site, context: Path | str, *options: str, stdin: Path | None = None) -> Any:
    """What `--call=plan` says of the service."""
    call = ("buildx", "build", "--call=plan,format=json", "--build-arg=package=api", *options)
    return json.loads(site.engine.docker(*call, context, stdin=stdin).stdout)


@pytest.fixture(scope="module")
def told(site: Site) -> dict[str, str]:
    return site.labels("first")


def test_the_layers_with_their_keys_packages_and_files(site: Site, told: dict[str, str]) -> None:
    found = labels.read(told)
    assert found is not None
    assert (found.package, found.target, found.platform) == ("api", "image", "linux/amd64")
    assert found.base.name == "python:3.13-slim"
    assert found.base.digest == told["org.opencontainers.image.base.digest"]
    assert [layer.kind for layer in found.layers] == ["skeleton", "packages", "member", "member"]
    assert found.layers[1].packages == {"idna": OLD}
    assert set(found.layers[2].trees["core"].files or {}) == {
        "pyproject.toml",
        "src/core/__init__.py",
    }
    api = found.layers[3].trees["api"]
    assert api.version == "1.0"
    assert set(api.files or {}) == {
        *("pyproject.toml", "src/api/__init__.py", "tests/test_api.py"),
    }
    (image,) = plan(site, site.folder)["images"]
    assert [layer["key"][7:19] for layer in image["layers"]] == [each.key for each in found.layers]


def test_they_are_small_and_have_no_address(site: Site, told: dict[str, str]) -> None:
    ours = {name: text for name, text in told.items() if name.startswith(labels.PREFIX)}
    assert len(ours) == 6
    assert len(json.dumps(ours)) < 2048
    assert "://" not in json.dumps(ours)
    assert str(site.folder.parent) not in json.dumps(ours)


def test_the_same_from_another_kind_of_context(site: Site, tmp_path: Path) -> None:
    """To the digest of the whole image, which is made from nothing else."""
    archive = pack(site.folder, tmp_path / "shop.tar")
    output = f"--output=type=image,name={site.named('archive')},push=true,store=false"
    options = ("--build-arg=package=api", "--provenance=false", output)
    site.engine.build("-", *options, stdin=archive)
    assert site.digest("archive") == site.digest("first")


def test_keys_are_the_same_however_steps_run(site: Site) -> None:
    """Options of the build change how containers are made, not what layers hold."""
    before = plan(site, site.folder)
    assert plan(site, site.folder, *HOW) == before
    trimmed = plan(site, site.folder, "--build-arg=trim=**/*.pyi")
    pairs = zip(before["images"][0]["layers"], trimmed["images"][0]["layers"], strict=True)
    same = [one["title"] for one, other in pairs if one["key"] == other["key"]]
    assert same == ["virtual environment"]


def test_users_labels_win_and_ours_can_be_left_out(site: Site) -> None:
    site.push(site.folder, "own", "--label=uv-frontend.plan=mine")
    own = site.labels("own")
    assert own["uv-frontend.plan"] == "mine"
    assert labels.read(own) is not None
    site.push(site.folder, "none", "--build-arg=plan-labels=false")
    assert not [name for name in site.labels("none") if name.startswith(labels.PREFIX)]
