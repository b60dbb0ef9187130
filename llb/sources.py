"""Where files come from: images, directories of the client, git, HTTP, OCI layouts.

A source is an identifier whose scheme names its kind, and attributes. Both are part of the digest,
so an attribute is written only when it says something. Names and values are BuildKit's
(solver/pb/attr.go; client/llb/source.go).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from llb import capabilities, encoding, paths, references
from llb.git_remote import GitRemote
from llb.graph import Draft, Operation, Output, Vertex
from llb.metadata import NO_METADATA, Metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llb.platform import Platform


class ResolveMode(Enum):
    """Where the engine looks for an image first."""

    DEFAULT = "default"
    PULL = "pull"
    LOCAL = "local"


class RecordType(Enum):
    """What an image is shown as in the engine's list of cached records."""

    INTERNAL = "internal"
    FRONTEND = "frontend"


class Differ(Enum):
    """How the client decides which files of a directory it has to send again."""

    NONE = "none"  # all of them
    METADATA = "metadata"  # those whose size, time, mode or owner changed


class ModificationTime(Enum):
    """Which time the files of a git checkout get."""

    CHECKOUT = "checkout"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class Source(Operation):
    """Any source by identifier and attributes. `required` are the capabilities these need."""

    kind: ClassVar[str] = "source"

    identifier: str
    attrs: Mapping[str, str] = field(default_factory=dict, hash=False)
    required: tuple[str, ...] = ()
    on: Platform | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "attrs", MappingProxyType(dict(self.attrs)))

    @property
    def platform(self) -> Platform | None:
        """Only the contents of an image depend on a platform."""
        return self.on

    @property
    def title(self) -> str:
        """The identifier, which is how the engine shows a source too."""
        return self.identifier

    def validate(self) -> None:
        """Raise ValueError for an identifier without scheme or name."""
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*://.+", self.identifier, re.DOTALL):
            raise ValueError(f"a source identifier is <scheme>://<name>, not {self.identifier!r}")

    def encode(self, draft: Draft) -> None:
        """Write the source into `draft`."""
        draft.body.source.identifier = self.identifier
        draft.body.source.attrs.update(self.attrs)
        for capability in self.required:
            draft.require(capability)
        draft.on(self.on)


class _Attributes:
    """Attributes in the making, each with the capability it needs."""

    def __init__(self, *required: str) -> None:
        self.values: dict[str, str] = {}
        self.required: dict[str, None] = dict.fromkeys(required)

    def set(self, key: str, value: str, *required: str) -> None:
        self.values[key] = value
        self.required.update(dict.fromkeys(required))

    def output(self, identifier: str, meta: Metadata, platform: Platform | None = None) -> Output:
        operation = Source(identifier, self.values, tuple(self.required), platform)
        return Output(Vertex.of(operation, meta))


def image(
    ref: str,
    *,
    platform: Platform | None = None,
    resolve_mode: ResolveMode | None = None,
    record_type: RecordType | None = None,
    layer_limit: int | None = None,
    checksum: str | None = None,
    meta: Metadata = NO_METADATA,
) -> Output:
    """The filesystem of an image in a registry (or in the engine's own store).

    `ref` is taken as Docker users write it (`python:3.13`). With a digest in it the engine can look
    up its cache without asking the registry. `layer_limit` takes only so many layers from the
    bottom. `checksum` is the digest the engine must find. Raises ValueError for what is not a name
    of an image.
    """
    attrs = _Attributes(capabilities.SOURCE_IMAGE)
    if resolve_mode is not None:
        attrs.set("image.resolvemode", resolve_mode.value)
        if resolve_mode is ResolveMode.PULL:
            # The other modes are hints; this one is a promise.
            attrs.required[capabilities.SOURCE_IMAGE_RESOLVE_MODE] = None
    if record_type is not None:
        attrs.set("image.recordtype", record_type.value)
    if layer_limit is not None:
        _check_layer_limit(layer_limit)
        attrs.set("image.layerlimit", str(layer_limit), capabilities.SOURCE_IMAGE_LAYER_LIMIT)
    if checksum is not None:
        attrs.set("image.checksum", _checked(checksum), capabilities.SOURCE_IMAGE_CHECKSUM)
    return attrs.output("docker-image://" + references.normalize(ref), meta, platform)


def oci_layout(
    ref: str,
    *,
    session: str | None = None,
    store: str | None = None,
    platform: Platform | None = None,
    layer_limit: int | None = None,
    meta: Metadata = NO_METADATA,
) -> Output:
    """The filesystem of an image in an OCI layout that a client offers.

    `ref` is `name@sha256:…`; `session` is the client's session, `store` the name under which it
    offers the layout (the engine takes the name in `ref` otherwise).
    """
    reference = references.Reference.parse(ref)
    if not reference.digest:
        raise ValueError(f"an image in an OCI layout is named by digest: {ref!r} has none")
    attrs = _Attributes(capabilities.SOURCE_OCI_LAYOUT)
    if session:
        attrs.set("oci.session", session)
    if store:
        attrs.set("oci.store", store)
    if layer_limit is not None:
        _check_layer_limit(layer_limit)
        attrs.set("oci.layerlimit", str(layer_limit))
    return attrs.output("oci-layout://" + ref, meta, platform)


def local(
    name: str,
    *,
    session: str | None = None,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    follow_paths: Iterable[str] = (),
    shared_key_hint: str | None = None,
    differ: Differ | None = None,
    differ_required: bool = False,
    unique: str | None = None,
    metadata_only: bool = False,
    metadata_only_except: Iterable[str] = (),
    meta: Metadata = NO_METADATA,
) -> Output:
    """A directory of the client, under the name by which it offers it.

    `include` and `exclude` are patterns as in a .dockerignore, `follow_paths` paths whose symbolic
    links are followed and which are then included. Loads with different patterns need different
    `shared_key_hint`s, or each makes the engine throw away what the other one transferred. Without
    a `session` any client's directory of that name is taken, and `unique` keeps two builds apart.
    `metadata_only` transfers the names of the files, and the content of `metadata_only_except`
    alone.
    """
    if not name:
        raise ValueError("a local directory needs the name under which the client offers it")
    attrs = _Attributes(capabilities.SOURCE_LOCAL)
    if session:
        attrs.set("local.session", session, capabilities.SOURCE_LOCAL_SESSION)
    else:
        attrs.set("local.unique", unique or "", capabilities.SOURCE_LOCAL_UNIQUE)
    for key, patterns, capability in (
        ("local.includepattern", include, capabilities.SOURCE_LOCAL_INCLUDE),
        ("local.followpaths", follow_paths, capabilities.SOURCE_LOCAL_FOLLOW),
        ("local.excludepatterns", exclude, capabilities.SOURCE_LOCAL_EXCLUDE),
    ):
        items = _strings(patterns, key)
        if items:
            attrs.set(key, encoding.string_list(items), capability)
    if shared_key_hint:
        attrs.set("local.sharedkeyhint", shared_key_hint, capabilities.SOURCE_LOCAL_SHARED_KEY_HINT)
    if differ is not None:
        attrs.set("local.differ", differ.value)
        if differ_required:
            attrs.required[capabilities.SOURCE_LOCAL_DIFFER] = None
    exceptions = _strings(metadata_only_except, "metadata_only_except")
    if exceptions and not metadata_only:
        raise ValueError("metadata_only_except says what to transfer in spite of metadata_only")
    if metadata_only:
        attrs.set("local.metadatatransfer", "true", capabilities.SOURCE_LOCAL_METADATA)
        if exceptions:
            attrs.set("local.metadatatransferexclude", encoding.string_list(exceptions))
    return attrs.output("local://" + name, meta)


def git(
    remote: str,
    ref: str = "",
    *,
    subdir: str = "",
    checksum: str | None = None,
    keep_git_dir: bool = False,
    skip_submodules: bool = False,
    mtime: ModificationTime | None = None,
    fetch_by_commit: bool = False,
    auth_token_secret: str | None = None,
    auth_header_secret: str | None = None,
    known_ssh_hosts: str = "",
    ssh_id: str = "default",
    meta: Metadata = NO_METADATA,
) -> Output:
    """A commit of a git repository.

    `remote` is a URL (http, https, ssh, git), `user@host:path` or `host/path`; `ref` a branch, tag
    or commit (the default branch if empty), `subdir` a directory that becomes the root, `checksum`
    the commit that must be found. For HTTP, `auth_token_secret` and `auth_header_secret` name
    secrets of the client, GIT_AUTH_TOKEN and GIT_AUTH_HEADER if not given and there. For SSH,
    `known_ssh_hosts` are lines of a known_hosts file and `ssh_id` names the client's agent.
    `fetch_by_commit` fetches `checksum` without asking where `ref` is.
    """
    address = GitRemote.parse(remote)
    if fetch_by_commit and not checksum:
        raise ValueError("fetch_by_commit needs the commit as checksum")
    attrs = _Attributes(capabilities.SOURCE_GIT)
    identifier = address.host + paths.clean("/" + address.path)
    inside = paths.clean("/" + subdir).lstrip("/")
    if ref or inside:
        identifier += "#" + ref
    if inside:
        identifier += ":" + inside
        attrs.required[capabilities.SOURCE_GIT_SUBDIR] = None
    if keep_git_dir:
        attrs.set("git.keepgitdir", "true", capabilities.SOURCE_GIT_KEEP_DIR)
    attrs.set("git.fullurl", address.url, capabilities.SOURCE_GIT_FULL_URL)
    # The defaults are written as well, so that a client's secret is found without being asked for;
    # an engine without support may then ignore them.
    for key, secret, default in (
        ("git.authtokensecret", auth_token_secret, "GIT_AUTH_TOKEN"),
        ("git.authheadersecret", auth_header_secret, "GIT_AUTH_HEADER"),
    ):
        attrs.set(key, default if secret is None else secret)
        if secret is not None:
            attrs.required[capabilities.SOURCE_GIT_HTTP_AUTH] = None
    if address.ssh:
        if known_ssh_hosts:
            attrs.set(
                "git.knownsshhosts",
                known_ssh_hosts.rstrip("\n") + "\n",
                capabilities.SOURCE_GIT_KNOWN_SSH_HOSTS,
            )
        attrs.set("git.mountsshsock", ssh_id, capabilities.SOURCE_GIT_MOUNT_SSH)
    if checksum:
        attrs.set("git.checksum", checksum, capabilities.SOURCE_GIT_CHECKSUM)
    if skip_submodules:
        attrs.set("git.skipsubmodules", "true", capabilities.SOURCE_GIT_SKIP_SUBMODULES)
    if mtime is not None:
        attrs.set("git.mtime", mtime.value, capabilities.SOURCE_GIT_MTIME)
    if fetch_by_commit:
        attrs.set("git.fetchbycommit", "true", capabilities.SOURCE_GIT_FETCH_BY_COMMIT)
    return attrs.output("git://" + identifier, meta)


def http(
    url: str,
    *,
    checksum: str | None = None,
    filename: str = "",
    mode: int | None = None,
    uid: int = 0,
    gid: int = 0,
    auth_header_secret: str = "",
    accept: str = "",
    user_agent: str = "",
    meta: Metadata = NO_METADATA,
) -> Output:
    """A filesystem with one file, downloaded.

    `checksum` (`sha256:…`) is what must arrive; with it the engine can look up its cache without
    the network. The file is called `filename`, otherwise as the server or the URL says. `mode` are
    its permission bits. `auth_header_secret` names a secret of the client that is sent as the
    Authorization header.
    """
    if not re.match(r"https?://[^/]", url):
        raise ValueError(f"not an HTTP address: {url!r}")
    attrs = _Attributes(capabilities.SOURCE_HTTP)
    if checksum is not None:
        attrs.set("http.checksum", _checked(checksum), capabilities.SOURCE_HTTP_CHECKSUM)
    if filename:
        if "/" in filename:
            raise ValueError(f"a downloaded file is put at the root: {filename!r} has a slash")
        attrs.set("http.filename", filename)
    if mode is not None:
        if not 0 < mode <= 0o777:
            raise ValueError(f"permission bits of a download are between 0o1 and 0o777: {mode:#o}")
        attrs.set("http.perm", f"0{mode:o}", capabilities.SOURCE_HTTP_MODE)
    for key, id in (("http.uid", uid), ("http.gid", gid)):
        if id < 0:
            raise ValueError(f"user and group ids are not negative: {id}")
        if id:
            attrs.set(key, str(id), capabilities.SOURCE_HTTP_OWNER)
    if auth_header_secret:
        attrs.set("http.authheadersecret", auth_header_secret, capabilities.SOURCE_HTTP_AUTH)
    if accept:
        attrs.set("http.header.accept", accept, capabilities.SOURCE_HTTP_HEADER)
    if user_agent:
        attrs.set("http.header.user-agent", user_agent, capabilities.SOURCE_HTTP_HEADER)
    return attrs.output(url, meta)


def source(
    identifier: str,
    attrs: Mapping[str, str] | None = None,
    *,
    required: Iterable[str] = (),
    platform: Platform | None = None,
    meta: Metadata = NO_METADATA,
) -> Output:
    """Any other kind of source, for what the functions above do not cover.

    `required` are ids of capabilities the engine must have. Only ids that engines register may be
    given: an unknown one is refused by all of them.
    """
    return Output(Vertex.of(Source(identifier, attrs or {}, tuple(required), platform), meta))


def _strings(items: Iterable[str], what: str) -> tuple[str, ...]:
    # A string is an iterable of strings, and never what is meant.
    if isinstance(items, str):
        raise ValueError(f"{what} is a list of patterns, not one string: {items!r}")
    return tuple(items)


def _checked(checksum: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}", checksum):
        raise ValueError(f"not a checksum of the form sha256:<hex digits>: {checksum!r}")
    return checksum


def _check_layer_limit(limit: int) -> None:
    if limit < 0:
        raise ValueError(f"the number of layers is not negative: {limit}")
