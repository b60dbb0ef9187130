"""Every step that runs a program has the options of the build, whichever method writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest

import llb
from frontend.container.paths import MANAGED_PYTHON, ROOT
from frontend.container.writer import StepWriter
from frontend.request import ExecOptions
from llb import capabilities
from llb.pb import ops_pb2
from tests.unit.frontend.environments import (
    AMD64,
    NEWEST,
    OLDEST,
    environment,
    graph,
    metadata,
    mounted,
    mounts,
    operation,
    step_image,
    variables,
    writer,
)

Write: TypeAlias = Callable[[StepWriter], llb.Output]
ARGUMENTS = ["/bin/true", "x"]
ROOTFS = llb.image("docker.io/library/debian:13", platform=AMD64)

WRITERS: dict[str, Write] = {
    "run": lambda w: w.run(step_image(), ARGUMENTS, name="n"),
    "install": lambda w: w.install(environment(), ["x"], name="n"),
    "modify_root": lambda w: w.modify_root(
        step_image(), ROOTFS, ARGUMENTS, name="n", variables={}, mounts=[]
    ),
    "execute": lambda w: w.execute(
        AMD64, ARGUMENTS, name="n", variables={}, mounts=[llb.Writable("/", ROOTFS)], output="/"
    ),
}
OPTIONS = ExecOptions(
    network="host",
    hosts=(("db.example", "10.0.0.1"),),
    ulimits=(("nofile", 1024, 2048),),
    shm_size=64 << 20,
    cgroup_parent="/builds",
    hostname="builder",
    proxy={"http": "http://proxy:1", "https": "http://proxy:2", "no": "localhost"},
    resources=llb.LinuxResources(memory=1 << 30, cpu_quota=50_000),
)


@pytest.fixture(params=WRITERS, name="write")
def _write(request: pytest.FixtureRequest) -> Write:
    return WRITERS[request.param]


def test_a_step_has_every_option(write: Write) -> None:
    step = write(writer(OPTIONS))
    meta = operation(step).exec.meta

    assert operation(step).exec.network == ops_pb2.HOST
    assert [(host.Host, host.IP) for host in meta.extraHosts] == [("db.example", "10.0.0.1")]
    assert [(u.Name, u.Soft, u.Hard) for u in meta.ulimit] == [("nofile", 1024, 2048)]
    assert (meta.cgroupParent, meta.hostname) == ("/builds", "builder")
    assert meta.proxy_env.http_proxy == "http://proxy:1"
    assert meta.proxy_env.https_proxy == "http://proxy:2"
    assert meta.proxy_env.no_proxy == "localhost"
    shared = mounts(step)["/dev/shm"]
    assert (shared.mountType, shared.TmpfsOpt.size) == (ops_pb2.TMPFS, 64 << 20)
    limits = metadata(step).linux_resources
    assert (limits.memory, limits.cpuQuota) == (1 << 30, 50_000)


def test_a_step_without_options_has_none(write: Write) -> None:
    step = write(writer())
    meta = operation(step).exec.meta

    assert operation(step).exec.network == ops_pb2.UNSET
    assert (meta.hostname, meta.cgroupParent) == ("", "")
    assert (len(meta.extraHosts), len(meta.ulimit)) == (0, 0)
    assert not meta.HasField("proxy_env")
    assert "/dev/shm" not in mounts(step)
    assert not metadata(step).HasField("linux_resources")


def test_every_field_of_the_options_is_tested() -> None:
    """A field that comes has to be added to the two tests above."""
    elsewhere = {"cache_namespace", "no_cache"}
    changed = {
        name
        for name in ExecOptions.__dataclass_fields__
        if getattr(OPTIONS, name) != getattr(ExecOptions(), name)
    }
    assert changed | elsewhere == set(ExecOptions.__dataclass_fields__)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("", ops_pb2.UNSET),
        ("default", ops_pb2.UNSET),
        ("sandbox", ops_pb2.UNSET),
        ("none", ops_pb2.NONE),
        ("host", ops_pb2.HOST),
    ],
)
def test_networks_by_the_names_of_buildx(write: Write, network: str, expected: int) -> None:
    assert operation(write(writer(ExecOptions(network=network)))).exec.network == expected


def test_limits_are_left_out_where_the_engine_knows_none(write: Write) -> None:
    options = replace(OPTIONS, network="", ulimits=(), cgroup_parent="", shm_size=0)
    step = write(writer(options, OLDEST))

    assert not metadata(step).HasField("linux_resources")
    assert operation(step).exec.meta.hostname == "builder"


def test_proxies_and_limits_enter_no_digest_of_an_operation() -> None:
    """The engine leaves proxies out of the key; resources are no part of the operation."""
    plain, limited = writer(), writer(ExecOptions(resources=llb.LinuxResources(memory=1 << 30)))

    assert WRITERS["run"](plain).digest == WRITERS["run"](limited).digest


# --- run -----------------------------------------------------------------------------------------


def test_the_form_of_a_step() -> None:
    env = step_image()
    step = writer().run(env, ARGUMENTS, name="line", variables={"A": "1"})
    exec_ = operation(step).exec

    assert list(exec_.meta.args) == ARGUMENTS
    assert exec_.meta.cwd == "/"
    assert metadata(step).description["llb.customname"] == "line"
    places = mounts(step)
    assert set(places) == {"/", "/layer", f"{ROOT}/uv", "/tmp", f"{ROOT}/ca.pem"}
    assert places["/"].readonly
    assert mounted(step, "/") == env.rootfs
    assert mounted(step, f"{ROOT}/uv") == env.uv.filesystem
    assert (places[f"{ROOT}/uv"].readonly, places[f"{ROOT}/uv"].selector) == (
        True,
        "/opt/uv-frontend/bin/uv",
    )
    assert (places["/layer"].input, places["/layer"].output, step.index) == (-1, 0, 0)
    secret = places[f"{ROOT}/ca.pem"]
    assert (secret.secretOpt.ID, secret.secretOpt.optional) == ("ca", True)


def test_variables_are_the_images_and_the_steps_and_sorted() -> None:
    step = writer().run(step_image(), ARGUMENTS, name="n", variables={"HOME": "/x", "A": "1"})

    assert variables(step) == {
        "A": "1",
        "CUDA_HOME": "/cuda",
        "HOME": "/x",
        "LANG": "C.UTF-8",
        "PATH": "/opt/bin:/usr/bin",
        "PYTHONHASHSEED": "0",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    assert list(variables(step)) == sorted(variables(step))


def test_a_step_can_have_another_root_and_another_output() -> None:
    step = writer().run(step_image(), ARGUMENTS, name="n", rootfs=ROOTFS, output="/out")

    assert mounted(step, "/") == ROOTFS
    assert mounts(step)["/out"].output == 0
    assert "/layer" not in mounts(step)


def test_a_managed_python_is_mounted_at_its_place() -> None:
    python = llb.files(llb.SCRATCH, llb.Mkdir("/opt"))
    step = writer().run(replace(step_image(), managed_python=python), ARGUMENTS, name="n")

    assert mounted(step, MANAGED_PYTHON) == python
    assert mounts(step)[MANAGED_PYTHON].selector == MANAGED_PYTHON


@pytest.mark.parametrize(("capable", "codes"), [(NEWEST, [0, 3]), (OLDEST, [])])
def test_exit_codes_where_the_engine_can_be_told(
    capable: llb.Capabilities, codes: list[int]
) -> None:
    step = writer(engine=capable).run(step_image(), ARGUMENTS, name="n", exit_codes=(0, 3))

    assert list(operation(step).exec.meta.validExitCodes) == codes


def test_a_step_without_network_has_none_whatever_the_options_say() -> None:
    step = writer(OPTIONS).run(step_image(), ARGUMENTS, name="n", network=False)

    assert operation(step).exec.network == ops_pb2.NONE


# --- install -------------------------------------------------------------------------------------


def test_an_installing_step_runs_a_script_on_the_images_python() -> None:
    step = writer().install(environment(), ["a", "b"], name="n", script="member")

    python = "/usr/local/bin/python3.13"
    assert list(operation(step).exec.meta.args) == [
        python,
        "-I",
        "-S",
        f"{ROOT}/steps/member.py",
        "a",
        "b",
    ]
    assert variables(step)["UV_PYTHON"] == python
    assert mounts(step)[f"{ROOT}/steps"].readonly


def test_uvs_cache_needs_a_network() -> None:
    w = writer(ExecOptions(cache_namespace="team"))
    online = mounts(w.install(environment(), [], name="n"))
    offline = mounts(w.install(environment(), [], name="n", network=False))

    assert online[f"{ROOT}/cache"].cacheOpt.ID.startswith("team/uv-frontend-uv-")
    assert f"{ROOT}/cache" not in offline
    assert offline[f"{ROOT}/reports"].cacheOpt.ID == "team/uv-frontend-reports"


def test_what_compiles_has_a_cache_of_its_own() -> None:
    ids = {
        mounts(writer().install(environment(), [], name="n", compiling=compiling))[
            f"{ROOT}/cache"
        ].cacheOpt.ID
        for compiling in (False, True)
    }
    assert len(ids) == 2


def test_only_builds_see_the_tools() -> None:
    env = environment(tools=llb.files(ROOTFS, llb.Mkfile("/gcc", b"")))
    install = writer().install

    plain = mounted(install(env, [], name="n"), "/")
    building = mounted(install(env, [], name="n", building=True), "/")

    assert plain == writer().linked_root(environment())
    assert building == writer().linked_root(env, with_tools=True)
    assert env.tools is not None
    assert env.tools.digest in {vertex.digest for vertex in graph(building)}
    assert env.tools.digest not in {vertex.digest for vertex in graph(plain)}


def test_owners_are_told_to_the_step() -> None:
    step = writer().install(environment(owner=(1000, 100)), [], name="n", variables={"A": "1"})

    assert variables(step)["UV_FRONTEND_OWNER"] == "1000:100"
    assert variables(step)["A"] == "1"


# --- a changed root ------------------------------------------------------------------------------


def test_a_changed_root_has_no_mount_point_of_ours() -> None:
    step = WRITERS["modify_root"](writer())

    assert set(mounts(step)) == {"/", "/tmp"}
    assert mounted(step, "/") == ROOTFS
    assert not mounts(step)["/"].readonly
    assert set(variables(step)) == {"CUDA_HOME", "HOME", "LC_ALL", "PATH"}


@pytest.mark.parametrize(
    ("no_cache", "ignored"),
    [(None, False), (frozenset(), True), (frozenset({"idna"}), False)],
)
def test_a_changed_root_goes_by_no_name(no_cache: frozenset[str] | None, ignored: bool) -> None:
    step = WRITERS["modify_root"](writer(ExecOptions(no_cache=no_cache)))

    assert metadata(step).ignore_cache is ignored


# --- the link into the layer ---------------------------------------------------------------------


def test_the_link_is_a_file_operation_where_the_engine_has_one() -> None:
    link = writer().linked_root(environment())

    actions = operation(link).file.actions
    assert [action.WhichOneof("action") for action in actions] == ["rm", "symlink"]
    assert (actions[1].symlink.oldpath, actions[1].symlink.newpath) == ("/layer/app", "/app")


def test_on_older_engines_a_container_links_and_no_option_makes_it_another_step() -> None:
    old = llb.Capabilities.of(*llb.LLB_DEFAULTS, capabilities.EXEC_NETWORK)
    plain = writer(engine=old).linked_root(environment())
    limited = writer(OPTIONS, old).linked_root(environment())

    assert operation(plain).exec.network == ops_pb2.NONE
    assert plain.digest == limited.digest
    assert plain.digest != writer().linked_root(environment()).digest


def test_caches_are_named_below_the_builds_namespace() -> None:
    assert writer().cache_id("x") == "/uv-frontend-x"
    assert writer(ExecOptions(cache_namespace="team")).cache_id("x") == "team/uv-frontend-x"
