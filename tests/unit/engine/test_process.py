"""A recorded process is found again, ended, and never mistaken for another one."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.engine.process import Process, spawn

if TYPE_CHECKING:
    from pathlib import Path

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(60)",
]


def wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)


@pytest.mark.parametrize("command", [SLEEP, STUBBORN], ids=["willing", "stubborn"])
def test_recorded_process_is_found_and_ended(tmp_path: Path, command: list[str]) -> None:
    record, log = tmp_path / "record", tmp_path / "log"
    process = spawn(command, record=record, log=log, env={})
    wait_for(log, "up")
    assert Process.load(record) == process
    process.end(grace=0.3)
    assert not process.alive
    assert Process.load(record) is None


def test_reused_number_is_another_process(tmp_path: Path) -> None:
    this = Process.of(os.getpid())
    assert this is not None
    assert this.alive
    record = tmp_path / "record"
    record.write_text(json.dumps({"pid": this.pid, "started": this.started - 1}))
    assert Process.load(record) is None


@pytest.mark.parametrize("content", ["", "{}", "null", '{"pid": "x"'])
def test_broken_record_is_no_process(tmp_path: Path, content: str) -> None:
    record = tmp_path / "record"
    record.write_text(content)
    assert Process.load(record) is None


def test_process_survives_the_signal_to_our_group(tmp_path: Path) -> None:
    """Ctrl-C on a test run reaches the run, which then ends its engines in order."""
    record, log = tmp_path / "record", tmp_path / "log"
    process = spawn(SLEEP, record=record, log=log, env={})
    assert os.getpgid(process.pid) != os.getpgid(0)
    process.end()


def test_zombie_does_not_live() -> None:
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    process = Process.of(child)
    assert process is not None
    os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while process.alive:
        assert time.monotonic() < deadline
    os.waitpid(child, 0)
