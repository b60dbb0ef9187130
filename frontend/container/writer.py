"""The one form in which every step of a build runs, on every engine, and its only writer.

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
from typing import TYPE_CHECKING

import llb
from frontend.container.paths import CA_SECRET, LAYER, MANAGED_PYTHON, ROOT, UV_IN_IMAGE
from frontend.container.scripts import steps
from llb import capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from frontend.container.environment import BuildEnvironment, StepImage
    from frontend.request import ExecOptions

#: The capability to limit memory and processors of a step (BuildKit 0.31).
RESOURCES = "exec.meta.linux.resources"
_EXIT_CODES = "exec.validexitcode"
#: BuildKit's modes by the names that buildx gives them.
_NETWORKS = {
    "": llb.Network.SANDBOX,
    "default": llb.Network.SANDBOX,
    "sandbox": llb.Network.SANDBOX,
    "none": llb.Network.NONE,
    "host": llb.Network.HOST,
}


@dataclass(frozen=True)
class StepWriter:
    """Writes every step that runs a program: with the options of the build, for one engine."""

    options: ExecOptions
    capabilities: llb.Capabilities

    def run(
        self,
        env: StepImage,
        arguments: Sequence[str],
        *,
        name: str,
        variables: Mapping[str, str] | None = None,
        mounts: Sequence[llb.Mount] = (),
        rootfs: llb.Output | None = None,
        ignore_cache: bool = False,
        locations: Sequence[llb.Location] = (),
        network: bool = True,
        exit_codes: Sequence[int] = (),
        output: str = LAYER,
    ) -> llb.Output:
        """Run `arguments` in the form above and return what they write to /layer, or to `output`.

        `exit_codes` are those that mean success, where the engine can be told (BuildKit 0.17).
        """
        environment = {
            **env.image.build_env,
            "HOME": "/tmp",
            "LANG": "C.UTF-8",
            "PATH": env.image.path,
            "PYTHONHASHSEED": "0",
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            **(variables or {}),
        }
        return self.execute(
            env.platform,
            arguments,
            name=name,
            variables=environment,
            mounts=[
                llb.Writable(output, llb.SCRATCH),
                llb.Bind("/", rootfs or env.rootfs),
                llb.Bind(f"{ROOT}/uv", env.uv.filesystem, selector=UV_IN_IMAGE),
                llb.Tmpfs("/tmp"),
                llb.Secret(f"{ROOT}/ca.pem", CA_SECRET, optional=True),
                *_managed(env),
                *mounts,
            ],
            output=output,
            ignore_cache=ignore_cache,
            locations=locations,
            network=network,
            exit_codes=exit_codes,
        )

    def install(
        self,
        env: BuildEnvironment,
        arguments: Sequence[str],
        *,
        name: str,
        variables: Mapping[str, str] | None = None,
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
        python = env.interpreter.path
        cache = llb.Cache(f"{ROOT}/cache", self.cache_id(env.uv_cache(compiling=compiling)))
        return self.run(
            env,
            [python, "-I", "-S", f"{ROOT}/steps/{script}.py", *arguments],
            name=name,
            variables={
                "PYC_INVALIDATION_MODE": "UNCHECKED_HASH",
                "UV_CACHE_DIR": f"{ROOT}/cache",
                "UV_COMPILE_BYTECODE": "1",
                # Many steps install at once, often behind a company's proxy: fewer connections
                # each than uv's 50, and more patience than its 10 and 30 seconds. As many retries
                # as uv's own default: the pause doubles each time, and an index that cannot be
                # reached is to be reported in seconds.
                "UV_CONCURRENT_DOWNLOADS": "8",
                "UV_HTTP_CONNECT_TIMEOUT": "30",
                "UV_HTTP_RETRIES": "3",
                "UV_HTTP_TIMEOUT": "120",
                "UV_LINK_MODE": "copy",
                "UV_NO_ENV_FILE": "1",
                "UV_PROJECT_ENVIRONMENT": "/app/.venv",
                "UV_PYTHON": python,
                **env.ownership,
                **(variables or {}),
            },
            mounts=[
                llb.Bind(f"{ROOT}/steps", steps(script)),
                *([cache] if network else ()),
                self.reports(),
                *mounts,
            ],
            rootfs=self.linked_root(env, with_tools=building),
            network=network,
            ignore_cache=ignore_cache,
            locations=locations,
        )

    def modify_root(
        self,
        env: StepImage,
        rootfs: llb.Output,
        arguments: Sequence[str],
        *,
        name: str,
        variables: Mapping[str, str],
        mounts: Sequence[llb.Mount],
    ) -> llb.Output:
        """Run `arguments` in `rootfs` itself, an image like `env`'s, and return what becomes of it.

        Nothing is mounted in it but /tmp, /dev/shm and `mounts`: a mount point would stay there.
        """
        environment = {
            **env.image.build_env,
            "HOME": "/tmp",
            "LC_ALL": "C.UTF-8",
            "PATH": env.image.path,
            **variables,
        }
        return self.execute(
            None,
            arguments,
            name=name,
            variables=environment,
            mounts=[llb.Writable("/", rootfs), llb.Tmpfs("/tmp"), *mounts],
            output="/",
            ignore_cache=self.options.ignores_cache_for(()),
        )

    def execute(
        self,
        platform: llb.Platform | None,
        arguments: Sequence[str],
        *,
        name: str,
        variables: Mapping[str, str],
        mounts: Sequence[llb.Mount],
        output: str,
        cwd: str = "/",
        ignore_cache: bool = False,
        locations: Sequence[llb.Location] = (),
        network: bool = True,
        exit_codes: Sequence[int] = (),
    ) -> llb.Output:
        """Run `arguments` with just these mounts, under this build's options.

        One mount is at `/` and one, which is writable, at `output`: what it holds afterwards is
        returned. Without `platform` it is that of the root filesystem.
        """
        options = self.options
        shared = [llb.Tmpfs("/dev/shm", options.shm_size)] if options.shm_size else []
        step = llb.run(
            list(arguments),
            mounts=[*shared, *mounts],
            env=sorted(variables.items()),
            cwd=cwd,
            ulimits=[llb.Ulimit(*limit) for limit in options.ulimits],
            cgroup_parent=options.cgroup_parent,
            hostname=options.hostname,
            network=_NETWORKS[options.network] if network else llb.Network.NONE,
            hosts=[llb.Host(host, address) for host, address in options.hosts],
            proxy=llb.Proxy(**options.proxy) if options.proxy else None,
            valid_exit_codes=exit_codes if self.capabilities.supports(_EXIT_CODES) else (),
            platform=platform,
            meta=llb.Metadata(
                name=name,
                ignore_cache=ignore_cache,
                locations=tuple(locations),
                resources=options.resources if self.capabilities.supports(RESOURCES) else None,
            ),
        )
        return step.output(output)

    def cache_id(self, name: str) -> str:
        """Name a cache as Dockerfiles do: below BUILDKIT_CACHE_MOUNT_NS, which may be empty."""
        return f"{self.options.cache_namespace}/uv-frontend-{name}"

    def reports(self) -> llb.Cache:
        """Return the mount where a failing step says why."""
        return llb.Cache(f"{ROOT}/reports", self.cache_id("reports"))

    def linked_root(self, env: BuildEnvironment, *, with_tools: bool = False) -> llb.Output:
        """Return the filesystem of `env` with /app linked to the layer.

        BuildKit 0.19 has an operation for it; a container does it on older engines.
        """
        meta = llb.Metadata(name="[internal] link the layer into the builder")
        rootfs = env.tools if with_tools and env.tools is not None else env.rootfs
        if self.capabilities.supports(capabilities.FILE_SYMLINK):
            return llb.files(
                rootfs,
                llb.Rm("/app", allow_not_found=True),
                llb.Symlink(f"{LAYER}/app", "/app", timestamp=0),
                meta=meta,
            )
        link = (
            "import os, shutil\n"
            "if os.path.islink('/app') or os.path.isfile('/app'):\n"
            "    os.unlink('/app')\n"
            "elif os.path.isdir('/app'):\n"
            "    shutil.rmtree('/app')\n"
            f"os.symlink('{LAYER}/app', '/app')"
        )
        # The options of the build would make it another step for every one of them.
        step = llb.run(
            [env.interpreter.path, "-I", "-S", "-B", "-c", link],
            mounts=[llb.Writable("/", rootfs), *_managed(env)],
            env=sorted({**env.image.build_env, "PATH": env.image.path}.items()),
            network=llb.Network.NONE,
            platform=env.platform,
            meta=meta,
        )
        return step.output("/")


def _managed(env: StepImage) -> list[llb.Mount]:
    """Return the mount of the Python that was installed for the image, at its place."""
    if env.managed_python is None:
        return []
    return [llb.Bind(MANAGED_PYTHON, env.managed_python, selector=MANAGED_PYTHON)]
