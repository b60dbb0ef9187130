"""Hide passwords and secret values in texts that leave the build."""

from __future__ import annotations

import re
from typing import Any

_WORDS = "api_?key|auth|credentials?|key|pass(?:word|wd|phrase)?|pword|secret|token"
_SECRET = re.compile(rf"(?:^|_)(?:{_WORDS})$", re.IGNORECASE)
_PUBLIC = re.compile(r"(?:^|_)public(?:_|$)", re.IGNORECASE)
_VALUE = re.compile(r"""(?P<name>\b\w+)(?P<is>["']?\s*=\s*)(?:"[^"\n]*"|'[^'\n]*')""")
#: What stands for a value that is not shown.
HIDDEN = "****"


def secret(name: str) -> bool:
    """Return whether a variable of this name is likely to hold a secret.

    The words are those of Dockerfile's check of ENV.
    """
    return bool(_SECRET.search(name)) and not _PUBLIC.search(name)


def hidden(text: str) -> str:
    """Return a file's text without the values of variables that look like secrets.

    Passwords in addresses were removed when the file was read.
    """

    def value(match: re.Match[str]) -> str:
        return f'{match["name"]}{match["is"]}"{HIDDEN}"' if secret(match["name"]) else match[0]

    return _VALUE.sub(value, text)


# Begins with text, and not with a choice of letters, so that long files are searched fast.
_ACCOUNT = re.compile(r"://[^/\s]*@")
#: A password, and no variable in its place.
_PASSWORD = re.compile(r"https?://[^/\s\"'@:]*:[^/\s\"'@$]+@", re.IGNORECASE)


def without_credentials(value: Any) -> Any:
    """Return `value` with no user or password in a URL: neither may reach a layer or a cache key.

    Only URLs of HTTP: the user of `git+ssh://git@…` is part of the address.
    """
    if isinstance(value, str):
        return _ACCOUNT.sub(_without_account, value)
    if isinstance(value, list):
        return [without_credentials(item) for item in value]
    if isinstance(value, dict):
        return {key: without_credentials(item) for key, item in value.items()}
    return value


def _without_account(match: re.Match[str]) -> str:
    """Return what stays of an address's start: protocols are case-insensitive."""
    protocol = match.string[max(match.start() - len("https"), 0) : match.start()].lower()
    return "://" if protocol.endswith(("http", "https")) else match[0]


def password_lines(text: str) -> tuple[int, ...]:
    """Return the lines of a file (from 1) with an address that holds a password."""
    lines = enumerate(text.split("\n"), 1)
    return tuple(number for number, line in lines if _PASSWORD.search(line))
