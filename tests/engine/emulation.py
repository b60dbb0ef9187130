"""Programs of arm64 on another processor: QEMU, registered with the kernel for a while."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import debian
from tests.engine.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

BINFMT = Path("/proc/sys/fs/binfmt_misc")
_NAME = "uv-frontend-aarch64"
# The head of an ELF file: 64 bits, little-endian, any ABI of Unix, program or shared object, and
# EM_AARCH64 (elf.h); bytes and bits of no interest are masked out. Written as the kernel reads it
# (Documentation/admin-guide/binfmt-misc.rst); F opens the program now, for containers lack it.
_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


def emulator() -> Path:
    """QEMU's program that runs one arm64 program. Raises EngineUnavailable."""
    return debian.unpack("bookworm", ("qemu-user-static",)).executable("qemu-aarch64-static")


def any_registered() -> bool:
    """Whether the kernel runs arm64 programs by some emulator."""
    return any("aarch64" in entry.name for entry in BINFMT.glob("*"))


@contextmanager
def registered() -> Iterator[None]:
    """Until the block ends every arm64 program of this machine runs, in containers as well.

    Raises EngineUnavailable where the kernel does not let us.
    """
    mounted = not (BINFMT / "register").exists()
    if mounted:
        command = ["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise EngineUnavailable(f"no emulator can be registered: {done.stderr.strip()}")
    try:
        line = f":{_NAME}:M::{_MAGIC}:{_MASK}:{emulator()}:F"
        try:
            (BINFMT / "register").write_text(line)
        except OSError as error:
            raise EngineUnavailable(f"no emulator can be registered: {error}") from error
        try:
            yield
        finally:
            (BINFMT / _NAME).write_text("-1")
    finally:
        if mounted:
            subprocess.run(["umount", str(BINFMT)], check=False)
