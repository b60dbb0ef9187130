"""Ask a base image for its Python and its distribution, by a step that runs there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import llb
from frontend.container.paths import INTERPRETER, LAYER, ROOT
from frontend.container.scripts import steps
from frontend.errors import FrontendError, Location
from frontend.gateway import GatewayError, PathNotFoundError
from frontend.model.distribution import Distribution
from frontend.model.interpreter import Interpreter

if TYPE_CHECKING:
    from frontend.container.environment import StepImage
    from frontend.container.writer import StepWriter
    from frontend.gateway import Gateway


#: uv's exit code for what it could not do, such as finding Python; programs it runs have their own.
_UV_FAILED = 2
_PYTHON_JSON = "/python.json"
#: The most that a probe may write, in bytes: programs of the image have a part in it.
_MOST_JSON = 16 << 20


def probe(gateway: Gateway, step: llb.Output, path: str, image: str) -> dict[str, Any]:
    """Run `step` and return the JSON object that it wrote to `path`.

    Programs of the image named `image` have a part in it: FrontendError for anything else.
    GatewayError where the step fails, PathNotFoundError where it wrote nothing.
    """
    data = gateway.solve(step).read_file(path, limit=_MOST_JSON)
    try:
        report = json.loads(data)
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict):
        raise FrontendError(
            f"the Python of {image} did not write what it was asked for",
            remedy="Something in the image changes what its Python prints or writes, such as a "
            "sitecustomize module. Choose another image, such as python:3.13-slim.",
        )
    return report


def require_interpreter(
    gateway: Gateway,
    writer: StepWriter,
    image: StepImage,
    wanted: str,
    places: tuple[Location, ...],
) -> tuple[Interpreter, Distribution]:
    """Find the Python of `image` that satisfies `wanted` (`3.13`, `>=3.11`).

    With it comes what else the image holds. FrontendError at `places` where it has none.
    """
    fitting, other = probe_interpreter(gateway, writer, image, wanted, places)
    if fitting is None:
        raise no_python(image, wanted, other, places)
    return fitting


def probe_interpreter(
    gateway: Gateway,
    writer: StepWriter,
    image: StepImage,
    wanted: str,
    places: tuple[Location, ...],
) -> tuple[tuple[Interpreter, Distribution] | None, Interpreter | None]:
    """Look for such a Python: it with what else the image holds, or another one, or neither."""
    if image.managed_python is not None:
        report = probe(gateway, probe_image(writer, image), _PYTHON_JSON, image.image.name)
        return (_interpreter(report, image, places), Distribution.from_probe(report)), None
    first = _report(gateway, writer, image, wanted, places)
    if first is not None:
        return (_interpreter(first, image, places), Distribution.from_probe(first)), None
    # Looked at again: uv does not take a pre-release for what is asked, unless it is named.
    second = _report(gateway, writer, image, "", places) if wanted else None
    if second is None:
        return None, None
    interpreter = _interpreter(second, image, places)
    if not interpreter.satisfies(wanted):
        return None, interpreter
    return (interpreter, Distribution.from_probe(second)), None


def _interpreter(
    report: dict[str, Any], image: StepImage, places: tuple[Location, ...]
) -> Interpreter:
    try:
        return Interpreter.from_probe(report, image.platform)
    except FrontendError as error:
        raise FrontendError(error.message, remedy=error.remedy, places=places) from error


def check_builder(
    base: str, wanted: Interpreter, builder: str, found: Interpreter, places: tuple[Location, ...]
) -> None:
    """Refuse a builder whose Python is not where the base has the same one.

    The environment made in the builder holds a link to its interpreter, and bytecode and extension
    modules for its version.
    """
    if (found.path, found.release, found.libc.name) != (
        wanted.path,
        wanted.release,
        wanted.libc.name,
    ):
        raise FrontendError(
            f"builder image {builder} has Python {found.minor} at {found.path} ({found.libc.name}),"
            f" and base image {base} has {wanted.minor} at {wanted.path} ({wanted.libc.name})",
            remedy="Choose a `builder` made from the same image as `base`, such as "
            "python:3.13 for python:3.13-slim.",
            places=places,
        )


def _report(
    gateway: Gateway,
    writer: StepWriter,
    image: StepImage,
    wanted: str,
    places: tuple[Location, ...],
) -> dict[str, Any] | None:
    """What the probe wrote; None where uv found no Python."""
    name = image.image.name
    try:
        return probe(gateway, _probing(writer, image, wanted), _PYTHON_JSON, name)
    except PathNotFoundError:
        return None
    except GatewayError as error:
        if f"exit code: {_UV_FAILED}" in error.step_end:
            return None
        if not error.step_end:
            raise
        raise FrontendError(
            f"{name} cannot run uv: {error.step_end}",
            remedy="What the engine said of it stands above. Choose another image, such as "
            "python:3.13-slim, or look at the options for containers (--ulimit, --cgroup-parent…).",
            places=places,
        ) from error


def probe_image(writer: StepWriter, image: StepImage) -> llb.Output:
    """Describe the Python that was installed for `image`, in the image's file system."""
    return writer.run(
        image,
        [INTERPRETER, "-I", "-S", f"{ROOT}/steps/probe.py", f"{LAYER}/python.json"],
        name=f"[internal] look at the installed Python in {image.image.name}",
        mounts=[llb.Bind(f"{ROOT}/steps", steps("probe"))],
        network=False,
    )


def _probing(writer: StepWriter, image: StepImage, wanted: str) -> llb.Output:
    choice = ["--python", wanted] if wanted else []
    return writer.run(
        image,
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
        name=f"[internal] look for Python in {image.image.name}",
        variables={
            "UV_CACHE_DIR": "/tmp/uv",
            "UV_OFFLINE": "1",
            "UV_PYTHON_PREFERENCE": "only-system",
        },
        mounts=[llb.Bind(f"{ROOT}/steps", steps("probe"))],
        network=False,
        # That there is no such Python is an answer, and no failure to be shown.
        exit_codes=(0, _UV_FAILED),
    )


def no_python(
    image: StepImage, wanted: str, other: Interpreter | None, places: tuple[Location, ...]
) -> FrontendError:
    """Say which Python the image has instead, if any."""
    name = image.image.name
    if other is None:
        return FrontendError(
            f"{name} has no Python",
            remedy="Choose an image that has Python on PATH, such as python:3.13-slim, or let one "
            "be installed: managed-python = true.",
            places=places,
        )
    return FrontendError(
        f"{name} has Python {other.version}, and Python {wanted} is required",
        remedy="Choose another `base` or `python`, change `requires-python`, or let a Python be "
        "installed: managed-python = true.",
        places=places,
    )
