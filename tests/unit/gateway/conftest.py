"""Small real frontends, run as processes."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.gateway import GatewayServer, Outcome

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = """\
from frontend.gateway import transport
connection = transport.connect()
import os
import sys
import threading
import time
import llb
from frontend.errors import FrontendError, Location, SourceFile
from frontend.gateway import *
from tests.unit.gateway.graphs import *

def build(gateway):
"""

_TAIL = """
os._exit(run_build(Gateway(connection), build))
"""

Drive = Callable[..., Outcome]


@pytest.fixture
def drive(tmp_path: Path) -> Drive:
    """Runs a frontend whose build function has the given body."""

    def drive(server: GatewayServer, body: str, **options: object) -> Outcome:
        script = tmp_path / "frontend_under_test.py"
        script.write_text(_HEAD + textwrap.indent(textwrap.dedent(body), "    ") + _TAIL)
        return server.run([sys.executable, script], **options)  # type: ignore[arg-type]

    return drive


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A directory to build from."""
    directory = tmp_path / "context"
    (directory / "src" / "deep").mkdir(parents=True)
    (directory / "pyproject.toml").write_text("[project]\n")
    (directory / "uv.lock").write_text("version = 1\n")
    (directory / "src" / "main.py").write_text("print()\n")
    (directory / "src" / "deep" / "data.bin").write_bytes(bytes(1000))
    (directory / "src" / "run.sh").write_text("#!/bin/sh\n")
    (directory / "src" / "run.sh").chmod(0o755)
    (directory / "link.py").symlink_to("src/main.py")
    os.utime(directory / "uv.lock", ns=(1_700_000_000_123_456_789,) * 2)
    return directory
