"""The image to compare with: found, read, and taken for what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from frontend.emit.image_config import ImageConfig
from frontend.errors import FrontendError
from frontend.explain import labels, previous
from frontend.explain.record import Base, Record, RecordedLayer
from frontend.gateway import GatewayError, ImageMeta
from frontend.inputs.named_contexts import NamedContext
from frontend.model.base import BaseImage
from tests.unit.frontend import builds
from tests.unit.frontend.locks import HEAD, manifest, package

FILES = {"pyproject.toml": manifest("api"), "uv.lock": HEAD + package("api", 'editable = "."', "0")}
IMAGE = NamedContext("previous", "docker-image://org/api:1")
ADDRESS = "docker.io/org/api:1"
PYTHON = Base("python:3.13-slim", "sha256:b")
RECORD = Record(
    "api",
    "image",
    "linux/amd64",
    PYTHON,
    PYTHON,
    "3.13.5",
    "0.13.8",
    "12345678",
    layers=(RecordedLayer("skeleton", "k", text="virtual environment"),),
)


def resolved(**options: str) -> Any:
    return builds.resolved(builds.inputs(FILES, "api", asked=builds.request(**options)))


def image(found: dict[str, str] | None, architecture: str = "amd64") -> BaseImage:
    config = {"architecture": architecture, "config": {"Labels": found}}
    return BaseImage("org/api:1", "", "sha256:p", config)


def test_the_context_is_found_by_its_name() -> None:
    assert previous.given(resolved()) is None
    assert previous.given(resolved(context__other="docker-image://a")) is None
    assert previous.given(resolved(context__previous=IMAGE.where)) == IMAGE


def test_a_package_of_that_name_has_the_context_for_itself() -> None:
    platform = resolved(context__previous="local:previous")
    members = {"previous": platform.inputs.context}
    context = replace(platform.inputs.context, members=members)
    inputs = replace(platform.inputs, context=context)
    assert previous.given(replace(platform, inputs=inputs)) is None


def test_its_configuration_alone_is_read() -> None:
    config = json.dumps({"architecture": "amd64"}).encode()
    daemon: Any = builds.Daemon(images={ADDRESS: ImageMeta(ADDRESS, "sha256:p", config)})
    read = previous.read_previous(daemon, resolved(), IMAGE)
    assert (read.digest, read.architecture) == ("sha256:p", "amd64")
    assert (daemon.lookups, daemon.solves) == ([ADDRESS], [])


def test_an_image_that_is_not_there_is_an_error_of_the_user() -> None:
    daemon: Any = builds.Daemon(images={ADDRESS: GatewayError(5, "not found")})
    with pytest.raises(FrontendError, match="previous image org/api:1 cannot be read: not found"):
        previous.read_previous(daemon, resolved(), IMAGE)


def explained(found: BaseImage) -> previous.Explained:
    config = ImageConfig(builds.AMD64)
    return previous.explained(resolved(), IMAGE, found, RECORD, config)


def test_the_same_image_is_unchanged() -> None:
    said = explained(image(labels.written(RECORD)))
    assert said.lines == ["nothing changed"]
    assert said.document["previous"] == {"name": "org/api:1", "digest": "sha256:p"}
    assert (said.document["platform"], said.document["note"]) == ("linux/amd64", None)
    assert said.document["changed"] is False


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (image({}, "arm64"), "org/api:1 is for arm64"),
        (image(None), "org/api:1 was not built with uv-frontend, or without plan-labels"),
        (
            image({labels.IMAGE: '{"version": 9}'}),
            "org/api:1 was built otherwise, its labels are of version 9, and these are of 1",
        ),
        (
            image({labels.IMAGE: "no JSON"}),
            "org/api:1 was built otherwise, its labels cannot be read",
        ),
    ],
)
def test_an_image_without_a_record_gets_a_note(found: BaseImage, note: str) -> None:
    said = explained(found)
    assert said.comparison is None
    assert said.lines == [f"nothing to compare with: {note}"]
    assert said.document["note"] == said.lines[0]
    assert "changed" not in said.document
