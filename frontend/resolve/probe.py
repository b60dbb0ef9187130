"""Ask a base image for its Python and its distribution, by a step that runs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import llb
from frontend.container.paths import INTERPRETER, LAYER, ROOT
from frontend.container.scripts import steps
from frontend.errors import FrontendError, Location
from frontend.gateway import GatewayError, PathNotFoundError
from frontend.model.distribution import Distribution
from frontend.model.interpreter import Interpreter

if TYPE_CHECKING:
    from frontend.container.environment import BuildEnvironment
    from frontend.gateway import Gateway


#: uv's exit code for what it could not do, such as finding Python; programs it runs have their own.
_UV_FAILED = 2


def require_interpreter(
    gateway: Gateway, builder: BuildEnvironment, wanted: str, places: tuple[Location, ...]
) -> tuple[Interpreter, Distribution]:
    """Find the Python of `builder`'s image that satisfies `wanted` (`3.13`, `>=3.11`).

    With it comes what else the image holds. FrontendError at `places` where it has none.
    """
    found, other = probe_interpreter(gateway, builder, wanted, places)
    if found is None:
        raise no_python(builder, wanted, other, places)
    return found


def probe_interpreter(
    gateway: Gateway, builder: BuildEnvironment, wanted: str, places: tuple[Location, ...]
) -> tuple[tuple[Interpreter, Distribution] | None, Interpreter | None]:
    """Look for such a Python: it with what else the image holds, or another one, or neither."""
    if builder.python is not None:
        there = gateway.solve(probe_image(builder)).read_file("/python.json")
        return (_read(there, builder, places), Distribution.from_probe(there)), None
    report = _report(gateway, builder, wanted, places)
    if report is not None:
        return (_read(report, builder, places), Distribution.from_probe(report)), None
    # Looked at again: uv does not take a pre-release for what is asked, unless it is named.
    report = _report(gateway, builder, "", places) if wanted else None
    if report is None:
        return None, None
    found = _read(report, builder, places)
    if not found.satisfies(wanted):
        return None, found
    return (found, Distribution.from_probe(report)), None


def _read(report: bytes, builder: BuildEnvironment, places: tuple[Location, ...]) -> Interpreter:
    try:
        return Interpreter.from_probe(report, builder.platform)
    except FrontendError as error:
        raise FrontendError(error.message, remedy=error.remedy, places=places) from error


def check_builder(
    base: str, target: Interpreter, builder: str, found: Interpreter, places: tuple[Location, ...]
) -> None:
    """Refuse a builder whose Python is not where the base has the same one.

    The environment made in the builder holds a link to its interpreter, and bytecode and extension
    modules for its version.
    """
    if (found.path, found.release, found.libc.name) != (
        target.path,
        target.release,
        target.libc.name,
    ):
        raise FrontendError(
            f"builder image {builder} has Python {found.minor} at {found.path} ({found.libc.name}),"
            f" and base image {base} has {target.minor} at {target.path} ({target.libc.name})",
            remedy="Choose a `builder` made from the same image as `base`, such as "
            "python:3.13 for python:3.13-slim.",
            places=places,
        )


def _report(
    gateway: Gateway, builder: BuildEnvironment, wanted: str, places: tuple[Location, ...]
) -> bytes | None:
    """What the probe wrote; None where uv found no Python."""
    try:
        return gateway.solve(_probing(builder, wanted)).read_file("/python.json")
    except PathNotFoundError:
        return None
    except GatewayError as error:
        if f"exit code: {_UV_FAILED}" in error.step_end:
            return None
        if not error.step_end:
            raise
        raise FrontendError(
            f"{builder.image.name} cannot run uv: {error.step_end}",
            remedy="What the engine said of it stands above. Choose another image, such as "
            "python:3.13-slim, or look at the options for containers (--ulimit, --cgroup-parent…).",
            places=places,
        ) from error


def probe_image(builder: BuildEnvironment) -> llb.Output:
    """Describe the Python that was installed for `builder`, in the builder's file system."""
    return builder.step(
        [INTERPRETER, "-I", "-S", f"{ROOT}/steps/probe.py", f"{LAYER}/python.json"],
        name=f"[internal] look at the installed Python in {builder.image.name}",
        mounts=[llb.Bind(f"{ROOT}/steps", steps("probe"))],
        network=False,
    )


def _probing(builder: BuildEnvironment, wanted: str) -> llb.Output:
    choice = ["--python", wanted] if wanted else []
    return builder.step(
        [
            f"{ROOT}/uv",
            "run",
            "--quiet",
            "--no-project",
            "--no-config",
            *choice,
            f"{ROOT}/steps/probe.py",
            f"{LAYER}/python.json",
        ],
        name=f"[internal] look for Python in {builder.image.name}",
        env={"UV_CACHE_DIR": "/tmp/uv", "UV_OFFLINE": "1", "UV_PYTHON_PREFERENCE": "only-system"},
        mounts=[llb.Bind(f"{ROOT}/steps", steps("probe"))],
        network=False,
        # That there is no such Python is an answer, and no failure to be shown.
        exit_codes=(0, _UV_FAILED),
    )


def no_python(
    builder: BuildEnvironment, wanted: str, found: Interpreter | None, places: tuple[Location, ...]
) -> FrontendError:
    """Say which Python there is instead, if any."""
    name = builder.image.name
    if found is None:
        return FrontendError(
            f"{name} has no Python",
            remedy="Choose an image that has Python on PATH, such as python:3.13-slim, or let one "
            "be installed: managed-python = true.",
            places=places,
        )
    return FrontendError(
        f"{name} has Python {found.version}, and Python {wanted} is required",
        remedy="Choose another `base` or `python`, change `requires-python`, or let a Python be "
        "installed: managed-python = true.",
        places=places,
    )
