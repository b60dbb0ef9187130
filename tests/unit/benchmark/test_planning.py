"""The generated workspace is one that uv and the frontend accept."""

from __future__ import annotations

import tomllib

from frontend.errors import SourceFile
from frontend.model.packages import Selection
from frontend.project.lock import Lock
from frontend.resolve.closure import select_packages
from frontend.resolve.export import export
from tests.benchmark.planning import measure, workspace_files
from tests.unit.frontend.targets import target


def test_every_package_is_needed() -> None:
    files = workspace_files(60)
    exported = export(files, Selection("service"))
    lock = Lock.parse(SourceFile("uv.lock", files["uv.lock"]))
    closure = select_packages(exported, lock, target("3.13.5"))
    names = {package["name"] for package in tomllib.loads(files["uv.lock"])["package"]}
    assert {package.name for package in closure.third_party} == names - {"service"}
    assert len(names) == 61
    assert not any(package.built for package in closure.third_party)


def test_stages_are_measured() -> None:
    assert all(milliseconds >= 0 for milliseconds in measure().values())
    assert len(measure()) == 5
