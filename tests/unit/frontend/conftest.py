"""The Python that runs the tests, described by the step that describes those in images."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import frontend.steps
from frontend.model.interpreter import Interpreter
from frontend.steps import needed
from llb import Platform

STEPS = Path(frontend.steps.__file__).parent


def load_steps(*names: str) -> dict[str, Any]:
    """Load scripts of steps and what they import, each anew: the places in them can be changed."""
    found = sorted({module for name in names for module in needed(name)})
    others = {name: sys.modules.pop(name) for name in found if name in sys.modules}
    path = list(sys.path)
    sys.path.insert(0, str(STEPS))
    try:
        return {name: importlib.import_module(name) for name in found}
    finally:
        sys.path[:] = path
        for name in found:
            sys.modules.pop(name, None)
        sys.modules.update(others)


@pytest.fixture(scope="session")
def probe_report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `steps/probe.py` says of this interpreter."""
    output = tmp_path_factory.mktemp("probe") / "python.json"
    subprocess.run([sys.executable, "-I", "-S", STEPS / "probe.py", output], check=True)
    report: dict[str, Any] = json.loads(output.read_bytes())
    return report


@pytest.fixture(scope="session")
def own(probe_report: dict[str, Any]) -> Interpreter:
    """This interpreter as a target; its platform is left to what it says of itself."""
    return Interpreter.from_probe(probe_report, Platform("linux", "unknown"))
