"""The same commit gives the same image, whoever builds it, where, when and how."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.caching.scenario import Scenario, layers

if TYPE_CHECKING:
    from tests.caching.conftest import Machines

MERGED: tuple[str, ...] = ()
COPIED = ("--build-arg=merge=false",)
EPOCH = 1_700_000_000


@pytest.mark.parametrize("form", [MERGED, COPIED], ids=["merged", "copied"])
@pytest.mark.parametrize("package", ["api", "site"])
def test_engines_that_share_nothing_agree(
    package: str, form: tuple[str, ...], machines: Machines
) -> None:
    """Two versions of Docker, a cache of each's own, pure and binary packages, every backend."""
    newer, older = machines.get("docker28"), machines.get("docker26")
    versions = newer.engine.version, older.engine.version
    assert versions[0] != versions[1], f"both engines are Docker {versions[0]}: nothing to compare"
    one = newer.build(Scenario(package=package), *form)

    other = older.build(Scenario(package=package), *form)

    assert other.layers == one.layers
    # Not the manifest: it has digests of compressed layers, and engines compress unequally well.
    assert other.config == one.config


def test_reinstalling_gives_the_same_image(machines: Machines) -> None:
    machine = machines.get("docker28")
    one = machine.build(Scenario())

    other = machine.build(Scenario(), "--no-cache")

    assert len(other.executed) == len(other.steps)
    assert (other.layers, other.manifest) == (one.layers, one.manifest)


@pytest.mark.parametrize("form", [MERGED, COPIED], ids=["merged", "copied"])
def test_layers_outlive_an_update_of_the_base(form: tuple[str, ...], machines: Machines) -> None:
    """Only files of the base's operating system changed: nothing is pushed or pulled again."""
    machine = machines.get("docker28")
    before = machine.build(Scenario(), *form)

    updated = machines.base(machine.engine, "security update")
    after = machine.build(Scenario(), *form, base=updated)

    assert after.layers == before.layers
    assert after.manifest != before.manifest


def test_time_of_the_image_is_that_of_the_source(machines: Machines) -> None:
    machine = machines.get("docker28")
    machine.build(Scenario())

    one = machine.build(Scenario(), f"--build-arg=SOURCE_DATE_EPOCH={EPOCH}")

    inspected = machine.engine.docker("image", "inspect", one.image).stdout

    assert json.loads(inspected)[0]["Created"].startswith("2023-11-14T22:13:20")
    assert one.executed == ()


def test_rewriting_timestamps_changes_nothing(machines: Machines) -> None:
    """No time in our layers is later than any epoch, and the base's layers stay its own.

    Docker itself cannot unpack what it rewrites, so the image goes to a registry and comes back.
    """
    machine = machines.get("docker28")
    epoch = f"--build-arg=SOURCE_DATE_EPOCH={EPOCH}"
    plain = machine.build(Scenario(), epoch)
    image = f"{machine.engine.registry.address}/uv-frontend-test/rewritten:{machine.token}"

    output = f"--output=type=image,name={image},push=true,store=false,rewrite-timestamp=true"
    machine.run(Scenario(), epoch, output)
    machine.engine.docker("pull", "--quiet", image)
    assert layers(machine.engine, image) == plain.layers
    assert json.loads(machine.engine.run(image).stdout)["clock"] == "first"
