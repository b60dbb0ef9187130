"""`test`: the build runs the tests; red ones fail it with what they print."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from tests.errors.shown import fail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.targets.conftest import Site

RUNS = "[test] "


def test_green_tests_leave_their_report(site: Site, tmp_path: Path) -> None:
    build = site.build("test", f"--output={tmp_path}")
    (suite,) = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    # The root's manifest is where the tests look for their settings.
    assert "configfile: pyproject.toml" in (tmp_path / "output.txt").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "output.txt"]
    assert [v for v in build.executed if v.name.startswith(RUNS)]

    again = site.build("test")
    assert not [v for v in again.executed if v.name.startswith(RUNS)]
    once_more = site.build("test", "--no-cache-filter=test")
    numbered = re.compile(r"\[(\d+/\d+|test)\] ")
    (executed,) = (v.name for v in once_more.executed if numbered.match(v.name))
    assert executed.startswith(RUNS)


def test_red_tests_fail_the_build(site: Site) -> None:
    expect = "--build-arg=env.EXPECTED=hi"
    shown = fail(site.engine, site.folder, "--target=test", expect, package="api")
    assert shown.title == "the tests of 'api' failed (exit code 1):"
    assert "the greeting is hello" in shown.message
    assert "FAILED tests/test_api.py::test_greeting - AssertionError" in shown.message
    assert "1 failed in" in shown.message


def test_red_tests_are_run_again(site: Site, tmp_path: Path) -> None:
    """A failure is never taken from the cache; mended tests leave no trace of it."""
    folder = tmp_path / "shop"
    shutil.copytree(site.folder, folder)
    test = folder / "services/api/tests/test_api.py"
    good = test.read_text()
    test.write_text("def test_it():\n    assert False, 'for now'\n")
    for _ in range(2):
        shown = fail(site.engine, folder, "--target=test", package="api")
        assert "AssertionError: for now" in shown.message
        assert [v for v in shown.build.executed if v.name.startswith(RUNS)]
    test.write_text(good)
    site.engine.build(folder, "--target=test", build_args={"package": "api"})


def test_a_command_of_ones_own(site: Site, tmp_path: Path) -> None:
    code = (
        "import os, pathlib; import core;"
        "pathlib.Path(os.environ['TEST_RESULTS'], 'found').write_text(core.NAME + os.getcwd())"
    )
    command = f"--build-arg=test=['python', '-c', \"{code}\"]"
    site.build("test", f"--output={tmp_path}", command, package="notes")
    assert (tmp_path / "found").read_text() == "core/src/services/notes"


def test_a_command_that_is_not_there(site: Site) -> None:
    shown = fail(site.engine, site.folder, "--target=test", package="notes", test="nosuch --quick")
    assert shown.title == "the tests of 'notes' cannot be started: No such file or directory"
    assert shown.where == "build argument:1\ntest=nosuch --quick"


def test_no_command_at_all(site: Site) -> None:
    shown = fail(site.engine, site.folder, "--target=test", package="notes")
    assert shown.title == "there is no way known to test package 'notes'"
    assert "Add pytest to its dependency group `dev`" in shown.remedy


def test_a_library_is_tested_without_a_script(site: Site) -> None:
    shown = fail(site.engine, site.folder, "--target=test", package="core")
    assert shown.title == "the tests of 'core' failed (exit code 5):"
    assert "no tests ran" in shown.message
