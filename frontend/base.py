"""The base image: which one, what it is pinned to, and which Python it has.

Nothing is assumed about where Python lives or what version a tag means: uv looks for it in the
image, in a step that BuildKit keeps until the image changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

import llb
from frontend import image
from frontend.base_system import System
from frontend.container import INTERPRETER, LAYER, ROOT, Builder, steps
from frontend.errors import FrontendError, Place
from frontend.gateway import GatewayError, PathNotFoundError, SourceReplacedError
from frontend.target import Target

if TYPE_CHECKING:
    from frontend.gateway import Gateway
    from frontend.job import Job
    from frontend.request import Request
    from frontend.settings import Settings

#: Taken where nobody says which Python, if the workspace admits it.
DEFAULT_PYTHON = "3.13"
#: uv's exit code for what it could not do, such as finding Python; programs it runs have their own.
_UV_FAILED = 2
_KNOWN_PYTHONS = ("3.14", "3.12", "3.11", "3.10", "3.9", "3.8")
_PIN = re.compile(r"(?:cpython[-@])?(3\.[0-9]+(?:\.[0-9]+)?)")


def choose(settings: Settings, requires_python: str, pin: str) -> str:
    """Return the name of the base image.

    `base`, else the official slim image of `python`, of the workspace's `.python-version`, or of
    the newest version that it admits (DEFAULT_PYTHON before all others).
    """
    if settings.spec.base:
        return settings.spec.base
    return f"python:{settings.spec.python or pin or admitted(requires_python)}-slim"


def pinned(text: str) -> str:
    """Return the version that `.python-version` names, as a tag; empty for other requests."""
    match = _PIN.fullmatch(text)
    return match.group(1) if match else ""


def managed_wanted(job: Job) -> bool | None:
    """Whether a managed Python is asked for: None where only if the base has none that fits.

    The key `managed-python`, else uv's own `python-preference` and `python-downloads`.
    """
    if job.settings.spec.managed_python is not None:
        return job.settings.spec.managed_python
    preference = job.workspace.root.get("tool", "uv", "python-preference")
    if preference == "only-managed":
        return True
    downloads = job.workspace.root.get("tool", "uv", "python-downloads")
    if preference == "only-system" or downloads in ("never", "manual", False):
        return False
    return None


def admitted(requires_python: str) -> str:
    """Return the version, a minor or an exact one, that is taken where nobody says which."""
    wanted = SpecifierSet(requires_python)
    exact = [s.version for s in wanted if s.operator == "==" and not s.version.endswith("*")]
    candidates = (*exact, *(f"{v}.99" for v in (DEFAULT_PYTHON, *_KNOWN_PYTHONS)))
    found = next((v for v in candidates if wanted.contains(v)), DEFAULT_PYTHON)
    return found.removesuffix(".99")


def resolve(
    gateway: Gateway,
    request: Request,
    name: str,
    platform: llb.Platform,
    places: tuple[Place, ...],
    role: str = "base",
) -> image.BaseImage:
    """Look an image up and pin it; FrontendError at `places` where there is none.

    A build context of that name is taken in its place.
    """
    try:
        reference = llb.normalize(name)
    except ValueError as error:
        raise FrontendError(
            f"{role} image: {error}",
            remedy="A reference is NAME, NAME:TAG or NAME@DIGEST, in lower case.",
            places=places,
        ) from None
    try:
        base = _named(gateway, request, name, platform, places)
        if base is None:
            found = gateway.resolve_image(
                reference,
                platform=platform,
                resolve_mode=request.resolve_mode.value,
                log_name=f"[internal] load metadata for {reference}",
            )
            base = image.base_image(name, found.pinned, found.digest, found.config)
    except GatewayError as error:
        if error.is_refusal or isinstance(error, SourceReplacedError):
            # Nothing about the image is at fault, and whoever forbids it has said so.
            error.places = places
            raise
        raise FrontendError(
            f"{role} image {name} cannot be used: {error.message}",
            remedy="Check the name and tag, that it exists for "
            f"{platform.id}, and that you are logged in where it is private.",
            places=places,
        ) from error
    if base.architecture not in ("", platform.architecture):
        raise FrontendError(
            f"{role} image {name} is for {base.architecture}, and {platform.id} is to be built",
            remedy=f"Choose a `{role}` that exists for {platform.id}, or another --platform.",
            places=places,
        )
    return base


def _named(
    gateway: Gateway,
    request: Request,
    name: str,
    platform: llb.Platform,
    places: tuple[Place, ...],
) -> image.BaseImage | None:
    if not request.named_contexts:
        return None
    from frontend.context import named

    found = named.find(request, name, platform)
    try:
        return named.open_image(gateway, request, found, platform) if found else None
    except FrontendError as error:
        raise FrontendError(error.message, remedy=error.remedy, places=places) from error


def filesystem(
    base: image.BaseImage, request: Request, platform: llb.Platform, name: str
) -> llb.Output:
    """The image as a filesystem; its progress line reads `name`."""
    if base.filesystem is not None:
        return base.filesystem
    return llb.image(
        base.pinned,
        platform=platform,
        resolve_mode=request.resolve_mode,
        meta=llb.Metadata(name=name),
    )


def probe(
    gateway: Gateway, builder: Builder, wanted: str, places: tuple[Place, ...]
) -> tuple[Target, System]:
    """Find the Python of `builder`'s image that satisfies `wanted` (`3.13`, `>=3.11`).

    With it comes what else the image holds. FrontendError at `places` where it has none.
    """
    found, other = search(gateway, builder, wanted, places)
    if found is None:
        raise no_python(builder, wanted, other, places)
    return found


def search(
    gateway: Gateway, builder: Builder, wanted: str, places: tuple[Place, ...]
) -> tuple[tuple[Target, System] | None, Target | None]:
    """Look for such a Python: it with what else the image holds, or another one, or neither."""
    if builder.python is not None:
        there = gateway.solve(look(builder)).read_file("/python.json")
        return (_read(there, builder, places), System.from_probe(there)), None
    report = _report(gateway, builder, wanted, places)
    if report is not None:
        return (_read(report, builder, places), System.from_probe(report)), None
    # Looked at again: uv does not take a pre-release for what is asked, unless it is named.
    report = _report(gateway, builder, "", places) if wanted else None
    if report is None:
        return None, None
    found = _read(report, builder, places)
    if not found.satisfies(wanted):
        return None, found
    return (found, System.from_probe(report)), None


def _read(report: bytes, builder: Builder, places: tuple[Place, ...]) -> Target:
    try:
        return Target.from_probe(report, builder.platform)
    except FrontendError as error:
        raise FrontendError(error.message, remedy=error.remedy, places=places) from error


def check_builder(
    base: str, target: Target, builder: str, found: Target, places: tuple[Place, ...]
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
    gateway: Gateway, builder: Builder, wanted: str, places: tuple[Place, ...]
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


def look(builder: Builder) -> llb.Output:
    """Describe the Python that was installed for `builder`, in the builder's file system."""
    return builder.step(
        [INTERPRETER, "-I", "-S", f"{ROOT}/steps/probe.py", f"{LAYER}/python.json"],
        name=f"[internal] look at the installed Python in {builder.image.name}",
        mounts=[llb.Bind(f"{ROOT}/steps", steps("probe"))],
        network=False,
    )


def _probing(builder: Builder, wanted: str) -> llb.Output:
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
    builder: Builder, wanted: str, found: Target | None, places: tuple[Place, ...]
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
