"""Facts about options: those without effect, and those that show a password."""

from __future__ import annotations

from dataclasses import replace

import pytest

import llb
from frontend.container.writer import RESOURCES
from frontend.emit.image_config import ImageConfig
from frontend.emit.step import Step
from frontend.lint import options
from frontend.model.layers import Kind, PackagesLayer
from frontend.model.packages import LockedPackage
from frontend.request import ExecOptions, Request
from frontend.targets.result import TargetResult
from tests.unit.frontend.builds import AMD64, request

ROOT = llb.image("debian", platform=AMD64)
LAYER = PackagesLayer(Kind.PACKAGES, (LockedPackage("zope-event", "5", {"source": {}}),))
RESULT = TargetResult(ROOT, ImageConfig(AMD64), (Step(LAYER, ROOT, "report.json"),))
ANY = llb.Capabilities.of(RESOURCES)


def asked(**changes: object) -> Request:
    return replace(request(), exec_options=replace(ExecOptions(), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("http://me:hush@proxy.example:3128", 1),
        ("http://me@proxy.example:3128", 0),
        ("http://proxy.example:3128", 0),
    ],
)
def test_a_password_of_a_proxy(address: str, count: int) -> None:
    facts = list(options.passwords(asked(proxy={"https": address})))
    assert len(facts) == count
    assert "hush" not in str(facts)
    assert all(fact.rule is None for fact in facts)


def without_effect(asked: Request, capabilities: llb.Capabilities = ANY) -> list[str]:
    return [fact.text for fact in options.without_effect(asked, capabilities, RESULT)]


@pytest.mark.parametrize("name", ["zope.event", "Zope_Event", "packages", "image", "deps"])
def test_a_filter_that_names_a_package_a_kind_or_a_target(name: str) -> None:
    assert without_effect(replace(request(), no_cache=(name,))) == []


def test_a_filter_that_names_nothing() -> None:
    assert without_effect(replace(request(), no_cache=("flask", "packages"))) == [
        "--no-cache-filter=flask has no effect: no step of this build goes by that name"
    ]


def test_limits_that_the_engine_does_not_know() -> None:
    limited = asked(resources=object())
    assert without_effect(limited) == []
    (text,) = without_effect(limited, llb.Capabilities.of())
    assert text.startswith("limits of memory and processors have no effect")
    assert without_effect(asked(), llb.Capabilities.of()) == []
