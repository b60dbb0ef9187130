"""What runs in the image is what stands in the checkout, for every build backend."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.caching.changes import Edit
from tests.caching.scenario import Machine, Scenario
from tests.caching.workspace import Workspace

if TYPE_CHECKING:
    from tests.caching.conftest import Machines
    from tests.caching.scenario import Outcome

SERVICES = {
    "api": ("api", "core", "util", "text", "money", "clock"),
    "site": ("site", "core"),
}


def editions(machine: Machine, outcome: Outcome, package: str) -> dict[str, str]:
    """What each member that the service imports says of itself, in a container."""
    command = () if package != "site" else ("python", "main.py")
    told: dict[str, str] = json.loads(machine.engine.run(outcome.image, *command).stdout)
    return told


@pytest.mark.parametrize("package", SERVICES)
def test_runs_what_was_edited(package: str, machine: Machine) -> None:
    """One checkout, edited in place, with a cache of uv that knows every member.

    Projects whose version is a tag of git tell uv to look at nothing else. The build has no git, so
    uv by itself would take the wheels that it has made before.
    """
    workspace = Workspace()
    for member in SERVICES[package]:
        workspace = workspace.edited(member, uv={"cache-keys": [{"git": {"tags": True}}]})
    checkout = machine.new_folder()
    scenario = Scenario(workspace, package=package)
    first = machine.build(scenario, checkout=checkout)
    for member in SERVICES[package]:
        scenario = Edit(member, f"an edit of {member}")(scenario)

    second = machine.build(scenario, checkout=checkout)

    assert editions(machine, first, package) == dict.fromkeys(SERVICES[package], "first")
    expected = {member: f"an edit of {member}" for member in SERVICES[package]}
    assert editions(machine, second, package) == expected


def test_runs_what_was_there_before(machine: Machine) -> None:
    """Back to older code: what comes from the cache is the layer of that code."""
    checkout = machine.new_folder()
    scenario = Scenario()
    machine.build(Edit("text", "tried")(scenario), checkout=checkout)

    machine.build(scenario, checkout=checkout)
    again = machine.build(Edit("text", "tried")(scenario), checkout=checkout)

    assert editions(machine, again, "api")["text"] == "tried"
    assert again.executed == ()


def test_what_is_built_is_built_for_this_base(machines: Machines, machine: Machine) -> None:
    """What a compiler makes depends on the image it runs in, such as on its C library.

    uv's cache keeps what was built from a source distribution, and knows nothing of images.
    """
    workspace = Workspace(archives={"vendor/compiled-1.0.tar.gz": source_distribution()})
    workspace = workspace.edited(
        "worker", requires=("compiled",), paths={"compiled": "../../vendor/compiled-1.0.tar.gz"}
    )
    scenario = Scenario(workspace, package="worker")
    machine.build(scenario)
    other = machines.base(machine.engine, "another C library")

    built = machine.build(scenario, base=other)

    notes = [warning.short for warning in built.build.progress.warnings]
    assert any("built from source: compiled 1.0" in note for note in notes)
    command = ("--entrypoint", "python", built.image, "-c", "import compiled; print(compiled.BASE)")
    told = machine.engine.docker("run", "--rm", *command).stdout
    assert told.strip().endswith("another C library")


def source_distribution() -> bytes:
    """A package whose build takes something of the image it runs in."""
    setup = """
import pathlib
from setuptools import setup
pathlib.Path("compiled.py").write_text(f"BASE = {pathlib.Path('/etc/patched').read_text()!r}")
setup(name="compiled", version="1.0", py_modules=["compiled"])
"""
    files = {
        "setup.py": setup,
        "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
        'build-backend = "setuptools.build_meta"\n',
        "PKG-INFO": "Metadata-Version: 2.2\nName: compiled\nVersion: 1.0\n",
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"compiled-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)
