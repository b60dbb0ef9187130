"""The Python that runs the tests, described by the step that describes those in images."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import frontend.steps
from frontend.target import Target
from llb import Platform

STEPS = Path(frontend.steps.__file__).parent


@pytest.fixture(scope="session")
def probe_report(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What `steps/probe.py` says of this interpreter."""
    output = tmp_path_factory.mktemp("probe") / "python.json"
    subprocess.run([sys.executable, "-I", "-S", STEPS / "probe.py", output], check=True)
    return output.read_bytes()


@pytest.fixture(scope="session")
def own(probe_report: bytes) -> Target:
    """This interpreter as a target; its platform is left to what it says of itself."""
    return Target.from_probe(probe_report, Platform("linux", "unknown"))
