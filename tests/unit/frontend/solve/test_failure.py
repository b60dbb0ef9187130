"""Every kind of failure that a step reports is explained, and no report is trusted."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import frontend.steps
from frontend.emit.step import Step
from frontend.errors import Location, SourceFile
from frontend.model.base_changes import SystemPackages
from frontend.model.layers import BaseLayer, FilesLayer, Kind, Layer, MembersLayer, PackagesLayer
from frontend.model.packages import LocalPackage, LockedPackage
from frontend.solve.failure import FAILURES, Failure, FailureReport, error_of, failure_message

STEPS = Path(frontend.steps.__file__).parent
#: `check.py` leaves its reports for `solve/checks.py`, which explains them itself.
ELSEWHERE = {"check"}
LOCK = Location.line(SourceFile("uv.lock", "lock"), 1)
MANIFEST = Location.line(SourceFile("api/pyproject.toml", "manifest"), 1)
KEY = Location.line(SourceFile("Dockerfile", "key"), 1)
PACKAGE = LockedPackage("idna", "3.8", {"name": "idna", "version": "3.8"})
MEMBER = LocalPackage("api", "1.0", "api")


def reported_kinds() -> set[str]:
    """Every text that a script of a step gives as the kind of its report."""
    kinds: set[str] = set()
    for path in STEPS.glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "kind":
                        assert isinstance(value, ast.Constant), path
                        kinds.add(str(value.value))
            elif isinstance(node, ast.For) and "kind" in ast.unparse(node.target):
                assert isinstance(node.iter, ast.Tuple), path
                for row in node.iter.elts:
                    kinds.add(str(ast.literal_eval(cast("ast.Tuple", row).elts[0])))
            elif isinstance(node, ast.Assign) and "['kind']" in ast.unparse(node.targets[0]):
                value = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
                if isinstance(value, ast.Constant):
                    kinds.add(str(value.value))
    for path in STEPS.glob("*.sh"):
        kinds |= set(re.findall(r'"kind": "([^"]+)"', path.read_text()))
    return kinds


def failure(kind: str, layer: Layer | None = None, **fields: str) -> Failure:
    """A failure of a layer with one package of the lock, or of `layer`."""
    inputs = SimpleNamespace(
        package=MEMBER,
        context=SimpleNamespace(ignore=None, ignoring=lambda path: 0),
        settings=SimpleNamespace(
            origin=lambda key: (KEY,), spec=SimpleNamespace(build_group="tools")
        ),
        workspace=SimpleNamespace(
            lock=SimpleNamespace(place=lambda *_: LOCK, requires_python=">=3.12"),
            manifest=lambda _: SimpleNamespace(place=lambda *_: MANIFEST),
        ),
    )
    report = FailureReport(kind, **{"package": "idna", **fields})
    step = Step(layer or PackagesLayer(Kind.PACKAGES, (PACKAGE,)), cast("Any", None), "report.json")
    return Failure(step, report, cast("Any", inputs))


def test_the_table_has_every_kind_that_a_step_reports() -> None:
    kinds = reported_kinds()
    assert len(kinds) > 15
    assert kinds - ELSEWHERE == FAILURES.keys()


@pytest.mark.parametrize(
    ("kind", "detail", "message", "remedy"),
    [
        ("auth", "https://i.example/x", "idna 3.8: the index refuses access: https", "UV_INDEX_"),
        ("build", "", "idna 3.8 cannot be built:\n  boom", "choose a `builder`"),
        ("certificate", "UnknownIssuer", "is not trusted (UnknownIssuer)", "--secret id=ca"),
        ("files", "", "idna 3.8 cannot be installed:\n  boom", ""),
        ("git", "", "idna 3.8 comes from git, and", 'build-apt = ["git"]'),
        ("git-access", "https://git.example/x", "refuses access", "GIT_AUTH_TOKEN.git.example,"),
        ("git-access", "ssh://git.example/x", "refuses access", "--ssh default"),
        ("git-access", "https://[::1", "refuses access", "GIT_AUTH_TOKEN.HOST,"),
        ("git-host", "ssh://git.example/x", "key of the git server", "ssh-keyscan"),
        ("git-lfs", "", "has large files in git", '"git-lfs"'),
        ("git-ssh", "", "no SSH client", "`builder`"),
        ("hash", "sha256:1 sha256:2", "expected sha256:1, got sha256:2", "--upgrade-package idna`"),
        ("missing", "", "idna 3.8: the index has no such file any more", "uv lock"),
        ("network", "timed out", "cannot be reached: timed out", "http_proxy"),
        ("other", "", "idna 3.8 cannot be installed:\n  boom", ""),
        ("of the future", "", "idna 3.8 cannot be installed:\n  boom", ""),
        ("requirement", "hatchling,x", "is built with hatchling", "--group tools 'hatchling'"),
        ("wheel", "", "cannot be installed on Python >=3.12:   boom", "Choose another `python`"),
    ],
)
def test_a_package_that_fails(kind: str, detail: str, message: str, remedy: str) -> None:
    error = error_of(failure(kind, detail=detail, output="  boom"))
    assert message in error.message
    assert remedy in error.remedy
    assert error.places == (LOCK,)


def test_a_member_that_fails() -> None:
    error = error_of(failure("build", MembersLayer((MEMBER,)), output="boom"))
    assert error.message == "package 'api' cannot be built:\nboom"
    assert "uv build" in error.remedy
    assert error.places == (MANIFEST,)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("tests", "the tests of 'api' failed (exit code 1):\n1 failed"),
        ("test command", "the tests of 'api' cannot be started: 1"),
    ],
)
def test_tests_that_fail(kind: str, message: str) -> None:
    error = error_of(failure(kind, detail="1", output="1 failed"))
    assert (error.message, error.places) == (message, (KEY,))


@pytest.mark.parametrize(
    ("manager", "output", "reason"),
    [
        ("apt", "", "no such package"),
        ("apk", "x\nERROR: unable to select packages:\n  curl (no such package)", "ERROR: unable"),
    ],
)
def test_system_packages_that_fail(manager: str, output: str, reason: str) -> None:
    change = SystemPackages(manager, manager, ("curl",), "debian-13")
    layer = BaseLayer(change)
    error = error_of(failure("system", layer, detail="no such package", output=output))
    assert error.message.startswith(f"packages of {manager} cannot be installed: {reason}")
    assert ("apt-snapshot" in error.remedy) is (manager == "apt")
    assert error.places == (KEY,)


def test_files_that_do_not_exist() -> None:
    error = error_of(failure("files", FilesLayer(()), detail="a.txt"))
    assert error.message == "files: the build context has nothing at 'a.txt'"


def document(**report: object) -> bytes:
    return json.dumps({"name": "n.json", "report": {"kind": "build", **report}}).encode()


def test_a_report_is_read() -> None:
    data = document(package="idna", detail=" d\n", output="a\nb")
    assert FailureReport.parse(data) == ("n.json", FailureReport("build", "idna", "d", "a\nb"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"name": "n.json"}',
        b'{"name": "n.json", "report": []}',
        b'{"name": 1, "report": {"kind": "build"}}',
        document(detail=1),
        document(output=None),
        document(kind=["build"]),
    ],
)
def test_a_malformed_report_counts_as_none(data: bytes) -> None:
    assert FailureReport.parse(data) is None


def test_a_report_is_bounded_and_has_no_control_characters() -> None:
    detail = "d" * 20_000_000 + "\n::error::\x1b[31m"
    parsed = FailureReport.parse(document(detail=detail, output="\x1b[31mred\r\n" + "o" * 10**7))
    assert parsed is not None
    report = parsed[1]
    assert len(report.detail) < 2_100
    assert len(report.output) < 2_100
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", report.detail + report.output)
    assert FailureReport.parse(document(detail="a\n::error::b"))[1].detail == "a ::error::b"  # type: ignore[index]


FIELDS = st.sampled_from(["name", "report", "kind", "package", "detail", "output"])
JSON = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(sorted(FAILURES)),
    lambda inner: st.lists(inner) | st.dictionaries(FIELDS, inner),
)


@given(JSON)
def test_no_report_is_a_bug_of_ours(document: object) -> None:
    parsed = FailureReport.parse(json.dumps(document).encode())
    if parsed:
        report = parsed[1]
        assert error_of(
            failure(report.kind, package=report.package, detail=report.detail, output=report.output)
        ).message


def test_only_the_end_of_a_long_output_is_shown() -> None:
    text = failure_message("\n".join(f"line {n}" for n in range(100)))
    assert text.splitlines()[0] == "  …"
    assert text.splitlines()[-1] == "line 99"
    assert len(text.splitlines()) == 26
