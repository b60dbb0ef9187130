"""Where uv's settings stand, and what becomes of each of them in a build.

uv reads them at the root of the workspace: `uv.toml`, which takes the place of the `[tool.uv]` of
the manifest beside it, but for what is about the project and not about uv. Named indexes count in
members' manifests as well. `FATES` has every setting that the uv of our image knows; a test
compares it with that uv, with the code, and with docs/uv-settings.md.
"""

from __future__ import annotations

import copy
import difflib
import posixpath
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from frontend.errors import FrontendError
from frontend.project.kinds import TEXT, TEXTS, Either, ListOf, Table, TableOf, check_kind
from frontend.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from frontend.errors import Location, SourceFile


#: Beside the root manifest.
FILE = "uv.toml"


class SettingHandling(StrEnum):
    """What becomes of a setting."""

    STEPS = "goes to uv"
    LOCK = "in the lock"
    READ = "read"
    NONE = "no effect"
    WARNED = "told"


_KEYS: Mapping[SettingHandling, str] = {
    # What uv installs and builds by, in the steps that it matters to (`uv_settings`).
    SettingHandling.STEPS: """
        allow-insecure-host build-constraint-dependencies config-settings config-settings-package
        dependency-metadata exclude-newer exclude-newer-package extra-build-dependencies
        extra-build-variables extra-index-url find-links http-proxy https-proxy index
        index-strategy index-url keyring-provider native-tls no-binary no-binary-package no-build
        no-build-isolation no-build-isolation-package no-build-package no-index no-proxy
        no-sources no-sources-package preview preview-features require-build-hashes system-certs
    """,
    # What `uv lock` has taken up: installing needs no more than the lock.
    SettingHandling.LOCK: """
        conflicts constraint-dependencies environments exclude-dependencies fork-strategy
        minimum-libc-version override-dependencies prerelease prerelease-package
        required-environments resolution torch-backend
    """,
    # What the frontend itself goes by.
    SettingHandling.READ: """
        build-backend default-groups dependency-groups dev-dependencies managed package
        python-downloads python-downloads-json-url python-install-mirror python-preference
        required-version sources workspace
    """,
    # About commands that no build runs, about the machine, or settled by the form of a step.
    SettingHandling.NONE: """
        add-bounds audit cache-dir cache-keys check-url compile-bytecode concurrent-builds
        concurrent-downloads concurrent-installs graalpy-install-mirror link-mode no-cache pip
        publish-url pyodide-install-mirror pypy-install-mirror reinstall reinstall-package
        trusted-publishing upgrade upgrade-package
    """,
    # What asks for something that a build does in another way.
    SettingHandling.WARNED: "offline",
}
#: Every setting of uv, and what becomes of it.
FATES: Mapping[str, SettingHandling] = {
    key: fate for fate, keys in _KEYS.items() for key in keys.split()
}
#: The kinds of the settings that are read here, and not only handed on to uv.
UV_SETTINGS = Table(
    {
        **dict.fromkeys(
            (
                *("build-constraint-dependencies", "dev-dependencies", "find-links"),
                *("no-binary-package", "no-build-isolation-package", "no-build-package"),
            ),
            TEXTS,
        ),
        "extra-build-dependencies": TableOf(
            ListOf(Either(TEXT, Table({"requirement": TEXT}, ("requirement",))))
        ),
        "index": ListOf(Table({"name": TEXT, "url": TEXT}, ("url",))),
        "required-version": TEXT,
        "sources": Table(),
        "workspace": Table({"members": TEXTS, "exclude": TEXTS}),
    }
)
#: What uv takes from a manifest alone, `uv.toml` or not (uv-workspace, `ToolUv`), and of it what
#: it refuses in a `uv.toml`.
_REFUSED = frozenset(
    (
        *("build-backend", "conflicts", "default-groups", "dependency-groups", "dev-dependencies"),
        *("managed", "minimum-libc-version", "package", "required-environments", "sources"),
        "workspace",
    )
)
_OF_THE_PROJECT = _REFUSED | frozenset(
    (
        *("build-constraint-dependencies", "cache-keys", "constraint-dependencies"),
        *("environments", "exclude-dependencies", "override-dependencies"),
    )
)


@dataclass(frozen=True)
class _Root(TomlDocument):
    """A root manifest whose `[tool.uv]` is what uv goes by; `file` is the `uv.toml` beside it."""

    file: TomlDocument

    def place(self, *path: str) -> Location:
        if path[:2] == ("tool", "uv") and len(path) > 2 and path[2] in self.file.data:
            return self.file.place(*path[2:])
        return super().place(*path)


def root_manifest(manifest: TomlDocument, text: SourceFile | None) -> TomlDocument:
    """Return the root's manifest with the settings that uv goes by; `text` is that of `uv.toml`.

    FrontendError for what uv refuses in that file, and for a project that uv is to leave alone.
    """
    if manifest.get("tool", "uv", "managed") is False:
        raise FrontendError(
            "tool.uv.managed is false: uv is to leave this project alone, and installs nothing of "
            "its lock",
            remedy="Take the line out, or build from a workspace that uv manages.",
            places=(manifest.place("tool", "uv", "managed"),),
        )
    if text is None:
        return manifest
    file = TomlDocument.parse(text)
    check_kind(file, UV_SETTINGS, remedy="Mend it, and see what `uv lock` says.")
    for key in file.data:
        if key in _REFUSED:
            raise FrontendError(
                f"{text.filename} cannot have {key}, which is about the project",
                remedy=f"Move it below [tool.uv] of {manifest.source.filename}.",
                places=(file.place(key),),
            )
        if key not in FATES:
            raise FrontendError(
                f"{text.filename} has no setting {key!r}",
                remedy=_nearest(key)
                or "uv refuses the file as well, or is newer than ours: "
                "a newer frontend image may know it.",
                places=(file.place(key),),
            )
    data = copy.deepcopy(dict(manifest.data))
    tool = data.setdefault("tool", {})
    kept = {k: v for k, v in _table(manifest).items() if k in _OF_THE_PROJECT}
    chosen = {k: v for k, v in file.data.items() if k not in _OF_THE_PROJECT}
    tool["uv"] = {**kept, **chosen}
    return _Root(manifest.source, data, file)


def with_indexes_of(root: TomlDocument, manifests: Mapping[str, TomlDocument]) -> TomlDocument:
    """Return `root` with the indexes that members define, by member, among its settings.

    uv takes from these what the members' sources name, and no other requirement.
    """
    root_names = _names(_table(root))
    by_member = {}
    for member, manifest in sorted(manifests.items()):
        indexes = [
            {**{k: v for k, v in index.items() if k != "default"}, "explicit": True}
            for index in _table(manifest).get("index") or ()
            if index.get("name") not in (None, *root_names)
            # A folder of the workspace: the lock knows which of its files are installed.
            if "://" in index["url"]
        ]
        if indexes:
            by_member[member] = indexes
    if not by_member:
        return root
    data = copy.deepcopy(dict(root.data))
    data.setdefault("tool", {}).setdefault("uv", {})[MEMBER_INDEXES] = by_member
    return replace(root, data=data)


def ineffective(
    root: TomlDocument, members: Iterable[TomlDocument]
) -> Iterator[tuple[str, Location]]:
    """Say which settings have no effect though they look as if they had one, and where they are."""
    manifest = TomlDocument(root.source, {**root.data})
    written = _table(TomlDocument.parse(root.source)) if isinstance(root, _Root) else _table(root)
    for key in written:
        if isinstance(root, _Root) and key in FATES and key not in _OF_THE_PROJECT:
            yield (
                f"tool.uv.{key} has no effect: uv reads {root.file.source.filename} in its place",
                manifest.place("tool", "uv", key),
            )
        elif key not in FATES and key != MEMBER_INDEXES:
            yield (
                f"tool.uv has no setting {key!r}: uv leaves out the whole table for it, and so its "
                f"other settings. {_nearest(key)}".rstrip(),
                manifest.place("tool", "uv", key),
            )
    if root.get("tool", "uv", "offline") is True:
        yield (
            "tool.uv.offline has no effect: a build downloads what the engine does not have. "
            "The key `hermetic` builds without network",
            root.place("tool", "uv", "offline"),
        )
    for member in members:
        for key in _table(member):
            if FATES.get(key) is SettingHandling.STEPS and key not in (*_OF_THE_PROJECT, "index"):
                yield (
                    f"tool.uv.{key} has no effect in {member.source.filename}: uv reads it at the "
                    "root of the workspace",
                    member.place("tool", "uv", key),
                )


def _names(settings: Mapping[str, Any]) -> list[str]:
    return [index["name"] for index in settings.get("index") or () if "name" in index]


def _table(manifest: TomlDocument) -> Mapping[str, Any]:
    table = manifest.get("tool", "uv")
    return table if isinstance(table, dict) else {}


def _nearest(key: str) -> str:
    nearest = difflib.get_close_matches(key, FATES, n=1)
    return f"Did you mean {nearest[0]}?" if nearest else ""


#: Settings about what may be built from source, and what must be.
BUILD_RULES = ("no-binary", "no-binary-package", "no-build", "no-build-package")
#: Among the settings of a workspace: the indexes that its members define, by member.
MEMBER_INDEXES = "indexes-of-members"


def is_local_index(registry: Any) -> bool:
    """Whether an index is a folder of the workspace (find-links, or `format = "flat"`)."""
    return isinstance(registry, str) and bool(registry) and "://" not in registry


def folders(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the folders of the workspace that are find-links or indexes, in one order."""
    named = [*(settings.get("find-links") or ())]
    named += [index.get("url", "") for index in settings.get("index") or ()]
    return tuple(sorted({posixpath.normpath(path) for path in named if is_local_index(path)}))


def all_indexes(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the indexes of the workspace, and those that its members define."""
    by_member = (settings.get(MEMBER_INDEXES) or {}).values()
    return [*(settings.get("index") or ()), *(i for indexes in by_member for i in indexes)]


def variable(index: str) -> str:
    """Write an index's name as uv does in names of variables: upper case, and `_` for signs."""
    return re.sub(r"[^A-Z0-9]", "_", index.upper())


def must_build(settings: Mapping[str, Any], name: str) -> bool:
    """Whether a package is built from source although it may have a wheel.

    With all of them named, `no-build-package` makes exceptions (uv's `BuildOptions`).
    """
    if settings.get("no-binary") is True:
        everything = settings.get("no-build") is True
        return everything or name not in listed(settings, "no-build-package")
    return name in listed(settings, "no-binary-package")


def may_not_build(settings: Mapping[str, Any], name: str) -> bool:
    """Whether a package is never built from source; the counterpart of `must_build`."""
    if settings.get("no-build") is True:
        everything = settings.get("no-binary") is True
        return everything or name not in listed(settings, "no-binary-package")
    return name in listed(settings, "no-build-package")


def listed(settings: Mapping[str, Any], key: str) -> set[str]:
    """Return the normalised package names that `key` of `[tool.uv]` lists."""
    return {canonicalize_name(str(name)) for name in settings.get(key) or ()}
