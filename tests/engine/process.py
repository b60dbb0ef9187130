"""Processes that outlive us, recorded so that they can be found and ended, and no other one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Process:
    """A process, identified so that a reused number is not mistaken for it."""

    pid: int
    started: int  # in clock ticks since boot, from /proc/PID/stat

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The living process with that number, or None. A zombie does not live."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        # The second field is the command in parentheses, which may itself contain any character.
        state, *fields = stat.rpartition(")")[2].split()
        return None if state in "ZX" else cls(pid, int(fields[18]))

    @classmethod
    def load(cls, record: Path) -> Process | None:
        """The recorded process if it still lives."""
        try:
            saved = cls(**json.loads(record.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return saved if saved.alive else None

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return Process.of(self.pid) == self

    def save(self, record: Path) -> None:
        """Record the process in a file."""
        draft = record.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self)))
        draft.rename(record)

    def end(self, grace: float = 20.0) -> None:
        """Ask the process to end, and kill it after `grace` seconds."""
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
            if not self.alive:
                return
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            deadline = time.monotonic() + patience
            while self.alive and time.monotonic() < deadline:
                _reap(self.pid)
                time.sleep(0.02)


def _reap(pid: int) -> None:
    """Collect the exit status if the process is our own child."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def spawn(
    command: Sequence[str | Path],
    *,
    record: Path,
    log: Path,
    env: Mapping[str, str],
    cwd: Path = Path("/"),
) -> Process:
    """Start a process in a session of its own, its output appended to `log`, and record it."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    process = Process.of(child.pid)
    if process is None:
        message = f"{command[0]} ended at once: {log.read_text(errors='replace')[-2000:]}"
        raise RuntimeError(message)
    process.save(record)
    # The child is ours to reap only as long as we live; Popen must not warn that it still runs.
    child.returncode = 0
    return process
