"""What the base image leaves room for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from frontend.config import settings
from frontend.errors import FrontendError, SourceFile
from frontend.model.base import BaseImage
from frontend.model.packages import Closure, LocalPackage, Selection
from frontend.project.lock import Lock
from frontend.targets.image import make_plan
from tests.unit.frontend.targets import target

API = LocalPackage("api", "apps/api", "editable", "1.0")
DOCKERFILE = SourceFile("Dockerfile", 'base = "tall"\n')


def job() -> Any:
    """A job that has what planning looks at."""
    body = settings.from_build_file(settings.parse_build_file(DOCKERFILE))
    lock = Lock.parse(SourceFile("uv.lock", "version = 1\n"))
    workspace = SimpleNamespace(lock=lock)
    return SimpleNamespace(
        settings=settings.merge_sources(body),
        workspace=workspace,
        package=API,
        others=(),
        selection=Selection("api"),
    )


def base(layers: int) -> BaseImage:
    return BaseImage("tall", "", "", {"rootfs": {"diff_ids": ["sha256:0"] * layers}})


def test_a_base_of_many_layers_leaves_little_room() -> None:
    made = make_plan(job(), Closure((), (API,)), target(), base(120))
    assert [layer.title for layer in made.layers] == ["virtual environment", "member: api"]


def test_a_base_of_too_many_layers_is_refused() -> None:
    with pytest.raises(FrontendError) as raised:
        make_plan(job(), Closure((), (API,)), target(), base(121))
    assert raised.value.message == (
        "base image tall has 121 layers, and an image can have 125: nothing can be added"
    )
    assert [(p.source.filename, p.start) for p in raised.value.places] == [("Dockerfile", 1)]
