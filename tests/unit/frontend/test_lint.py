"""Which rules are told, and what is never shown."""

from __future__ import annotations

import pytest

from frontend import findings, redaction
from frontend.errors import Location, SourceFile
from frontend.findings import ARGUMENT, CheckPolicy, Finding
from frontend.redaction import password_lines
from frontend.request import Request
from llb import Platform

BASE = Finding(findings.UNPINNED_BASE, "no digest")
LOCK = Finding(findings.STALE_LOCK, "out of date")


def request(check: str = "") -> Request:
    options = {f"build-arg:{ARGUMENT}": check} if check else {}
    return Request(options, session="", build_platform=Platform("linux", "amd64"))


def test_builds_tell_what_need_not_be_asked() -> None:
    policy = CheckPolicy.of(request())
    assert policy.wanted([LOCK, BASE, LOCK]) == (LOCK,)
    assert policy.wanted([LOCK, BASE], check_only=True) == (LOCK, BASE)


def test_facts_without_a_rule_are_always_reported() -> None:
    fact = Finding(None, "this context has no time")
    assert CheckPolicy.of(request("skip=all")).wanted([LOCK, fact, fact]) == (fact,)


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("skip=StaleLock", (BASE,)),
        ("skip=stalelock, other", (BASE,)),
        ("error=true;skip=UnpinnedBase", (LOCK,)),
        ("skip=all", ()),
        ("skip=", (LOCK, BASE)),
        ("nonsense", (LOCK, BASE)),
    ],
)
def test_rules_are_skipped_as_in_dockerfiles(check: str, told: tuple[Finding, ...]) -> None:
    policy = CheckPolicy.of(request(check))
    assert policy.wanted([LOCK, BASE], check_only=True) == told
    assert policy.error is ("error" in check)


@pytest.mark.parametrize(
    ("build_file", "argument", "told"),
    [
        ("# syntax=org/uv-frontend\n#check = skip=StaleLock \n", "", (BASE,)),
        ("# Check=skip=all", "", ()),
        ("# check=skip=all\n", "skip=StaleLock", (BASE,)),
        ("# a comment\n# check=skip=all\n", "", (LOCK, BASE)),
        ('package = "api"\n# check=skip=all\n', "", (LOCK, BASE)),
        ("", "", (LOCK, BASE)),
    ],
)
def test_the_build_file_skips_rules_where_no_argument_does(
    build_file: str, argument: str, told: tuple[Finding, ...]
) -> None:
    policy = CheckPolicy.of(request(argument), build_file)
    assert policy.wanted([LOCK, BASE], check_only=True) == told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("API_KEY = 'hush'", 'API_KEY = "****"'),
        ('env = { A = "1", DB_PASSWORD = "hush" }', 'env = { A = "1", DB_PASSWORD = "****" }'),
        ('"TOKEN" = "hush"', '"TOKEN" = "****"'),
        ('PUBLIC_KEY = "shown"', 'PUBLIC_KEY = "shown"'),
        ('TOKEN_FILE = "/run/secrets/token"', 'TOKEN_FILE = "/run/secrets/token"'),
        ('KEYBOARD = "us"', 'KEYBOARD = "us"'),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert redaction.hidden(text) == shown
    place = Location.line(SourceFile("Dockerfile", f"# first\n{text}\n"), 2)
    (found,) = Finding(findings.SECRET_IN_ENV, "", (place,)).shown
    assert (found.start, found.source.text) == (2, f"# first\n{shown}\n")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('url = "https://me:hush@index.example/"', True),
        ("# http://:hush@index.example", True),
        ('url = "https://me:${PASS}@index.example/"', False),
        ('url = "https://me@index.example/"', False),
        ('git = "ssh://git:hush@git.example/x"', False),
        ('url = "https://index.example:8080/@scope"', False),
    ],
)
def test_lines_with_passwords(line: str, found: bool) -> None:
    assert password_lines(f"[a]\n{line}\n") == ((2,) if found else ())
