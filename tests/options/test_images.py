"""Options that change the image: labels, annotations, its time, and which base it stands on."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine import base_image
from tests.errors.shown import fail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engines
    from tests.engine import Build, Engine
    from tests.errors.workspaces import Workspace

BASE = "org.opencontainers.image.base.digest"
MOMENT = 1_234_567_890  # 2009-02-13 23:31:30 UTC


class Layout:
    """An image as an OCI archive."""

    def __init__(self, archive: Path) -> None:
        with tarfile.open(archive) as tar:
            self._files = {
                member.name: tar.extractfile(member).read()  # type: ignore[union-attr]
                for member in tar
                if member.isfile()
            }
        self.index = json.loads(self._files["index.json"])
        top = self.blob(self.index["manifests"][0]["digest"])
        self.manifest = self.blob(top["manifests"][0]["digest"]) if "manifests" in top else top
        self.config = self.blob(self.manifest["config"]["digest"])

    def blob(self, digest: str) -> Any:
        return json.loads(self._files["blobs/" + digest.replace(":", "/")])


def build(
    engine: Engine, where: Path | str, folder: Path, *options: str, **arguments: str
) -> tuple[Build, Layout]:
    archive = folder / "image.tar"
    to = ["--provenance=false", "--output", f"type=oci,dest={archive}"]
    done = engine.build(where, *options, *to, build_args=arguments)
    return done, Layout(archive)


def test_labels_annotations_and_time(docker28: Engine, noting: Workspace, tmp_path: Path) -> None:
    options = ["--label=team=shop", "--annotation=manifest:owner=someone"]
    _, layout = build(docker28, noting.folder, tmp_path, *options, SOURCE_DATE_EPOCH=str(MOMENT))
    assert layout.config["config"]["Labels"]["team"] == "shop"
    assert layout.manifest["annotations"]["owner"] == "someone"
    assert layout.config["created"] == "2009-02-13T23:31:30Z"
    assert {item["created"] for item in layout.config["history"]} == {"2009-02-13T23:31:30Z"}
    # Only the image's time is another: no step has run again.
    again, other = build(docker28, noting.folder, tmp_path, SOURCE_DATE_EPOCH=str(MOMENT + 1))
    assert other.config["rootfs"] == layout.config["rootfs"]
    assert [v.name for v in again.executed if "/3] " in v.name] == []


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        # This one leaves it to us; newer ones read the number before they ask any frontend.
        ("docker20", "SOURCE_DATE_EPOCH=context is too new for this engine"),
        ("docker28", "invalid source-date-epoch"),
    ],
)
def test_time_of_the_context(engines: Engines, noting: Workspace, kind: str, says: str) -> None:
    """No engine here can take it: the user is told at once, before anything is installed."""
    shown = fail(engines.get(kind), noting.folder, SOURCE_DATE_EPOCH="context")
    assert shown.title.startswith(says)
    if kind == "docker20":
        assert "git log -1 --format=%ct" in shown.remedy
    assert not any("/3] " in vertex.name for vertex in shown.build.vertexes)


def test_pull(docker28: Engine, noting: Workspace, tmp_path: Path) -> None:
    """The base is looked up where `--pull` says: the engine's own copy, or the registry's."""
    registry, name = docker28.registry, f"{base_image.REPOSITORY}:moving"
    first = docker28.docker("pull", "python:3.13-slim")
    assert first.returncode == 0
    mirrored = f"{registry.address}/{name}"
    digests = []
    for label in ("old", "new"):
        (tmp_path / "Dockerfile").write_text(f"FROM python:3.13-slim\nLABEL moved={label}\n")
        docker28.build(tmp_path, "--provenance=false", tag=mirrored)
        docker28.docker("push", "--quiet", mirrored)
        if label == "old":
            docker28.docker("pull", name.removeprefix("library/"))
        about = docker28.docker("image", "inspect", "--format", "{{json .}}", mirrored).stdout
        digests.append(json.loads(about)["Id"])
    old, new = digests
    assert old != new
    base = {"base": name.removeprefix("library/")}
    _, kept = build(docker28, noting.folder, tmp_path, **base)
    _, pulled = build(docker28, noting.folder, tmp_path, "--pull", **base)
    assert kept.config["config"]["Labels"]["moved"] == "old"
    assert pulled.config["config"]["Labels"]["moved"] == "new"
    assert pulled.config["config"]["Labels"][BASE] != kept.config["config"]["Labels"].get(BASE)
