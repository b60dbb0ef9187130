"""uv's own settings, as far as they decide what a layer holds.

They go into a generated `uv.toml`, named by UV_CONFIG_FILE: that leaves out every other
configuration, and uv refuses an unknown key there instead of dropping the whole table (which it
does with `[tool.uv]`). Only what a layer needs is carried, so that other settings don't rebuild it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.plan import Layer

#: Settings that matter when something is built from source.
_BUILD_KEYS = (
    "build-constraint-dependencies",
    "config-settings",
    "config-settings-package",
    "dependency-metadata",
    "exclude-newer",
    "exclude-newer-package",
    "extra-build-variables",
    "find-links",
    "index-strategy",
    "no-build",
    "no-build-package",
    "no-binary",
    "no-binary-package",
)
#: Settings that say how an index is reached.
_INDEX_KEYS = ("allow-insecure-host", "keyring-provider")


def project(settings: Mapping[str, Any], layer: Layer) -> dict[str, Any]:
    """Return the settings of `[tool.uv]` that `layer` depends on."""
    registries = {_bare(package.registry) for package in layer.packages}
    indexes = []
    for index in settings.get("index") or ():
        url = index.get("url", "")
        # Build requirements are resolved anew, from any index; locked files from their own.
        if layer.builds or _bare(url) in registries:
            indexes.append({**index, "url": without_credentials(url)})
    found: dict[str, Any] = {}
    if layer.builds:
        found = {key: settings[key] for key in _BUILD_KEYS if key in settings}
        if "index-url" in settings:
            found["index-url"] = without_credentials(settings["index-url"])
        if "extra-index-url" in settings:
            found["extra-index-url"] = [without_credentials(u) for u in settings["extra-index-url"]]
    if indexes:
        found["index"] = indexes
    for key in _INDEX_KEYS:
        if settings.get(key) and (indexes or layer.builds):
            found[key] = settings[key]
    return found


def without_credentials(url: str) -> str:
    """Return `url` without user and password: neither may reach a layer or a cache key."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _bare(url: str) -> str:
    return without_credentials(url).rstrip("/")
