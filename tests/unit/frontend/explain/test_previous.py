"""The image to compare with, the record of files, and what is said while a build runs."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

import llb
from frontend.emit.image_config import ImageConfig
from frontend.emit.step import Step, StepInput
from frontend.errors import FrontendError
from frontend.explain import labels, previous, progress
from frontend.explain.files import read_trees
from frontend.explain.record import Base, Record
from frontend.explain.record import Layer as RecordedLayer
from frontend.gateway.failures import GatewayError
from frontend.inputs.named_contexts import NamedContext
from frontend.model.base import BaseImage
from frontend.model.layers import FileCopy, FilesLayer

AMD64 = llb.Platform("linux", "amd64")
DIGEST = "sha256:" + "a" * 64
IMAGE = NamedContext("previous", "docker-image://shop:1")
BASE = Base("python:3.13-slim", DIGEST)


def resolved(context: str = "docker-image://shop:1", members: tuple[str, ...] = ()) -> Any:
    contexts = {"context:previous": context} if context else {}
    request = SimpleNamespace(
        named_contexts={"previous": context} if context else {},
        options=contexts,
        resolve_mode=llb.ResolveMode.DEFAULT,
    )
    inputs = SimpleNamespace(
        request=request, context=SimpleNamespace(members=dict.fromkeys(members))
    )
    return SimpleNamespace(inputs=inputs, platform=AMD64, progress_prefix="")


def record(key: str = "k1") -> Record:
    layer = RecordedLayer("packages", key, {"idna": "3.8"}, count=1)
    return Record(
        package="api",
        target="image",
        platform="linux/amd64",
        base=BASE,
        builder=BASE,
        python="3.13.5",
        uv="0.13.8",
        steps="12345678",
        layers=(layer,),
    )


def image(found: dict[str, str] | None, architecture: str = "amd64") -> BaseImage:
    config = {"architecture": architecture, "config": {"Labels": found}}
    return BaseImage("shop:1", "shop@" + DIGEST, DIGEST, config)


def explained(found: BaseImage) -> previous.Explained:
    return previous.explained(resolved(), IMAGE, found, record("k2"), ImageConfig(AMD64))


def test_the_context_is_found_unless_a_package_has_the_name() -> None:
    found = previous.given(resolved())
    assert found is not None
    assert previous.shown(found) == "shop:1"
    assert previous.given(resolved("")) is None
    assert previous.given(resolved(members=("previous",))) is None


def test_an_image_with_labels_is_compared() -> None:
    found = explained(image(labels.written(record())))
    assert found.comparison is not None
    assert found.note == ""
    assert found.document["previous"] == {"name": "shop:1", "digest": DIGEST}
    assert any("idna" in line for line in found.lines)


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (image(None), "was not built with uv-frontend"),
        (image({}), "was not built with uv-frontend"),
        (image({}, "arm64"), "is for arm64"),
        (image({labels.IMAGE: "{"}), "its labels cannot be read"),
        (image({labels.IMAGE: '{"version":99}'}), "its labels are of version 99"),
    ],
)
def test_an_image_that_cannot_be_compared_is_a_note(found: BaseImage, note: str) -> None:
    answer = explained(found)
    assert answer.comparison is None
    assert note in answer.note
    assert answer.lines == [answer.note]


class Gateway:
    """A gateway whose images cannot be had, and whose steps answer with `files`."""

    def __init__(self, files: object = None, error: GatewayError | None = None) -> None:
        self.files, self.error = files, error
        self.solved: list[llb.Output] = []

    def resolve_image(self, *_: Any, **__: Any) -> Any:
        assert self.error is not None
        raise self.error

    def begin(self, call: Any) -> Any:
        return call

    def solve(self, output: llb.Output, *, evaluate: bool = False) -> Any:
        self.solved.append(output)
        return SimpleNamespace(read_file=lambda *_: json.dumps(self.files).encode())


def test_an_image_that_does_not_exist() -> None:
    gateway = Gateway(error=GatewayError(5, "not found"))
    with pytest.raises(FrontendError, match="the previous image shop:1 cannot be read: not found"):
        previous.read_previous(cast("Any", gateway), resolved(), IMAGE)


def test_a_build_says_why_it_compares_with_nothing_and_goes_on() -> None:
    gateway = Gateway(error=GatewayError(5, "not found"))
    tell = progress.start_comparison(cast("Any", gateway), resolved())
    assert tell is not None
    tell(record(), ImageConfig(AMD64))
    (line,) = gateway.solved
    assert "cannot be read" in str(line.vertex.metadata)
    assert progress.start_comparison(cast("Any", gateway), resolved("")) is None


def test_the_same_line_in_two_places_is_two_operations() -> None:
    first, second = (progress.written(number, "line", "") for number in (1, 2))
    assert first.digest != second.digest
    assert first.digest == progress.written(1, "line", "").digest


def test_files_are_hashed_in_one_step_and_told_by_step_and_name() -> None:
    output = llb.local("context")
    layer = FilesLayer((FileCopy("a", "/app/a"),))
    steps = [Step(layer, output, ""), Step(layer, output, "", (StepInput("files", output),))]
    answer = {"1-files": {"digest": "d" * 64, "size": 3, "files": {"a": "f" * 64}}}
    gateway = Gateway(answer)
    trees = read_trees(cast("Any", gateway), llb.image("docker.io/org/own"), AMD64, steps)
    assert list(trees) == [(1, "files")]
    assert trees[1, "files"].files == {"a": "f" * 8}
    assert trees[1, "files"].size == 3
    assert len(gateway.solved) == 1
    assert read_trees(cast("Any", gateway), output, AMD64, steps[:1]) == {}
    assert len(gateway.solved) == 1
