"""`plan`: the layers of the image, told without installing anything."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from frontend.targets.plan_document import Document
from tests.targets.test_targets import STEP

if TYPE_CHECKING:
    from pathlib import Path

    from tests.targets.conftest import Built, Site


@pytest.fixture(scope="module")
def folder(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan of the service."""
    place = tmp_path_factory.mktemp("plan")
    build = site.build("plan", f"--output={place}", "--no-cache")
    assert not [vertex.name for vertex in build.vertexes if STEP.match(vertex.name)]
    return place


@pytest.fixture(scope="module")
def plan(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "plan.json").read_text())
    return found


def test_it_has_the_published_form(folder: Path) -> None:
    """The models make the schema, see tests/docs."""
    found = Document.model_validate_json((folder / "plan.json").read_text())
    assert [image.platform for image in found.images] == ["linux/amd64"]
    assert sorted(path.name for path in folder.iterdir()) == ["plan.json", "plan.txt"]


def test_its_layers_are_those_of_the_image(plan: dict[str, Any], image: Built) -> None:
    (told,) = plan["images"]
    history = image.engine.docker(
        "history", "--format", "{{.CreatedBy}}", "--no-trunc", image.image
    )
    titles = history.stdout.splitlines()[: len(told["layers"])]
    assert [layer["title"] for layer in told["layers"]] == titles[::-1]
    assert told["base"]["name"] == "python:3.13-slim"
    assert told["python"]["version"].startswith("3.13.")


def test_each_layer_says_what_it_holds(plan: dict[str, Any]) -> None:
    (told,) = plan["images"]
    by_kind = {layer["kind"]: layer for layer in told["layers"]}
    assert [p["name"] for p in by_kind["packages"]["packages"]] == ["idna"]
    assert by_kind["packages"]["size"] == by_kind["packages"]["packages"][0]["size"] > 10_000
    (member,) = by_kind["member"]["members"]
    assert member == {"name": "api", "version": "1.0", "path": "services/api"}
    assert by_kind["member"]["sources"] == ["services/api"]


def test_the_table_is_for_people(folder: Path, plan: dict[str, Any]) -> None:
    lines = (folder / "plan.txt").read_text().splitlines()
    assert lines[0] == "api for linux/amd64"
    head = next(n for n, line in enumerate(lines) if line.startswith("LAYER"))
    assert lines[head].split() == ["LAYER", "CONTENTS", "SIZE", "KEY", "WHY"]
    for layer, line in zip(plan["images"][0]["layers"], lines[head + 1 :], strict=True):
        assert line.startswith(f"{layer['number']} {layer['kind']} ")
        assert f" {layer['key'][7:19]} " in line
        assert line.endswith(layer["reason"])


def test_keys_stay_and_change_with_what_decides(
    site: Site, plan: dict[str, Any], tmp_path: Path
) -> None:
    """As the layers do: other times and another package of the workspace leave them alone."""
    for path in site.folder.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    keys = _keys(plan)
    assert _keys(_plan(site, tmp_path / "again")) == keys
    notes = _keys(_plan(site, tmp_path / "notes", package="notes"))
    shared = {"virtual environment", "member: core"} | {t for t in keys if t.startswith("idna")}
    assert {title: notes[title] for title in shared} == {title: keys[title] for title in shared}
    elsewhere = _keys(_plan(site, tmp_path / "other", "--build-arg=user=nobody"))
    assert elsewhere == keys
    owned = _keys(_plan(site, tmp_path / "owned", "--build-arg=owner=1000:1000"))
    assert not set(owned.values()) & set(keys.values())


def _plan(site: Site, place: Path, *options: str, package: str = "api") -> dict[str, Any]:
    site.build("plan", f"--output={place}", *options, package=package)
    found: dict[str, Any] = json.loads((place / "plan.json").read_text())
    return found


def _keys(plan: dict[str, Any]) -> dict[str, str]:
    return {layer["title"]: layer["key"] for layer in plan["images"][0]["layers"]}
