"""How findings reach the user: as warnings, as an error where the user wants that, and once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend import findings
from frontend.errors import FrontendError, Location, SourceFile
from frontend.findings import CheckPolicy, Finding
from frontend.lint import report
from frontend.model.packages import Closure, LockedPackage
from frontend.model.uv import UV_VERSION
from tests.unit.frontend import builds
from tests.unit.frontend.locks import HEAD, manifest, package, registry

PLACE = Location.line(SourceFile("Dockerfile", '[env]\nAPI_KEY = "hush"\n'), 2)
SECRET = Finding(findings.SECRET_IN_ENV, "env.API_KEY looks like a secret", (PLACE,))
FACT = Finding(None, "this context has no time", detail=("Name one.",))
UNPINNED = Finding(findings.UNPINNED_BASE, "no digest")
STALE = Finding(findings.STALE_LOCK, "out of date")
FILES = {
    "pyproject.toml": manifest("api", "[tool.uv]", 'required-version = ">=99"'),
    "uv.lock": HEAD + package("api", 'editable = "."', "0") + registry("uvloop", "1", wheels=()),
}


def test_a_rule_is_a_warning_with_its_page_and_a_fact_has_details_of_its_own() -> None:
    daemon: Any = builds.Daemon()
    report.report_findings(daemon, CheckPolicy(), [SECRET, FACT, SECRET, UNPINNED])
    assert [short for short, _ in daemon.warnings] == [SECRET.text, FACT.text]
    first, second = (more for _, more in daemon.warnings)
    assert first["detail"] == [findings.SECRET_IN_ENV.description]
    assert first["url"].endswith("docs/checks.md#secretinenv")
    assert first["places"][0].source.text == '[env]\nAPI_KEY = "****"\n'
    assert (second["detail"], second["url"], second["places"]) == (("Name one.",), "", ())


VALUES = st.text(st.characters(blacklist_characters="\"'\n\r", min_codepoint=33), min_size=1)
NAMES = st.from_regex(r"[A-Z]{1,8}_(KEY|TOKEN|PASSWORD|SECRET|AUTH)", fullmatch=True)


@given(NAMES.filter(lambda name: "PUBLIC" not in name), VALUES, st.sampled_from("\"'"))
def test_no_value_of_a_secret_is_in_what_is_shown(name: str, value: str, quote: str) -> None:
    """The value is marked, so that it is found wherever it might be left."""
    secret = f"<{value}>"
    source = SourceFile(
        "Dockerfile", f"[env]\n{name} = {quote}{secret}{quote}\nMODE = {quote}a{quote}\n"
    )
    daemon: Any = builds.Daemon()
    finding = Finding(findings.SECRET_IN_ENV, f"env.{name}", (Location.line(source, 2),))
    report.report_findings(daemon, CheckPolicy(), [finding])
    ((_, more),) = daemon.warnings
    assert secret not in more["places"][0].source.text
    assert more["places"][0].source.text.split("\n")[2] == source.text.split("\n")[2]
    with pytest.raises(FrontendError) as caught:
        report.refuse_findings(CheckPolicy(error=True), [finding])
    assert secret not in caught.value.places[0].source.text


def test_findings_fail_a_build_only_where_the_user_wants_that() -> None:
    report.refuse_findings(CheckPolicy(), [STALE])
    report.refuse_findings(CheckPolicy(error=True), [FACT, UNPINNED])
    report.refuse_findings(CheckPolicy(frozenset(["stalelock"]), error=True), [STALE])
    with pytest.raises(FrontendError, match="StaleLock, SecretInEnv") as caught:
        report.refuse_findings(CheckPolicy(error=True), [STALE, SECRET, STALE])
    assert caught.value.places == STALE.shown


def test_a_uv_that_the_workspace_does_not_admit_is_an_error_unless_the_rule_is_skipped() -> None:
    inputs = builds.inputs(FILES, "api")
    with pytest.raises(FrontendError, match="asks for >=99") as caught:
        report.require_admitted_uv(inputs)
    assert UV_VERSION in caught.value.remedy
    assert caught.value.places[0].source.filename == "pyproject.toml"
    report.require_admitted_uv(
        replace(inputs, check_policy=CheckPolicy(frozenset(["requiredversion"])))
    )


def test_findings_of_reading_and_resolving_come_once_and_in_order() -> None:
    inputs = replace(builds.inputs(FILES, "api"), findings=(STALE,))
    platforms = [replace(builds.resolved(inputs), findings=(fact,)) for fact in (FACT, SECRET)]
    assert report.resolved_findings(platforms) == (STALE, FACT, SECRET)


def test_rules_are_applied_to_the_workspace_once_and_to_each_platform() -> None:
    inputs = builds.inputs(FILES, "api")
    uvloop = LockedPackage("uvloop", "1", {"source": {}}, built=True)
    platform = builds.resolved(inputs, Closure((uvloop,), inputs.packages))
    rules = [finding.rule for finding in report.lint_findings([platform, platform])]
    assert rules.count(findings.REQUIRED_VERSION) == 1
    assert rules.count(findings.MISSING_WHEEL) == 2


def test_what_a_failed_stage_found_is_reported_before_its_error() -> None:
    daemon: Any = builds.Daemon()
    error = FrontendError("no base")
    error.findings = (STALE, UNPINNED)
    with pytest.raises(FrontendError) as caught, report.reporting_failures(daemon, CheckPolicy):
        raise error
    assert caught.value is error
    assert [short for short, _ in daemon.warnings] == [STALE.text]
