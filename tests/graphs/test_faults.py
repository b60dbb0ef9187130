"""A daemon that misbehaves at each stage of a build: one clear message, no traceback, and an end.

The frontend runs as a process on the tests' gateway. Times are bounded only so that a process that
hangs is told from a busy machine.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.gateway import CANCELLED, Block, Delay, Drop, Fail, Reply
from tests.graphs.case import Case
from tests.graphs.run import ARGUMENTS, served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gateway import GatewayServer, Outcome
    from tests.gateway.behaviour import Behaviour

#: Seconds after which something hangs, rather than being slow on a busy machine.
PATIENCE = 60
#: A build with calls of every kind, and a subrequest.
BUILD = Case("build", "single", {"attest:sbom": ""})
QUESTION = Case("question", "single", {"requestid": "frontend.plan"})
LOST = "the connection to BuildKit was lost"
#: Calls by the stage of a build: the method, and how many come before.
STAGES = {
    "greeting": ("Ping", 0),
    "inputs": ("Inputs", 0),
    "own image": ("ResolveSourceMeta", 0),
    "base image": ("ResolveSourceMeta", 1),
    "first file": ("ReadFile", 0),
    "first solve": ("Solve", 0),
    "second solve": ("Solve", 1),
    "manifest": ("ReadFile", 7),
    "probe": ("Solve", 2),
    "image": ("Solve", 3),
    "bill": ("ReadDir", 0),
    "bill as a file": ("Solve", 6),
    "return": ("Return", 0),
}
#: What is no message: bytes that end too early, text, and more than is taken.
REPLIES = {
    "cut": b"\x0a\xff",
    "text": b"not what you think",
    "oversized": b"\x0a" + bytes(17 << 20),
}
_STAGES = pytest.mark.parametrize(("method", "after"), STAGES.values(), ids=STAGES)


def outcome_of(
    top: Path,
    behaviour: Behaviour,
    method: str,
    after: int = 0,
    *,
    times: int = 1,
    case: Case = BUILD,
) -> Outcome:
    """Run a build in which calls of `method` behave so, `times` times after some others."""
    with served(case, top) as server:
        server.on(method, behaviour, after=after, times=times)
        outcome = server.run(ARGUMENTS, timeout=PATIENCE, grace=PATIENCE)
    assert sum(call.method == method for call in server.calls) > after, "it was never called"
    return outcome


def check_clear(outcome: Outcome) -> None:
    """Check that the user is told, and that it is told as no bug of ours."""
    assert outcome.exit_code == 1
    assert not outcome.killed
    assert "Traceback" not in outcome.stderr
    assert "failed unexpectedly" not in (outcome.failure or "")


@_STAGES
def test_a_dropped_connection_ends_the_process(tmp_path: Path, method: str, after: int) -> None:
    outcome = outcome_of(tmp_path, Drop(), method, after)
    check_clear(outcome)
    assert outcome.stderr.count(LOST) == 1
    assert len(outcome.stderr.splitlines()) == 1
    if method != "Return":
        assert outcome.record.returned == []


@_STAGES
def test_a_refused_call_is_told_in_the_daemons_words(
    tmp_path: Path, method: str, after: int
) -> None:
    outcome = outcome_of(tmp_path, Fail("the disk of the daemon is full"), method, after)
    check_clear(outcome)
    if method in ("Ping", "Return"):
        # Nothing can be returned, or nothing but the error itself.
        told = outcome.stderr + (outcome.failure or "")
    else:
        told = outcome.failure or ""
        assert outcome.stderr == ""
    assert told.count("the disk of the daemon is full") == 1


@_STAGES
def test_a_cancelled_call_ends_the_build(tmp_path: Path, method: str, after: int) -> None:
    outcome = outcome_of(tmp_path, Fail("context canceled", CANCELLED), method, after)
    check_clear(outcome)
    told = outcome.stderr + (outcome.failure or "")
    assert told.count("context canceled") == 1


@pytest.mark.parametrize("method", ["Ping", "ResolveSourceMeta", "Solve", "ReadFile", "Return"])
def test_a_late_reply_changes_nothing(tmp_path: Path, method: str) -> None:
    outcome = outcome_of(tmp_path, Delay(1), method)
    assert outcome.failure is None
    assert outcome.stderr == ""


@pytest.mark.parametrize("case", [BUILD, QUESTION], ids=lambda case: case.name)
@pytest.mark.parametrize("method", ["Ping", "Inputs", "ResolveSourceMeta", "Solve", "ReadFile"])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reply_that_cannot_be_read(tmp_path: Path, case: Case, method: str, reply: bytes) -> None:
    outcome = outcome_of(tmp_path, Reply(reply), method, case=case)
    check_clear(outcome)
    assert outcome.stderr == ""
    assert outcome.failure is not None
    assert len(outcome.failure.splitlines()) == 1


@pytest.mark.parametrize("method", ["ResolveSourceMeta", "Solve", "ReadFile"])
def test_replies_without_anything_in_them(tmp_path: Path, method: str) -> None:
    outcome = outcome_of(tmp_path, Reply(b""), method, times=1000)
    check_clear(outcome)
    assert outcome.stderr == ""
    assert outcome.failure


@pytest.mark.parametrize("method", ["Inputs", "Solve", "ReadFile", "Return"])
def test_a_daemon_that_goes_while_it_is_waited_for(tmp_path: Path, method: str) -> None:
    with served(BUILD, tmp_path) as server:
        block = Block()
        server.on(method, block)
        cutting = threading.Thread(target=_cut_when_called, args=(server, method))
        cutting.start()
        outcome = server.run(ARGUMENTS, timeout=PATIENCE, grace=PATIENCE)
        block.release.set()
        cutting.join()
    check_clear(outcome)
    assert outcome.stderr.count(LOST) == 1


def _cut_when_called(server: GatewayServer, method: str) -> None:
    end = time.monotonic() + PATIENCE
    while not server.called(method) and time.monotonic() < end:
        time.sleep(0.01)
    server.cut()
