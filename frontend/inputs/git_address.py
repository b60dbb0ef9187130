"""Git addresses as users of BuildKit write them.

`https://HOST/PATH.git`, `ssh://`, `git://`, `git@HOST:PATH`, `github.com/OWNER/NAME`, each with
`#REF:SUBDIR` or a query. The rules are those of BuildKit (frontend/dockerfile/dfgitutil and
util/gitutil): an HTTP address without `.git` at the end of its path is a download.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote

from frontend.errors import FrontendError
from frontend.redaction import without_credentials
from frontend.request import TRUTH
from llb import git_remote

_HTTP = re.compile(r"[a-zA-Z]+://[^/]+/.*\.git", re.DOTALL)
#: Parts of a query that may stand alone, and mean `true` then.
_FLAGS = ("keep-git-dir", "submodules", "fetch-by-commit")
_KNOWN = ("ref", "tag", "branch", "subdir", "checksum", "commit", "mtime", *_FLAGS)


@dataclass(frozen=True)
class GitAddress:
    """The parts of a git address; empty ones are not given. Submodules are fetched by default."""

    address: str
    remote: str
    ref: str = ""
    subdir: str = ""
    checksum: str = ""
    keep_git_dir: bool = False
    submodules: bool = True
    mtime: str = ""
    fetch_by_commit: bool = False

    @property
    def shown(self) -> str:
        """The address without user and password."""
        return str(without_credentials(self.address))

    @classmethod
    def parse(cls, address: str) -> GitAddress | None:
        """Read an address; None where it is not git's. FrontendError for a query that is wrong."""
        remote, query, fragment = git_remote.split(address)
        if not _is_git(remote):
            return None
        ref, _, subdir = unquote(fragment).partition(":")
        plain = cls(address, remote, ref, posixpath.normpath(f"/{subdir}").strip("/"))
        try:
            git_remote.GitRemote.parse(remote)
        except ValueError:
            raise _wrong(plain, "it names no repository") from None
        parsed = _with_query(plain, query) if query else plain
        if "\0" in parsed.ref + parsed.subdir + parsed.checksum:
            raise _wrong(plain, "a NUL is in it")
        if parsed.fetch_by_commit and not parsed.checksum:
            raise _wrong(plain, "fetch-by-commit needs the commit: checksum=COMMIT")
        return parsed


def _is_git(remote: str) -> bool:
    scheme = git_remote.scheme(remote)
    if not scheme:
        return remote.startswith("github.com/")
    if scheme in ("http", "https"):
        return bool(_HTTP.fullmatch(unquote(remote)))
    return scheme in ("ssh", "git")


def _with_query(plain: GitAddress, query: str) -> GitAddress:
    values = {}
    for key, several in parse_qs(query, keep_blank_values=True).items():
        if key not in _KNOWN:
            raise _wrong(plain, f"{key!r} is not known; there are {', '.join(_KNOWN)}")
        if len(several) > 1:
            raise _wrong(plain, f"{key!r} is there more than once")
        if not several[0] and key not in _FLAGS:
            raise _wrong(plain, f"{key!r} has no value")
        values[key] = several[0]
    flags = {key: _flag(plain, key, values[key]) for key in _FLAGS if key in values}
    if values.get("mtime", "commit") not in ("commit", "checkout"):
        raise _wrong(plain, f"mtime is commit or checkout, not {values['mtime']!r}")
    if "tag" in values and "branch" in values:
        raise _wrong(plain, "a tag and a branch are named")
    refs = {values["ref"]} if "ref" in values else set()
    for key, prefix in (("tag", "refs/tags/"), ("branch", "refs/heads/")):
        if key in values:
            refs.add(prefix + values[key].removeprefix(prefix))
    return replace(
        plain,
        ref=_one(plain, "ref", {plain.ref, *refs} - {""}),
        subdir=_one(plain, "subdir", {plain.subdir, values.get("subdir", "").strip("/")} - {""}),
        checksum=_one(
            plain, "checksum", {values.get(key, "") for key in ("checksum", "commit")} - {""}
        ),
        keep_git_dir=flags.get("keep-git-dir", False),
        submodules=flags.get("submodules", True),
        mtime=values.get("mtime", ""),
        fetch_by_commit=flags.get("fetch-by-commit", False),
    )


def _flag(plain: GitAddress, key: str, text: str) -> bool:
    value = TRUTH.get(text.lower()) if text else True
    if value is None:
        raise _wrong(plain, f"{key} is true or false, not {text!r}")
    return value


def _one(plain: GitAddress, what: str, values: set[str]) -> str:
    if len(values) > 1:
        raise _wrong(plain, f"there is more than one {what}: {', '.join(sorted(values))}")
    return next(iter(values), "")


def _wrong(address: GitAddress, why: str) -> FrontendError:
    return FrontendError(
        f"the git address {address.shown} cannot be read: {why}",
        remedy="Its form is https://HOST/PATH.git#REF:SUBDIR, or "
        "https://HOST/PATH.git?ref=REF&subdir=SUBDIR.",
    )
