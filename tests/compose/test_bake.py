"""docker-bake.hcl of the shop, and the GitHub Actions workflow that runs it.

The workflow's own command runs here, in a shell, on a machine that has built nothing yet.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from examples import lock
from tests.compose.conftest import SERVICES
from tests.engine import Build, ca_bundle
from tests.engine.progress import Progress, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Engines
    from tests.engine import Engine

WORKFLOWS = ".github/workflows"
#: buildx puts the target into the brackets, if there are several.
_STEP = re.compile(r"\[(?:\S+ +)?(?P<number>\d+)/(?P<total>\d+)\] (?P<title>.+)")
#: Reads YAML and holds it against GitHub's own schema of workflows, which comes with it.
_SCHEMA = "check-jsonschema==0.37.1"


@pytest.fixture
def workspace(checkout: Path, fresh_base: str) -> Path:
    """A checkout with a base on which nothing was built, and with the machine's certificates."""
    with (checkout / "pyproject.toml").open("a") as manifest:
        manifest.write(f'\n[tool.uv-frontend]\nbase = "{fresh_base}"\n')
    if bundle := ca_bundle():
        secret = {"secret": [f"type=file,id=ca,src={bundle}"]}
        override = {"target": dict.fromkeys(SERVICES, secret)}
        (checkout / "docker-bake.override.json").write_text(json.dumps(override))
    return checkout


def executed(progress: Progress) -> Counter[str]:
    """How often a step of each title ran."""
    found = (_STEP.fullmatch(vertex.name) for vertex in progress.executed)
    return Counter(match["title"] for match in found if match)


def totals(progress: Progress) -> dict[str, int]:
    """How many steps each service has, be they executed or not.

    Only its last step is its own for certain. One in common has its place among the steps of
    whichever service was first.
    """
    found = ((v.name, match) for v in progress.vertexes if (match := _STEP.fullmatch(v.name)))
    return {
        name.partition(" ")[0].strip("["): int(match["total"])
        for name, match in found
        if match["number"] == match["total"]
    }


def shell(
    engine: Engine, folder: Path, command: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a command line as the workflow's shell does."""
    private = {"BUILDX_BAKE_ENTITLEMENTS_FS": "0", "BUILDKIT_PROGRESS": "rawjson"}
    search = f"{engine.program.rpartition('/')[0]}:{engine.env['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
        check=False,
        cwd=folder,
        env={**engine.env, **private, **env, "PATH": search},
        capture_output=True,
        text=True,
    )


def bake(engine: Engine, folder: Path, command: str, **env: str) -> Progress:
    """Run a command line that builds."""
    done = shell(engine, folder, command, **env)
    progress = parse(done.stderr)
    assert done.returncode == 0, Build(done.returncode, done.stdout, "", progress).report()
    return progress


def test_steps_in_common_run_once(docker28: Engine, workspace: Path) -> None:
    progress = bake(docker28, workspace, "docker buildx bake")
    try:
        ran = executed(progress)
        # Two buckets may go by one name, if that does not tell all of their packages.
        assert {count for title, count in ran.items() if "…" not in title} == {1}, ran
        # All four have the environment and the catalog, three of them the library shop-core.
        assert {"virtual environment", "member: shop-catalog", "member: shop-core"} <= set(ran)
        assert set(totals(progress)) == set(SERVICES)
        assert ran.total() <= sum(totals(progress).values()) - 3 - 3 - 2
        answer = docker28.run("shop-worker:latest", "--check").stdout
        assert json.loads(answer)["tasks"] == ["shop.invoice"]
    finally:
        images = [f"shop-{name}" for name in SERVICES]
        docker28.docker("rmi", "--force", *images, check=False)


def workflow(name: str) -> dict[str, Any]:
    """A workflow, read by a YAML parser and found to be one by GitHub's schema."""
    path = lock.SHOP / WORKFLOWS / name
    uv = [*lock.uv_command(), "tool", "run", "--no-config", "--quiet", "--from", _SCHEMA]
    schema = ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    checked = subprocess.run([*uv, *schema], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    script = "import json, sys, ruamel.yaml as y; print(json.dumps(y.YAML().load(sys.stdin)))"
    read = subprocess.run(
        [*uv[:-2], "--from", _SCHEMA, "python", "-c", script],
        check=True,
        input=path.read_text(),
        capture_output=True,
        text=True,
    )
    loaded: dict[str, Any] = json.loads(read.stdout)
    return loaded


@pytest.fixture
def runner(engines: Engines) -> Iterator[Engine]:
    """A machine on which nothing was ever built."""
    with engines.another("docker28", "runner") as engine:
        yield engine


def test_a_new_runner_installs_nothing_of_what_the_registry_has(
    docker28: Engine, runner: Engine, workspace: Path, fresh_base: str
) -> None:
    read = workflow("images.yaml")
    (step,) = [step for step in read["jobs"]["images"]["steps"] if "run" in step]
    registry = f"{docker28.registry.address}/{fresh_base.replace(':', '/')}"
    values = {"REGISTRY": registry, "TAG": "1f2e3d", **step["env"]}
    assert set(read["env"]) | set(step["env"]) == set(values)
    first = bake(docker28, workspace, step["run"], **values)
    assert not any("error" in vertex.error for vertex in first.vertexes)

    again = bake(runner, workspace, step["run"], **values)

    assert totals(again) == totals(first)
    assert executed(again) == {}
    image = f"{registry}/report:1f2e3d"
    assert "Cast-iron teapot" in runner.run(image).stdout


@pytest.mark.parametrize("name", ["images.yaml", "changed.yaml"])
def test_actions_are_pinned_and_leave_no_token(name: str) -> None:
    """A tag may move; a commit does not. The token of a checkout is for whoever runs later."""
    used = [
        step for job in workflow(name)["jobs"].values() for step in job["steps"] if "uses" in step
    ]
    assert used
    for step in used:
        assert re.fullmatch(r"[a-z/-]+@[0-9a-f]{40}", step["uses"])
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


def test_pull_requests_read_the_cache_and_write_none(docker28: Engine, workspace: Path) -> None:
    read = workflow("images.yaml")
    check, images = read["jobs"]["check"], read["jobs"]["images"]
    assert (check["if"], images["if"]) == (
        "github.event_name == 'pull_request'",
        "github.event_name == 'push'",
    )
    assert "secrets." not in json.dumps(check)
    assert "secrets." not in json.dumps(read["env"])
    (reading,) = [step for step in check["steps"] if "run" in step]
    (writing,) = [step for step in images["steps"] if "run" in step]
    assert images["environment"] == "registry"

    def targets(step: dict[str, Any]) -> list[dict[str, Any]]:
        """What a step's command builds, and how."""
        values = {"REGISTRY": "registry.example/shop", "TAG": "1f2e3d", **step.get("env", {})}
        done = shell(docker28, workspace, f"{step['run']} --print", **values)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["target"].values())

    for target in targets(reading):
        assert len(target["cache-from"]) == len(SERVICES)
        assert not target.get("cache-to")
        assert not target.get("output")
    for target in targets(writing):
        assert len(target["cache-from"]) == len(SERVICES)
        assert len(target["cache-to"]) == 1


def test_only_what_changed_is_built(docker28: Engine, workspace: Path, fresh_base: str) -> None:
    """The registry knows by the digests what there is already."""
    job = workflow("changed.yaml")["jobs"]["changed"]
    (step,) = [each for each in job["steps"] if "run" in each]
    assert set(job["env"]) == {"REGISTRY", "TAG", "WRITE_CACHE"}
    registry = f"{docker28.registry.address}/{fresh_base.replace(':', '/')}-changed"

    def run(tag: str) -> tuple[set[str], dict[str, str]]:
        """The services that were built, and the digests of all with this tag."""
        progress = bake(docker28, workspace, step["run"], REGISTRY=registry, TAG=tag)
        found = {}
        for name in SERVICES:
            inspect = ("buildx", "imagetools", "inspect", f"{registry}/{name}:{tag}")
            match = re.search(r"^Digest: +(\S+)", docker28.docker(*inspect).stdout, re.MULTILINE)
            assert match
            found[name] = match[1]
        return set(totals(progress)), found

    built, first = run("one")
    assert built == set(SERVICES)
    built, again = run("two")
    assert (built, again) == (set(), first)
    with (workspace / "services/report/table.py").open("a") as module:
        module.write("# Changed.\n")
    with (workspace / "services/worker/src/worker/tasks.py").open("a") as module:
        module.write("# Changed.\n")
    built, changed = run("three")
    assert built == {"report", "worker"}
    assert {name for name in SERVICES if changed[name] != first[name]} == built
