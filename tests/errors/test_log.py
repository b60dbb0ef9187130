"""The daemon has nothing to say about how the frontend talks to it.

What a complaint is, is not written down anywhere. So the measure is BuildKit's own frontend: a kind
of message that its builds never cause, and ours do, is a complaint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.errors.workspaces import SOURCES, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine import Engine

DOCKERFILE = """\
FROM python:3.13-slim AS one
RUN --mount=type=cache,target=/cache python3 -c 'print(1)' > /one
COPY . /context
FROM python:3.13-slim
COPY --from=one /one /
RUN true
"""
#: Output where the connection is.
NOISE = "os.write(1, b'hello')"
#: What differs between two messages of the same kind.
_VARYING = re.compile(r"[0-9a-f]{12,}|\b[a-z0-9]{25}\b|\d+(\.\d+)*")
#: Messages about other connections: of the API, where buildx looks whether somebody listens and
#: hangs up, and those that the daemon dials, to buildx, just when it goes.
#: So are those about addresses of containers, one of which is called invalid until it has one.
_OTHERS = ("/docker.sock->", "addrConn.createTransport", "Request address PoolID")
#: Among the many debug messages, those that something is wrong have one of these words.
_WRONG = re.compile(
    r"http2|preface|goaway|unexpected|panic|invalid|unsupported|deprecated|capabilit",
    re.IGNORECASE,
)


def test_normal_builds_cause_no_complaint(engine: Engine, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    made = workspace(ours).library("core").service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).lock()
    theirs.mkdir()
    (theirs / "Dockerfile").write_text(DOCKERFILE)

    usual = _said(engine, lambda: engine.build(theirs))
    usual |= _said(engine, lambda: engine.build(theirs, build_args={"ANY": "1"}, tag="usual"))
    said = _said(engine, lambda: engine.build(ours, build_args={"package": "api"}))
    said |= _said(engine, lambda: engine.build(ours, build_args={"package": "api"}, tag="said"))
    engine.docker("rmi", "usual", "said")

    assert said - usual == set()


def test_a_complaint_is_seen(
    docker28: Engine, tmp_path: Path, broken_frontend: Callable[[str], str]
) -> None:
    made = workspace(tmp_path).service("api").lock()
    made.write("Dockerfile", f"# syntax={broken_frontend(NOISE)}\n")
    said = _said(docker28, lambda: docker28.build(tmp_path, check=False))
    assert any("bogus greeting" in line for line in said)


def _said(engine: Engine, build: Callable[[], object]) -> set[str]:
    """The kinds of messages that `build` has caused: warnings, errors, all about connections."""
    mark = engine.log.mark()
    build()
    found = set()
    for line in engine.log.since(mark).splitlines():
        level = re.search(r"\blevel=(\w+)", line)
        if any(part in line for part in _OTHERS):
            continue
        text = re.sub(r'^time="[^"]*" |(?:span|trace)ID=\S+|span="[^"]*"', "", line)
        plain = level and level.group(1) in ("debug", "info")
        if not plain or _WRONG.search(text):
            found.add(_VARYING.sub("N", text).strip())
    return found
