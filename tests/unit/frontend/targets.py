"""Interpreters in images, for tests."""

from __future__ import annotations

from frontend.model.interpreter import Interpreter, Libc

GLIBC = Libc("glibc", (2, 41))
MUSL = Libc("musl", (1, 2))


def target(
    version: str = "3.13.1",
    machine: str = "x86_64",
    libc: Libc = GLIBC,
    *,
    free_threaded: bool = False,
) -> Interpreter:
    """Build the target for a CPython on Linux."""
    minor = ".".join(version.split(".")[:2])
    return Interpreter(
        path=f"/usr/local/bin/python{minor}",
        prefix="/usr/local",
        version=version,
        machine=machine,
        libc=libc,
        markers={
            "implementation_name": "cpython",
            "implementation_version": version,
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": version,
            "python_version": minor,
            "sys_platform": "linux",
        },
        free_threaded=free_threaded,
    )
