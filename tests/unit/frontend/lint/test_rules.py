"""What each rule looks at, and how findings are reported."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

import llb
from frontend.context import Context
from frontend.context.source import LocalSource
from frontend.errors import FrontendError, Location, SourceFile
from frontend.findings import STALE_LOCK, CheckPolicy, Finding
from frontend.lint import images, options, report, workspace
from frontend.model.packages import Closure, LocalPackage, LockedPackage
from frontend.project.lock import Lock
from frontend.request import ExecOptions, Request
from frontend.targets.result import TargetResult
from frontend.toml_document import TomlDocument
from tests.unit.frontend.locks import HEAD, package, registry
from tests.unit.frontend.targets import target

if TYPE_CHECKING:
    from collections.abc import Iterable

API = LocalPackage("api", "apps/api", "editable", "1.0")
LOCK = HEAD + '[manifest]\nmembers = ["api"]\n' + package("api", 'editable = "apps/api"', "1.0")
PLACE = Location.line(SourceFile("Dockerfile", "base"), 1)


def inputs(
    root: str = "", manifest: str = "", *, ignore: str = "", lock: str = LOCK, **spec: Any
) -> Any:
    """Inputs that have what rules look at."""
    documents = {
        "root": TomlDocument.parse(SourceFile("pyproject.toml", root)),
        "api": TomlDocument.parse(
            SourceFile("apps/api/pyproject.toml", '[project]\nname = "api"\n' + manifest)
        ),
    }
    keys = dict.fromkeys(("base", "builder", "env", "uv"))
    parsed = Lock.parse(SourceFile("uv.lock", lock))
    return SimpleNamespace(
        workspace=SimpleNamespace(
            root=documents["root"],
            manifests={"api": documents["api"]},
            lock=parsed,
            manifest=lambda local: documents[local.name],
            path=lambda local: local.path,
        ),
        settings=SimpleNamespace(
            spec=SimpleNamespace(**{**keys, **spec}),
            place=lambda key: (PLACE,),
            origin=lambda key: (PLACE,),
        ),
        context=Context(
            LocalSource("context", "s"), SourceFile(".dockerignore", ignore) if ignore else None
        ),
        request=SimpleNamespace(
            named_contexts={}, build_platform=llb.Platform("linux", "amd64"), options={}
        ),
        selection=SimpleNamespace(packages=("api",), groups=()),
        local_names=("api",),
        check_policy=CheckPolicy(),
        findings=(),
    )


def rules(found: Iterable[Finding]) -> list[tuple[str, int]]:
    """Names of rules, and the line of the first place."""
    return [(f.rule.name if f.rule else "", f.places[0].start if f.places else 0) for f in found]


def test_a_clean_workspace_has_no_findings() -> None:
    assert rules(workspace.findings(inputs())) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"root": '[tool.uv]\ndev-dependencies = ["x"]\n'}, ("DeprecatedSetting", 2)),
        ({"env": {"DB_PASSWORD": "hush"}}, ("SecretInEnv", 1)),
        (
            {"manifest": 'readme = "README.md"\n', "ignore": "# docs\n**/*.md\n"},
            ("IgnoredReadme", 2),
        ),
        ({"root": '[tool.uv]\nrequired-version = ">=99"\n'}, ("RequiredVersion", 2)),
    ],
)
def test_rules_of_the_workspace(changes: dict[str, Any], expected: tuple[str, int]) -> None:
    assert expected in rules(workspace.findings(inputs(**changes)))


def test_a_lock_that_is_out_of_date() -> None:
    found = workspace.all_stale(inputs(manifest='dependencies = ["idna"]\n'))
    assert rules(found) == [("StaleLock", 3)]


def test_bases_without_a_digest() -> None:
    assert rules(images.bases(inputs(base="python:3.13"))) == [("UnpinnedBase", 1)]
    assert rules(images.bases(inputs(base=f"python@sha256:{'a' * 64}"))) == []


def test_packages_without_a_wheel() -> None:
    lock = LOCK + registry("thing", "1", ())
    table = Lock.parse(SourceFile("uv.lock", lock)).named("thing")[0]
    closure = Closure((LockedPackage("thing", "1", table, built=True),), ())
    found = inputs(lock=lock)
    line = lock.splitlines().index('name = "thing"') + 1
    (built,) = images.built(found, closure)
    assert "built from source: thing 1" in built.text
    resolved = SimpleNamespace(
        inputs=found, closure=closure, base=SimpleNamespace(interpreter=target())
    )
    assert rules(images.wheels(cast("Any", resolved))) == [("MissingWheel", line)]
    assert list(images.built(found, Closure((), ()))) == []


def test_members_that_a_compiler_builds() -> None:
    made = inputs(manifest='[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n')
    (finding,) = images.compiled(made, Closure((), (API,)))
    assert "built by a compiler: api" in finding.text
    assert list(images.compiled(inputs(), Closure((), (API,)))) == []


def request(**changes: Any) -> Request:
    return Request({}, "", llb.Platform("linux", "amd64"), **changes)


def test_a_proxy_with_a_password() -> None:
    secret = ExecOptions(proxy={"http": "http://user:word@proxy.example"})
    assert len(list(options.passwords(request(exec_options=secret)))) == 1
    plain = ExecOptions(proxy={"http": "http://proxy.example"})
    assert list(options.passwords(request(exec_options=plain))) == []


def test_options_without_effect() -> None:
    result = TargetResult(llb.image("docker.io/library/x"), cast("Any", None))
    capabilities = llb.Capabilities.of(*llb.LLB_DEFAULTS)
    limited = ExecOptions(resources=llb.LinuxResources(memory=1))
    asked = request(no_cache=("image", "nothing"), exec_options=limited)
    texts = [f.text for f in options.without_effect(asked, capabilities, result)]
    assert [text.partition(" ")[0] for text in texts] == ["--no-cache-filter=nothing", "limits"]


class Shown:
    """A gateway that keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, str]] = []

    def warn(self, short: str, *, detail: Any, url: str, places: Any) -> None:
        self.warnings.append((short, url.rpartition("#")[2]))


STALE = Finding(STALE_LOCK, "stale", (PLACE,))
FACT = Finding(None, "fact")


def test_findings_are_warnings_each_once() -> None:
    shown = Shown()
    report.report_findings(cast("Any", shown), CheckPolicy(), [STALE, FACT, STALE])
    assert shown.warnings == [("stale", "stalelock"), ("fact", "")]


def test_findings_of_rules_can_fail_a_build() -> None:
    report.refuse_findings(CheckPolicy(error=True), [FACT])
    report.refuse_findings(CheckPolicy(), [STALE])
    with pytest.raises(FrontendError, match="StaleLock"):
        report.refuse_findings(CheckPolicy(error=True), [STALE])


def test_what_was_found_before_an_error_is_shown_with_it() -> None:
    shown = Shown()
    error = FrontendError("wrong")
    error.findings = (FACT,)
    with (
        pytest.raises(FrontendError, match="wrong"),
        report.reporting_failures(cast("Any", shown), CheckPolicy),
    ):
        raise error
    assert shown.warnings == [("fact", "")]
