"""Names of images, as Docker's users write them and as registries need them.

The rules are those of the distribution project's reference package: `python` means
`docker.io/library/python:latest`. BuildKit looks up only the long form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)"
)
_DOMAIN = re.compile(rf"(?:{_HOST}|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_ID = re.compile(r"[a-f0-9]{64}")
_DEFAULT_DOMAIN = "docker.io"
_MAX_NAME = 255  # characters of domain and path together


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's full name. `tag` and `digest` may be empty, one at a time or both."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a name with Docker's defaults for the domain; no tag is added. Raises ValueError."""
        if _ID.fullmatch(text):
            raise ValueError(f"an image is needed by name, not by id: {text}")
        name, _, digest = text.partition("@")
        if (digest and not _DIGEST.fullmatch(digest)) or (not digest and "@" in text):
            raise ValueError(f"invalid digest in image reference {text!r}")
        domain, slash, path = name.partition("/")
        if not slash or not _is_domain(domain):
            domain, path = _DEFAULT_DOMAIN, name
        elif domain == "index.docker.io":
            domain = _DEFAULT_DOMAIN
        path, colon, tag = path.partition(":")
        if domain == _DEFAULT_DOMAIN and "/" not in path:
            path = "library/" + path
        if path != path.lower():
            raise ValueError(f"image names are lower case: {text!r}")
        if not _DOMAIN.fullmatch(domain) or not _PATH.fullmatch(path):
            raise ValueError(f"not an image reference: {text!r}")
        if colon and not _TAG.fullmatch(tag):
            raise ValueError(f"invalid tag in image reference {text!r}")
        if len(domain) + 1 + len(path) > _MAX_NAME:
            raise ValueError(f"image name is longer than {_MAX_NAME} characters: {text!r}")
        return cls(domain, path, tag, digest)

    @property
    def name(self) -> str:
        """Domain and path, without tag and digest."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar(self) -> str:
        """The name as short as Docker shows it: `python`, without tag and digest."""
        if self.domain != _DEFAULT_DOMAIN:
            return self.name
        short = self.path.removeprefix("library/")
        return short if "/" not in short else self.path

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def normalize(text: str) -> str:
    """The full form of an image's name; `:latest` is added if there is neither tag nor digest.

    Raises ValueError for what is not a name of an image.
    """
    reference = Reference.parse(text)
    if not reference.tag and not reference.digest:
        return f"{reference}:latest"
    return str(reference)


def _is_domain(text: str) -> bool:
    """Whether the part before the first slash names a registry rather than a user."""
    return "." in text or ":" in text or text == "localhost" or text != text.lower()
