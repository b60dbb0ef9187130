"""Steps that fail: downloads, builds, and files that are not there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.errors.index import REACH, Certificate, Index, serve
from tests.errors.shown import fail
from tests.errors.workspaces import DOCKERFILE, SOURCES, Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Engine

GREETING = 'dependencies = ["greeting"]\n'
FAILING = """\
    import sys


    def build_wheel(folder, config_settings=None, metadata_directory=None):
        print("compiling greeting.c")
        sys.exit("greeting.c:12: error: stdio.h: No such file or directory")
    """
#: Puts a folder where the report of its step would go.
MUTE = """\
    from pathlib import Path


    def build_wheel(folder, config_settings=None, metadata_directory=None):
        words = Path("/proc/1/cmdline").read_text().split("\\0")
        (report,) = (word for word in words if word.endswith(".json"))
        Path(f"/run/uv-frontend/reports/{report}.tmp").mkdir(exist_ok=True)
        raise SystemExit(1)
    """


@pytest.fixture
def index() -> Iterator[Index]:
    with serve() as served:
        yield served


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return workspace(tmp_path).service("api", GREETING)


def test_hash_mismatch(engine: Engine, shop: Workspace, index: Index) -> None:
    shop.lock(*index.wheel("greeting").locking)
    index.wheel("greeting", code="print('something else')")
    shown = fail(engine, shop.folder, REACH, package="api")
    assert shown.title.startswith(
        "greeting 1.0 does not have the hash that the lock names: expected sha256:"
    )
    assert "run `uv lock --upgrade-package greeting`" in shown.remedy
    assert shown.where.splitlines()[1:] == ['name = "greeting"', 'version = "1.0"']
    assert shown.excerpts[0].file == "uv.lock"


def test_index_is_unreachable(docker28: Engine, shop: Workspace) -> None:
    with serve() as index:
        shop.lock(*index.wheel("greeting").locking)
    shown = fail(docker28, shop.folder, REACH, package="api")
    assert shown.title == (
        "greeting 1.0: the index cannot be reached: "
        f"{index.url}/files/greeting-1.0-py3-none-any.whl"
    )
    assert shown.remedy.startswith("Check the network and the proxy of the build")
    assert shown.where.splitlines()[1:] == ['name = "greeting"', 'version = "1.0"']


def test_file_is_gone(docker28: Engine, shop: Workspace, index: Index) -> None:
    shop.lock(*index.wheel("greeting").locking)
    index.files.clear()
    shown = fail(docker28, shop.folder, REACH, package="api")
    assert shown.title == (
        "greeting 1.0: the index has no such file any more: "
        f"{index.url}/files/greeting-1.0-py3-none-any.whl"
    )
    assert shown.remedy == "Run `uv lock` to take another file."
    assert shown.where.splitlines()[1:] == ['name = "greeting"', 'version = "1.0"']


def test_certificate_is_not_trusted(
    docker28: Engine, shop: Workspace, certificate: Certificate
) -> None:
    with serve(certificate=certificate) as index:
        index.wheel("greeting")
        shop.lock(*index.locking, "--allow-insecure-host", "127.0.0.1")
        shown = fail(docker28, shop.folder, REACH, package="api", ca=False)
        assert shown.title.startswith(
            "greeting 1.0 cannot be downloaded: the index's certificate is not trusted ("
        )
        assert shown.remedy == "Behind a private CA, pass its bundle: --secret id=ca,src=ca.pem"
        assert shown.where.splitlines()[1:] == ['name = "greeting"', 'version = "1.0"']

        # What the error advises helps.
        secret = f"--secret=id=ca,src={certificate.path}"
        docker28.build(shop.folder, REACH, secret, build_args={"package": "api"}, ca=False)


def test_build_of_a_member_fails(engine: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).library("core", FAILING).service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).lock()
    shown = fail(engine, tmp_path, package="api")
    assert shown.title == "package 'core' cannot be built:"
    assert "compiling greeting.c" in shown.remedy
    assert "greeting.c:12: error: stdio.h: No such file or directory" in shown.remedy
    assert shown.remedy.splitlines()[-1].startswith("Try `uv build` in its directory")
    assert shown.where == "libs/core/pyproject.toml:6\n[build-system]"


def test_everybody_who_shares_a_failing_step_is_told_why(docker28: Engine, tmp_path: Path) -> None:
    """As with bake, or with several jobs of CI on one engine."""
    slow = FAILING.replace("import sys\n", "import sys, time\n\n    time.sleep(2)\n")
    made = workspace(tmp_path).library("core", slow).service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).lock()
    with ThreadPoolExecutor() as pool:
        shown = list(pool.map(lambda _: fail(docker28, tmp_path, package="api"), range(3)))
    assert [each.title for each in shown] == ["package 'core' cannot be built:"] * 3


def test_engine_knows_the_step_that_failed(docker28: Engine, tmp_path: Path) -> None:
    """Our error replaces the engine's message, not what it notes about the step."""
    made = workspace(tmp_path).library("core", FAILING).service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).lock()
    fail(docker28, tmp_path, package="api")
    history = docker28.docker("buildx", "history", "inspect").stdout
    assert "package 'core' cannot be built:" in history
    assert "[2/3] member: core:" in history[history.index("\nLogs:") :]


def test_step_that_cannot_say_why(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).library("core", MUTE).service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).lock()
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title == "member: core failed without a report: exit code: 1"
    assert shown.remedy.startswith("What it printed stands above. Exit code 137 says that it was ")
    assert shown.where == "libs/core/pyproject.toml:6\n[build-system]"


def test_build_of_a_package_fails(docker28: Engine, shop: Workspace, index: Index) -> None:
    noise = 'print(*(f"line {number}" for number in range(50)), sep="\\n")'
    backend = FAILING.replace('print("compiling greeting.c")', noise)
    shop.lock(*index.sdist("greeting", backend).locking)
    shown = fail(docker28, shop.folder, REACH, package="api")
    assert shown.title == "greeting 1.0 cannot be built:"
    assert "greeting.c:12: error: stdio.h: No such file or directory" in shown.remedy
    # The end of the output matters; all of it is shown with the step.
    assert "line 49\n" in shown.remedy
    assert "line 9\n" not in shown.remedy
    assert "line 9\n" in shown.build.report()
    assert "choose a `builder` with the compilers it needs" in shown.remedy.splitlines()[-1]
    assert shown.where.splitlines()[1:] == ['name = "greeting"', 'version = "1.0"']


def test_files_are_missing(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).service("api").lock()
    made.write("Dockerfile", f'{DOCKERFILE}package = "api"\nfiles = ["models/small.bin"]\n')
    shown = fail(docker28, tmp_path)
    assert shown.title == "files: the build context has nothing at 'models/small.bin'"
    assert shown.remedy == "Check the path, which is seen from the context's root."
    assert shown.where == 'Dockerfile:3\nfiles = ["models/small.bin"]'


def test_files_are_ignored(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).service("api").lock().write("models/small.bin", "weights")
    made.write("Dockerfile", f'{DOCKERFILE}package = "api"\nfiles = ["models/small.bin"]\n')
    made.write(".dockerignore", ".git\n**/*.bin\n")
    shown = fail(docker28, tmp_path)
    assert shown.title == ".dockerignore keeps 'models/small.bin' out of the build"
    assert "add a line `!models/small.bin` below it" in shown.remedy
    assert shown.where == ".dockerignore:2\n**/*.bin"
