"""The connection itself: greeting, descriptors, endings."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from frontend.gateway.transport import EMPTY_SETTINGS, PREFACE, _FirstAcknowledgement
from tests.gateway import Delay, Drop, Fail, GatewayServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.gateway.conftest import Drive

ACKNOWLEDGEMENT = b"\x00\x00\x00\x04\x01\x00\x00\x00\x00"
SETTINGS = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00" + b"\x00\x03\x00\x00\x00\xfa"
WINDOW_UPDATE = b"\x00\x00\x04\x08\x00\x00\x00\x00\x00" + b"\x00\x0f\x00\x01"
#: Seconds after which something hangs, rather than being slow on a busy machine.
PATIENCE = 30
SUCCEED = "return Result(refs=gateway.solve(definition(mkfile('/a', b'a'))))"


@pytest.mark.parametrize("size", [1, 5, 9, 10, 100])
def test_only_the_first_acknowledgement_is_taken_out(size: int) -> None:
    stream = SETTINGS + WINDOW_UPDATE + ACKNOWLEDGEMENT + SETTINGS + ACKNOWLEDGEMENT + b"rest"
    filtering = _FirstAcknowledgement()
    got = b""
    for start in range(0, len(stream), size):
        piece = stream[start : start + size]
        got += piece if filtering.passed else filtering.without(piece)
    assert got == SETTINGS + WINDOW_UPDATE + SETTINGS + ACKNOWLEDGEMENT + b"rest"


def test_the_greeting_is_sent_before_anything_slow_is_imported() -> None:
    script = (
        "import sys\n"
        "from frontend.gateway import transport\n"
        "transport.connect()\n"
        "slow = {'grpc', 'google', 'pydantic', 'llb'} & set(sys.modules)\n"
        "sys.stderr.write(repr(slow))\n"
        "sys.stderr.flush()\n"
        "import os; os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert done.stdout == PREFACE + EMPTY_SETTINGS
    assert done.stderr == b"set()"


def test_output_of_the_process_and_of_its_children_goes_to_the_log(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            f"""
            print("printed")
            sys.stdout.flush()
            os.write(1, b"written")
            os.system("echo by a child; cat")
            assert sys.stdin.read() == ""
            {SUCCEED}
            """,
        )
    assert outcome.failure is None
    for text in ("printed", "written", "by a child"):
        assert text in outcome.stderr


def test_children_do_not_inherit_the_connection(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            f"""
            os.system("ls -l /proc/self/fd >&2")
            {SUCCEED}
            """,
        )
    assert outcome.failure is None
    assert outcome.stderr.count("pipe:") == 0


def test_without_capture_one_stray_byte_ends_the_build() -> None:
    with GatewayServer() as server:
        outcome = server.run([sys.executable, "-c", "print('hello', flush=True); input()"])
    assert outcome.failure == "frontend grpc server closed unexpectedly"
    assert "bogus greeting" in outcome.broken


def test_a_daemon_that_serves_late(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(server, SUCCEED, serve_after=1.0)
    assert outcome.failure is None


def test_slow_imports_do_not_delay_the_greeting(tmp_path: Path) -> None:
    """The import ends when its other end of a pipe does, and that waits for the greeting."""
    (tmp_path / "slow_start.py").write_text(
        "import os, sys\nos.read(int(sys.argv[1]), 1)\nprint('imported', file=sys.stderr)\n"
    )
    script = "from frontend.gateway import transport\ntransport.connect()\nimport slow_start\n"
    blocked, release = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}import os; os._exit(0)", str(blocked)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[blocked],
        env={**os.environ, "PYTHONPATH": f".{os.pathsep}{tmp_path}"},
    ) as process:
        os.close(blocked)
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            greeted, _, _ = select.select([process.stdout], [], [], PATIENCE)
            assert greeted, "no greeting while the import lasts"
            assert process.stdout.read(len(PREFACE)) == PREFACE
            assert process.poll() is None
        finally:
            os.close(release)
        assert process.stderr.read() == b"imported\n"


@pytest.mark.parametrize("method", ["Ping", "Solve", "Return"])
def test_a_dropped_connection_ends_the_process(drive: Drive, method: str) -> None:
    with GatewayServer() as server:
        server.on(method, Drop())
        outcome = drive(server, SUCCEED, grace=PATIENCE)
    assert outcome.exit_code == 1
    assert not outcome.killed
    assert "the connection to BuildKit was lost" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_after_the_loss_every_call_fails_at_once(drive: Drive) -> None:
    with GatewayServer() as server:
        server.on("Ping", Drop(), after=1)
        outcome = drive(
            server,
            """
            from llb.pb import gateway_pb2

            gateway.ping()
            try:
                gateway._bridge.ping(gateway_pb2.PingRequest())
            except ConnectionLostError:
                pass
            for _ in range(100):
                try:
                    gateway.solve(definition(mkfile("/a", b"")))
                except ConnectionLostError:
                    continue
                raise AssertionError("a call went through")
            sys.stderr.write("100 refusals")
            raise SystemExit
            """,
            grace=PATIENCE,
        )
    assert outcome.exit_code == 1
    assert not outcome.killed
    assert "100 refusals" in outcome.stderr


def test_calls_under_way_fail_when_the_connection_is_lost(drive: Drive) -> None:
    with GatewayServer() as server:
        server.on("Solve", Delay(10 * PATIENCE)).on("Inputs", Drop())
        outcome = drive(
            server,
            """
            gateway.ping()
            gateway.together(
                lambda: gateway.solve(definition(mkfile("/a", b""))),
                lambda: (time.sleep(0.2), gateway.inputs()),
            )
            """,
            grace=PATIENCE,
        )
    assert outcome.exit_code == 1
    assert not outcome.killed


def test_a_blocked_thread_does_not_hold_the_process(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            f"""
            threading.Thread(target=time.sleep, args=(600,)).start()
            {SUCCEED}
            """,
        )
    assert outcome.failure is None
    assert outcome.seconds < PATIENCE


def test_a_foreign_process_cannot_take_the_connection() -> None:
    intruder = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); "
        "s.connect(chr(0) + sys.argv[1]); sys.stderr.write(repr(s.recv(1)))"
    )
    script = (
        "from frontend.gateway import transport\n"
        "connection = transport.connect()\n"
        "import os, subprocess, sys\n"
        "name = connection.target.removeprefix('unix-abstract:')\n"
        f"subprocess.run([sys.executable, '-c', {intruder!r}, name], check=True)\n"
        "from frontend.gateway import *\n"
        "os._exit(run_build(Gateway(connection), lambda gateway: Result()))\n"
    )
    with GatewayServer() as server:
        outcome = server.run([sys.executable, "-c", script])
    assert outcome.failure is None
    assert "b''" in outcome.stderr


def test_error_details_bigger_than_a_header_usually_is(drive: Drive) -> None:
    from google.protobuf.any_pb2 import Any as AnyMessage

    detail = AnyMessage(type_url="github.com/moby/buildkit/stack.Stack+json", value=b"x" * 300_000)
    with GatewayServer() as server:
        server.on("Solve", Fail("it failed", details=(detail,)))
        outcome = drive(server, SUCCEED)
    assert outcome.failure == "it failed"
    assert outcome.error is not None
    assert list(outcome.error.details) == [detail]


def test_standard_descriptors_after_capture() -> None:
    script = (
        "from frontend.gateway import transport\n"
        "d = transport.capture_descriptors()\n"
        "import os\n"
        "os.write(d.outgoing, os.read(d.incoming, 5))\n"
        "os.write(1, os.read(0, 5) + b'to the log')\n"
        "assert not os.get_inheritable(d.incoming) and not os.get_inheritable(d.outgoing)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=b"hello",
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.stdout == b"hello"
    assert done.stderr == b"to the log"
