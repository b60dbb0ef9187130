"""What the steps of a build run on: an image, an interpreter in it, and what belongs to both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from frontend.container.paths import UID

if TYPE_CHECKING:
    import llb
    from frontend.model.base import BaseImage, Prefix
    from frontend.model.base_changes import SystemPackages
    from frontend.model.distribution import Ownership
    from frontend.model.interpreter import Interpreter
    from frontend.model.uv import Uv


@dataclass(frozen=True, kw_only=True)
class StepImage:
    """An image that steps run on, whose interpreter nobody has asked for yet.

    `rootfs` is its filesystem, `uv` the uv that its steps run. `managed_python` is a filesystem
    with a Python at MANAGED_PYTHON, for an image that has none.
    """

    image: BaseImage
    rootfs: llb.Output
    platform: llb.Platform
    uv: Uv
    managed_python: llb.Output | None = None

    def with_interpreter(self, interpreter: Interpreter) -> BuildEnvironment:
        """Return the environment of steps that run `interpreter` of this image."""
        return BuildEnvironment(
            image=self.image,
            rootfs=self.rootfs,
            platform=self.platform,
            uv=self.uv,
            managed_python=self.managed_python,
            interpreter=interpreter,
        )


@dataclass(frozen=True, kw_only=True)
class BuildEnvironment(StepImage):
    """What the steps that install and build run in.

    `interpreter` is that of the steps; `has_git` says whether the image has git. `owner` is the
    user and group of the layers' files, `app_dir` the base's own /app. `tools` is the image with
    `tool_packages`, which only builds from source see, under `tools_name` in the names of caches.
    `visible_site_packages` are directories of the base that the venv includes (None: no system
    site-packages). With `prefix`, packages go to the base's own Python instead of a venv.
    """

    interpreter: Interpreter
    has_git: bool = False
    owner: tuple[int, int] = (0, 0)
    app_dir: Ownership | None = None
    tools: llb.Output | None = None
    tools_name: str = ""
    tool_packages: tuple[SystemPackages, ...] = ()
    visible_site_packages: tuple[str, ...] | None = None
    prefix: Prefix | None = None
    cross: CrossBuild | None = None

    def environment_for(self, report: str) -> BuildEnvironment:
        """Return where the step with that report runs: here, or on the image's platform."""
        cross = self.cross
        if cross and cross.native_env and report in cross.native_reports:
            return cross.native_env
        return self

    @property
    def ownership(self) -> dict[str, str]:
        """Variables that tell a step of owners and places; empty where all is as it mostly is."""
        variables = {}
        if self.owner != (0, 0):
            variables["UV_FRONTEND_OWNER"] = "{}:{}".format(*self.owner)
        app = self.app_dir
        if app and (app.uid, app.gid, app.mode) != (*self.owner, 0o755):
            variables["UV_FRONTEND_APP"] = f"{app.uid}:{app.gid}:{app.mode:o}"
        if self.prefix:
            variables["UV_FRONTEND_PREFIX"] = self.prefix.layout
        return variables

    def uv_cache(self, *, compiling: bool) -> str:
        """Name the cache of uv that a step may use.

        uv takes a wheel that it has built for every Linux of the architecture, though it was made
        with the headers and libraries of one image: builds on other images have another cache.
        """
        interpreter = self.interpreter
        release = _cache_release(self.uv.version)
        shared = f"uv-{release}-{interpreter.machine}-{interpreter.libc.name}-{UID}"
        if not compiling:
            return shared
        return "-".join(filter(None, (shared, self.image.identity, self.tools_name)))


@dataclass(frozen=True)
class CrossBuild:
    """What differs where the image is for another platform than the one that steps run on.

    `native_env` runs steps on the image's platform, by emulation; `native_reports` are the reports
    of the steps that have to run there.
    """

    native_env: BuildEnvironment | None = None
    native_reports: frozenset[str] = frozenset()


def _cache_release(version: str) -> str:
    """Return what of uv's version its cache depends on: older ones cannot read newer entries."""
    return ".".join(version.split(".")[:2])
