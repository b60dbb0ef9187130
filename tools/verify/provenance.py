"""What an image's provenance says of its build: from what, how, and what has to be pinned.

BuildKit writes two forms, SLSA 0.2 and 1 (`--provenance=version=v1`); see BuildKit's
docs/attestations/slsa-provenance.md and solver/llbsolver/provenance/types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from posixpath import normpath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

from tools.verify.errors import UnverifiableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ABOUT = "https://mobyproject.org/buildkit@v1#metadata"
#: Options of the frontend that a rebuild gets by an option of buildx, with the value as it is.
_OPTIONS = {
    "target": "--target",
    "shm-size": "--shm-size",
    "cgroup-parent": "--cgroup-parent",
    "force-network-mode": "--network",
}
#: The same, where the value is a list.
_LISTS = {"add-hosts": "--add-host", "ulimit": "--ulimit"}
#: Said elsewhere in the provenance, or without effect on what is built.
_IGNORED = re.compile(
    r"(cmdline|source|context|filename|platform|multi-platform|no-cache|image-resolve-mode|"
    r"frontend\.caps|cache-imports|cache-from|requestid|local-sessionid:.*|attest:.*|vcs:.*)"
)
#: Parts of a git address's query that a commit takes the place of (BuildKit, dfgitutil).
_MOVING = ("ref", "branch", "tag", "commit", "checksum")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True)
class Material:
    """Something that the build has read: `uri` as BuildKit writes it, `digest` as sha256:… ."""

    uri: str
    digest: str

    @property
    def name(self) -> str:
        """An image's name and tag as people write them; "" for what is no image."""
        found = re.fullmatch(r"pkg:docker/(.+)@([^@]+)", self.uri.partition("?")[0])
        return ":".join(unquote(part) for part in found.groups()) if found else ""

    @property
    def image(self) -> str:
        """The image's reference in full, as sources name it; "" for what is no image.

        An image that the build itself has named by digest needs no pin, and counts as none.
        """
        if not self.name or "digest" in dict(parse_qsl(self.uri.partition("?")[2])):
            return ""
        host, slash, _ = self.name.partition("/")
        if not slash:
            return f"docker.io/library/{self.name}"
        return self.name if re.search(r"[.:]|^localhost$", host) else f"docker.io/{self.name}"


@dataclass(frozen=True)
class Recipe:
    """A build that can be done again.

    `context` is an address that names a commit, or an archive; `options` are those of buildx.
    `secrets` were asked for, each with whether the build can do without. `claimed` tells that the
    engine did not fetch the commit itself: the client said that its folder was of that commit.
    """

    context: str
    options: tuple[str, ...]
    materials: tuple[Material, ...]
    frontend: str
    secrets: Mapping[str, bool] = field(default_factory=dict)
    agents: Mapping[str, bool] = field(default_factory=dict)
    claimed: bool = False

    @property
    def policy(self) -> dict[str, Any]:
        """A source policy of BuildKit that gives every image its digest."""
        rules = [
            {
                "action": "CONVERT",
                "selector": {
                    "identifier": f"docker-image://{material.image}",
                    "matchType": "EXACT",
                },
                "updates": {"identifier": f"docker-image://{material.image}@{material.digest}"},
            }
            for material in self.materials
            if material.image
        ]
        return {"rules": rules}


def read(predicate: Mapping[str, Any], repository: str = "") -> Recipe:
    """Read a provenance; `repository` stands in for the one it names. Raises UnverifiableError."""
    said = _Said.of(predicate)
    if not said.complete:
        raise UnverifiableError(
            "the provenance does not tell the build arguments: it was written with mode=min",
            "Publish with --provenance=mode=max.",
        )
    _refuse_inputs(said)
    context, claimed = _context(said, repository)
    options = [f"--file={said.filename}"] if said.filename not in ("", "Dockerfile") else []
    for name, value in sorted(said.arguments.items()):
        options += _options(name, value, said.materials)
    return Recipe(
        context,
        tuple(options),
        said.materials,
        _frontend(said),
        said.secrets,
        said.agents,
        claimed,
    )


@dataclass(frozen=True)
class _Said:
    """The parts of a provenance that matter, whatever its form."""

    arguments: Mapping[str, str]
    complete: bool
    origin: str
    commit: str
    filename: str
    folders: tuple[str, ...]
    materials: tuple[Material, ...]
    secrets: Mapping[str, bool]
    agents: Mapping[str, bool]
    repository: Mapping[str, str]

    @classmethod
    def of(cls, predicate: Mapping[str, Any]) -> _Said:
        definition = predicate.get("buildDefinition")
        if definition:
            external = definition["externalParameters"]
            request, origin = external.get("request", {}), external.get("configSource", {})
            filename = origin.get("path", "")
            about = predicate.get("runDetails", {}).get("metadata", {})
            complete = about.get("buildkit_completeness", {}).get("request", False)
            details = about.get("buildkit_metadata", {})
            materials = definition.get("resolvedDependencies", [])
        else:
            invocation = predicate.get("invocation", {})
            request, origin = invocation.get("parameters", {}), invocation.get("configSource", {})
            filename = origin.get("entryPoint", "")
            about = predicate.get("metadata", {})
            complete = about.get("completeness", {}).get("parameters", False)
            details = about.get(_ABOUT, {})
            materials = predicate.get("materials", [])
        return cls(
            arguments=request.get("args") or {},
            complete=complete,
            origin=origin.get("uri", ""),
            commit=next(iter((origin.get("digest") or {}).values()), ""),
            filename=filename,
            folders=tuple(each["name"] for each in request.get("locals") or ()),
            materials=tuple(
                Material(each["uri"], f"{kind}:{digest}")
                for each in materials or ()
                for kind, digest in list((each.get("digest") or {}).items())[:1]
            ),
            secrets=_optional(request.get("secrets")),
            agents=_optional(request.get("ssh")),
            repository=details.get("vcs") or {},
        )


def _optional(listed: list[dict[str, Any]] | None) -> dict[str, bool]:
    return {each.get("id", "default"): bool(each.get("optional")) for each in listed or ()}


def _refuse_inputs(said: _Said) -> None:
    """Refuse what only the machine that built the image had."""
    named = [folder for folder in said.folders if folder not in ("context", "dockerfile")]
    named += [
        name.removeprefix("context:")
        for name, value in said.arguments.items()
        if name.startswith("context:") and value.startswith(("input:", "local:", "oci-layout:"))
    ]
    if named:
        raise UnverifiableError(
            "the build had contexts that only the machine had that built it: "
            + ", ".join(sorted(set(named))),
            "Publish from a build whose named contexts are images, git repositories or archives.",
        )


def _context(said: _Said, repository: str) -> tuple[str, bool]:
    if said.origin:
        if "dockerfile" in said.folders:
            raise UnverifiableError(
                "the build file was a local one, which the provenance does not have",
                "Publish with a build file of the repository.",
            )
        if not said.commit:
            raise UnverifiableError(f"the provenance has no digest of the context {said.origin}")
        if not _COMMIT.fullmatch(said.commit):
            return said.origin, False
        return at_commit(said.origin, said.commit, repository), False
    revision = said.repository.get("revision", "")
    if not revision:
        raise UnverifiableError(
            "the image was built from a directory, and the provenance does not tell its commit",
            "Publish from a git address, as in: docker buildx build "
            "https://git.example/shop.git#main",
        )
    if revision.endswith("-dirty"):
        raise UnverifiableError(
            "the image was built from a directory with changes that were not committed, on top of "
            + revision.removesuffix("-dirty"),
            "Publish from a git address, or from a clean checkout.",
        )
    repository = repository or said.repository.get("source", "")
    if not repository:
        raise UnverifiableError(
            f"the image was built from a directory at the commit {revision}, and the provenance "
            "does not tell the repository",
            "Name it: --repository https://git.example/shop.git",
        )
    folder = normpath(said.repository.get("localdir:context", "."))
    if folder != normpath(said.repository.get("localdir:dockerfile", ".")):
        raise UnverifiableError(
            "the build file was not in the directory of the context",
            "Publish from a git address.",
        )
    return f"{repository}#{revision}" + ("" if folder == "." else f":{folder}"), True


def at_commit(address: str, commit: str, repository: str = "") -> str:
    """The address of a git context with its branch or tag replaced by a commit.

    >>> at_commit("https://git.example/shop.git#main:services", "4a…")
    'https://git.example/shop.git#4a…:services'
    """
    plain, _, fragment = address.partition("#")
    plain, _, query = plain.partition("?")
    if query:
        # BuildKit takes either a fragment or a query, not parts from both.
        given = {k: v for k, v in parse_qsl(query) if k not in _MOVING}
        return f"{repository or plain}?{urlencode({'ref': commit, **given}, safe='/')}"
    folder = fragment.partition(":")[2]
    return f"{repository or plain}#{commit}" + (f":{folder}" if folder else "")


def _options(name: str, value: str, materials: tuple[Material, ...]) -> Iterator[str]:
    kind, _, key = name.partition(":")
    if kind == "build-arg":
        yield f"--build-arg={key}={value}"
    elif kind == "label":
        yield f"--label={key}={value}"
    elif kind == "context":
        pinned = next((each.digest for each in materials if each.uri == value), "")
        commit = pinned.partition(":")[2]
        fixed = at_commit(value, commit) if _COMMIT.fullmatch(commit) else value
        yield f"--build-context={key.partition('::')[0]}={fixed}"
    elif name in _OPTIONS:
        yield f"{_OPTIONS[name]}={value}"
    elif name in _LISTS:
        for each in filter(None, value.split(",")):
            yield f"{_LISTS[name]}={each}"
    elif not _IGNORED.fullmatch(name):
        raise UnverifiableError(
            f"the build had the option {name}={value}, which has no equivalent in a rebuild"
        )


def _frontend(said: _Said) -> str:
    """The frontend's image with its digest, for people."""
    name = said.arguments.get("source", "")
    tagged = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    for material in said.materials:
        if material.image and material.name == tagged:
            return f"{tagged}@{material.digest}"
    return name
