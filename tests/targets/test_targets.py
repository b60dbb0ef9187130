"""`image` is the default, `deps` a part of it, and other names are refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.caching.scenario import layers
from tests.errors.shown import fail

STEP = re.compile(r"\[[0-9]+/[0-9]+\]")

if TYPE_CHECKING:
    from tests.targets.conftest import Built, Site


def test_image_is_the_default(image: Built, site: Site) -> None:
    again = site.engine.build(site.folder, build_args={"package": "api"})
    assert image.run() == "hello core xn--4ca"
    assert not [step for step in again.executed if STEP.match(step.name)]


def test_deps_are_the_layers_of_the_image_without_the_members(image: Built, deps: Built) -> None:
    whole = layers(image.engine, image.image)
    part = layers(deps.engine, deps.image)
    own = {"member: api", "member: core"}
    assert own < whole.keys()
    assert part == {title: layer for title, layer in whole.items() if title not in own}


def test_deps_run_without_the_members(deps: Built) -> None:
    find = "import importlib.util as u; print([bool(u.find_spec(n)) for n in ('idna', 'core')])"
    assert deps.run("python", "-c", find) == "[True, False]"


def test_an_unknown_target_is_refused_with_the_nearest(site: Site) -> None:
    shown = fail(site.engine, site.folder, "--target=dep", package="api")
    assert shown.title == "there is no target 'dep'"
    assert shown.remedy == "Did you mean 'deps'?"
