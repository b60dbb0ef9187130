"""The target `plan`: what the image would be made of, as two files; nothing is installed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import llb
from frontend.emit import layer_key
from frontend.emit.image_config import ImageConfig
from frontend.model.layers import Kind, Layer
from frontend.model.packages import size_text
from frontend.plan import partition
from frontend.project.workspace import workspace_path
from frontend.targets import image, plan_document
from frontend.targets.result import TargetResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.inputs.inputs import BuildInputs
    from frontend.model.base import BaseImage
    from frontend.resolve.platform import ResolvedPlatform


def select(inputs: BuildInputs) -> BuildInputs:
    """Take what the image takes."""
    return image.select(inputs)


def make(resolved: ResolvedPlatform) -> TargetResult:
    """Write the plan of one platform as `plan.json` and `plan.txt`."""
    found = document([resolved])
    files = llb.files(
        llb.SCRATCH,
        *(
            llb.Mkfile(f"/{name}", text.encode(), mode=0o644, timestamp=0)
            for name, text in (
                ("plan.json", plan_document.to_json(found)),
                ("plan.txt", plan_document.to_text(found)),
            )
        ),
        meta=llb.Metadata(name=f"[{resolved.progress_prefix}plan] write plan.json and plan.txt"),
    )
    return TargetResult(files, ImageConfig(resolved.platform))


def document(platforms: Sequence[ResolvedPlatform]) -> plan_document.Document:
    """Describe the images of all platforms."""
    selection = platforms[0].inputs.selection
    return plan_document.Document(
        package=selection.package,
        extras=tuple(selection.extras),
        groups=tuple(selection.groups),
        uv=platforms[0].environment.uv.version,
        images=tuple(map(_image, platforms)),
    )


def _image(resolved: ResolvedPlatform) -> plan_document.Image:
    env, base = resolved.environment, resolved.base
    steps = image.written(resolved, image.planned(resolved)).steps
    rootfs = image.base_rootfs(resolved)
    keys = layer_key.keys(resolved.writer, env, base.interpreter, base.image, rootfs, steps)
    layers = zip(steps, keys, strict=True)
    libc = resolved.base.interpreter.libc
    return plan_document.Image(
        platform=resolved.platform.id,
        base=_base(base.image),
        builder=_base(env.image),
        python=plan_document.Python(
            version=resolved.base.interpreter.version,
            path=resolved.base.interpreter.path,
            machine=resolved.base.interpreter.machine,
            libc=f"{libc.name} {'.'.join(map(str, libc.version))}",
        ),
        layers=tuple(
            _layer(resolved, number, step.layer, key)
            for number, (step, key) in enumerate(layers, 1)
        ),
    )


def _base(image: BaseImage) -> plan_document.Base:
    return plan_document.Base(name=image.name, digest=image.digest)


def _layer(
    resolved: ResolvedPlatform, number: int, layer: Layer, key: str
) -> plan_document.LayerDocument:
    folder = resolved.inputs.workspace.folder
    sizes = [package.size for package in layer.packages]
    return plan_document.LayerDocument(
        number=number,
        kind=layer.kind.value,
        title=layer.title,
        reason=_reason(resolved, layer),
        size=sum(sizes) if sizes and all(sizes) else None,
        key=key,
        sources=(
            *(resolved.inputs.workspace.path(member) for member in layer.members),
            *(copy.source for copy in layer.copies if not layer.members),
            *(
                workspace_path(folder, str(package.table["source"]["path"]))
                for package in layer.packages
                if "path" in package.table["source"]
            ),
        ),
        packages=tuple(
            plan_document.Package(
                name=package.name,
                version=package.version,
                size=package.size or None,
                source=next(iter(package.table["source"])),
                built=package.built,
            )
            for package in layer.packages
        ),
        members=tuple(
            plan_document.Member(name=member.name, version=member.version, path=member.path)
            for member in layer.members
        ),
        files=tuple(
            plan_document.File(source=copy.source, target=copy.target) for copy in layer.copies
        ),
    )


def _reason(resolved: ResolvedPlatform, layer: Layer) -> str:
    if layer.kind is Kind.BIG and layer.packages[0].size:
        big = resolved.inputs.settings.spec.big
        threshold = partition.BIG if big is None else big
        size = size_text(threshold, plan_document.SIZE) if threshold else "0 B"
        return f"big: its file has {size} or more"
    return layer.reason
