"""Calls of `docker buildx`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING

from tools.verify.errors import UnverifiableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def inspect(image: str, *options: str) -> str:
    """What `docker buildx imagetools inspect` prints, byte for byte. Raises UnverifiableError."""
    command = ["docker", "buildx", "imagetools", "inspect", *options, image]
    try:
        done = subprocess.run(command, check=False, capture_output=True)
    except FileNotFoundError:
        raise UnverifiableError("the program docker is missing") from None
    if done.returncode:
        raise UnverifiableError(f"{image} cannot be read: {_last(done.stderr.decode())}")
    return done.stdout.decode()


def build(
    arguments: Sequence[str], *, environment: Mapping[str, str] | None = None, stdin: str = ""
) -> str:
    """Run `docker buildx build`, its progress on standard error; "" or the error's last line."""
    said: deque[str] = deque(maxlen=50)
    with subprocess.Popen(
        ["docker", "buildx", "build", "--progress=plain", *arguments],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(stdin)
        process.stdin.close()
        for line in process.stderr:
            sys.stderr.write(line)
            said.append(line)
    return _last("".join(said)) if process.returncode else ""


def _last(said: str) -> str:
    """The error, which is the last line that begins so; else the first line of what was said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["(nothing was said)"]
    errors = [line for line in lines if line.startswith("ERROR")]
    return errors[-1].removeprefix("ERROR: ") if errors else lines[0]
