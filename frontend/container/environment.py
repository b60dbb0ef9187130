"""The one form in which every step of a build runs, on every engine.

```
/                      the builder image, read-only; its own changes are discarded
/layer                 empty and writable: the step's only output
/app                   a link to /layer/app, so that everything is written under its final path
/run/uv-frontend/uv    our uv, bound from our own image: only the binary's content counts
                 steps/    the script that the step runs
                 lock/     generated lock, manifest and settings
                 src/      sources of members, writable where a build backend needs it
                 cache/    uv's cache
                 reports/  why a step failed; outlives it
/tmp                   tmpfs
```

A root that is writable but no output is mounted read-only by BuildKit *and* gets no mount points
made in it, so ours is read-only by declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import llb
from frontend.container.paths import CA_SECRET, LAYER, MANAGED_PYTHON, ROOT, UID, UV_IN_IMAGE
from frontend.container.scripts import steps
from frontend.model.uv import UV_VERSION
from llb import capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from frontend.model.base import BaseImage, Prefix
    from frontend.model.base_changes import SystemPackages
    from frontend.model.distribution import Ownership
    from frontend.model.interpreter import Interpreter
    from frontend.request import Request


#: The capability to limit memory and processors of a step (BuildKit 0.31).
RESOURCES = "exec.meta.linux.resources"
_EXIT_CODES = "exec.validexitcode"
#: BuildKit's modes by the names that buildx gives them.
NETWORKS = {
    "": llb.Network.SANDBOX,
    "default": llb.Network.SANDBOX,
    "sandbox": llb.Network.SANDBOX,
    "none": llb.Network.NONE,
    "host": llb.Network.HOST,
}


@dataclass(frozen=True)
class CrossBuild:
    """What differs where the image is for another platform than the one that steps run on.

    `native` is a builder of the image's platform, whose programs run by emulation; `compiled` are
    the reports of the steps that have to run there.
    """

    native: BuildEnvironment | None = None
    compiled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class BuildEnvironment:
    """What steps run in: the image, the uv to run there, and the options of this build.

    `git` says whether the image has git. `owner` is the user and group that the layers' files
    belong to, `app` the base's own /app, `python` a filesystem with a Python at MANAGED_PYTHON for
    an image that has none. `tools` is the image with what else is needed to build from source, made
    by `preparing`, under `tools_name` in the names of caches. The image's environment sees the
    base's packages where `seen` is not None, and those in the folders that it names; with `prefix`
    there is none, and all goes to the base's own Python. `uv_version` is the release of `uv`.
    """

    image: BaseImage
    filesystem: llb.Output
    uv: llb.Output
    platform: llb.Platform
    request: Request
    capabilities: llb.Capabilities
    target: Interpreter | None = None
    git: bool = False
    owner: tuple[int, int] = (0, 0)
    app: Ownership | None = None
    foreign: CrossBuild | None = None
    python: llb.Output | None = None
    tools: llb.Output | None = None
    tools_name: str = ""
    preparing: tuple[SystemPackages, ...] = ()
    seen: tuple[str, ...] | None = None
    prefix: Prefix | None = None
    uv_version: str = UV_VERSION

    def where(self, report: str) -> BuildEnvironment:
        """Where the step with that report runs: here, or on the image's platform."""
        foreign = self.foreign
        if foreign and foreign.native and report in foreign.compiled:
            return foreign.native
        return self

    def step(
        self,
        arguments: Sequence[str],
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        mounts: Sequence[llb.Mount] = (),
        root: llb.Output | None = None,
        ignore_cache: bool = False,
        locations: Sequence[llb.Location] = (),
        network: bool = True,
        exit_codes: Sequence[int] = (),
        output: str = LAYER,
    ) -> llb.Output:
        """Run `arguments` in the form above and return what it wrote to /layer, or to `output`.

        `exit_codes` are those that mean success, where the engine can be told (BuildKit 0.17).
        """
        values = {
            **self.image.build_env,
            "HOME": "/tmp",
            "LANG": "C.UTF-8",
            "PATH": self.image.path,
            "PYTHONHASHSEED": "0",
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            **(env or {}),
        }
        return self.execute(
            arguments,
            name=name,
            env=values,
            mounts=[
                llb.Bind("/", root or self.filesystem),
                llb.Bind(f"{ROOT}/uv", self.uv, selector=UV_IN_IMAGE),
                llb.Tmpfs("/tmp"),
                llb.Secret(f"{ROOT}/ca.pem", CA_SECRET, optional=True),
                *self._managed(),
                *mounts,
            ],
            ignore_cache=ignore_cache,
            locations=locations,
            network=network,
            exit_codes=exit_codes,
            output=output,
        )

    def execute(
        self,
        arguments: Sequence[str],
        *,
        name: str,
        env: Mapping[str, str],
        mounts: Sequence[llb.Mount],
        cwd: str = "/",
        ignore_cache: bool = False,
        locations: Sequence[llb.Location] = (),
        network: bool = True,
        exit_codes: Sequence[int] = (),
        output: str = LAYER,
    ) -> llb.Output:
        """Run `arguments` with just these mounts (one of them at `/`), under this build's options.

        Returns what was written to `output`, an empty folder that is writable.
        """
        limits = self.request.limits
        shared = [llb.Tmpfs("/dev/shm", limits.shm_size)] if limits.shm_size else []
        step = llb.run(
            list(arguments),
            mounts=[llb.Writable(output, llb.SCRATCH), *shared, *mounts],
            env=sorted(env.items()),
            cwd=cwd,
            **self._options(network=network),
            valid_exit_codes=exit_codes if self.capabilities.supports(_EXIT_CODES) else (),
            platform=self.platform,
            meta=llb.Metadata(
                name=name,
                ignore_cache=ignore_cache,
                locations=tuple(locations),
                resources=limits.resources if self.capabilities.supports(RESOURCES) else None,
            ),
        )
        return step.output(output)

    def _options(self, *, network: bool = True) -> dict[str, Any]:
        """What this build's options say of every step's container."""
        request, limits = self.request, self.request.limits
        return {
            "ulimits": [llb.Ulimit(*limit) for limit in limits.ulimits],
            "cgroup_parent": limits.cgroup_parent,
            "hostname": limits.hostname,
            "network": NETWORKS[request.network] if network else llb.Network.NONE,
            "hosts": [llb.Host(name, address) for name, address in request.hosts],
            "proxy": llb.Proxy(**request.proxy) if request.proxy else None,
        }

    def _managed(self) -> list[llb.Mount]:
        """The Python that was installed for the image, at its place."""
        if self.python is None:
            return []
        return [llb.Bind(MANAGED_PYTHON, self.python, selector=MANAGED_PYTHON)]

    def change(
        self,
        root: llb.Output,
        arguments: Sequence[str],
        *,
        name: str,
        env: Mapping[str, str],
        mounts: Sequence[llb.Mount],
    ) -> llb.Output:
        """Run `arguments` in `root` itself, on its platform, and return what becomes of it.

        Nothing is mounted in it but /tmp and `mounts`: a mount point would stay there.
        """
        values = {
            **self.image.build_env,
            "HOME": "/tmp",
            "LC_ALL": "C.UTF-8",
            "PATH": self.image.path,
            **env,
        }
        step = llb.run(
            list(arguments),
            mounts=[llb.Writable("/", root), llb.Tmpfs("/tmp"), *mounts],
            env=sorted(values.items()),
            **self._options(),
            meta=llb.Metadata(name=name, ignore_cache=self.request.unwanted(())),
        )
        return step.output("/")

    def install(
        self,
        arguments: Sequence[str],
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        mounts: Sequence[llb.Mount] = (),
        ignore_cache: bool = False,
        locations: Sequence[llb.Location] = (),
        compiling: bool = False,
        building: bool = False,
        network: bool = True,
        script: str = "packages",
    ) -> llb.Output:
        """Run a step's script with `arguments`, on the Python of the image.

        `building` says that something is built, for which there may be tools.
        `compiling` says that third-party packages are built, which uv's cache then keeps. A step
        without `network` has no cache of uv either. `script` names one of `steps`.
        """
        assert self.target is not None
        cache = llb.Cache(f"{ROOT}/cache", self.cache_id(self.uv_cache(compiling=compiling)))
        return self.step(
            [self.target.path, "-I", "-S", f"{ROOT}/steps/{script}.py", *arguments],
            name=name,
            env={
                "PYC_INVALIDATION_MODE": "UNCHECKED_HASH",
                "UV_CACHE_DIR": f"{ROOT}/cache",
                "UV_COMPILE_BYTECODE": "1",
                # Many steps install at once, often behind a company's proxy: fewer connections
                # each than uv's 50, and more patience than its 10 and 30 seconds. As many retries
                # as uv's own default: the pause doubles each time, and an index that cannot be
                # reached is to be told in seconds.
                "UV_CONCURRENT_DOWNLOADS": "8",
                "UV_HTTP_CONNECT_TIMEOUT": "30",
                "UV_HTTP_RETRIES": "3",
                "UV_HTTP_TIMEOUT": "120",
                "UV_LINK_MODE": "copy",
                "UV_NO_ENV_FILE": "1",
                "UV_PROJECT_ENVIRONMENT": "/app/.venv",
                "UV_PYTHON": self.target.path,
                **self._ownership(),
                **(env or {}),
            },
            mounts=[
                llb.Bind(f"{ROOT}/steps", steps(script)),
                *([cache] if network else ()),
                self.reports(),
                *mounts,
            ],
            root=self.linked_root(with_tools=building),
            network=network,
            ignore_cache=ignore_cache,
            locations=locations,
        )

    def _ownership(self) -> dict[str, str]:
        """What a step must know of owners and places; nothing where all is as it mostly is."""
        found = {}
        if self.owner != (0, 0):
            found["UV_FRONTEND_OWNER"] = "{}:{}".format(*self.owner)
        if self.app and (self.app.uid, self.app.gid, self.app.mode) != (*self.owner, 0o755):
            found["UV_FRONTEND_APP"] = f"{self.app.uid}:{self.app.gid}:{self.app.mode:o}"
        if self.prefix:
            found["UV_FRONTEND_PREFIX"] = self.prefix.layout
        return found

    def uv_cache(self, *, compiling: bool) -> str:
        """Name the cache of uv that a step may use.

        uv takes a wheel that it has built for every Linux of the architecture, though it was made
        with the headers and libraries of one image: builds on other images have another cache.
        """
        assert self.target is not None
        shared = (
            f"uv-{_bucket(self.uv_version)}-{self.target.machine}-{self.target.libc.name}-{UID}"
        )
        if not compiling:
            return shared
        return "-".join(filter(None, (shared, self.image.identity, self.tools_name)))

    def cache_id(self, name: str) -> str:
        """Name a cache as Dockerfiles do: below BUILDKIT_CACHE_MOUNT_NS, which may be empty."""
        return f"{self.request.cache_namespace}/uv-frontend-{name}"

    def reports(self) -> llb.Cache:
        """The place where a failing step says why."""
        return llb.Cache(f"{ROOT}/reports", self.cache_id("reports"))

    def linked_root(self, *, with_tools: bool = False) -> llb.Output:
        """The builder's filesystem with /app linked to the layer.

        BuildKit 0.19 has an operation for it; a container does it on older engines.
        """
        name = llb.Metadata(name="[internal] link the layer into the builder")
        root = self.tools if with_tools and self.tools is not None else self.filesystem
        if self.capabilities.supports(capabilities.FILE_SYMLINK):
            return llb.files(
                root,
                llb.Rm("/app", allow_not_found=True),
                llb.Symlink(f"{LAYER}/app", "/app", timestamp=0),
                meta=name,
            )
        assert self.target is not None
        link = (
            "import os, shutil\n"
            "if os.path.islink('/app') or os.path.isfile('/app'):\n"
            "    os.unlink('/app')\n"
            "elif os.path.isdir('/app'):\n"
            "    shutil.rmtree('/app')\n"
            f"os.symlink('{LAYER}/app', '/app')"
        )
        step = llb.run(
            [self.target.path, "-I", "-S", "-B", "-c", link],
            mounts=[llb.Writable("/", root), *self._managed()],
            env=sorted({**self.image.build_env, "PATH": self.image.path}.items()),
            network=llb.Network.NONE,
            platform=self.platform,
            meta=name,
        )
        return step.output("/")


def _bucket(version: str) -> str:
    """uv's version as far as its cache depends on it: older ones cannot read newer entries."""
    return ".".join(version.split(".")[:2])
