"""Other targets of a bake file as contexts, and a bake file in a repository."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.contexts.shop import SAID, Made, commit, git, layers, make

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contexts.server import Site
    from tests.engine import Engine

ALLOWED = ("--allow=network.host", "--allow=fs.read=*", "--load")
BAKE = """\
group "default" {
  targets = ["on-another-base", "with-another-library"]
}

target "base" {
  context = "CORE"
  dockerfile-inline = <<EOT
FROM python:3.13-slim
RUN python3 -c "open('/etc/motd', 'w').write('made by bake')"
ENV GREETING=hello
EOT
}

target "library" {
  context = "CORE"
  dockerfile-inline = <<EOT
FROM scratch
COPY . /
EOT
}

target "service" {
  context = "SHOP"
  args = { package = "api" }
  network = "host"
  attest = ["type=provenance,disabled=true"]
}

target "on-another-base" {
  inherits = ["service"]
  contexts = { "python:3.13-slim" = "target:base" }
  platforms = ["linux/ARCHITECTURE"]
  tags = ["uv-frontend-test/bake-base"]
}

target "with-another-library" {
  inherits = ["service"]
  contexts = { core = "target:library" }
  tags = ["uv-frontend-test/bake-library"]
}
"""
REMOTE = """\
target "default" {
  context = "some/shop"
  network = "host"
  attest = ["type=provenance,disabled=true"]
  tags = ["uv-frontend-test/bake-remote"]
}
"""


@pytest.fixture(scope="module")
def local(docker28: Engine, shop: Path) -> Made:
    return make(docker28, shop)


def test_results_of_other_targets(
    docker28: Engine, shop: Path, local: Made, tmp_path: Path
) -> None:
    """An image to stand on, with its configuration; and the files of a package."""
    core = tmp_path / "core"
    shutil.copytree(shop / "libs/core", core)
    (core / "__init__.py").write_text("NAME = 'baked core'\n")
    architecture = docker28.docker("version", "--format", "{{.Server.Arch}}").stdout.strip()
    text = BAKE.replace("SHOP", str(shop)).replace("CORE", str(core))
    (tmp_path / "bake.hcl").write_text(text.replace("ARCHITECTURE", architecture))
    docker28.docker("buildx", "bake", "--file", tmp_path / "bake.hcl", *ALLOWED)
    image = "uv-frontend-test/bake-base"
    assert docker28.run(image).stdout == SAID
    shown = docker28.run(image, "sh", "-c", "echo $GREETING; cat /etc/motd").stdout
    assert shown == "hello\nmade by bake"
    assert docker28.run("uv-frontend-test/bake-library").stdout == "good morning baked core\n"
    changed = set(layers(docker28, "uv-frontend-test/bake-library")) - set(local.layers)
    assert len(changed) == 1


def test_bake_file_in_a_repository(
    docker28: Engine, shop: Path, local: Made, site: Site, tmp_path: Path
) -> None:
    """buildx hands over the folder of the repository as an input of the build."""
    folder = tmp_path / "repository"
    shutil.copytree(shop, folder / "some/shop", ignore=shutil.ignore_patterns(".git"))
    (folder / "docker-bake.hcl").write_text(REMOTE)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "baked")
    docker28.docker("buildx", "bake", *ALLOWED, site.repository("baked", folder))
    image = "uv-frontend-test/bake-remote"
    assert docker28.run(image).stdout == SAID
    assert layers(docker28, image) == local.layers
