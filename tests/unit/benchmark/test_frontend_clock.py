"""Messages of the kernel's process connector, by hand and from a real process."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time

import pytest

from tests.benchmark.frontend_clock import START, Event, FrontendClock, decode, request

EXEC, EXIT, FORK = 0x2, 0x80000000, 0x1


def message(what: int, thread: int, process: int) -> bytes:
    headers = bytes(16 + 20)
    return headers + struct.pack("=IIQII", what, 1, 5_000_000_000, thread, process) + bytes(8)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (message(EXEC, 70, 70), Event(70, 5_000_000_000, ended=False)),
        (message(EXIT, 70, 70), Event(70, 5_000_000_000, ended=True)),
        (message(EXIT, 71, 70), None),  # a thread
        (message(FORK, 70, 70), None),
        (message(EXEC, 70, 70)[:40], None),
    ],
)
def test_decode(data: bytes, expected: Event | None) -> None:
    assert decode(data) == expected


def test_request_has_its_length_in_front() -> None:
    data = request(1)
    assert struct.unpack_from("=I", data)[0] == len(data) == 40


def test_process_of_another_engine_is_not_timed() -> None:
    # Ended, so that nothing descends from it.
    other = subprocess.Popen([sys.executable, "-c", ""])
    other.wait()
    with FrontendClock(other.pid) as clock:
        subprocess.run([sys.executable, "-c", "", START.decode()], check=True)
        time.sleep(0.1)
    assert clock.seconds == []


def test_process_is_timed_from_exec_to_exit() -> None:
    began = time.monotonic()
    with FrontendClock(os.getpid()) as clock:
        if not clock.listening:
            pytest.skip("the kernel does not tell of processes here")
        # Only the arguments tell the frontend from others, so these make any process one.
        code = "import time; time.sleep(0.3)"
        subprocess.run([sys.executable, "-c", code, START.decode()], check=True)
        subprocess.run([sys.executable, "-c", code], check=True)
        time.sleep(0.1)
    assert len(clock.seconds) == 1
    assert 0.3 <= clock.seconds[0] < time.monotonic() - began - 0.3
