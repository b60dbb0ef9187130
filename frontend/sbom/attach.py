"""The document as an attestation: what the lock does not tell is read from the built image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

import llb
from frontend.gateway import PathNotFoundError
from frontend.gateway.result import Attestation
from frontend.model.base import VENV
from frontend.project.uv_config import all_indexes
from frontend.sbom import system
from frontend.sbom.document import PREDICATE, Contents, bare, document
from frontend.sbom.edges import edges
from frontend.sbom.licences import Installed, Licence, of_metadata, of_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from frontend.gateway import Gateway
    from frontend.gateway.ref import Ref
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform
    from frontend.targets.result import TargetResult


PATH = "/sbom.spdx.json"
_CAPABILITY = "exporter.image.attestations"
#: The headers of core metadata come first; behind them is the readme.
_MOST_METADATA = 64 << 10
#: Files that are read at once.
_TOGETHER = 32


def attestations(
    gateway: Gateway, resolved: ResolvedPlatform, result: TargetResult, image: Ref
) -> tuple[Attestation, ...]:
    """Return the bill of `image`, if it is one of layers and the engine can store attestations."""
    inputs, plan = resolved.inputs, result.plan
    if plan is None or result.base_rootfs is None or not gateway.ping().llb.supports(_CAPABILITY):
        return ()
    manifest = inputs.workspace.manifest(inputs.package)
    project = manifest.get("project") or {}
    below, interpreter = gateway.solve(result.base_rootfs), plan.interpreter
    before, after = _system(below), _system(image)
    packages = f"lib/python{interpreter.minor}/site-packages"
    settings = inputs.workspace.root.get("tool", "uv") or {}
    own = _installed(gateway, image, f"{inputs.settings.spec.venv or VENV}/{packages}")
    contents = Contents(
        package=inputs.package.name,
        version=str(project.get("version") or inputs.package.version),
        platform=resolved.platform.id,
        plan=plan,
        others=tuple(package.name for package in inputs.others),
        base=resolved.base.image,
        edges=edges(inputs.workspace.lock, resolved.closure, inputs.selection, interpreter),
        installed={**_stated(inputs), **own},
        indexes=frozenset(bare(str(i.get("url", ""))) for i in all_indexes(settings)),
        distribution=_distribution(image),
        system=before,
        added=tuple(package for package in after if package not in before),
        based=tuple(_installed(gateway, below, f"{interpreter.prefix}/{packages}").values()),
        epoch=resolved.created,
    )
    file = llb.Mkfile(PATH, document(contents), timestamp=0)
    meta = llb.Metadata(name="[internal] software bill of materials")
    ref = gateway.solve(llb.files(llb.SCRATCH, file, meta=meta))
    return (Attestation(ref, PATH, PREDICATE, metadata={"reason": b"sbom"}),)


def _stated(inputs: BuildInputs) -> dict[str, Installed]:
    """What manifests say, for packages whose files are not installed but copied."""
    found = {}
    for package in inputs.packages:
        project = inputs.workspace.manifest(package).get("project") or {}
        stated = project.get("license")
        licence = of_text(stated) if isinstance(stated, str) else Licence()
        found[package.name] = Installed(package.name, str(project.get("version") or ""), licence)
    return found


def _installed(gateway: Gateway, image: Ref, folder: str) -> dict[str, Installed]:
    """What the packages installed in a folder say of themselves, by name."""
    try:
        entries = image.read_dir(folder, "*.dist-info")
    except PathNotFoundError:
        return {}
    found: dict[str, Installed] = {}
    names = [entry.name for entry in entries if entry.name.endswith(".dist-info")]
    for start in range(0, len(names), _TOGETHER):
        calls = [_reading(image, f"{folder}/{n}/METADATA") for n in names[start:][:_TOGETHER]]
        for text in gateway.together(*calls):
            said = of_metadata(text)
            if said.name:
                found[canonicalize_name(said.name)] = said
    return found


def _reading(image: Ref, path: str) -> Callable[[], str]:
    return lambda: _read_text(image, path, _MOST_METADATA)


def _read_text(image: Ref, path: str, limit: int | None = None) -> str:
    """A file of the image; nothing where there is none."""
    try:
        return image.read_file(path, limit).decode("utf-8", "replace")
    except PathNotFoundError:
        return ""


def _distribution(image: Ref) -> system.Distribution:
    text = _read_text(image, "/etc/os-release") or _read_text(image, "/usr/lib/os-release")
    return system.Distribution.parse(text)


def _system(image: Ref) -> tuple[system.SystemPackage, ...]:
    """The distribution's packages; none where the package manager is another than dpkg and apk."""
    status = _read_text(image, "/var/lib/dpkg/status")
    single = _directory(image, "/var/lib/dpkg/status.d")
    if status or single:
        return system.dpkg([status, *single])
    return system.apk(
        _read_text(image, "/lib/apk/db/installed") or _read_text(image, "/usr/lib/apk/db/installed")
    )


def _directory(image: Ref, folder: str) -> list[str]:
    try:
        entries = image.read_dir(folder)
    except PathNotFoundError:
        return []
    files = [e.name for e in entries if e.is_file and not e.name.endswith(".md5sums")]
    return [_read_text(image, f"{folder}/{name}") for name in files]
