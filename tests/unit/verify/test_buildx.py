"""Programs that don't end, answer too much, or print what a terminal obeys."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tools.verify.buildx import Bounds, run
from tools.verify.errors import UnverifiableError

if TYPE_CHECKING:
    from pathlib import Path

BOUNDS = Bounds(60)


def python(program: str) -> list[str]:
    """The words that run a program."""
    return [sys.executable, "-c", program]


def test_an_answer_and_messages() -> None:
    program = "import sys; print(sys.stdin.read()); print('what', file=sys.stderr); sys.exit(3)"
    done = run(python(program), "it", BOUNDS, {"A": "b"}, "said")
    assert (done.code, done.answer, done.messages) == (3, b"said\n", "what\n")


def test_a_program_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    children = tmp_path / "children"
    program = (
        "import subprocess, sys; child = subprocess.Popen(['sleep', '600']); "
        f"open({str(children)!r}, 'w').write(str(child.pid)); child.wait()"
    )
    with pytest.raises(UnverifiableError, match="it was ended: it took longer than 1 seconds"):
        run(python(program), "it", Bounds(1))
    child = int(children.read_text())
    for _ in range(100):
        if not _runs(child):
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    raise AssertionError


def _runs(process: int) -> bool:
    """Whether a process is there, and more than an entry that nobody has asked for yet."""
    try:
        with open(f"/proc/{process}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_an_answer_that_is_too_long() -> None:
    program = "while True: print('x' * 1000)"
    with pytest.raises(UnverifiableError, match="answered with more than 5,000 bytes"):
        run(python(program), "it", Bounds(60, answer=5000))
    done = run(python("print('x' * 4999)"), "it", Bounds(60, answer=5000))
    assert len(done.answer) == 5000


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    file = tmp_path / "archive"
    program = f"import time; open({str(file)!r}, 'w').write('x' * 2000); time.sleep(600)"
    with pytest.raises(UnverifiableError, match="written more than 1,000 bytes"):
        run(python(program), "it", Bounds(60, file=file, size=1000))


def test_steps_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    program = r"import sys; sys.stderr.write('a\x1b[2Jb\x07\r\nc\u202ed\n' + 'x' * 5000)"
    done = run(python(program), "it", BOUNDS, {"PYTHONIOENCODING": "utf-8"}, show=True)
    first, second, third = done.messages.splitlines()
    assert (first, second) == ("a�[2Jb�", "c�d")
    assert len(third) == 2000
    assert capsys.readouterr().err == done.messages


@pytest.mark.parametrize(
    ("word", "reason"), [("a\0b", "null byte"), ("\ud800", "encode"), ("x" * 200_000, "too long")]
)
def test_words_that_no_program_can_be_given(word: str, reason: str) -> None:
    with pytest.raises(UnverifiableError, match=f"it cannot be started: .*{reason}"):
        run([*python("pass"), word], "it", BOUNDS)


def test_a_missing_program() -> None:
    with pytest.raises(UnverifiableError, match="the program no-such-program is missing"):
        run(["no-such-program"], "it", BOUNDS)
