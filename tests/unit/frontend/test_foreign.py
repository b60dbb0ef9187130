"""Reading the Python of an image that is not run: here one made of files alone, and this one."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from frontend.model.interpreter import Interpreter, Libc
from frontend.resolve.cross_platform import same_python
from frontend.resolve.emulation import runs_here
from llb import Platform
from tests.unit.frontend.conftest import STEPS
from tests.unit.frontend.targets import MUSL, target

AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")


@pytest.fixture
def step() -> Any:
    """The module `steps/foreign.py`."""
    specification = importlib.util.spec_from_file_location("foreign_step", STEPS / "foreign.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def program(machine: int, loader: str, version: str = "") -> bytes:
    """A 64-bit ELF file of a header, one program header (PT_INTERP), and text (elf(5))."""
    text = loader.encode() + b"\0"
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    table = struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(text), len(text), 1)
    return head + table + text + b"\0" + version.encode() + b"\0"


class Image:
    """An image's filesystem, made of files."""

    def __init__(self, root: Path, step: Any) -> None:
        self.root, self.step = root / "root", step
        self.root.mkdir()

    def file(self, path: str, data: bytes = b"") -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    def link(self, path: str, to: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(to)

    def read(self, *first: str) -> dict[str, Any]:
        output = self.root.parent / "out.json"
        self.step.main(str(output), str(self.root), "/usr/local/bin:/usr/bin", *first)
        found: dict[str, Any] = json.loads(output.read_text())
        return found


@pytest.fixture
def image(tmp_path: Path, step: Any) -> Image:
    return Image(tmp_path, step)


def test_debian(image: Image) -> None:
    image.link("lib", "usr/lib")
    image.link("usr/bin/python3", "python3.13")
    image.file("usr/bin/python3.13", program(183, "/lib/ld-linux-aarch64.so.1", "3.13.5"))
    image.file("usr/lib/python3.13/os.py")
    image.file(
        "usr/lib/aarch64-linux-gnu/libc.so.6", b"GNU C Library (D) stable release version 2.41."
    )
    image.file("usr/lib/os-release", b'ID=debian\nVERSION_ID="13"\n')
    image.link("etc/os-release", "../usr/lib/os-release")
    image.file("etc/passwd", b"root:x:0:0::/root:/bin/sh\n")
    found = image.read("/usr/bin/python3")
    assert found["pythons"] == [
        {
            "path": "/usr/bin/python3",
            "prefix": "/usr",
            "version": "3.13.5",
            "free_threaded": False,
            "machine": "aarch64",
            "libc": {"name": "glibc", "version": "2.41"},
        }
    ]
    assert found["system"]["id"] == "debian"
    assert found["system"]["passwd"].startswith("root:")


def test_official_image_with_a_shared_library(image: Image) -> None:
    image.file("usr/local/bin/python3.14", program(183, "/lib/ld-linux-aarch64.so.1"))
    image.link("usr/local/bin/python3", "python3.14")
    image.file("usr/local/lib/python3.14/os.py")
    image.file("usr/local/lib/libpython3.14.so.1.0", b"\x003.14.1\x00 \x003.50.4\x00")
    found = image.read()["pythons"]
    assert [(each["path"], each["version"]) for each in found] == [
        ("/usr/local/bin/python3", "3.14.1")
    ]


def test_alpine(image: Image) -> None:
    image.file("usr/bin/python3.12", program(183, "/lib/ld-musl-aarch64.so.1", "3.12.0rc1"))
    image.file("usr/lib/python3.12/os.py")
    image.file("lib/ld-musl-aarch64.so.1", b"\0musl\x001.2.5\0")
    (found,) = image.read()["pythons"]
    assert found["version"] == "3.12.0rc1"
    assert found["libc"] == {"name": "musl", "version": "1.2.5"}


def test_links_that_lead_outside_stay_inside(image: Image) -> None:
    image.link("usr/bin/python3", "/../../../opt/python3.13")
    image.file("opt/python3.13", b"#!/bin/sh\n")
    image.link("usr/local/bin", "/usr/local/bin")
    assert image.read()["pythons"] == []


def test_this_machine_is_read_as_it_tells_of_itself(step: Any, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("reads ELF files")
    output = tmp_path / "out.json"
    program = os.path.realpath(sys.executable)
    step.main(str(output), "", str(Path(program).parent), program)
    found = json.loads(output.read_text())["pythons"][0]
    assert found["version"] == "{}.{}.{}".format(*sys.version_info)
    assert found["machine"] == os.uname().machine
    assert found["libc"]["name"] in ("glibc", "musl")
    assert found["libc"]["version"]


def test_target_of_what_was_read() -> None:
    found = {
        "path": "/usr/bin/python3",
        "prefix": "/usr",
        "version": "3.13.7",
        "free_threaded": False,
        "machine": "aarch64",
        "libc": {"name": "glibc", "version": "2.41"},
    }
    made = Interpreter.from_foreign(found, target("3.13.1"), ARM64)
    assert made.markers["platform_machine"] == "aarch64"
    assert made.markers["python_full_version"] == "3.13.7"
    assert made.markers["sys_platform"] == "linux"
    assert made.uv_platform == "aarch64-manylinux_2_40"


@pytest.mark.parametrize(
    ("machine", "libc", "expected"),
    [
        ("aarch64", Libc("glibc", (2, 36)), "aarch64-manylinux_2_36"),
        ("aarch64", Libc("glibc", (2, 30)), "aarch64-manylinux_2_28"),
        ("aarch64", Libc("glibc", (2, 12)), ""),
        ("x86_64", MUSL, "x86_64-unknown-linux-musl"),
        ("aarch64", Libc("musl", (1, 1)), ""),
        ("s390x", Libc("glibc", (2, 41)), ""),
        ("aarch64", Libc("unknown", (0, 0)), ""),
    ],
)
def test_names_of_uv(machine: str, libc: Libc, expected: str) -> None:
    assert target(machine=machine, libc=libc).uv_platform == expected


def test_no_wheel_is_chosen_that_uv_would_not_take() -> None:
    known = target(machine="aarch64", libc=Libc("glibc", (2, 30))).clamped_to_uv_platform
    assert known.platform_tags()[0] == "manylinux_2_28_aarch64"


def test_the_same_python() -> None:
    here = target("3.13.1")
    others = [
        target("3.12.1", "aarch64"),
        target("3.13.9", "aarch64", free_threaded=True),
        target("3.13.5", "aarch64"),
    ]
    chosen = same_python(others, here)
    assert chosen is not None
    assert chosen.version == "3.13.5"
    assert same_python(others[:2], here) is None


def test_what_runs_here() -> None:
    assert runs_here(Platform.parse("linux/amd64/v3"), AMD64)
    assert not runs_here(ARM64, AMD64)
