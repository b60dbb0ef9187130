"""Images for another platform than the one that the engine runs, made without running them.

Packages are installed in the build platform's variant of the same image: wheels for the other
platform are only unpacked, and bytecode does not depend on the processor. What is built from source
is built there, too, and belongs to every platform if its wheel says so. Where it does not, that one
step runs on the image's platform, for which the engine needs an emulator.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import llb
from frontend import base as bases
from frontend.base_system import System
from frontend.container import LAYER, ROOT, Builder, steps
from frontend.errors import FrontendError, Place
from frontend.gateway import GatewayError, PathNotFoundError
from frontend.job import base_places
from frontend.target import Target
from frontend.uv_settings import builds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from frontend.emit import Step
    from frontend.gateway import Gateway
    from frontend.image import BaseImage
    from frontend.job import Job


_T = TypeVar("_T")


@dataclass(frozen=True)
class Compiled:
    """A step whose result is for one platform only; `tag` is that of its wheel."""

    step: Step
    tag: str


def runs_here(platform: llb.Platform, build_platform: llb.Platform) -> bool:
    """Whether the engine's processor runs programs of `platform`."""
    return (platform.os, platform.architecture) == (build_platform.os, build_platform.architecture)


def host(job: Job, resolve: Callable[[Job], _T]) -> _T:
    """Let `resolve` find what to install in: the variant of the base for the build platform.

    If the base has none, the official image that would be taken without `base`. FrontendError,
    about the base, where there is neither.
    """
    try:
        return resolve(job)
    except FrontendError:
        if not job.settings.spec.base:
            raise
        try:
            return resolve(with_python(job, ""))
        except FrontendError:
            pass
        raise


def with_python(job: Job, python: str) -> Job:
    """The same job on an official image of `python`, in place of the base that the user names."""
    changed = {"python": python} if python else {}
    return replace(job, settings=job.settings.without("base", "builder", **changed))


def read(
    gateway: Gateway, job: Job, base: BaseImage, platform: llb.Platform, builder: Builder
) -> tuple[tuple[Target, ...], System]:
    """Every Python of `base`, and what else it holds, read in a step on `builder`'s platform.

    FrontendError where it has no Python.
    """
    assert builder.target is not None
    filesystem = bases.filesystem(base, job.request, platform, f"[base] FROM {base.name}")
    output = builder.step(
        [
            builder.target.path,
            "-I",
            "-S",
            f"{ROOT}/steps/foreign.py",
            f"{LAYER}/python.json",
            f"{ROOT}/base",
            base.path,
            builder.target.path,
        ],
        name=f"[internal] look for Python in {base.name} for {platform.id}",
        mounts=[llb.Bind(f"{ROOT}/steps", steps("foreign")), llb.Bind(f"{ROOT}/base", filesystem)],
        network=False,
    )
    report = gateway.solve(output).read_file("/python.json")
    found = json.loads(report)["pythons"]
    if not found:
        raise FrontendError(
            f"{base.name} for {platform.id} has no Python",
            remedy="Choose an image that has CPython on PATH, such as python:3.13-slim.",
            places=base_places(job),
        )
    pythons = tuple(Target.from_foreign(each, builder.target, platform) for each in found)
    return pythons, System.from_probe(report)


def same_python(found: Sequence[Target], here: Target) -> Target | None:
    """The first interpreter that `here` can install for: of the same version, but the last number.

    None where there is none, or uv knows no name for its platform.
    """
    for target in found:
        same = (target.release, target.free_threaded) == (here.release, here.free_threaded)
        if same and target.uv_platform:
            return target.as_uv_knows_it
    return None


def compiled(gateway: Gateway, job: Job, made: Sequence[Step]) -> tuple[Compiled, ...]:
    """Build what is built from source, and return what is for the build platform alone.

    GatewayError where a step fails.
    """
    settings = job.workspace.root.get("tool", "uv") or {}
    building = [step for step in made if step.report and builds(settings, step.layer)]
    tags = gateway.together(*(_looking(gateway, step) for step in building))
    return tuple(Compiled(step, tag) for step, tag in zip(building, tags, strict=True) if tag)


def _looking(gateway: Gateway, step: Step) -> Callable[[], str]:
    return lambda: _platform_tag(gateway, step.output)


def _platform_tag(gateway: Gateway, layer: llb.Output) -> str:
    """The tag of the first wheel in `layer` that is not for every platform; empty without one.

    From the file WHEEL of installed distributions (PEP 427).
    """
    ref = gateway.solve(layer, evaluate=True)
    try:
        versions = ref.read_dir("/app/.venv/lib")
    except PathNotFoundError:
        # Not installed, but wheels themselves.
        tags = (each.name.removesuffix(".whl").split("-", 2) for each in ref.read_dir("/", "*.whl"))
        return next((tag for *_, tag in tags if tag.rpartition("-")[2] != "any"), "")
    for version in versions:
        packages = f"/app/.venv/lib/{version.name}/site-packages"
        for folder in ref.read_dir(packages, "*.dist-info"):
            try:
                about = ref.read_file(posixpath.join(packages, folder.name, "WHEEL"))
            except PathNotFoundError:
                continue
            for line in about.decode().splitlines():
                name, _, value = line.partition(":")
                if name.lower() == "tag" and value.strip().rpartition("-")[2] != "any":
                    return value.strip()
    return ""


def runs(gateway: Gateway, native: Builder) -> bool:
    """Whether the engine runs programs of `native`'s platform, by an emulator."""
    assert native.target is not None
    trial = native.step(
        [native.target.path, "-I", "-S", "-c", "pass"],
        name=f"[internal] run a program for {native.platform.id}",
        network=False,
    )
    try:
        gateway.solve(trial, evaluate=True)
    except GatewayError as error:
        if not error.is_solve_failure:
            raise
        return False
    return True


def check_runs(gateway: Gateway, job: Job, native: Builder) -> None:
    """Refuse a platform that uv cannot install for from elsewhere, where nothing of it runs."""
    if not runs(gateway, native):
        raise FrontendError(
            f"packages for {native.image.name} on {native.platform.id} can only be installed by "
            "running it, and this engine runs no programs for it",
            remedy="uv installs from elsewhere for x86-64 and ARM64, with glibc 2.17 or musl 1.2 "
            "or later. Register an emulator on the engine's machine, or add a node of that "
            "platform to the builder (docker buildx create --append).",
            places=base_places(job),
        )


def check_asked(gateway: Gateway, job: Job, native: Builder, key: str) -> None:
    """Refuse a key whose meaning only the Python of `native`'s image can tell, where none runs."""
    if not runs(gateway, native):
        raise FrontendError(
            f"{key} is about what {native.image.name} has on {native.platform.id}, which its "
            "Python has to be asked for, and this engine runs no programs for it",
            remedy="Register an emulator on the engine's machine, or add a node of that platform "
            "to the builder (docker buildx create --append).",
            places=job.settings.origin(key),
        )


def there(
    gateway: Gateway, job: Job, builder: Builder, native: Builder, found: Sequence[Compiled]
) -> Builder:
    """Return `builder` with the steps of `found` on `native`, the image's platform.

    FrontendError where the engine runs no programs for it.
    """
    assert builder.foreign is not None
    if not runs(gateway, native):
        raise _not_runnable(job, native.platform, builder.platform, found)
    reports = frozenset(each.step.report for each in found)
    return replace(builder, foreign=replace(builder.foreign, native=native, compiled=reports))


def _not_runnable(
    job: Job, platform: llb.Platform, here: llb.Platform, found: Sequence[Compiled]
) -> FrontendError:
    places: list[Place] = []
    said = []
    for each in found:
        layer = each.step.layer
        names = [member.name for member in layer.members]
        names += [f"{package.name} {package.version}" for package in layer.packages]
        said.append(f"{', '.join(names)} (its wheel is for {each.tag})")
        if layer.member:
            places.append(job.workspace.manifest(layer.member).place("build-system"))
        elif layer.packages:
            first = layer.packages[0]
            places.append(job.workspace.lock.place(first.name, first.version))
    return FrontendError(
        f"{', '.join(said)} must be built on {platform.id}, and this engine on {here.id} runs no "
        "programs for it",
        remedy="Register an emulator on the engine's machine, add a node of that platform to the "
        "builder (docker buildx create --append), or choose a version that has a wheel for it.",
        places=tuple(places[:1]),
    )
