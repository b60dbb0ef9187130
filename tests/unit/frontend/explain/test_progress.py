"""Lines in the progress of a build about its previous image."""

from __future__ import annotations

import json
from typing import Any

import pytest

import llb
from frontend.emit.image_config import ImageConfig
from frontend.explain import labels, progress
from frontend.explain.record import Base, Record, RecordedLayer
from frontend.gateway import GatewayError, ImageMeta
from tests.unit.frontend import builds
from tests.unit.frontend.locks import HEAD, manifest, package

FILES = {"pyproject.toml": manifest("api"), "uv.lock": HEAD + package("api", 'editable = "."', "0")}
ADDRESS = "docker.io/org/api:1"
OLD = Base("python:3.13-slim", "sha256:" + "a" * 64)
NEW = Base("python:3.13-slim", "sha256:" + "b" * 64)


def record(base: Base, key: str) -> Record:
    layers = (RecordedLayer("skeleton", key, text="virtual environment", size=0),)
    return Record(
        "api", "image", "linux/amd64", base, base, "3.13.5", "0.13.8", "12345678", layers=layers
    )


def start(daemon: Any, **options: str) -> Any:
    asked = builds.request(**options)
    platform = builds.resolved(builds.inputs(FILES, "api", asked=asked))
    return progress.start_comparison(daemon, platform)


def names(daemon: Any) -> list[str]:
    """Return the names of the operations that were solved."""
    return [
        llb.marshal(output).metadata[output.digest].description["llb.customname"]
        for output, evaluated in daemon.solves
        if evaluated
    ]


@pytest.mark.parametrize("options", [{}, {"context__previous": "local:previous"}])
def test_without_an_image_nothing_is_looked_up(options: dict[str, str]) -> None:
    daemon: Any = builds.Daemon()
    assert start(daemon, **options) is None
    assert (daemon.lookups, daemon.solves) == ([], [])


def test_each_line_is_an_operation_of_its_own_and_in_order() -> None:
    config = {"config": {"Labels": labels.written(record(OLD, "k"))}}
    meta = ImageMeta(ADDRESS, "sha256:p", json.dumps(config).encode())
    daemon: Any = builds.Daemon(images={ADDRESS: meta})
    tell = start(daemon, context__previous="docker-image://org/api:1")
    tell(record(NEW, "k-new"), ImageConfig(builds.AMD64))
    assert names(daemon) == [
        "[explain] base: python:3.13-slim moved (aaaaaaaaaaaa → bbbbbbbbbbbb)",
        "[explain] layer 1 of 1: made again, with the same packages and files",
        "[explain] to push: 1 more (about 1 kB) where making them again changes them; the base's "
        "new layers",
    ]


def test_an_image_that_is_not_there_does_not_end_the_build() -> None:
    daemon: Any = builds.Daemon(images={ADDRESS: GatewayError(5, "not found")})
    start(daemon, context__previous="docker-image://org/api:1")(
        record(NEW, "k"), ImageConfig(builds.AMD64)
    )
    assert names(daemon) == ["[explain] the previous image org/api:1 cannot be read: not found"]


def test_a_line_that_cannot_be_shown_does_not_end_the_build() -> None:
    class Broken(builds.Daemon):
        def solve(self, what: llb.Output, *, evaluate: bool = False) -> Any:
            super().solve(what, evaluate=evaluate)
            raise GatewayError(14, "gone")

    daemon: Any = Broken(images={ADDRESS: GatewayError(5, "not found")})
    start(daemon, context__previous="docker-image://org/api:1")(
        record(NEW, "k"), ImageConfig(builds.AMD64)
    )
    assert len(daemon.solves) == 1


def test_the_same_line_in_two_places_is_two_operations() -> None:
    first, second = progress.written(0, "a", "arm: "), progress.written(1, "a", "arm: ")
    assert first.digest != second.digest
    assert first.digest == progress.written(0, "a", "arm: ").digest
    description = llb.marshal(first).metadata[first.digest].description
    assert description["llb.customname"] == "[arm: explain] a"
