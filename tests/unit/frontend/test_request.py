"""The options BuildKit passes, as one typed value."""

from __future__ import annotations

import json

import pytest

from frontend.errors import FrontendError
from frontend.gateway.types import CacheImport
from frontend.request import ExecOptions, Request, parse
from llb import LinuxResources, Platform, ResolveMode

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")


def request(**environment: str) -> Request:
    return parse(environment)


def options(*items: str) -> Request:
    """Read options in the form and order BuildKit numbers them in."""
    return parse({f"BUILDKIT_FRONTEND_OPT_{n}": item for n, item in enumerate(items)})


def test_a_build_without_options() -> None:
    found = request(BUILDKIT_SESSION_ID="s1", PATH="/bin")
    assert found.session == "s1"
    assert found.options == {}
    assert found.filename == "Dockerfile"
    assert found.platforms == (AMD64,)
    assert not found.multi_platform
    assert found.no_cache is None
    assert found.resolve_mode is ResolveMode.DEFAULT
    assert found.source_date_epoch is None
    assert found.call == ""


def test_a_value_may_hold_equals_signs_and_be_empty() -> None:
    found = options("label:a=b=c", "build-arg:cmd=", "label:=x")
    assert found.labels == {"a": "b=c", "": "x"}
    assert found.arguments == {"cmd": ""}


def test_filename_target_and_call() -> None:
    found = options("filename=api.toml", "target=check", "requestid=frontend.outline")
    assert (found.filename, found.target, found.call) == ("api.toml", "check", "frontend.outline")
    assert options("filename=").filename == "Dockerfile"


def test_arguments_of_docker_and_buildkit_are_not_ours() -> None:
    found = options(
        "build-arg:package=api",
        "build-arg:BUILDKIT_SYNTAX=org/uv-frontend",
        "build-arg:BUILDKIT_INLINE_CACHE=1",
        "build-arg:SOURCE_DATE_EPOCH=0",
        "build-arg:BUILDX_NO_DEFAULT_ATTESTATIONS=1",
        "build-arg:HTTP_PROXY=http://proxy.example:3128",
        "build-arg:no_proxy=localhost",
        "build-arg:env.A=1",
    )
    assert found.arguments == {"env.A": "1", "package": "api"}


def test_proxies_are_named_by_what_they_are_for() -> None:
    found = options(
        "build-arg:HTTP_PROXY=http://a.example",
        "build-arg:https_proxy=http://b.example",
        "build-arg:ALL_PROXY=http://c.example",
        "no_proxy=not an argument",
    )
    assert found.exec_options.proxy == {
        "http": "http://a.example",
        "https": "http://b.example",
        "all": "http://c.example",
    }


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ("", AMD64),
        ("no json", AMD64),
        ("[]", AMD64),
        ("null", AMD64),
        ('[{"id": "w"}]', AMD64),
        ('[{"platforms": [{"architecture": "arm64", "os": "linux", "variant": "v8"}]}]', ARM64),
        (
            '[{"platforms": [{"architecture": "arm64", "os": "linux"}, '
            '{"architecture": "amd64", "os": "linux"}]}, '
            '{"platforms": [{"architecture": "s390x", "os": "linux"}]}]',
            ARM64,
        ),
        (
            '[{"platforms": [{"architecture": "arm", "os": "linux", "variant": "v7"}]}]',
            Platform("linux", "arm", "v7"),
        ),
    ],
)
def test_the_build_platform_is_the_first_of_the_first_worker(
    workers: str, expected: Platform
) -> None:
    found = request(BUILDKIT_WORKERS=workers)
    assert found.build_platform == expected
    assert found.platforms == (expected,)


def test_platforms_are_normalized_and_named_once() -> None:
    found = options("platform=linux/aarch64, linux/amd64,linux/arm64/v8")
    assert found.platforms == (ARM64, AMD64)
    assert found.multi_platform


@pytest.mark.parametrize("text", ["arm64", "linux/", "linux/amd64,?/x", " "])
def test_a_platform_that_cannot_be_read(text: str) -> None:
    with pytest.raises(FrontendError, match="the platform option cannot be read"):
        options(f"platform={text}")


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["platform=linux/amd64"], False),
        (["platform=linux/amd64", "multi-platform=true"], True),
        (["platform=linux/amd64", "build-arg:BUILDKIT_MULTI_PLATFORM=1"], True),
        (["multi-platform=true", "build-arg:BUILDKIT_MULTI_PLATFORM=0"], False),
        (["multi-platform=False"], False),
    ],
)
def test_an_index_for_one_platform_is_made_on_request(items: list[str], expected: bool) -> None:
    assert options(*items).multi_platform is expected


def test_multi_platform_must_be_true_or_false() -> None:
    with pytest.raises(FrontendError, match="must be true or false, not 'yes'"):
        options("multi-platform=yes")


def test_several_platforms_cannot_be_one_image() -> None:
    with pytest.raises(FrontendError, match="several platforms"):
        options("multi-platform=false", "platform=linux/amd64,linux/arm64")


@pytest.mark.parametrize(
    ("items", "expected"),
    [([], None), (["no-cache="], ()), (["no-cache=api,worker"], ("api", "worker"))],
)
def test_no_cache_for_all_or_for_some(items: list[str], expected: tuple[str, ...] | None) -> None:
    assert options(*items).no_cache == expected


def test_cache_imports() -> None:
    entries = [
        {"Type": "registry", "Attrs": {"ref": "registry.example/cache"}},
        {"Type": "gha", "Attrs": None},
    ]
    assert options("cache-imports=" + json.dumps(entries)).cache_imports == (
        CacheImport("registry", {"ref": "registry.example/cache"}),
        CacheImport("gha", {}),
    )
    assert options("cache-imports=null").cache_imports == ()


def test_cache_imports_of_older_clients() -> None:
    assert options("cache-from=registry.example/a,registry.example/b").cache_imports == (
        CacheImport("registry", {"ref": "registry.example/a"}),
        CacheImport("registry", {"ref": "registry.example/b"}),
    )


@pytest.mark.parametrize("text", ["{", '{"Type": 1}', '["x"]', '[{"Attrs": {}}]', "3"])
def test_cache_imports_that_cannot_be_read(text: str) -> None:
    with pytest.raises(FrontendError, match="the cache-imports option cannot be read"):
        options(f"cache-imports={text}")


def test_hosts_are_a_line_of_csv() -> None:
    found = options('add-hosts=DB=10.0.0.1,"v6=2001:db8::1"')
    assert found.exec_options.hosts == (("db", "10.0.0.1"), ("v6", "2001:db8::1"))


@pytest.mark.parametrize("text", ["db", "=10.0.0.1", "db=", "db=elsewhere", "db=1.2.3.4,"])
def test_hosts_that_cannot_be_read(text: str) -> None:
    with pytest.raises(FrontendError, match="--add-host"):
        options(f"add-hosts={text}")


def test_source_date_epoch() -> None:
    assert options("build-arg:SOURCE_DATE_EPOCH=1700000000").source_date_epoch == 1_700_000_000
    assert options("build-arg:SOURCE_DATE_EPOCH=").source_date_epoch is None


@pytest.mark.parametrize("text", ["now", "-1", "1.5", "1_000", "253402300800", "9" * 30])
def test_a_source_date_epoch_that_is_no_time(text: str) -> None:
    with pytest.raises(FrontendError, match="SOURCE_DATE_EPOCH must be a number of seconds"):
        options(f"build-arg:SOURCE_DATE_EPOCH={text}")


@pytest.mark.parametrize("mode", [*ResolveMode])
def test_resolve_modes(mode: ResolveMode) -> None:
    assert options(f"image-resolve-mode={mode.value}").resolve_mode is mode


def test_modes_that_do_not_exist() -> None:
    with pytest.raises(FrontendError, match="unknown image-resolve-mode 'newest'"):
        options("image-resolve-mode=newest")
    with pytest.raises(FrontendError, match="unknown network mode 'bridge'"):
        options("force-network-mode=bridge")


def test_bake_shares_sessions() -> None:
    found = parse(
        {
            "BUILDKIT_SESSION_ID": "own",
            "BUILDKIT_FRONTEND_OPT_0": "local-sessionid:context=shared",
        }
    )
    assert found.local_session("context") == "shared"
    assert found.local_session("dockerfile") == "own"


def test_limits() -> None:
    found = options(
        "shm-size=67108864",
        "ulimit=core=-1:-1,nofile=10:20",
        "cgroup-parent=builds",
        "hostname=builder",
    ).exec_options
    assert found == ExecOptions(
        shm_size=67108864,
        ulimits=(("core", -1, -1), ("nofile", 10, 20)),
        cgroup_parent="builds",
        hostname="builder",
    )
    assert options().exec_options == ExecOptions()


@pytest.mark.parametrize("option", ["shm-size=64m", "ulimit=nofile", "ulimit=a=b:c"])
def test_limits_that_cannot_be_read(option: str) -> None:
    with pytest.raises(FrontendError):
        options(option)


def test_limits_of_memory_and_processors() -> None:
    assert options("memory=0").exec_options.resources is None
    found = options("memory=1048576", "memswap=-1", "cpusetcpus=0-1").exec_options
    assert found.resources == LinuxResources(memory=1 << 20, memory_swap=-1, cpuset_cpus="0-1")
    with pytest.raises(FrontendError, match="the option cpuquota must be a number, not 'much'"):
        options("cpuquota=much")


@pytest.mark.parametrize(
    ("no_cache", "target", "names", "ignored"),
    [
        (None, "", {"core"}, False),
        ("", "", {"core"}, True),
        ("core", "", {"core", "member"}, True),
        ("Shop_Core", "", {"shop-core"}, True),
        ("api,member", "", {"core"}, False),
        ("image", "", {"core"}, True),
        ("image", "deps", {"core"}, False),
        ("deps", "deps", {"core"}, True),
        ("test", "test", {"core"}, False),
        ("test", "test", {"test"}, True),
        ("", "test", {"core"}, True),
    ],
)
def test_steps_without_cache(
    no_cache: str | None, target: str, names: set[str], ignored: bool
) -> None:
    given = [f"target={target}"] + ([] if no_cache is None else [f"no-cache={no_cache}"])
    assert options(*given).exec_options.ignores_cache_for(names) is ignored


def test_the_context_s_time() -> None:
    found = options("build-arg:SOURCE_DATE_EPOCH=context")
    assert (found.source_date_epoch, found.epoch_of_context) == (None, True)
