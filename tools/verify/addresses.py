"""Addresses that a rebuild may read: of the network alone, never of the machine that verifies.

buildx takes whatever is no address for a folder of this machine and sends it to the engine. So an
address has to be one for certain: there is a list of forms, and everything else is refused.
"""

from __future__ import annotations

import os
import re
from posixpath import normpath
from urllib.parse import parse_qsl, urlencode

from tools.verify.errors import UnverifiableError

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_ACCOUNT = r"(?:[A-Za-z0-9_][A-Za-z0-9_.~%+-]*(?::[^@/?#]*)?@)?"
_URL = re.compile(rf"(?P<scheme>https|http|ssh|git)://{_ACCOUNT}{_HOST}/[^/?#].*")
#: As git writes addresses of SSH, and BuildKit takes them: `git@host:shop.git`.
_SCP = re.compile(r"[A-Za-z0-9_]+@[A-Za-z0-9][A-Za-z0-9.-]*:[^-].*")
_NAME = re.compile(rf"(?:{_HOST}/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{{0,127}})?", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
#: Parts of a git address's query that a commit takes the place of (BuildKit, dfgitutil).
_MOVING = ("ref", "branch", "tag", "commit", "checksum")
_IMAGE = "docker-image://"


def is_commit(text: str) -> bool:
    """Whether the text is a commit's digest, SHA-1 or SHA-256."""
    return bool(_COMMIT.fullmatch(text))


def is_digest(text: str) -> bool:
    """Whether the text is a digest as images have it."""
    return bool(_DIGEST.fullmatch(text))


def is_image(reference: str) -> bool:
    """Whether the text names an image: a name, with a tag, a digest, both or neither."""
    name, at, digest = reference.partition("@")
    return len(name) < 512 and bool(_NAME.fullmatch(name)) and (not at or is_digest(digest))


def context(address: str, what: str) -> str:
    """Return the address of a named context, which a provenance names; `what` is its place there.

    Raises UnverifiableError for what is on no other machine, or is read over plain HTTP.
    """
    if address.startswith(_IMAGE) and is_image(address.removeprefix(_IMAGE)):
        return address
    return source(address, what)


def source(address: str, what: str, *, plain_http: bool = False) -> str:
    """Return the address of a commit or an archive. Raises UnverifiableError, as above."""
    scheme = _scheme(address)
    if scheme == "http" and not plain_http:
        raise UnverifiableError(
            f"{what} is {address!r}, which is read over plain HTTP",
            "If you trust the network up to there, name the repository yourself: "
            "--repository http://…",
        )
    if not scheme:
        raise UnverifiableError(
            f"{what} is {address!r}, which may be a file of this machine, so it is not read",
            "A context has to be https://…, ssh://…, git://…, user@host:path or, if it has a "
            "name, docker-image://…",
        )
    return address


def repository(address: str, what: str) -> str:
    """Return the address of a repository without a branch. Raises UnverifiableError."""
    if re.search(r"[?#]", address):
        raise UnverifiableError(f"{what} is {address!r}, which is more than a repository")
    return source(address, what, plain_http=True)


def is_git(address: str) -> bool:
    """Whether BuildKit takes the address for one of a git repository, and not of a file."""
    plain = re.split(r"[?#]", address, maxsplit=1)[0]
    return not plain.startswith(("https://", "http://")) or plain.endswith(".git")


def _scheme(address: str) -> str:
    """Return the scheme of an address, `scp` for git's short form; "" for what is no address."""
    if not address.isprintable() or re.search(r"[\s\\]", address):
        return ""
    scheme = ""
    if match := _URL.fullmatch(address):
        scheme = match["scheme"]
    elif _SCP.fullmatch(address):
        scheme = "scp"
    # buildx prefers a folder to an address, even if the folder has the address for its name.
    return "" if scheme and os.path.lexists(address) else scheme


def _refused(address: str, what: str) -> UnverifiableError:
    return UnverifiableError(
        f"{what} is {address!r}, which a rebuild must not read: it may be a file of this machine",
        "A context has to be https://…, ssh://…, git://…, user@host:path or docker-image://NAME. "
        "For a repository that is served over plain HTTP, name it yourself: --repository http://…",
    )


def at_commit(address: str, commit: str, repository: str = "") -> str:
    """Return the address of a git context with its branch or tag replaced by a commit.

    >>> at_commit("https://git.example/shop.git#main:services", "4a…")
    'https://git.example/shop.git#4a…:services'
    """
    plain, _, fragment = address.partition("#")
    plain, _, query = plain.partition("?")
    if query:
        # BuildKit takes either a fragment or a query, not parts from both.
        kept = {name: value for name, value in parse_qsl(query) if name not in _MOVING}
        return f"{repository or plain}?{urlencode({'ref': commit, **kept}, safe='/')}"
    folder = fragment.partition(":")[2]
    return f"{repository or plain}#{commit}" + (f":{folder}" if folder else "")


def inside(path: str, what: str) -> str:
    """Return a path of a repository, normalised. Raises UnverifiableError for one outside of it.

    buildx opens a build file that has an absolute path, or an address, by itself.
    """
    normal = normpath(path) if path else "."
    unsafe = not path.isprintable() or re.search(r"\\|://|^-|^[A-Za-z]:", path)
    if unsafe or normal.startswith("/") or normal.split("/")[0] == "..":
        raise UnverifiableError(
            f"{what} is {path!r}, which is no path inside of the repository",
            "Publish with a build file of the repository.",
        )
    return normal
