"""All cases: what is built, on which engine, and with which of the frontend's features.

Not every combination, but each feature with each thing that it could meet: each target and call on
several workspaces, each engine's fallback with each feature that needs one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.graphs.answers import Failure
from tests.graphs.case import Case
from tests.graphs.run import PREVIOUS

if TYPE_CHECKING:
    from collections.abc import Mapping

_CALLS = {
    "describe": "frontend.subrequests.describe",
    "targets": "frontend.targets",
    "plan": "frontend.plan",
    "check": "frontend.lint",
    "outline": "frontend.outline",
    "explain": "frontend.explain",
    "affected": "frontend.affected",
}
_ENGINES = ("containerd", "graph driver", "old")
_ARM = "linux/arm64"
_BOTH = "linux/amd64,linux/arm64"
_GIT = "https://code.example/acme/shop.git#main"
_HEAD = {".git/HEAD": "ref: refs/heads/main\n"}
_CONDA = "registry.example/ml/ray:2-py313"
_WHEEL = "Wheel-Version: 1.0\nTag: cp313-cp313-linux_x86_64\n"


def _case(
    name: str,
    workspace: str,
    *,
    package: str = "",
    target: str = "",
    call: str = "",
    keys: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
    **more: Any,
) -> Case:
    """Return a case; `keys` are build arguments, `options` all that is not said otherwise."""
    given = dict(options or {})
    if target:
        given["target"] = target
    if call:
        given["requestid"] = _CALLS.get(call, call)
    if package:
        given["build-arg:package"] = package
    given |= {f"build-arg:{key}": value for key, value in (keys or {}).items()}
    return Case(name, workspace, given, **more)


def _targets() -> list[Case]:
    """Every target, of packages that are built and that are not, of one and of several."""
    targets = ("deps", "dev", "test", "wheels", "plan")
    return [
        *(_case(f"shop-{p}", "shop", package=p) for p in ("api", "worker", "data", "report")),
        *(_case(f"shop-worker-{each}", "shop", package="worker", target=each) for each in targets),
        *(_case(f"shop-report-{each}", "shop", package="report", target=each) for each in targets),
        *(_case(f"single-{each}", "single", target=each) for each in targets),
        *(_case(each, each) for each in ("single", "training", "libraries", "inference", "site")),
        _case("shop-two-packages", "shop", package="api,worker", keys={"entrypoint": "api"}),
        _case("shop-extra", "shop", package="api", keys={"extras": "postgres"}),
        _case("site-test", "site", target="test", keys={"test": "python manage.py test"}),
        _case("libraries-wheels", "libraries", target="wheels"),
        _case("training-dev", "training", target="dev"),
        _case("target-unknown", "single", target="tset"),
    ]


def _engines() -> list[Case]:
    """Engines that lack operations; and one whose own platform is another."""
    found = []
    for engine in _ENGINES:
        short = engine.partition(" ")[0]
        found += [
            _case(f"shop-api-{short}", "shop", package="api", profile=engine),
            _case(f"mixed-api-{short}", "mixed", package="api", profile=engine),
        ]
    for short, engine in (("graph", "graph driver"), ("old", "old")):
        found += [
            _case(f"single-deps-{short}", "single", target="deps", profile=engine),
            _case(f"mixed-dev-{short}", "mixed", package="api", target="dev", profile=engine),
            _case(f"mixed-test-{short}", "mixed", package="api", target="test", profile=engine),
            _case(f"mixed-wheels-{short}", "mixed", package="api", target="wheels", profile=engine),
            _case(f"mixed-site-{short}", "mixed", package="site", profile=engine),
            _case(f"training-{short}", "training", profile=engine),
            _case(f"inference-{short}", "inference", profile=engine),
            _case(
                f"git-context-{short}",
                "shop",
                package="worker",
                profile=engine,
                options={"context": f"{_GIT}:."},
            ),
            _case(
                f"apt-{short}",
                "mixed",
                package="site",
                profile=engine,
                keys={"apt": "curl,libpq5", "build-apt": "gcc"},
            ),
            _case(
                f"user-{short}",
                "single",
                profile=engine,
                keys={"user": "app", "files": "LICENSE"},
                files={"LICENSE": "none\n"},
            ),
            _case(
                f"venv-{short}",
                "forks",
                profile=engine,
                keys={"base": _CONDA, "venv": "/opt/conda"},
            ),
            _case(
                f"versioned-{short}",
                "mixed",
                package="versioned",
                profile=engine,
                files=_HEAD,
                keys={"base": "python:3.13"},
            ),
        ]
    found += [
        _case("no-merge", "shop", package="worker", keys={"merge": "false"}),
        _case("arm", "shop", package="api", platform=_ARM),
        _case("arm-mixed", "mixed", package="api", platform=_ARM),
        _case("arm-old", "mixed", package="api", platform=_ARM, profile="old"),
        _case("arm-inference", "inference", platform=_ARM),
    ]
    return found


def _platforms() -> list[Case]:
    """Images for other platforms than the engine's, with an emulator and without."""
    arm = {"platform": _ARM}
    native = {
        "member: native": {
            "app/.venv/lib/python3.13/site-packages/native-0.3.dist-info/WHEEL": _WHEEL
        }
    }
    return [
        _case("foreign", "shop", package="api", options=arm),
        _case("foreign-graph", "shop", package="worker", options=arm, profile="graph driver"),
        _case("foreign-old", "mixed", package="site", options=arm, profile="old"),
        _case("foreign-no-emulator", "shop", package="report", options=arm, emulated=False),
        _case("foreign-compiled", "mixed", package="api", options=arm, writes=native),
        _case(
            "foreign-compiled-no-emulator",
            "mixed",
            package="api",
            options=arm,
            writes=native,
            emulated=False,
        ),
        _case(
            "foreign-venv",
            "mixed",
            package="api",
            options=arm,
            keys={"base": _CONDA, "venv": "/opt/conda"},
        ),
        _case(
            "foreign-venv-no-emulator",
            "mixed",
            package="api",
            options=arm,
            emulated=False,
            keys={"base": _CONDA, "venv": "/opt/conda"},
        ),
        _case("foreign-provided", "training", options=arm),
        _case("foreign-provided-no-emulator", "training", options=arm, emulated=False),
        _case("foreign-test", "mixed", package="api", target="test", options=arm),
        _case("foreign-wheels", "mixed", package="api", target="wheels", options=arm),
        _case("foreign-other-python", "single", options=arm, keys={"base": "python:3.12-slim"}),
        _case(
            "foreign-s390x",
            "single",
            options={"platform": "linux/s390x"},
            keys={"base": "registry.example/s390x:1"},
        ),
        _case("both", "shop", package="report", options={"platform": _BOTH}),
        _case("both-plan", "shop", package="report", target="plan", options={"platform": _BOTH}),
        _case("both-one", "single", options={"platform": _ARM, "multi-platform": "true"}),
        _case("both-old", "single", options={"platform": _BOTH}, profile="old"),
        _case("platform-of-base", "single", options=arm, keys={"base": "registry.example/amd64:1"}),
    ]


def _calls() -> list[Case]:
    """Every call, on workspaces with something to tell."""
    before = _case("before", "single")
    previous = {"context:previous": f"docker-image://{PREVIOUS}"}
    return [
        *(
            _case(f"call-{each}", "shop", package="api", call=each)
            for each in _CALLS
            if each not in ("explain",)
        ),
        _case("call-targets-mixed", "mixed", call="targets"),
        _case("call-plan-both", "mixed", package="api", call="plan", options={"platform": _BOTH}),
        _case("call-plan-old", "mixed", package="api", call="plan", profile="old"),
        _case("call-plan-dev", "single", target="dev", call="plan"),
        _case(
            "call-check-mixed",
            "mixed",
            package="api",
            call="check",
            files={
                "docs/x.md": "x\n",
                "libs/core/pyproject.toml": (
                    'version = "2.0"',
                    'version = "2.0"\nreadme = "README.md"',
                ),
                "Dockerfile": ('GREETING = "hello"', 'API_TOKEN = "hello"'),
            },
        ),
        _case(
            "call-check-stale",
            "single",
            call="check",
            files={
                "pyproject.toml": ("dependencies = [", 'dependencies = [\n    "requests",'),
            },
        ),
        _case("call-outline-old", "origins", call="outline", profile="old"),
        _case("call-outline-wheels", "mixed", package="api", target="wheels", call="outline"),
        _case("call-outline-ssh", "origins", call="outline", keys={"extras": "ssh"}),
        _case("call-affected-all", "mixed", package="*", call="affected", files=_HEAD),
        _case(
            "call-affected-hermetic",
            "mixed",
            package="*",
            call="affected",
            keys={"hermetic": "true"},
        ),
        _case("call-affected-git", "shop", call="affected", options={"context": _GIT}),
        _case("call-explain", "single", call="explain", options=previous, previous=before),
        _case(
            "call-explain-changed",
            "single",
            call="explain",
            options=previous,
            previous=before,
            files={"src/price_tags/tag.html": "<b>new</b>\n"},
            keys={"user": "app"},
        ),
        _case("call-explain-none", "single", call="explain"),
        _case(
            "call-explain-plan",
            "single",
            target="wheels",
            call="explain",
            options=previous,
            previous=before,
        ),
        _case("call-unknown", "single", call="frontend.explan"),
        _case(
            "previous",
            "single",
            options=previous,
            previous=before,
            files={"src/price_tags/tag.html": "<b>new</b>\n"},
        ),
        _case(
            "previous-missing",
            "single",
            options={"context:previous": "docker-image://registry.example/none:1"},
        ),
    ]


def _packages() -> list[Case]:
    """Members and dependencies of every kind."""
    return [
        *(_case(f"mixed-{each}", "mixed", package=each) for each in ("api", "site", "packer")),
        _case("mixed-dev", "mixed", package="api", target="dev"),
        _case("mixed-test", "mixed", package="api", target="test"),
        _case(
            "mixed-test-command",
            "mixed",
            package="site",
            target="test",
            keys={"test": "python -m unittest"},
        ),
        _case("mixed-wheels", "mixed", package="api", target="wheels"),
        _case("versioned", "mixed", package="versioned", files=_HEAD, keys={"base": "python:3.13"}),
        _case("versioned-no-git", "mixed", package="versioned", files=_HEAD),
        _case("versioned-no-history", "mixed", package="versioned"),
        _case("versioned-told", "mixed", package="versioned", keys={"version": "3.2.1"}),
        _case("forks-new", "forks"),
        _case("forks-old", "forks", keys={"python": "3.11"}),
        _case("research-classic", "research", keys={"extras": "classic", "python": "3.11"}),
        _case("research-current", "research", keys={"extras": "current", "heavy": "pandas"}),
        _case("research-conflict", "research", keys={"extras": "classic,current"}),
        _case("origins", "origins"),
        _case("origins-git", "origins", keys={"base": "python:3.13", "extras": "ssh"}),
        _case("origins-old", "origins", profile="old"),
        _case("origins-dev", "origins", target="dev"),
        _case("groups", "groups", package="api"),
        _case("groups-default", "groups", package="api", keys={"default-groups": "true"}),
        _case(
            "groups-named",
            "groups",
            package="api,worker",
            keys={"groups": "shared,modern", "extras": "metrics", "cmd": "worker"},
        ),
        _case(
            "groups-python", "groups", package="api", keys={"groups": "modern", "python": "3.11"}
        ),
        _case("groups-dev", "groups", package="api", target="dev"),
        _case(
            "nested",
            "single",
            folder="backend",
            keys={"workspace": "backend"},
            files={"Dockerfile": "# syntax=org/uv-frontend\n"},
        ),
    ]


def _features() -> list[Case]:
    """Keys that change what is built, and where."""
    snapshot = {"apt-snapshot": "2026-11-01"}
    return [
        _case("hermetic", "shop", package="report", keys={"hermetic": "true"}),
        _case("hermetic-mixed", "mixed", package="api", keys={"hermetic": "true"}),
        _case("hermetic-old", "mixed", package="site", keys={"hermetic": "true"}, profile="old"),
        _case(
            "hermetic-wheels",
            "mixed",
            package="versioned",
            target="wheels",
            files=_HEAD,
            keys={"hermetic": "true", "base": "python:3.13"},
        ),
        _case(
            "hermetic-foreign",
            "mixed",
            package="api",
            keys={"hermetic": "true"},
            options={"platform": _ARM},
        ),
        _case("hermetic-origins", "origins", keys={"hermetic": "true"}),
        _case("hermetic-no-group", "single", keys={"hermetic": "true", "build-group": "tools"}),
        _case("hermetic-apt", "mixed", package="site", keys={"hermetic": "true", "apt": "curl"}),
        _case("hermetic-managed", "single", keys={"hermetic": "true", "base": "debian:13-slim"}),
        _case("venv", "forks", keys={"base": _CONDA, "venv": "/opt/conda"}),
        _case("venv-mixed", "mixed", package="api", keys={"venv": "/usr/local"}),
        _case("venv-deps", "mixed", package="api", target="deps", keys={"venv": "/usr/local"}),
        _case("venv-dev", "mixed", package="api", target="dev", keys={"venv": "/usr/local"}),
        _case("venv-elsewhere", "mixed", package="api", keys={"venv": "/opt/other"}),
        _case(
            "venv-unlisted",
            "forks",
            keys={"base": "registry.example/unlisted:1", "venv": "/usr/local"},
        ),
        _case("provided", "forks", keys={"base": _CONDA, "provided": "numpy,pydantic*"}),
        _case("provided-missing", "forks", keys={"base": _CONDA, "provided": "httpx"}),
        _case("apt", "mixed", package="api", keys={"apt": "curl,libpq5", "build-apt": "gcc,git"}),
        _case("apt-snapshot", "mixed", package="site", keys={"apt": "curl", **snapshot}),
        _case(
            "apt-mirror",
            "mixed",
            package="site",
            keys={
                "apt": "curl",
                **snapshot,
                "apt-mirror": "https://mirror.example/{archive}/{snapshot}",
            },
        ),
        _case(
            "apt-ubuntu",
            "mixed",
            package="site",
            keys={"apt": "curl", "base": "ubuntu:24.04", **snapshot},
        ),
        _case(
            "apt-on-alpine",
            "mixed",
            package="site",
            keys={"apt": "curl", "base": "python:3.13-alpine"},
        ),
        _case(
            "apk",
            "mixed",
            package="api",
            keys={"apk": "libpq", "build-apk": "gcc,musl-dev", "base": "python:3.13-alpine"},
        ),
        _case("managed", "mixed", package="api", keys={"base": "debian:13-slim"}),
        _case("managed-asked", "single", keys={"managed-python": "true", "python": "3.13"}),
        _case(
            "managed-never", "single", keys={"managed-python": "false", "base": "debian:13-slim"}
        ),
        _case(
            "managed-mirror",
            "single",
            files={"mirror/readme": "x\n"},
            keys={"python-mirror": "mirror", "base": "debian:13-slim"},
        ),
        _case("managed-other", "single", keys={"base": "python:3.12-slim", "python": "3.13"}),
        _case(
            "managed-builder",
            "single",
            keys={
                "base": "registry.example/distroless:1",
                "managed-python": "true",
                "builder": "debian:13-slim",
            },
        ),
        _case(
            "builder",
            "mixed",
            package="api",
            keys={"builder": "python:3.13", "trim": "tests/**", "bytecode": "false"},
        ),
        _case("builder-other", "single", keys={"builder": "python:3.12-slim"}),
        _case("distroless", "single", keys={"base": "registry.example/distroless:1"}),
        _case("occupied", "single", keys={"base": "registry.example/occupied:1"}),
        _case("stdlib", "single", keys={"compile-stdlib": "true"}),
        _case("owner", "single", keys={"user": "1000:1000", "owner": "nobody"}),
        _case("layers", "shop", package="api", keys={"layers": "6", "big": "500kB"}),
        _case("heavy", "shop", package="data", keys={"heavy": '["numpy", ["pandas", "pyarrow"]]'}),
        _case("uv-key", "single", keys={"uv": "registry.example/uv:0.12"}),
        _case("uv-too-old", "single", keys={"uv": "registry.example/uv:0.6"}),
        _case("uv-none", "single", keys={"uv": "registry.example/uv:none"}),
        _case(
            "configuration",
            "single",
            keys={
                "cmd": '["price-tags", "--all"]',
                "workdir": "/srv",
                "ports": "8080,53/udp",
                "env.MODE": "production",
                "labels.team": "shop",
                "plan-labels": "false",
            },
            options={"label:org.opencontainers.image.vendor": "acme"},
        ),
    ]


def _options() -> list[Case]:
    """Options of docker buildx build."""
    return [
        _case("no-cache", "single", options={"no-cache": ""}),
        _case("no-cache-of", "mixed", package="api", options={"no-cache": "click,core,nothing"}),
        _case("no-cache-image", "single", options={"no-cache": "image"}),
        _case("epoch", "single", keys={"SOURCE_DATE_EPOCH": "1700000000"}),
        _case(
            "epoch-of-context",
            "shop",
            package="report",
            keys={"SOURCE_DATE_EPOCH": "context"},
            options={"context": _GIT},
        ),
        _case("epoch-of-folder", "single", keys={"SOURCE_DATE_EPOCH": "context"}),
        _case("epoch-too-new", "single", keys={"SOURCE_DATE_EPOCH": "context"}, profile="old"),
        _case("sbom", "mixed", package="api", options={"attest:sbom": ""}),
        _case("sbom-both", "single", options={"attest:sbom": "", "platform": _BOTH}),
        _case("sbom-old", "single", options={"attest:sbom": ""}, profile="old"),
        _case(
            "sbom-epoch",
            "shop",
            package="report",
            options={"attest:sbom": ""},
            keys={"SOURCE_DATE_EPOCH": "1700000000"},
        ),
        _case(
            "containers",
            "libraries",
            options={
                "ulimit": "nofile=1024:2048",
                "shm-size": "67108864",
                "cgroup-parent": "builds",
                "hostname": "builder",
                "add-hosts": "index.example=10.0.0.1",
                "force-network-mode": "host",
                "memory": "1000000000",
                "cpuquota": "50000",
            },
        ),
        _case(
            "containers-apt",
            "mixed",
            package="api",
            keys={"apt": "curl", "checks": "api --help"},
            options={
                "shm-size": "67108864",
                "memory": "1000000000",
                "build-arg:http_proxy": "http://proxy.example:3128",
            },
        ),
        _case(
            "containers-test",
            "mixed",
            package="api",
            target="test",
            profile="old",
            options={
                "memory": "1000000000",
                "force-network-mode": "none",
                "build-arg:https_proxy": "http://user:word@proxy.example:3128",
            },
        ),
        _case("containers-too-old", "single", profile="old", options={"shm-size": "67108864"}),
        _case(
            "cache",
            "single",
            options={
                "cache-imports": '[{"Type":"registry","Attrs":{"ref":"registry.example/cache:1"}}]',
                "build-arg:BUILDKIT_CACHE_MOUNT_NS": "team",
            },
        ),
        _case("pull", "single", options={"image-resolve-mode": "pull"}),
        _case("pull-old", "single", options={"image-resolve-mode": "pull"}, profile="old"),
    ]


def _contexts() -> list[Case]:
    """Contexts that are no directory of the client's, and contexts by name."""
    slim = "context:python:3.13-slim"
    core = {"src/core/__init__.py": "", "pyproject.toml": _CORE, ".dockerignore": "docs\n"}
    return [
        _case("git-context", "shop", package="api", options={"context": _GIT}),
        _case(
            "git-context-folder",
            "single",
            folder="deep",
            options={"context": "https://code.example/acme/shop.git#v1:deep"},
        ),
        _case(
            "git-context-query",
            "mixed",
            package="versioned",
            files=_HEAD,
            keys={"base": "python:3.13"},
            options={"context": "https://code.example/acme/x.git?branch=main&keep-git-dir=1"},
        ),
        _case(
            "git-context-wrong",
            "single",
            options={"context": "https://code.example/acme/x.git?brunch=main"},
        ),
        _case("input-context", "single", inputs={"context": "single", "dockerfile": "single"}),
        _case(
            "subfolder-context",
            "single",
            folder="deep",
            inputs={"context": "single:deep"},
            options={"contextsubdir": "deep"},
        ),
        _case(
            "context-image", "single", options={slim: "docker-image://registry.example/occupied:1"}
        ),
        _case(
            "context-image-of-platform",
            "single",
            options={
                f"{slim}::linux/amd64": "docker-image://python:3.13",
                "platform": _BOTH,
            },
        ),
        _case("context-scratch", "single", options={slim: "docker-image://scratch"}),
        _case(
            "context-layout", "single", options={slim: f"oci-layout://store:1@sha256:{'5' * 64}"}
        ),
        _case(
            "context-target",
            "single",
            inputs={"base": "docker.io/library/python:3.13"},
            options={slim: "input:base"},
        ),
        _case(
            "context-of-member",
            "mixed",
            package="api",
            contexts={"core": core},
            options={"context:core": "local:core"},
        ),
        _case(
            "context-of-member-git",
            "mixed",
            package="api",
            options={"context:core": "https://code.example/acme/core.git"},
            files={"src/core/__init__.py": "", "pyproject.toml": ("[tool.uv]", _CORE_AND_ROOT)},
        ),
        _case(
            "context-slip",
            "mixed",
            package="api",
            contexts={"cores": core},
            options={"context:cores": "local:cores"},
        ),
        _case(
            "context-uv",
            "single",
            options={
                "context:uv": "docker-image://registry.example/uv:0.12",
            },
        ),
        _case(
            "context-uv-folder",
            "single",
            contexts={"uv": {"bin/uv": "uv 0.12.1"}},
            options={"context:uv": "local:uv"},
        ),
        _case(
            "file-elsewhere",
            "single",
            options={"filename": "ci/image.toml"},
            files={"ci/image.toml": 'package = "price-tags"\nuser = "app"\n'},
        ),
    ]


_CORE = """\
[build-system]
requires = ["uv_build>=0.13,<0.14"]
build-backend = "uv_build"

[project]
name = "core"
version = "2.0"
requires-python = ">=3.11"
"""
_CORE_AND_ROOT = f"{_CORE}\n[tool.uv]"


def _errors() -> list[Case]:
    """What users get wrong, and steps that fail."""
    built = "member: core"
    return [
        _case("error-no-lock", "single", files={"uv.lock": None}),
        _case("error-no-manifest", "single", files={"pyproject.toml": None}),
        _case("error-no-package", "shop"),
        _case("error-package", "shop", package="apu"),
        _case("error-key", "single", files={"Dockerfile": "# syntax=org/uv-frontend\nuser2 = 1\n"}),
        _case("error-value", "single", keys={"layers": "3"}),
        _case("error-toml", "single", files={"Dockerfile": "FROM python:3.13\n"}),
        _case(
            "error-stale",
            "single",
            files={
                "pyproject.toml": ("dependencies = [", 'dependencies = [\n    "requests",'),
            },
        ),
        _case(
            "warn-stale",
            "single",
            keys={"lock": "warn"},
            files={
                "pyproject.toml": ("dependencies = [", 'dependencies = [\n    "requests",'),
            },
        ),
        _case(
            "error-stale-old",
            "single",
            profile="old",
            files={
                "pyproject.toml": ("dependencies = [", 'dependencies = [\n    "requests",'),
            },
        ),
        _case("error-base", "single", keys={"base": "registry.example/none:1"}),
        _case("error-base-name", "single", keys={"base": "Python:3.13"}),
        _case("error-pypy", "single", keys={"base": "registry.example/pypy:3.11"}),
        _case("error-broken", "single", keys={"base": "registry.example/broken:1"}),
        _case("error-beta", "single", keys={"base": "registry.example/beta:3.14"}),
        _case(
            "error-python",
            "single",
            keys={"base": "python:3.12-slim", "python": "3.11", "managed-python": "false"},
        ),
        _case(
            "error-requires",
            "forks",
            files={"pyproject.toml": (">=3.10", ">=3.14")},
            keys={"base": "python:3.13-slim", "lock": "off"},
        ),
        _case("error-group", "groups", package="api", keys={"groups": "nothing"}),
        _case("error-user", "single", keys={"user": "a b"}),
        _case(
            "error-files",
            "single",
            keys={"files": "nothing.txt"},
            fails={"files": Failure(1, {"kind": "files", "detail": "nothing.txt"})},
        ),
        _case("error-ignored", "mixed", package="api", files={".dockerignore": "libs\n"}),
        _case("error-option", "single", options={"ulimit": "nofile=many"}),
        _case(
            "step-build",
            "mixed",
            package="api",
            fails={
                built: Failure(
                    1,
                    {
                        "kind": "build",
                        "package": "core",
                        "output": "error: Failed to build `core`\n  no",
                    },
                )
            },
        ),
        _case(
            "step-hash",
            "mixed",
            package="api",
            fails={
                "click": Failure(
                    1,
                    {
                        "kind": "hash",
                        "package": "click",
                        "detail": "sha256:aa sha256:bb",
                        "output": "",
                    },
                )
            },
        ),
        _case(
            "step-network",
            "shop",
            package="report",
            fails={
                "babel": Failure(
                    1,
                    {
                        "kind": "network",
                        "package": "babel",
                        "detail": "https://index.example/x",
                        "output": "",
                    },
                )
            },
        ),
        _case("step-killed", "mixed", package="api", fails={built: Failure(137)}),
        _case(
            "step-killed-old", "mixed", package="api", fails={built: Failure(137)}, profile="old"
        ),
        _case(
            "step-apt",
            "mixed",
            package="site",
            keys={"apt": "nothing"},
            fails={
                "apt": Failure(
                    100, {"kind": "system", "detail": "E: Unable to locate nothing", "output": ""}
                )
            },
        ),
        _case(
            "step-tests",
            "mixed",
            package="api",
            target="test",
            fails={
                "[test]": Failure(
                    1,
                    {
                        "kind": "tests",
                        "detail": "1",
                        "output": "1 failed",
                    },
                )
            },
        ),
        _case(
            "step-check",
            "libraries",
            fails={
                "[check]": Failure(
                    1,
                    {
                        "kind": "check",
                        "detail": "exit code 1",
                        "output": "No module named acme",
                    },
                )
            },
        ),
        _case(
            "step-managed",
            "single",
            keys={"base": "debian:13-slim"},
            fails={"install Python": Failure(2)},
        ),
        _case(
            "step-version",
            "mixed",
            package="versioned",
            files=_HEAD,
            keys={"base": "python:3.13"},
            fails={"version of": Failure(1)},
        ),
    ]


CASES: tuple[Case, ...] = (
    *_targets(),
    *_engines(),
    *_platforms(),
    *_calls(),
    *_packages(),
    *_features(),
    *_options(),
    *_contexts(),
    *_errors(),
)
