"""What engine or buildx forbid reaches the user in their words, with the line it is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.errors.index import REACH
from tests.errors.shown import fail
from tests.errors.workspaces import DOCKERFILE, Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Engines
    from tests.engine import Engine

BASE = "docker-image://docker.io/library/python:3.13-slim"


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    found = workspace(tmp_path / "shop").service("api").lock()
    return found.write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "python:3.13-slim"\n')


class Policy:
    """The source policy that buildx gives the builds of a test."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._file, self._monkeypatch = file, monkeypatch

    def set(self, action: str, identifier: str, instead: str = "") -> None:
        rule: dict[str, object] = {"action": action, "selector": {"identifier": identifier}}
        if instead:
            rule["updates"] = {"identifier": instead}
        self._file.write_text(json.dumps({"rules": [rule]}))
        self._monkeypatch.setenv("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", str(self._file))


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Policy:
    return Policy(tmp_path / "policy.json", monkeypatch)


def test_a_policy_forbids_the_base(docker28: Engine, shop: Workspace, policy: Policy) -> None:
    policy.set("DENY", BASE)
    shown = fail(docker28, shop.folder)
    assert shown.message.endswith(f'source "{BASE}" denied by policy: source denied by policy')
    assert shown.remedy == ""
    assert shown.where == 'Dockerfile:3\nbase = "python:3.13-slim"'


def test_a_policy_forbids_the_context(docker28: Engine, shop: Workspace, policy: Policy) -> None:
    policy.set("DENY", "local://context")
    shown = fail(docker28, shop.folder)
    assert 'source "local://context" denied by policy' in shown.title


def test_a_policy_makes_the_base_no_image(
    docker28: Engine, shop: Workspace, policy: Policy
) -> None:
    policy.set("CONVERT", BASE, "https://files.example/python.tar")
    shown = fail(docker28, shop.folder)
    assert shown.title.startswith("the source policy replaces image ")
    assert shown.where == 'Dockerfile:3\nbase = "python:3.13-slim"'


def test_a_policy_takes_the_base_from_elsewhere(
    docker28: Engine, shop: Workspace, policy: Policy, image: Callable[..., str]
) -> None:
    mirror = image("mirror", "FROM python:3.13-slim\nRUN touch /of-the-mirror\n")
    policy.set("CONVERT", BASE, f"docker-image://docker.io/{mirror}:latest")
    made = "uv-frontend-test/converted"
    docker28.build(shop.folder, tag=made)
    assert docker28.run(made, "ls", "/of-the-mirror").stdout == "/of-the-mirror\n"


def test_an_entitlement_that_the_engine_does_not_give(engines: Engines, shop: Workspace) -> None:
    engines.get("docker28")
    rights = {"network-host": False}
    with engines.another("docker28", "strict", entitlements=rights) as engine:
        shown = fail(engine, shop.folder, REACH)
    assert "network.host is not allowed" in shown.title
    assert shown.remedy == ""


def test_a_limit_that_the_machine_does_not_give(docker28: Engine, shop: Workspace) -> None:
    """The engine cannot start any container; what it says of that is in the step's output."""
    shown = fail(docker28, shop.folder, "--ulimit=nofile=99999999999:99999999999")
    assert shown.title == "python:3.13-slim cannot run uv: exit code: 1"
    assert "setting rlimit" in shown.build.report()
    assert "--ulimit" in shown.remedy


def test_a_secret_whose_file_is_missing(docker28: Engine, shop: Workspace, tmp_path: Path) -> None:
    """buildx looks before it begins."""
    missing = tmp_path / "missing"
    build = docker28.build(shop.folder, f"--secret=id=netrc,src={missing}", check=False)
    assert not build.ok
    assert f"stat {missing}: no such file or directory" in build.error
