"""A build that the user ends leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.errors.workspaces import SOURCES, workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine import Engine

SLEEPING = """\
    import subprocess
    import sys


    def build_wheel(folder, config_settings=None, metadata_directory=None):
        subprocess.run([sys.executable, "-c", "import time; time.sleep(900)", "TOKEN"])
    """


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_ended_leaves_no_process(
    engine: Engine, tmp_path: Path, sent: signal.Signals
) -> None:
    token = uuid.uuid4().hex
    made = workspace(tmp_path).service("api", 'dependencies = ["core"]\n')
    made.library("core", SLEEPING.replace("TOKEN", token)).write("pyproject.toml", SOURCES).lock()
    # The frontend has the build argument in its environment.
    command = engine.build_command(build_args={"package": "api", "env.TOKEN": token})
    build = subprocess.Popen(
        [engine.program, *command, str(tmp_path)],
        env=engine.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(lambda: _frontends(token) and _steps(token), "frontend and step run", build)
        if sent is signal.SIGINT:
            # As the terminal does it: to the command and the plugin it has started.
            os.killpg(build.pid, sent)
        else:
            build.send_signal(sent)
        build.wait(timeout=30)
        assert build.returncode != 0
        _wait(lambda: not _having(token), "nothing of the build runs")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(build.pid, signal.SIGKILL)


def _wait(
    condition: Callable[[], object], what: str, build: subprocess.Popen[bytes] | None = None
) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert build is None or build.poll() is None, "the build has ended by itself"
        assert time.monotonic() < deadline, f"not after a minute: {what}"
        time.sleep(0.1)


def _frontends(token: str) -> list[str]:
    return [name for name in _having(token, "environ") if "start.py" in name]


def _steps(token: str) -> list[str]:
    return [name for name in _having(token, "cmdline") if "time.sleep" in name]


def _having(token: str, *kinds: str) -> list[str]:
    """The command lines of all processes that have `token` in their environment or arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            texts = [(process / kind).read_bytes() for kind in kinds or ("environ", "cmdline")]
            if any(token.encode() in text for text in texts):
                words = (process / "cmdline").read_bytes().split(b"\0")
                found.append(b" ".join(words).decode(errors="replace"))
        except OSError:
            continue  # it has just ended
    return found
