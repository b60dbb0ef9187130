"""Which secrets of the client a step may see: build secrets by their ids, and the SSH agent.

Everything here is optional, so that a public build needs none of it, and everything is a mount:
values of secrets are in no cache key, no layer and no provenance. They are files, which every
engine can mount; `steps/access.py` makes of them what uv and git read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import llb
from frontend.container.paths import ROOT
from frontend.container.uv_settings import credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from frontend.model.layers import Layer


#: User names and passwords by host, in the form of netrc(5).
NETRC = "netrc"
#: Addresses of indexes, with user and password in them, as uv's variables of these names.
INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX")
#: Addresses of proxies with user and password in them; others are build arguments.
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY")
#: Keys of SSH servers, in the form of ~/.ssh/known_hosts.
KNOWN_HOSTS = "known_hosts"
#: What BuildKit's own git sources take (`git.authtokensecret`): for every
#: host, or with `.HOST` behind it for one.
GIT = ("GIT_AUTH_TOKEN", "GIT_AUTH_HEADER")
#: Where the client's SSH agent is in a step.
AGENT = f"{ROOT}/ssh-agent"
_SSH = "ssh://"


def mounts(settings: Mapping[str, Any], layer: Layer) -> tuple[llb.Mount, ...]:
    """What the step of an installed layer may see; `settings` are those of `[tool.uv]`."""
    repositories = [
        str(package.table["source"]["git"])
        for package in layer.packages
        if "git" in package.table["source"]
    ]
    names = [*credentials(settings, layer), *INDEXES, *PROXIES, NETRC]
    names += _of_git(repositories)
    found: list[llb.Mount] = [
        llb.Secret(f"{ROOT}/secrets/{name}", name, optional=True) for name in dict.fromkeys(names)
    ]
    if any(repository.startswith(_SSH) for repository in repositories):
        found.append(llb.Ssh(AGENT, optional=True))
    return tuple(found)


def _of_git(repositories: Iterable[str]) -> list[str]:
    names = []
    for repository in repositories:
        if repository.startswith(_SSH):
            names.append(KNOWN_HOSTS)
        elif host := urlsplit(repository).netloc.rpartition("@")[2]:
            names += [name for known in GIT for name in (known, f"{known}.{host}")]
    return names
