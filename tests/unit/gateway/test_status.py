"""Exceptions as statuses: what is sent, and how much of it."""

from __future__ import annotations

import json

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage

from frontend.errors import FrontendError, Location, SourceFile
from frontend.gateway.failures import GatewayError, PathNotFoundError, read_failure
from frontend.gateway.status import (
    SOURCE_TYPE_URL,
    WHOLE_TEXT_LIMIT,
    excerpt,
    log_traceback,
    status_of,
    with_context,
)
from llb.capabilities import UnsupportedCapability
from llb.pb.status_pb2 import Status
from tests.gateway.server import decoded_source_data

SHORT = SourceFile("uv.lock", "one\ntwo\nthree\nfour\nfive\nsix\n")
LONG = SourceFile("uv.lock", "\n".join(f"line {number}" for number in range(1, 20_001)))


def test_a_short_text_is_sent_whole() -> None:
    (detail,) = status_of(FrontendError("text", places=(Location(SHORT, 2, 3),))).details
    assert detail.type_url == SOURCE_TYPE_URL
    assert decoded_source_data(detail.value) == SHORT.text
    value = json.loads(detail.value)
    assert value["info"]["filename"] == "uv.lock"
    assert value["info"]["language"] == "TOML"
    assert value["ranges"] == [{"start": {"line": 2}, "end": {"line": 3}}]


@pytest.mark.parametrize(("start", "end"), [(1, 1), (5, 5), (10_000, 10_002), (20_000, 20_000)])
def test_a_long_text_keeps_its_line_numbers(start: int, end: int) -> None:
    lines = excerpt(LONG, start, end).split("\n")
    for number in range(max(start - 10, 1), min(end + 10, 20_000) + 1):
        assert lines[number - 1] == f"line {number}"
    kept = [line for line in lines if line]
    assert len(kept) <= end - start + 21
    assert sum(map(len, lines)) < 1000


def test_a_place_outside_of_the_text_is_no_mistake() -> None:
    assert excerpt(LONG, 30_000, 30_001).strip("\n") == ""
    assert excerpt(SourceFile("empty", ""), 1, 1) == ""


def test_very_long_lines_are_cut() -> None:
    text = SourceFile("uv.lock", "x" * (WHOLE_TEXT_LIMIT + 1))
    assert len(excerpt(text, 1, 1)) == 1001


def test_a_prefix_and_further_excerpts_go_around_what_the_daemon_said() -> None:
    given = Status(code=5, message="not found", details=[AnyMessage(type_url="a", value=b"b")])
    status = with_context(given, prefix="base image", places=[Location.line(SHORT, 1)])
    assert (status.code, status.message) == (5, "base image: not found")
    assert [each.type_url for each in status.details] == ["a", SOURCE_TYPE_URL]
    assert with_context(given) == given


def test_what_the_daemon_knows_of_a_step_stays_with_what_explains_it() -> None:
    urls = ("github.com/moby/buildkit/errdefs.Vertex+json", SOURCE_TYPE_URL)
    cause = GatewayError(5, "exit code: 1", [AnyMessage(type_url=url) for url in urls])
    error = FrontendError("cannot be built", places=(Location.line(SHORT, 2),))
    error.__cause__ = cause
    status = status_of(error)
    assert (status.code, status.message) == (2, "cannot be built")
    assert [detail.type_url for detail in status.details] == list(urls)
    assert b'"line": 2' in status.details[1].value

    # Its excerpt is better than none.
    without = FrontendError("cannot be built")
    without.__cause__ = cause
    assert list(status_of(without).details) == list(cause.details)


def test_an_engine_that_shows_text_alone_gets_the_lines_in_it() -> None:
    error = FrontendError("wrong", remedy="Mend it.", places=(Location(SHORT, 3, 4),))
    status = status_of(error, typed=False)
    assert status.message == (
        "wrong\n"
        "Mend it.\n"
        "uv.lock:3\n"
        "--------------------\n"
        "   1 |     one\n"
        "   2 |     two\n"
        "   3 | >>> three\n"
        "   4 | >>> four\n"
        "   5 |     five\n"
        "   6 |     six\n"
        "--------------------"
    )
    assert len(status.details) == 1


@pytest.mark.parametrize("typed", [True, False])
def test_what_the_daemon_says_is_kept_beside_the_lines_that_led_to_it(typed: bool) -> None:
    error = GatewayError(7, "denied by policy", [AnyMessage(type_url="a", value=b"b")])
    error.places = (Location.line(SHORT, 2),)
    status = status_of(error, typed=typed)
    assert status.code == 7
    assert [each.type_url for each in status.details] == ["a", SOURCE_TYPE_URL]
    assert status.message.startswith("denied by policy")
    assert (">>> two" in status.message) is not typed


def test_a_bug_without_a_message() -> None:
    assert "(AssertionError)." in status_of(AssertionError()).message
    long = status_of(ValueError("first line\nsecond line")).message
    assert "(ValueError: first line)." in long
    assert "second line" not in long


@pytest.mark.parametrize(
    "text",
    [
        "open /no/x: no such file or directory",
        "resolve : lstat /var/lib/docker/tmp/buildkit-mount1/no: no such file or directory",
        "walk /var/lib/docker/tmp/buildkit-mount1/big: not a directory",
    ],
)
def test_texts_of_missing_paths(text: str) -> None:
    failure = read_failure(GatewayError(2, text), "/no")
    assert isinstance(failure, PathNotFoundError)
    assert failure.message == "/no does not exist"
    assert failure.path == "/no"


def test_other_texts_are_no_missing_paths() -> None:
    error = GatewayError(2, "big is not a regular file")
    assert read_failure(error, "/big") is error


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ('process "/bin/sh -c x: y" did not complete successfully: exit code: 2', "exit code: 2"),
        ("executor failed running [/bin/sh -c x: y]: exit code: 137", "exit code: 137"),
        ("docker.io/library/python:9: not found", ""),
    ],
)
def test_how_a_step_ended(text: str, end: str) -> None:
    assert GatewayError(2, text).step_end == end


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ('source "docker-image://a" denied by policy: source denied by policy', True),
        ('source "docker-image://a" not allowed by policy: action is DENY', True),
        ("failed to load LLB: network.host is not allowed", True),
        ("docker.io/library/policy:9: not found", False),
        ("pull access denied", False),
    ],
)
def test_what_somebody_forbids(text: str, refused: bool) -> None:
    assert GatewayError(2, text).is_refusal is refused


def test_an_engine_that_is_too_old_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "the engine does not know exec.mount.tmpfs.size, which BuildKit 0.9 introduced"
    error = UnsupportedCapability("exec.mount.tmpfs.size", reason, "exec")
    status = status_of(error)
    assert status.message.startswith(f"this engine cannot do what the build asks for: {reason}\n")
    assert "newer engine" in status.message
    log_traceback(error)
    assert capsys.readouterr().err == ""
