"""One small graph for every operation and every option of one, by name.

`golden.txt` shows what each becomes, `go_digests.txt` what BuildKit's Go client makes of the same
graph (`client/llb` after v0.32.2; name, digest, output index, capabilities, tab-separated).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import llb

if TYPE_CHECKING:
    from collections.abc import Callable

AMD64 = llb.Platform("linux", "amd64")
ARM64 = llb.Platform("linux", "arm64", "v8")
SHA = "sha256:" + "0123456789abcdef" * 4
NANOSECONDS = 1_700_000_000_123_456_789

# Filesystems that most cases start from.
BASE = llb.image("debian:13-slim", platform=AMD64)
CONTEXT = llb.local("context", session="s1")


def _run(*more: llb.Mount, **options: Any) -> llb.Run:
    mounts = [llb.Writable("/", BASE), *more]
    return llb.run(["/bin/true"], mounts=mounts, **options)


def _root(**options: Any) -> llb.Output:
    return _run(**options).output("/")


def _with(*more: llb.Mount) -> llb.Output:
    return _run(*more).output("/")


def _outputs() -> llb.Run:
    return llb.run(
        ["/bin/sh", "-c", "make"],
        mounts=[
            llb.Writable("/src", CONTEXT),
            llb.Bind("/tools", BASE, "/usr"),
            llb.Writable("/out"),
            llb.Bind("/", BASE),
        ],
    )


def _diffed() -> llb.Output:
    changed = llb.files(BASE, llb.Mkfile("/new", b"x"))
    result = llb.diff(BASE, changed)
    assert isinstance(result, llb.Output)
    return result


def _merged(*inputs: llb.Input) -> llb.Output:
    result = llb.merge(*inputs)
    assert isinstance(result, llb.Output)
    return result


def _emptied() -> llb.Output:
    result = llb.diff(BASE, llb.SCRATCH)
    assert isinstance(result, llb.Output)
    return result


CASES: dict[str, Callable[[], llb.Output]] = {
    # --- sources
    "image": lambda: llb.image("python", platform=AMD64),
    "image pinned": lambda: llb.image(f"quay.io/org/app:1@{SHA}", platform=AMD64),
    "image variant": lambda: llb.image("python:3.13", platform=ARM64),
    "image windows": lambda: llb.image(
        "python:3.13",
        platform=llb.Platform("windows", "amd64", os_version="10.0.17763", os_features=("win32k",)),
    ),
    "image resolve mode": lambda: llb.image(
        "python:3.13", platform=AMD64, resolve_mode=llb.ResolveMode.PULL
    ),
    "image resolve locally": lambda: llb.image(
        "python:3.13", platform=AMD64, resolve_mode=llb.ResolveMode.LOCAL
    ),
    "image record type": lambda: llb.image(
        "python:3.13", platform=AMD64, record_type=llb.RecordType.INTERNAL
    ),
    "image layer limit": lambda: llb.image("python:3.13", platform=AMD64, layer_limit=2),
    "image checksum": lambda: llb.image("python:3.13", platform=AMD64, checksum=SHA),
    "oci layout": lambda: llb.oci_layout(
        f"example.com/store@{SHA}", session="s1", store="store", platform=AMD64
    ),
    "oci layout layer limit": lambda: llb.oci_layout(
        f"example.com/store@{SHA}", session="s1", store="store", platform=AMD64, layer_limit=1
    ),
    "local": lambda: llb.local("context", session="s1"),
    "local without session": lambda: llb.local("context", unique="u1"),
    "local patterns": lambda: llb.local(
        "context",
        session="s1",
        include=["uv.lock", "packages/*/pyproject.toml"],
        exclude=["**/.venv", "!a<b>&c", "größe"],
        follow_paths=["link"],
        shared_key_hint="manifests",
        differ=llb.Differ.NONE,
    ),
    "local metadata only": lambda: llb.local(
        "context", session="s1", metadata_only=True, metadata_only_except=["uv.lock"]
    ),
    "git": lambda: llb.git("https://github.com/moby/buildkit.git", "v0.20.0"),
    "git default branch": lambda: llb.git("github.com/moby/buildkit"),
    "git subdirectory": lambda: llb.git("https://u:p@git.example/a/b.git", "main", subdir="/x/y/"),
    "git subdirectory only": lambda: llb.git("https://git.example/a/b.git", subdir="x"),
    "git options": lambda: llb.git(
        "https://git.example/a/b.git",
        "refs/heads/main",
        checksum="1" * 40,
        keep_git_dir=True,
        skip_submodules=True,
        mtime=llb.ModificationTime.COMMIT,
        fetch_by_commit=True,
        auth_token_secret="TOKEN",
        auth_header_secret="HEADER",
    ),
    "git ssh": lambda: llb.git(
        "git@github.com:moby/buildkit.git",
        "master",
        known_ssh_hosts="github.com ssh-ed25519 AAAA",
        ssh_id="work",
    ),
    "git ssh url": lambda: llb.git(
        "ssh://git@git.example:2222/a/b.git", known_ssh_hosts="git.example ssh-ed25519 AAAA\n"
    ),
    "http": lambda: llb.http("https://example.com/a.tar.gz"),
    "http options": lambda: llb.http(
        "https://example.com/a.tar.gz",
        checksum=SHA,
        filename="a",
        mode=0o755,
        uid=1000,
        gid=1001,
        auth_header_secret="AUTH",
        accept="application/json",
        user_agent="test/1",
    ),
    # --- exec
    "exec": _root,
    "exec env keeps its order": lambda: _root(env={"Z": "1", "A": "2", "PATH": "/bin"}),
    "exec cwd and user": lambda: _root(cwd="/work", user="app:app"),
    "exec platform": lambda: _root(platform=ARM64),
    "exec network none": lambda: _root(network=llb.Network.NONE),
    "exec network host": lambda: _root(network=llb.Network.HOST),
    "exec insecure": lambda: _root(security=llb.Security.INSECURE),
    "exec secret env": lambda: _root(
        secret_env=[llb.SecretEnv("TOKEN", "token"), llb.SecretEnv("B", "b", optional=True)]
    ),
    "exec hosts": lambda: _root(hosts=[llb.Host("db", "10.0.0.1"), llb.Host("six", "::1")]),
    "exec ulimits": lambda: _root(
        ulimits=[llb.Ulimit("nofile", 1024, 2048), llb.Ulimit("core", -1, -1)]
    ),
    "exec proxy": lambda: _root(
        proxy=llb.Proxy("http://h", "http://s", "http://f", "localhost", "http://a")
    ),
    "exec hostname": lambda: _root(hostname="builder"),
    "exec cgroup parent": lambda: _root(cgroup_parent="/build"),
    "exec valid exit codes": lambda: _root(valid_exit_codes=[0, 3, 255]),
    "exec cdi devices": lambda: _root(
        cdi_devices=[llb.CdiDevice("nvidia.com/gpu=all", optional=True), llb.CdiDevice("v/c=d")]
    ),
    "exec root on scratch": lambda: llb.run(
        ["/bin/true"], mounts=[llb.Writable("/")], platform=AMD64
    ).output("/"),
    "exec outputs first": lambda: _outputs().output("/out"),
    "exec outputs second": lambda: _outputs().output("/src"),
    "mount bind": lambda: _with(llb.Bind("/in", CONTEXT)),
    "mount bind selector": lambda: _with(llb.Bind("/in", CONTEXT, "a/b")),
    "mount bind same input": lambda: _with(llb.Bind("/in", BASE), llb.Bind("/on", BASE, "/x")),
    "mount bind content cache on": lambda: _with(
        llb.Bind("/in", CONTEXT, content_cache=llb.ContentCache.ON)
    ),
    "mount bind content cache off": lambda: _with(
        llb.Bind("/in", CONTEXT, content_cache=llb.ContentCache.OFF)
    ),
    "mount bind scratch": lambda: _with(llb.Bind("/in", llb.SCRATCH)),
    "mount writable selector": lambda: _run(llb.Writable("/w", CONTEXT, "/sub")).output("/w"),
    "mount discarded": lambda: _with(llb.Discarded("/in", CONTEXT, "/sub")),
    "mount discarded scratch": lambda: _with(llb.Discarded("/in")),
    "mount cache": lambda: _with(llb.Cache("/c", "/uv")),
    "mount cache private": lambda: _with(llb.Cache("/c", "/uv", llb.Sharing.PRIVATE)),
    "mount cache locked": lambda: _with(llb.Cache("/c", "/uv", llb.Sharing.LOCKED)),
    "mount cache readonly": lambda: _with(llb.Cache("/c", "/uv", readonly=True)),
    "mount cache owned": lambda: _with(
        llb.owned_cache("/c", "/uv", uid=1000, gid=1000, mode=0o700)
    ),
    "mount tmpfs": lambda: _with(llb.Tmpfs("/t")),
    "mount tmpfs size": lambda: _with(llb.Tmpfs("/t", 64 << 20)),
    "mount secret": lambda: _with(llb.Secret("/run/secrets/token", "token")),
    "mount secret options": lambda: _with(
        llb.Secret("/run/s", "token", uid=1, gid=2, mode=0o440, optional=True)
    ),
    "mount ssh": lambda: _run(
        llb.Ssh("/run/buildkit/ssh_agent.0"),
        env={"SSH_AUTH_SOCK": "/run/buildkit/ssh_agent.0"},
    ).output("/"),
    "mount ssh options": lambda: _run(
        llb.Ssh("/a", "work", uid=1, gid=2, mode=0o660, optional=True),
        env={"SSH_AUTH_SOCK": "/a"},
    ).output("/"),
    "mounts of all kinds": lambda: _run(
        llb.Ssh("/run/a"),
        llb.Secret("/run/b", "b"),
        llb.Tmpfs("/tmp"),
        llb.Cache("/root/.cache", "/uv"),
        llb.Discarded("/work", CONTEXT),
        llb.Writable("/layer"),
        llb.Bind("/in", CONTEXT, "x"),
        env={"SSH_AUTH_SOCK": "/run/a"},
    ).output("/layer"),
    # --- files
    "copy": lambda: llb.files(llb.SCRATCH, llb.Copy(CONTEXT, "/a", "/b")),
    "copy into a directory": lambda: llb.files(BASE, llb.Copy(CONTEXT, "/a/", "/b/../c/")),
    "copy options": lambda: llb.files(
        BASE,
        llb.Copy(
            CONTEXT,
            "/src/*",
            "/dst/.",
            mode=0o750,
            owner=llb.Owner(1000, 1001),
            timestamp=NANOSECONDS,
            contents_only=True,
            create_dest_path=True,
            follow_symlinks=True,
            wildcard=True,
            allow_empty_wildcard=True,
            include=("*.py", "é"),
            exclude=("test_*",),
            required=("main.py",),
            unpack=True,
            replace_existing=True,
        ),
    ),
    "copy mode text": lambda: llb.files(BASE, llb.Copy(CONTEXT, "/a", "/b", mode="u=rwX,go=rX")),
    "copy mode zero": lambda: llb.files(BASE, llb.Copy(CONTEXT, "/a", "/b", mode=0, timestamp=0)),
    "copy owner by name": lambda: llb.files(
        BASE, llb.Copy(CONTEXT, "/a", "/b", owner=llb.Owner("app", "staff"))
    ),
    "copy owner user only": lambda: llb.files(
        BASE, llb.Copy(CONTEXT, "/a", "/b", owner=llb.Owner(0))
    ),
    "copy within": lambda: llb.files(BASE, llb.Copy(BASE, "/a", "/b")),
    "mkfile": lambda: llb.files(llb.SCRATCH, llb.Mkfile("/a", b"hello\x00\xff")),
    "mkfile empty": lambda: llb.files(llb.SCRATCH, llb.Mkfile("/a", b"", mode=0)),
    "mkfile options": lambda: llb.files(
        BASE,
        llb.Mkfile("/a", b"x", mode=0o600, owner=llb.Owner(0, 0), timestamp=NANOSECONDS),
    ),
    "mkfile owner by name": lambda: llb.files(
        BASE, llb.Mkfile("/a", b"x", owner=llb.Owner.parse("app:root"))
    ),
    "mkdir": lambda: llb.files(llb.SCRATCH, llb.Mkdir("/a")),
    "mkdir options": lambda: llb.files(
        BASE,
        llb.Mkdir("/a/b", mode=0o700, parents=True, owner=llb.Owner("app"), timestamp=0),
    ),
    "rm": lambda: llb.files(BASE, llb.Rm("/a")),
    "rm options": lambda: llb.files(BASE, llb.Rm("/a*", allow_not_found=True, wildcard=True)),
    "symlink": lambda: llb.files(BASE, llb.Symlink("/layer/app", "/app")),
    "symlink options": lambda: llb.files(
        BASE,
        llb.Symlink("../x", "/a/b", owner=llb.Owner(5, "grp"), timestamp=NANOSECONDS),
    ),
    "files chain": lambda: llb.files(
        BASE,
        llb.Mkdir("/a"),
        llb.Copy(CONTEXT, "/x", "/a/x"),
        llb.Copy(llb.http("https://example.com/f"), "/f", "/a/f", owner=llb.Owner("app")),
        llb.Copy(CONTEXT, "/y", "/a/y"),
        llb.Symlink("x", "/a/z"),
        llb.Rm("/tmp"),
    ),
    "files chain on scratch": lambda: llb.files(
        llb.SCRATCH, llb.Mkdir("/a"), llb.Copy(CONTEXT, "/x", "/a/x"), llb.Mkfile("/b", b"b")
    ),
    # --- layers
    "merge": lambda: _merged(BASE, CONTEXT),
    "merge same twice": lambda: _merged(BASE, CONTEXT, llb.SCRATCH, BASE),
    "diff": _diffed,
    "diff to nothing": _emptied,
    "merge of diffs": lambda: _merged(BASE, _diffed(), _outputs().output("/out")),
}
