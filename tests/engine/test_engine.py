"""The engines do what the other tests rely on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine import engines as private
from tests.engine.client import ca_bundle
from tests.engine.network import address_of, bridges
from tests.engine.process import Process

if TYPE_CHECKING:
    from tests.conftest import Engines
    from tests.engine import Engine

# The install needs a name server, a route and, behind a private authority, the certificates.
DOCKERFILE = """\
FROM python:3.13-slim
RUN --mount=type=secret,id=ca \\
    if test -e /run/secrets/ca; then export PIP_CERT=/run/secrets/ca; fi \\
    && python3 -m venv /tmp/pip && /tmp/pip/bin/pip install --target /packages packaging
CMD ["python3", "-m", "http.server", "--directory", "/etc", "8000"]
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def test_build_run_and_serve(engine: Engine, context: Path) -> None:
    build = engine.build(context, tag="smoke")
    (step,) = build.progress.named("RUN")
    assert step.executed
    assert "Successfully installed packaging" in step.log
    again = engine.build(context, tag="smoke")
    assert not again.progress.named("RUN")[0].executed
    version = engine.run("smoke", "python3", "--version").stdout
    assert version.startswith("Python 3.13.")
    with engine.serve("smoke", 8000) as server:
        deadline = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"{server.url}/hostname", timeout=5) as reply:
                    assert reply.read().strip()
                break
            except OSError:
                assert time.monotonic() < deadline, server.logs
                time.sleep(0.1)


def test_failed_build_is_told_in_full(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-slim\nRUN echo before; exit 3\n")
    build = engine.build(tmp_path, check=False)
    assert build.code == 1
    (step,) = (vertex for vertex in build.vertexes if vertex.error)
    assert step.log == "before\n"
    assert "exit code: 3" in build.error


def test_unqualified_name_is_found_in_the_registry(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    engine.build(tmp_path, "--provenance=false", tag="org/published")
    engine.publish("org/published")
    engine.docker("rmi", "org/published")
    engine.docker("pull", "org/published")


def test_killed_run_is_cleaned_up_by_the_next_start(engines: Engines) -> None:
    here = engines.get("docker28")
    if here.kind is None:
        pytest.skip("needs a private engine")
    script = """
import os, time
from tests.engine import Engine
engine = Engine.start("docker28", f"killed-{os.getpid()}")
print(engine.name, engine.pid, flush=True)
engine.docker("run", "--detach", "python:3.13-slim", "sleep", "600")
print("ready", flush=True)
time.sleep(600)
"""
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        name, pid = run.stdout.readline().split()
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGKILL)
    assert name in private.names()
    assert Process.of(int(pid))
    private.sweep()
    assert name not in private.names()
    assert Process.of(int(pid)) is None
    assert name not in Path("/proc/self/mounts").read_text()
    assert here.docker("version").returncode == 0


def test_the_bridge_keeps_its_address_when_containers_come_and_go(docker28: Engine) -> None:
    """Else those that are there lose their network, until they ask for the address again."""
    if docker28.kind is None:
        pytest.skip("needs a private engine")
    shown = docker28.docker("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")
    gateway = json.loads(shown.stdout)[0]["Gateway"]
    (bridge,) = (each for each in bridges() if str(address_of(each)) == gateway)
    hardware = Path("/sys/class/net", bridge, "address")
    seen = [hardware.read_text()]
    started = []
    try:
        for _ in range(4):
            run = docker28.docker("run", "--detach", "python:3.13-slim", "sleep", "600")
            started.append(run.stdout.strip())
            seen.append(hardware.read_text())
    finally:
        docker28.docker("rm", "--force", *started)
    seen.append(hardware.read_text())
    assert len(set(seen)) == 1


@pytest.mark.skipif(ca_bundle() is None, reason="this machine has no bundle of certificates")
def test_secret_is_not_passed_unless_asked(docker28: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.13-slim\nRUN --mount=type=secret,id=ca test ! -e /run/secrets/ca\n"
    )
    docker28.build(tmp_path, ca=False)
    assert not docker28.build(tmp_path, "--no-cache", check=False).ok
