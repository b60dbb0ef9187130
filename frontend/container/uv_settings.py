"""uv's own settings, as far as they decide what a layer holds.

They go into a generated `uv.toml`, named by UV_CONFIG_FILE: that leaves out every other
configuration, and uv refuses an unknown key there instead of dropping the whole table (which it
does with `[tool.uv]`). Only what a layer needs is carried, so that other settings don't rebuild it.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from frontend.container.paths import LINKS
from frontend.project.uv_config import (
    MEMBER_INDEXES,
    folders,
    is_local_index,
    listed,
    must_build,
    variable,
)
from frontend.redaction import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from frontend.model.layers import Layer


#: Settings that matter when something is built from source. Build constraints are not among them:
#: a frozen sync takes those from the lock alone (see `flatlock`).
_BUILD_KEYS = (
    "config-settings",
    "config-settings-package",
    "dependency-metadata",
    "exclude-newer",
    "exclude-newer-package",
    "extra-build-dependencies",
    "extra-build-variables",
    "extra-index-url",
    "find-links",
    "index-strategy",
    "index-url",
    "no-binary",
    "no-binary-package",
    "no-build",
    "no-build-isolation",
    "no-build-isolation-package",
    "no-build-package",
    "no-index",
    "no-sources",
    "no-sources-package",
    "require-build-hashes",
)
#: Settings that say how an index is reached.
_INDEX_KEYS = (
    "allow-insecure-host",
    "http-proxy",
    "https-proxy",
    "keyring-provider",
    "native-tls",
    "no-proxy",
    "preview",
    "preview-features",
    "system-certs",
)
#: What is about publishing, and no layer depends on.
_NOT_FOR_LAYERS = ("publish-url",)
#: What says where files come from, or which of them to look at.
_NETWORK_KEYS = (
    *_INDEX_KEYS,
    "exclude-newer",
    "exclude-newer-package",
    "extra-index-url",
    "find-links",
    "index",
    "index-strategy",
    "index-url",
    "no-index",
)
#: Settings by the package that is built, and lists of such packages.
_BY_PACKAGE = ("config-settings-package", "extra-build-dependencies", "extra-build-variables")
_NAMES = ("no-build-isolation-package",)


def _placed(positions: Mapping[str, int], path: str) -> str:
    """Return where a step has a folder that is an index; `positions` are those of `folders`."""
    if not is_local_index(path):
        return path
    return f"{LINKS}/{positions[posixpath.normpath(path)]}"


def lowered(settings: Mapping[str, Any], versions: Mapping[str, str]) -> Mapping[str, Any]:
    """Return `settings` as a layer can have them that holds none of the other packages.

    `match-runtime` becomes the exact version that the image gets.
    """
    extra = settings.get("extra-build-dependencies")
    if not extra:
        return settings
    found = {}
    for package, requirements in extra.items():
        found[package] = [_pinned(requirement, versions) for requirement in requirements]
    return {**settings, "extra-build-dependencies": found}


def _pinned(requirement: Any, versions: Mapping[str, str]) -> Any:
    if not isinstance(requirement, dict):
        return requirement
    plain = {key: value for key, value in requirement.items() if key != "match-runtime"}
    name = canonicalize_name(re.split(r"[^A-Za-z0-9._-]", str(requirement["requirement"]))[0])
    if requirement.get("match-runtime") and name in versions:
        plain["requirement"] = f"{name}=={versions[name]}"
    return plain["requirement"] if len(plain) == 1 else plain


def without_isolation(settings: Mapping[str, Any], layer: Layer) -> bool:
    """Whether something of `layer` is built with what is installed, not in isolation."""
    named = {canonicalize_name(n) for n in settings.get("no-build-isolation-package") or ()}
    everything = settings.get("no-build-isolation") is True
    names = [*built(settings, layer), *(member.name for member in layer.members)]
    return any(everything or name in named for name in names)


def _of_layer(key: str, value: Any, layer: Layer) -> Any:
    """What of a setting by package is about the packages of `layer`."""
    names = {*(p.name for p in layer.packages), *(m.name for m in layer.members)}
    if key in _BY_PACKAGE and isinstance(value, dict):
        return {name: v for name, v in value.items() if canonicalize_name(name) in names}
    if key in _NAMES and isinstance(value, list):
        return [name for name in value if canonicalize_name(name) in names]
    return value


def project(settings: Mapping[str, Any], layer: Layer) -> dict[str, Any]:
    """Return the settings of `[tool.uv]` that `layer` depends on, without any credentials."""
    building = builds(settings, layer)
    positions = {path: number for number, path in enumerate(folders(settings))}
    registries = {_bare(package.registry) for package in layer.packages}
    # Build requirements are resolved anew, from any index; locked files come from their own.
    indexes = [
        {**index, "url": _placed(positions, index["url"])} if "url" in index else index
        for index in settings.get("index") or ()
        if building
        or (_bare(index.get("url", "")) in registries and not is_local_index(index["url"]))
    ]
    indexes += _of_members(settings, layer, registries)
    indexes = [{k: v for k, v in i.items() if k not in _NOT_FOR_LAYERS} for i in indexes]
    found = {
        key: value
        for key in _BUILD_KEYS
        if building and key in settings and (value := _of_layer(key, settings[key], layer)) != {}
    }
    for key in _NAMES:
        if not found.get(key):
            found.pop(key, None)
    if found.get("find-links"):
        found["find-links"] = [_placed(positions, path) for path in found["find-links"]]
    if indexes:
        found["index"] = indexes
    for key in _INDEX_KEYS:
        if settings.get(key) and (indexes or building):
            found[key] = settings[key]
    if layer.members:
        found = _admitting(found, (member.name for member in layer.members))
    without: dict[str, Any] = without_credentials(found)
    return without


def _of_members(
    settings: Mapping[str, Any], layer: Layer, registries: set[str]
) -> list[dict[str, Any]]:
    """The indexes that members define, of which the layer has packages or those members."""
    built = {member.name for member in layer.members}
    found: dict[str, dict[str, Any]] = {}
    for member, indexes in (settings.get(MEMBER_INDEXES) or {}).items():
        for index in indexes:
            if is_local_index(index.get("url")):
                continue
            if member in built or _bare(index.get("url", "")) in registries:
                found.setdefault(index["name"], index)
    return list(found.values())


def deciding(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of `[tool.uv]` that any layer can depend on, without any credentials."""
    keys = (*_BUILD_KEYS, *_INDEX_KEYS, "build-constraint-dependencies", "index", MEMBER_INDEXES)
    found: dict[str, Any] = without_credentials({k: settings[k] for k in keys if k in settings})
    return found


def offline(settings: Mapping[str, Any], layer: Layer, tools: str) -> dict[str, Any]:
    """Return the settings that `layer` depends on in a hermetic build: no index, but a folder.

    `tools` is the folder with the wheels that builds may use.
    """
    found = {k: v for k, v in project(settings, layer).items() if k not in _NETWORK_KEYS}
    found["no-index"] = True
    if builds(settings, layer):
        found["find-links"] = [tools]
    return found


def credentials(settings: Mapping[str, Any], layer: Layer) -> tuple[str, ...]:
    """Return the variables that uv reads user and password of the layer's named indexes from.

    The name without USERNAME or PASSWORD is ours: the index's address with both in it.
    """
    indexes = project(settings, layer).get("index", ())
    names = sorted({variable(str(index["name"])) for index in indexes if "name" in index})
    parts = ("", "_USERNAME", "_PASSWORD")
    return tuple(f"UV_INDEX_{name}{part}" for name in names for part in parts)


def builds(settings: Mapping[str, Any], layer: Layer) -> bool:
    """Whether something is built from source, if only because the settings forbid its wheels."""
    return layer.builds or bool(built(settings, layer))


def built(settings: Mapping[str, Any], layer: Layer) -> tuple[str, ...]:
    """The names of the layer's third-party packages that are built from source."""
    return tuple(p.name for p in layer.packages if p.built or must_build(settings, p.name))


def _admitting(found: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the settings of a layer so that they let members be built, whatever they forbid.

    uv builds the members of a workspace in any case, and they are none in a layer's project. What
    their builds require stays forbidden.
    """
    names, changed = list(names), dict(found)
    if found.get("no-build") is True:
        changed.pop("no-binary", None)
        changed["no-binary-package"] = [*found.get("no-binary-package", ()), *names]
    elif listed(found, "no-build-package") & {*names}:
        changed["no-build-package"] = [
            name for name in found["no-build-package"] if canonicalize_name(name) not in names
        ]
    return changed


def _bare(url: str) -> str:
    return str(without_credentials(url)).rstrip("/")
