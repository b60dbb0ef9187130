"""What a step runs on: the names of caches, owners and places, and the platform that runs it."""

from __future__ import annotations

import json

import pytest

from frontend.container.environment import CrossBuild
from frontend.model.base import Prefix
from frontend.model.distribution import Ownership
from frontend.model.uv import Uv
from tests.unit.frontend.environments import environment, step_image
from tests.unit.frontend.targets import MUSL, target


def test_an_interpreter_makes_an_environment_of_a_step_image() -> None:
    image = step_image()
    env = image.with_interpreter(target("3.12.0"))

    assert env.interpreter.version == "3.12.0"
    assert (env.image, env.rootfs, env.platform, env.uv, env.managed_python) == (
        image.image,
        image.rootfs,
        image.platform,
        image.uv,
        image.managed_python,
    )


def test_plain_environments_tell_steps_nothing() -> None:
    assert environment().ownership == {}
    assert environment(app_dir=Ownership(0, 0, 0o755)).ownership == {}


@pytest.mark.parametrize(
    ("owner", "app", "expected"),
    [
        ((1000, 100), None, {"UV_FRONTEND_OWNER": "1000:100"}),
        ((0, 0), Ownership(0, 0, 0o700), {"UV_FRONTEND_APP": "0:0:700"}),
        (
            (1000, 100),
            Ownership(0, 0, 0o755),
            {"UV_FRONTEND_OWNER": "1000:100", "UV_FRONTEND_APP": "0:0:755"},
        ),
        ((1000, 100), Ownership(1000, 100, 0o755), {"UV_FRONTEND_OWNER": "1000:100"}),
    ],
)
def test_what_a_step_is_told_of_owners(
    owner: tuple[int, int], app: Ownership | None, expected: dict[str, str]
) -> None:
    assert environment(owner=owner, app_dir=app).ownership == expected


def test_what_a_step_is_told_of_the_bases_python() -> None:
    prefix = Prefix("/usr/bin/python3", "/usr/lib/p", "/usr/bin", "/usr", {"pip": ("1", True)})
    layout = json.loads(environment(prefix=prefix).ownership["UV_FRONTEND_PREFIX"])

    assert layout == {
        "interpreter": "/usr/bin/python3",
        "packages": "/usr/lib/p",
        "scripts": "/usr/bin",
        "data": "/usr",
    }


def test_wheels_are_shared_by_images_and_builds_are_not() -> None:
    shared = environment().uv_cache(compiling=False)
    one = environment()
    other = environment(image=step_image("python:3.13").image)

    assert shared == "uv-0.13-x86_64-glibc-0"
    assert other.uv_cache(compiling=False) == shared
    assert one.uv_cache(compiling=True) == f"{shared}-{one.image.identity}"
    tools = environment(tools_name="apt-abc").uv_cache(compiling=True)
    assert tools == f"{shared}-{one.image.identity}-apt-abc"


def test_caches_of_builds_differ_by_the_image() -> None:
    names = {
        environment(image=type(image)(image.name, image.pinned, digest, image.config)).uv_cache(
            compiling=True
        )
        for image in [step_image().image]
        for digest in ("sha256:" + "a" * 64, "sha256:" + "b" * 64)
    }
    assert len(names) == 2


def test_caches_of_wheels_differ_by_machine_libc_and_uv() -> None:
    uv = environment().uv.filesystem
    names = [
        environment().uv_cache(compiling=False),
        environment(target(machine="aarch64")).uv_cache(compiling=False),
        environment(target(libc=MUSL)).uv_cache(compiling=False),
        environment(uv=Uv(uv, "0.14.0")).uv_cache(compiling=False),
    ]
    assert len(set(names)) == len(names)
    patch = environment(uv=Uv(uv, "0.14.9")).uv_cache(compiling=False)
    assert patch == environment(uv=Uv(uv, "0.14.0")).uv_cache(compiling=False)


def test_steps_run_here_unless_they_have_to_run_on_the_images_platform() -> None:
    native = environment(target(machine="aarch64"))
    env = environment(cross=CrossBuild(native, frozenset({"a.json"})))

    assert env.environment_for("a.json") is native
    assert env.environment_for("b.json") is env
    assert environment().environment_for("a.json") == environment()
    without = environment(cross=CrossBuild(None, frozenset({"a.json"})))
    assert without.environment_for("a.json") is without
