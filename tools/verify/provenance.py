"""What an image's provenance says of its build: from what, how, and what has to be pinned.

BuildKit writes two forms, SLSA 0.2 and 1 (`--provenance=version=v1`); see BuildKit's
docs/attestations/slsa-provenance.md and solver/llbsolver/provenance/types.

Everything in a provenance is its publisher's to write. So nothing of it becomes an option of buildx
but the frontend's own (build file, arguments, labels, target), addresses are of the network alone,
and what would change the machine (network, hosts, limits, secrets) is named, for the verifier to
decide. What the rebuild really used is read from the provenance of the rebuild.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from tools.verify import addresses, documents
from tools.verify.errors import UnverifiableError
from tools.verify.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.verify.documents import Table

_ABOUT = "https://mobyproject.org/buildkit@v1#metadata"
#: Options of a build that change what its steps may do or see: that of buildx, what its value
#: looks like, and whether it is a list. A rebuild gets none of them from a provenance.
_RIGHTS = {
    "add-hosts": ("--add-host", r"[A-Za-z0-9._-]+[=:](?:[0-9A-Fa-f.:\[\]]+|host-gateway)", True),
    "cgroup-parent": ("--cgroup-parent", r"[A-Za-z0-9._/][A-Za-z0-9._/-]*", False),
    "force-network-mode": ("--network", r"host|none|default|sandbox", False),
    "shm-size": ("--shm-size", r"[0-9]{1,18}[a-zA-Z]{0,2}", False),
    "ulimit": ("--ulimit", r"[a-z]+=-?[0-9]{1,18}(:-?[0-9]{1,18})?", True),
}
#: Said elsewhere in the provenance, or without effect on what is built.
_IGNORED = re.compile(
    r"(cmdline|source|context|filename|platform|multi-platform|no-cache|image-resolve-mode|"
    r"frontend\.caps|cache-imports|cache-from|requestid|local-sessionid:.*|attest:.*|vcs:.*)",
    re.DOTALL,
)
#: A secret's or an agent's id that a command can name: with a comma or a quote it would be more.
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+-]{0,199}")
#: The name of a named context; with a `=` the value would begin earlier.
_CONTEXT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,499}")
_LOCAL = ("context", "dockerfile")


@dataclass(frozen=True)
class Material:
    """Something that the build has read: `uri` as BuildKit writes it, `digest` as sha256:… ."""

    uri: str
    digest: str

    @property
    def name(self) -> str:
        """An image's name and tag as people write them; "" for what is no image."""
        match = re.fullmatch(r"pkg:docker/([^@]+)(?:@([^@]+))?", self.uri.partition("?")[0])
        return ":".join(unquote(part) for part in match.groups() if part) if match else ""

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

    @property
    def shown(self) -> str:
        """The image for people, with its digest."""
        return f"{self.name}@{self.digest}"


@dataclass(frozen=True)
class Evidence:
    """What a provenance names as used: the frontend, and everything that was read."""

    frontend: str
    materials: tuple[Material, ...]

    @property
    def bases(self) -> tuple[str, ...]:
        """The images but for the frontend, with their digests, in the provenance's order."""
        shown = (material.shown for material in self.materials if material.name)
        return tuple(dict.fromkeys(name for name in shown if name != self.frontend))

    def contradictions(self, rebuilt: Evidence) -> Iterator[str]:
        """Say where a rebuild used something else than this provenance claims, a line each."""
        if self.frontend != rebuilt.frontend:
            yield f"frontend: claimed {self.frontend}, the rebuild ran {rebuilt.frontend}"
        claimed, actual = dict.fromkeys(self.bases), dict.fromkeys(rebuilt.bases)
        for base in claimed:
            if base not in actual:
                yield f"base: claimed {base}, which the rebuild did not use"
        for base in actual:
            if base not in claimed:
                yield f"base: not claimed, and the rebuild used {base}"
        read: dict[str, list[str]] = {}
        for material in rebuilt.materials:
            read.setdefault(material.uri, []).append(material.digest)
        for material in self.materials:
            digests = read.get(material.uri, [])
            if digests and not material.name and material.digest not in digests:
                yield f"{material.uri}: claimed {material.digest}, the rebuild read {digests[0]}"


@dataclass(frozen=True)
class Recipe:
    """A build that can be done again.

    `context` is an address that names a commit, or an archive; `options` are those of buildx.
    `rights` are options that the build had, and a rebuild has only if the verifier gives them.
    `secrets` and `agents` were asked for, each with whether the build can do without. `claimed`
    tells that the engine did not fetch the commit itself: the client said that its folder was of
    that commit. `evidence` is what the publisher says that the build used.
    """

    context: str
    options: tuple[str, ...]
    evidence: Evidence
    rights: tuple[str, ...] = ()
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
            for material in self.evidence.materials
            if material.image
        ]
        return {"rules": rules}


def evidence(predicate: object) -> Evidence:
    """Read what a provenance names as used. Raises UnverifiableError."""
    return _evidence(_Statement.of(predicate))


def read(predicate: object, repository: str = "") -> Recipe:
    """Read a provenance; `repository` stands in for the one it names. Raises UnverifiableError."""
    statement = _Statement.of(predicate)
    if repository:
        addresses.repository(repository, "--repository")
    if not statement.complete:
        raise UnverifiableError(
            "the provenance does not tell the build arguments: it was written with mode=min",
            "Publish with --provenance=mode=max.",
        )
    _refuse_inputs(statement)
    context, claimed = _context(statement, repository)
    file = addresses.inside(statement.filename, "the build file in the provenance")
    options = [] if file in (".", "Dockerfile") else [f"--file={file}"]
    rights: list[str] = []
    for name, value in sorted(statement.arguments.items()):
        options += _options(name, value, statement.materials)
        rights += _rights(name, value)
    return Recipe(
        context,
        tuple(options),
        _evidence(statement),
        tuple(rights),
        statement.secrets,
        statement.agents,
        claimed,
    )


@dataclass(frozen=True)
class _Statement:
    """The parts of a provenance that matter, whatever its form, each of the kind it has to be."""

    arguments: Mapping[str, str]
    frontend: str
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
    def of(cls, predicate: object) -> _Statement:
        document = documents.table(predicate, "the provenance")
        definition = document.table("buildDefinition")
        if definition.values:
            external = definition.table("externalParameters")
            request, origin = external.table("request"), external.table("configSource")
            filename = origin.text("path")
            about = document.table("runDetails").table("metadata")
            complete = about.table("buildkit_completeness").flag("request")
            details = about.table("buildkit_metadata")
            materials = definition.tables("resolvedDependencies")
        else:
            invocation = document.table("invocation")
            request, origin = invocation.table("parameters"), invocation.table("configSource")
            filename = origin.text("entryPoint")
            about = document.table("metadata")
            complete = about.table("completeness").flag("parameters")
            details = about.table(_ABOUT)
            materials = document.tables("materials")
        return cls(
            arguments=request.table("args").pairs(),
            frontend=request.text("frontend"),
            complete=complete,
            origin=origin.text("uri"),
            commit=next(iter(origin.table("digest").pairs().values()), ""),
            filename=filename,
            folders=tuple(folder.text("name") for folder in request.tables("locals")),
            materials=tuple(material for each in materials for material in _material(each)),
            secrets=_optional(request, "secrets"),
            agents=_optional(request, "ssh"),
            repository=details.table("vcs").pairs(),
        )


def _material(entry: Table) -> Iterator[Material]:
    for kind, digest in list(entry.table("digest").pairs().items())[:1]:
        material = Material(entry.text("uri"), f"{kind}:{digest}")
        if material.name and not (
            addresses.is_image(material.name) and addresses.is_digest(material.digest)
        ):
            raise UnverifiableError(
                f"{entry.place} cannot be read: {material.uri!r} with the digest "
                f"{material.digest!r} is no image"
            )
        yield material


def _optional(request: Table, name: str) -> dict[str, bool]:
    asked = {entry.text("id", "default"): entry.flag("optional") for entry in request.tables(name)}
    for identifier in asked:
        if not _ID.fullmatch(identifier):
            raise UnverifiableError(
                f"{request.place}.{name} cannot be read: {identifier!r} is no id of a secret or an "
                "agent that a command can name"
            )
    return asked


def _refuse_inputs(statement: _Statement) -> None:
    """Refuse what only the machine that built the image had."""
    named = [folder for folder in statement.folders if folder not in _LOCAL]
    named += [
        name.removeprefix("context:")
        for name, value in statement.arguments.items()
        if name.startswith("context:") and value.startswith(("input:", "local:", "oci-layout:"))
    ]
    if named:
        raise UnverifiableError(
            "the build had contexts that only the machine had that built it: "
            + ", ".join(sorted(set(named))),
            "Publish from a build whose named contexts are images, git repositories or archives.",
        )


def _context(statement: _Statement, repository: str) -> tuple[str, bool]:
    if statement.origin:
        return _fetched(statement, repository), False
    return _checkout(statement, repository), True


def _fetched(statement: _Statement, repository: str) -> str:
    """Return the context that the engine itself had fetched."""
    what = "the context in the provenance"
    if "dockerfile" in statement.folders:
        raise UnverifiableError(
            "the build file was a local one, which the provenance does not have",
            "Publish with a build file of the repository.",
        )
    if not statement.commit:
        raise UnverifiableError(f"the provenance has no digest of the context {statement.origin}")
    if not addresses.is_commit(statement.commit):
        raise UnverifiableError(
            f"the digest of the context {statement.origin} cannot be read: {statement.commit!r}"
        )
    if not addresses.is_git(statement.origin):
        return addresses.source(statement.origin, what)
    address = addresses.at_commit(statement.origin, statement.commit, repository)
    return addresses.source(address, what, plain_http=bool(repository))


def _checkout(statement: _Statement, repository: str) -> str:
    """Return the commit of which the client said that its folder was."""
    revision = statement.repository.get("revision", "")
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
    if not addresses.is_commit(revision):
        raise UnverifiableError(f"the commit in the provenance cannot be read: {revision!r}")
    named = statement.repository.get("source", "")
    if not repository and not named:
        raise UnverifiableError(
            f"the image was built from a directory at the commit {revision}, and the provenance "
            "does not tell the repository",
            "Name it: --repository https://git.example/shop.git",
        )
    what = "the repository in the provenance"
    if not repository:
        addresses.repository(named, what)
    folder = addresses.inside(statement.repository.get("localdir:context", ""), "the context")
    file = addresses.inside(statement.repository.get("localdir:dockerfile", ""), "the build file")
    if folder != file:
        raise UnverifiableError(
            "the build file was not in the directory of the context",
            "Publish from a git address.",
        )
    address = f"{repository or named}#{revision}" + ("" if folder == "." else f":{folder}")
    return addresses.source(address, what, plain_http=bool(repository))


def _options(name: str, value: str, materials: tuple[Material, ...]) -> Iterator[str]:
    """Give the options of buildx for one of the frontend; each is one word with its value."""
    kind, _, key = name.partition(":")
    if kind in ("build-arg", "label"):
        if not key or "=" in key:
            raise UnverifiableError(f"the name of a {kind} cannot be read: {key!r}")
        yield f"--{kind}={key}={value}"
    elif kind == "context":
        name = key.partition("::")[0]
        if not _CONTEXT_NAME.fullmatch(name):
            raise UnverifiableError(f"the name of a context cannot be read: {name!r}")
        pinned = next((entry.digest for entry in materials if entry.uri == value), "")
        commit = pinned.partition(":")[2]
        git = addresses.is_git(value) and addresses.is_commit(commit)
        fixed = addresses.at_commit(value, commit) if git else value
        what = f"the context {name} in the provenance"
        yield f"--build-context={name}={addresses.context(fixed, what)}"
    elif name == "target":
        yield f"--target={value}"
    elif name not in _RIGHTS and not _IGNORED.fullmatch(name):
        raise UnverifiableError(
            f"the build had the option {printable(name, 100)}={printable(value, 100)}, "
            "which has no equivalent in a rebuild"
        )


def _rights(name: str, value: str) -> Iterator[str]:
    """Give the options that the verifier may want to pass on, in the form of buildx."""
    if name not in _RIGHTS:
        return
    option, form, several = _RIGHTS[name]
    for word in filter(None, value.split(",") if several else [value]):
        if not re.fullmatch(form, word):
            raise UnverifiableError(f"the value of {name} in the provenance is unusable: {word!r}")
        yield f"{option}={word}"


def _evidence(statement: _Statement) -> Evidence:
    return Evidence(_frontend(statement), statement.materials)


def _frontend(statement: _Statement) -> str:
    """Return the frontend's image with its digest; the name of one that is the engine's own."""
    name = re.sub(r"^docker\.io/(library/)?", "", statement.arguments.get("source", ""))
    if not name:
        return f"{statement.frontend or 'unknown'}, which is the engine's own"
    name, at, digest = name.partition("@")
    tagged = name if at or ":" in name.rpartition("/")[2] else f"{name}:latest"
    for material in statement.materials:
        if material.name == tagged and (not at or material.digest == digest):
            return material.shown
    return f"{tagged}{at}{digest}"
