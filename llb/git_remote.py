"""Addresses of git repositories: how they are divided, and what of them goes into a graph.

The rules are those of BuildKit (util/gitutil): `http://`, `https://`, `ssh://` and `git://`,
`user@host:path` (ssh), `host/path` (https); a query and a fragment follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

_SCHEME = re.compile(r"([a-zA-Z0-9]+)://")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z0-9]+)://(?:[^@/?#]*@)?(?P<host>[^/?#]+)(?P<path>[^?#]*)(?P<rest>.*)"
)
_SCP = re.compile(r"[a-zA-Z0-9_-]+@(?P<host>[a-zA-Z0-9.-]+):(?P<path>[^?#]*)(?P<rest>.*)")


def split(address: str) -> tuple[str, str, str]:
    """Divide an address into the repository, the query and the fragment; each may be empty."""
    before, _, fragment = address.partition("#")
    remote, _, query = before.partition("?")
    return remote, query, fragment


def scheme(remote: str) -> str:
    """Return the protocol that an address names, in lower case: `ssh` for `user@host:path`.

    Empty for `host/path`, which names none.
    """
    if match := _SCHEME.match(remote):
        return match[1].lower()
    return "ssh" if _SCP.fullmatch(remote) else ""


@dataclass(frozen=True, slots=True)
class GitRemote:
    """The parts of a git address that go into the graph."""

    url: str
    host: str
    path: str
    ssh: bool

    @classmethod
    def parse(cls, remote: str) -> GitRemote:
        """Read an address; ValueError for another protocol, and for a query or fragment in it."""
        scp = _SCP.fullmatch(remote)
        if scp is None and "://" not in remote:
            remote = "https://" + remote
        match = scp or _URL.fullmatch(remote)
        if match is None:
            raise ValueError(f"not the address of a git repository: {remote!r}")
        if match["rest"]:
            raise ValueError(
                f"{match['rest']!r} does not belong into the address {remote!r}:"
                " give ref and subdir as arguments"
            )
        scheme = "ssh" if scp else match["scheme"].lower()
        if scheme not in ("http", "https", "ssh", "git"):
            raise ValueError(f"git is fetched over http, https, ssh or git, not {scheme}")
        if "\0" in unquote(match["path"]):
            raise ValueError(f"a path has no NUL in it: {remote!r}")
        if scp:
            return cls(remote, match["host"], match["path"], ssh=True)
        url = scheme + remote[len(scheme) :]
        return cls(url, match["host"], unquote(match["path"]), ssh=scheme == "ssh")
