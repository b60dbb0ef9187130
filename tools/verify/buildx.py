"""Calls of `docker buildx`: bounded in time and size, and ended as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from tools.verify.errors import UnverifiableError
from tools.verify.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_INSPECT_SECONDS = 300
#: A manifest has 4 MB at most; a provenance holds a build's whole graph.
_ANSWER = 64 << 20
_LINE = 1 << 16
#: The archive of a rebuild.
_ARCHIVE = 64 << 30
_ENDING_SECONDS = 10
#: buildx would hand it to the build, whose provenance tells whether there was one.
_NOT_OURS = "SOURCE_DATE_EPOCH"


@dataclass(frozen=True)
class Bounds:
    """What a call may take: seconds, bytes of its answer, bytes of the file that it writes."""

    seconds: float
    answer: int = _ANSWER
    file: Path | None = None
    size: int = _ARCHIVE


@dataclass(frozen=True)
class Finished:
    """A call that has ended: its exit code, its answer, the end of what it said."""

    code: int
    answer: bytes
    messages: str


def inspect(image: str, *options: str) -> bytes:
    """Return what `docker buildx imagetools inspect` prints. Raises UnverifiableError."""
    command = ["docker", "buildx", "imagetools", "inspect", *options, "--", image]
    done = run(command, f"reading {image}", Bounds(_INSPECT_SECONDS))
    if done.code:
        raise UnverifiableError(f"{image} cannot be read: {_error(done.messages)}")
    return done.answer


def build(
    options: Sequence[str],
    context: str,
    bounds: Bounds,
    *,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
) -> str:
    """Run `docker buildx build`, its progress on standard error; "" or the error's last line."""
    command = build_command(options, context)
    done = run(command, "the rebuild", bounds, environment, stdin, show=True)
    return _error(done.messages) if done.code else ""


def build_command(options: Sequence[str], context: str) -> list[str]:
    """Return the words of a build; whatever the context is, it is no option."""
    return ["docker", "buildx", "build", "--progress=plain", *options, "--", context]


def run(
    command: Sequence[str],
    what: str,
    bounds: Bounds,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    *,
    show: bool = False,
) -> Finished:
    """Run a program to its end. Raises UnverifiableError if it cannot be, or exceeds its bounds."""
    inherited = {name: value for name, value in os.environ.items() if name != _NOT_OURS}
    try:
        process = subprocess.Popen(
            command,
            env={**inherited, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise UnverifiableError(f"the program {command[0]} is missing") from None
    except (OSError, ValueError) as error:
        raise UnverifiableError(f"{what} cannot be started: {error}") from None
    assert process.stdin
    assert process.stdout
    assert process.stderr
    answer, messages = _Answer(process.stdout, bounds.answer), _Messages(process.stderr, show)
    try:
        _write(process.stdin, stdin)
        exceeded = _wait(process, bounds, answer)
    finally:
        _end(process)
        answer.join(_ENDING_SECONDS)
        messages.join(_ENDING_SECONDS)
    if exceeded:
        raise UnverifiableError(f"{what} was ended: it {exceeded}")
    return Finished(process.returncode, answer.content, "".join(messages.last))


def _write(pipe: IO[bytes], text: str) -> None:
    try:
        pipe.write(text.encode())
        pipe.close()
    except BrokenPipeError:
        return  # it has ended, and its exit code says more


def _wait(process: subprocess.Popen[bytes], bounds: Bounds, answer: _Answer) -> str:
    """Wait for the end; return what was exceeded, or ""."""
    deadline = time.monotonic() + bounds.seconds
    while True:
        try:
            process.wait(timeout=min(0.5, max(0, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            pass
        else:
            answer.join(_ENDING_SECONDS)
            return f"has answered with more than {bounds.answer:,} bytes" if answer.over else ""
        if answer.over:
            return f"has answered with more than {bounds.answer:,} bytes"
        if time.monotonic() >= deadline:
            return f"took longer than {bounds.seconds:g} seconds"
        if bounds.file and bounds.file.exists() and bounds.file.stat().st_size > bounds.size:
            return f"has written more than {bounds.size:,} bytes"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and all that it has started, if it has not ended by itself."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(timeout=_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            continue


class _Answer(threading.Thread):
    """Reads standard output up to a limit; what is over it is dropped."""

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        super().__init__(daemon=True)
        self._pipe, self._limit = pipe, limit
        self.content = b""
        self.over = False
        self.start()

    def run(self) -> None:
        """Read until the end; the pipe is emptied even where nothing more is kept."""
        self.content = self._pipe.read(self._limit)
        while self._pipe.read(_LINE):
            self.over = True


class _Messages(threading.Thread):
    """Reads standard error, shows it if that is wanted, and keeps the last lines."""

    def __init__(self, pipe: IO[bytes], show: bool) -> None:
        super().__init__(daemon=True)
        self._pipe, self._show = pipe, show
        self.last: deque[str] = deque(maxlen=50)
        self.start()

    def run(self) -> None:
        """Read line by line. Steps print what they like, and a terminal gets none of it raw."""
        while line := self._pipe.readline(_LINE):
            text = printable(line.decode(errors="replace").rstrip("\r\n")) + "\n"
            if self._show:
                sys.stderr.write(text)
            self.last.append(text)


def _error(messages: str) -> str:
    """The error, which is the last line that begins so; else the first line of what was said."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return errors[-1].removeprefix("ERROR: ") if errors else (lines or ["it has said nothing"])[0]
