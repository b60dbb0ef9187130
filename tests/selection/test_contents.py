"""What is in the layers of installed packages: patterns taken out, bytecode; and checks."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import Page
from tests.errors.shown import fail
from tests.errors.workspaces import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine import Build, Engine
    from tests.selection.conftest import Image

SYNTAX = "# syntax=org/uv-frontend\n"
#: Every file below the environment and the standard library, and what the metadata lists.
_FILES = """\
import importlib.metadata, os, sysconfig
for top in ('/app/.venv', sysconfig.get_path('stdlib')):
    for folder, _, names in os.walk(top):
        for name in names:
            print(os.path.join(folder, name))
for each in importlib.metadata.distributions():
    for file in each.files or ():
        if not os.path.exists(file.locate()):
            print('missing', file)
"""
_STEP = re.compile(r"\[\d+/\d+\] .*")


CHECKED = r"""# syntax=org/uv-frontend
package = "api"
user = "1234:4321"
env = { GREETING = "hello" }
checks = [
    "python -c 'import api, os; assert os.environ[\"GREETING\"] == \"hello\"'",
    ["python", "-c", "import os; assert (os.getuid(), os.getgid()) == (1234, 4321)"],
    "python -c 'open(\"/tmp/left\", \"w\")'",
    "uv pip check",
]
"""
FAILING = """# syntax=org/uv-frontend
package = "api"
checks = [
    "python -c pass",
    "python -m api.nothing",
]
"""


def files(image: Image) -> list[str]:
    return image.run("-I", "-B", "-c", _FILES, entrypoint="python").splitlines()


def executed(build: Build) -> list[str]:
    """The names of the layers' steps, and of the checks, that ran."""
    names = (vertex.name for vertex in build.executed)
    return [name for name in names if _STEP.fullmatch(name) or name.startswith("[check]")]


@pytest.fixture(scope="module")
def bare(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A base without bytecode, as the official images are."""
    folder = tmp_path_factory.mktemp("bare")
    name = "uv-frontend-test/selection-bare"
    (folder / "Dockerfile").write_text(
        "FROM python:3.13-slim\nRUN find /usr/lib/python3.13 -name '*.pyc' -delete\n"
    )
    docker28.build(folder, "--provenance=false", tag=name)
    docker28.publish(name)
    return name


@pytest.fixture(scope="module")
def trimmed(
    made: Callable[..., Image],
    locked: Workspace,
    bare: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Image:
    """Without tests, type hints and bytecode, on a standard library that has bytecode.

    The Dockerfile is that of the page.
    """
    copy = Workspace(shutil.copytree(locked.folder, tmp_path_factory.mktemp("trim") / "workspace"))
    (dockerfile,) = Page("docs/smaller.md").dockerfiles
    return made(copy.write("Dockerfile", dockerfile), base=bare)


def test_patterns_are_taken_out_and_lists_of_files_agree(
    trimmed: Image, made: Callable[..., Image], locked: Workspace
) -> None:
    whole, found = files(made(locked, package="api")), files(trimmed)
    assert [path for path in whole if path.endswith("core/tests/__init__.py")]
    assert [path for path in whole if path.endswith("markupsafe/_speedups.pyi")]
    installed = [path for path in found if path.startswith("/app/")]
    assert not [path for path in installed if path.endswith(".pyi") or "/tests/" in path]
    assert not [path for path in found if path.startswith("missing")]
    assert trimmed.run() == "this is api\n"


def test_bytecode_is_left_out_and_that_of_the_library_added(
    trimmed: Image, made: Callable[..., Image], locked: Workspace
) -> None:
    whole, found = files(made(locked, package="api")), files(trimmed)
    installed = [path for path in found if path.startswith("/app/")]
    assert not [path for path in installed if path.endswith(".pyc")]
    assert [path for path in whole if path.startswith("/app/") and path.endswith(".pyc")]
    library = "/usr/lib/python3.13/__pycache__"
    assert f"{library}/argparse.cpython-313.pyc" in found
    assert not [path for path in found if path.startswith("/usr/lib/python3.13/test/__pycache__")]
    # Times and modes of the base's own folders are the base's.
    code = "import os; s = os.stat('/usr/lib/python3.13'); print(oct(s.st_mode), s.st_uid)"
    assert trimmed.run("-c", code, entrypoint="python") == "0o40755 0\n"
    told = trimmed.engine.docker("history", "--format", "{{.CreatedBy}}", trimmed.name).stdout
    assert "bytecode of the standard library" in told.splitlines()


def test_the_library_is_compiled_once_for_all_services(
    trimmed: Image, made: Callable[..., Image], locked: Workspace, bare: str
) -> None:
    other = made(locked, package="worker", base=bare, compile_stdlib="true")
    assert not [name for name in executed(other.build) if "standard library" in name]


@pytest.fixture
def checking(workspace: Workspace) -> Workspace:
    """A workspace whose service is checked, as a user who can write nowhere but in /tmp."""
    return workspace.write("Dockerfile", CHECKED)


def test_checks_run_in_the_image_and_leave_nothing(
    made: Callable[..., Image], checking: Workspace
) -> None:
    image = made(checking)
    ran = [name for name in executed(image.build) if name.startswith("[check]")]
    assert len(ran) == 4
    listed = image.run("-c", "import os; print(os.listdir('/tmp'))", entrypoint="python")
    assert listed == "[]\n"
    found = "import shutil, os; print(shutil.which('uv'), os.path.exists('/run/uv-frontend'))"
    assert image.run("-c", found, entrypoint="python") == "None False\n"
    # The same image again: no check runs, and none is a layer.
    assert executed(made(checking).build) == []
    plain = made(checking.write("Dockerfile", f'{SYNTAX}package = "api"\nuser = "1234:4321"\n'))
    layers = "{{json .RootFS.Layers}}"
    both = [
        image.engine.docker("image", "inspect", "--format", layers, each.name).stdout
        for each in (image, plain)
    ]
    assert both[0] == both[1]


def test_the_page_about_checks(made: Callable[..., Image], workspace: Workspace) -> None:
    (dockerfile,) = Page("docs/build-checks.md").dockerfiles
    image = made(workspace.write("Dockerfile", dockerfile))
    assert len([name for name in executed(image.build) if name.startswith("[check]")]) == 2


def test_an_edit_runs_one_step_and_the_checks(
    made: Callable[..., Image], checking: Workspace
) -> None:
    made(checking)
    checking.write("services/api/src/api/__init__.py", "def main():\n    print('edited')\n")
    after = executed(made(checking).build)
    assert [name.partition("] ")[2] for name in after if not name.startswith("[check]")] == [
        "member: api"
    ]
    assert len([name for name in after if name.startswith("[check]")]) == 4


def test_a_failing_check_is_told_with_its_line_and_output(
    engine: Engine, workspace: Workspace
) -> None:
    workspace.write("Dockerfile", FAILING)
    shown = fail(engine, workspace.folder)
    assert shown.title == "check failed: python -m api.nothing: exit code 1"
    assert "No module named api.nothing\n" in shown.remedy
    assert shown.where == 'Dockerfile:5\n"python -m api.nothing",'
    # Nothing is kept of the failure: what it needs may be there the next time.
    again = fail(engine, workspace.folder)
    assert again.title == shown.title


def test_a_check_that_cannot_be_started(docker28: Engine, workspace: Workspace) -> None:
    workspace.write("Dockerfile", f'{SYNTAX}package = "api"\nchecks = "no-such-program"\n')
    shown = fail(docker28, workspace.folder)
    assert shown.title.startswith("check failed: no-such-program: it cannot be started: ")
    assert shown.where == 'Dockerfile:3\nchecks = "no-such-program"'


def test_a_lock_that_two_were_joined_to(docker28: Engine, workspace: Workspace) -> None:
    """What fits in each of two branches: found before anything is installed, as uv finds it."""
    folder = workspace.folder
    version = re.search(r'name = "markupsafe"\nversion = "(.+)"', (folder / "uv.lock").read_text())
    assert version
    workspace.replace("core/pyproject.toml", '["markupsafe"]', '["markupsafe>=99"]')
    both = '[{ name = "markupsafe", specifier = ">=99" }]'
    workspace.replace(
        "uv.lock", 'requires-dist = [{ name = "markupsafe" }]', f"requires-dist = {both}"
    )
    shown = fail(docker28, folder, package="worker")
    assert shown.title == (
        "the lock does not fit together: 'core' requires markupsafe>=99, and it has markupsafe "
        f"{version[1]}"
    )
    assert 'name = "markupsafe"' in shown.where
    assert not [name for name in executed(shown.build) if _STEP.fullmatch(name)]
    shown = fail(docker28, folder, package="worker", lock="off", checks="uv pip check")
    assert shown.title == "check failed: uv pip check: exit code 1"
    assert "`core` requires `markupsafe>=99`" in " ".join(shown.remedy.split())
