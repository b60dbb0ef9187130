"""What is allowed and still worth a word: named rules, told by `--call=check` and by builds.

docs/checks.md has a heading for each rule. What cannot be built is no finding but an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontend.redaction import hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from frontend.errors import Location
    from frontend.request import Request


#: The page with a heading for each rule.
PAGE = "https://github.com/org/uv-frontend/blob/main/docs/checks.md"
ALL = "all"
#: The build argument by which Dockerfiles choose rules as well (BuildKit, dockerfile/linter).
ARGUMENT = "BUILDKIT_DOCKERFILE_CHECK"
_OPTION = f"build-arg:{ARGUMENT}"
_DIRECTIVE = re.compile(r"#[ \t]*(?P<name>[a-z][a-z0-9]*)[ \t]*=(?P<value>.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """A kind of finding; `--call=check` alone reports one that is `check_only`."""

    name: str
    description: str
    check_only: bool = False

    @property
    def url(self) -> str:
        """Where it is explained."""
        return f"{PAGE}#{self.name.lower()}"


@dataclass(frozen=True)
class Finding:
    """A place, or none in particular, where a rule does not hold; the places are of one file.

    Without a rule it is a fact of this build, which is always reported.
    """

    rule: Rule | None
    text: str
    places: tuple[Location, ...] = ()
    detail: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[Location, ...]:
        """The places, in files without what looks like a secret."""
        return tuple(
            replace(place, source=replace(place.source, text=hidden(place.source.text)))
            for place in self.places
        )


@dataclass(frozen=True)
class CheckPolicy:
    """Which rules the user does not want to hear of, and whether findings fail a build."""

    skip: frozenset[str] = frozenset()
    error: bool = False

    @classmethod
    def of(cls, request: Request, build_file: str = "") -> CheckPolicy:
        """Read the build argument, such as `skip=UnpinnedBase,MissingWheel;error=true`.

        Where it is not given, a `# check=…` at the top of the build file is read instead.
        """
        text = request.options.get(_OPTION)
        if text is None:
            text = _directive(build_file)
        fields = dict(part.strip().partition("=")[::2] for part in text.split(";"))
        names = (name.strip().lower() for name in fields.get("skip", "").split(","))
        return cls(frozenset(filter(None, names)), fields.get("error", "").lower() == "true")

    def wants(self, rule: Rule | None, *, check_only: bool = False) -> bool:
        """Return whether findings of the rule are reported; `check_only` by `--call=check`."""
        if rule is None:
            return True
        skipped = not self.skip.isdisjoint((ALL, rule.name.lower()))
        return not skipped and (check_only or not rule.check_only)

    def wanted(
        self, findings: Iterable[Finding], *, check_only: bool = False
    ) -> tuple[Finding, ...]:
        """Return the findings that the user wants to hear of, each once."""
        kept = (f for f in findings if self.wants(f.rule, check_only=check_only))
        return tuple(dict.fromkeys(kept))


DEFAULT_POLICY = CheckPolicy()


def _directive(build_file: str) -> str:
    """Return the value of the comment `# check=…` at the build file's top; empty without one.

    Comments with a name and a value are directives up to the first line that is none (BuildKit,
    dockerfile/parser/directives.go).
    """
    for line in build_file.splitlines():
        directive = _DIRECTIVE.fullmatch(line)
        if not directive:
            break
        if directive["name"].lower() == "check":
            return directive["value"].strip(" \t")
    return ""


STALE_LOCK = Rule("StaleLock", "uv.lock should fit the manifests that it was made from")
MISSING_WHEEL = Rule(
    "MissingWheel", "Packages should have a wheel for every platform that is built for"
)
COMPILED_MEMBER = Rule(
    "CompiledMember", "What a compiler writes may differ from one machine to the next"
)
PASSWORD_IN_ADDRESS = Rule(
    "PasswordInAddress", "Addresses in manifests should hold no password: give it as a secret"
)
IGNORED_README = Rule("IgnoredReadme", "A readme that a manifest names should not be ignored")
VIRTUAL_DEPENDENCY = Rule(
    "VirtualDependency", "Members that others depend on should be packages: others install nothing"
)
REQUIRED_VERSION = Rule(
    "RequiredVersion", "The uv of the frontend should be one that the workspace asks for"
)
SETTING_WITHOUT_EFFECT = Rule(
    "SettingWithoutEffect", "Settings of uv should stand where they have an effect"
)
SECRET_IN_ENV = Rule(
    "SecretInEnv", "Secrets should not be in the image's environment: everybody who has it sees it"
)
DEPRECATED_SETTING = Rule(
    "DeprecatedSetting", "Settings that uv has replaced should not be used", check_only=True
)
UNPINNED_BASE = Rule(
    "UnpinnedBase",
    "A base that is named with its digest is the same in every build",
    check_only=True,
)
RULES = (
    STALE_LOCK,
    MISSING_WHEEL,
    COMPILED_MEMBER,
    PASSWORD_IN_ADDRESS,
    IGNORED_README,
    VIRTUAL_DEPENDENCY,
    REQUIRED_VERSION,
    SETTING_WITHOUT_EFFECT,
    SECRET_IN_ENV,
    DEPRECATED_SETTING,
    UNPINNED_BASE,
)
