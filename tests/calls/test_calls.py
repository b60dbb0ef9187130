"""Calls are answered by a real engine as buildx shows them, and install nothing."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from frontend.config.keys import TABLES
from frontend.config.schema import KEYS, Spec
from frontend.targets import TARGETS
from frontend.targets.plan_document import Document
from tests.errors.shown import fail
from tests.targets.workspace import write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Build, Engine

HIDDEN = "s3cret-in-an-argument"
LAYER = re.compile(r"\[[0-9]+/[0-9]+\]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of four packages, locked."""
    return write(tmp_path_factory.mktemp("calls") / "shop")


def call(engine: Engine, folder: Path, name: str, **arguments: str) -> Build:
    """Ask, and see that no layer was made for the answer."""
    asked = engine.build(folder, f"--call={name}", build_args=arguments)
    assert not [step for step in asked.executed if LAYER.match(step.name)]
    assert HIDDEN not in asked.stdout
    return asked


def rows(asked: Build) -> dict[str, str]:
    """The table that buildx printed, by the first column."""
    lines = [line.split(maxsplit=1) for line in asked.stdout.splitlines() if line.strip()]
    return {line[0]: line[1].strip() for line in lines if len(line) > 1}


def document(asked: Build) -> Any:
    """The JSON that buildx printed."""
    return json.loads(asked.stdout)


def test_describe_lists_what_there_is(docker28: Engine, folder: Path) -> None:
    told = rows(call(docker28, folder, "subrequests.describe"))
    assert told.keys() == {
        "NAME",
        "subrequests.describe",
        "targets",
        "plan",
        "lint",
        "outline",
        "explain",
        "affected",
    }


def test_targets_and_packages_are_listed_though_no_package_is_chosen(
    engine: Engine, folder: Path
) -> None:
    """On every engine: what answers is the frontend, and the oldest one asks it all the same."""
    told = document(call(engine, folder, "targets,format=json"))["targets"]
    names = [target["name"] for target in told]
    packages = [f"--build-arg package={name}" for name in ("api", "core", "lonely", "notes")]
    assert names == [*(target.name for target in TARGETS), *packages]
    assert [target["name"] for target in told if target.get("default")] == ["image"]


def test_targets_are_a_table_for_people(docker28: Engine, folder: Path) -> None:
    told = rows(call(docker28, folder, "targets"))
    assert told["deps"] == "its third-party packages alone"


def test_an_outline_has_arguments_with_values_and_what_steps_take(
    docker28: Engine, folder: Path
) -> None:
    options = {"package": "api", "groups": "dev", "env.MODE": "fast", "env.API_TOKEN": HIDDEN}
    told = document(call(docker28, folder, "outline,format=json", **options))
    arguments = {argument["name"]: argument for argument in told["args"]}
    assert {name for name in arguments if "." not in name} == set(KEYS) - {*TABLES}
    assert {"env.MODE", "labels.NAME"} <= arguments.keys()
    values = {
        name: argument["value"] for name, argument in arguments.items() if "value" in argument
    }
    assert values == {
        "package": "api",
        "groups": "dev",
        "env.MODE": "fast",
        "env.API_TOKEN": "****",
    }
    secrets = {secret["name"]: secret.get("required", False) for secret in told["secrets"]}
    assert {"netrc", "UV_DEFAULT_INDEX", "HTTPS_PROXY", "ca"} <= secrets.keys()
    assert not any(secrets.values())
    assert told["name"] == "image"
    assert [cache["ID"] for cache in told["cache"] if "/uv-frontend-uv-" in cache["ID"]]
    assert not told.get("ssh")


def test_an_outline_says_where_a_value_is_from(docker28: Engine, folder: Path) -> None:
    found = call(docker28, folder, "outline,format=json", package="notes")
    told = document(found)
    (cmd,) = (argument for argument in told["args"] if argument["name"] == "cmd")
    assert cmd["value"] == "python,main.py"
    source = b64decode(told["sources"][cmd["location"].get("sourceIndex", 0)]).decode()
    (place,) = cmd["location"]["ranges"]
    line = source.split("\n")[place["start"]["line"] - 1]
    assert line == 'cmd = ["python", "main.py"]'


def test_an_outline_is_a_table_for_people(docker28: Engine, folder: Path) -> None:
    told = rows(call(docker28, folder, "outline", package="api"))
    assert told["package"].split()[0] == "api"
    assert told["hermetic"] == Spec.model_fields["hermetic"].description


def test_a_plan_is_printed_and_as_json_a_document(docker28: Engine, folder: Path) -> None:
    shown = call(docker28, folder, "plan", package="api").stdout
    assert "core (libs/core)" in shown
    found = call(docker28, folder, "plan,format=json", package="api")
    plan = Document.model_validate(document(found))
    kinds = [layer.kind for layer in plan.images[0].layers]
    assert (plan.package, kinds) == ("api", ["skeleton", "packages", "member", "member"])


def test_a_plan_that_no_build_could_follow_is_an_error(docker28: Engine, folder: Path) -> None:
    shown = fail(docker28, folder, "--call=plan", package="appi")
    assert shown.title == "the workspace has no package 'appi'"


def test_unknown_calls_are_refused_with_the_nearest(docker28: Engine, folder: Path) -> None:
    shown = fail(docker28, folder, "--call=target", package="api")
    assert shown.title == "unsupported request frontend.target: there is no --call=target"
    assert shown.remedy == "Did you mean --call=targets?"
