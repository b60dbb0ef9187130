"""The plan as a document: what each layer holds, how big it is, why it is one of its own.

Its schema is published as docs/plan.schema.json; `python -m frontend.targets.plan_document` prints
that. A key that is renamed or removed raises VERSION.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema

from frontend.model.packages import SizeFormat, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence


VERSION: Literal[1] = 1
#: Sizes in the table for people.
SIZE = SizeFormat(("GB", "MB", "kB", "B"), {"GB": math.inf})


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Package(_Part):
    """A third-party package."""

    name: str
    version: str = Field(description="empty where the lock has none")
    size: int | None = Field(description="bytes of the locked file, null where the lock has none")
    source: str = Field(description="registry, git, url or path")
    built: bool = Field(description="whether it has no wheel, so that installing means building")


class Member(_Part):
    """A package of the build context."""

    name: str
    version: str = Field(description="empty where it is dynamic")
    path: str = Field(description="its directory, relative to the lock")


class File(_Part):
    """Files taken as they are."""

    source: str = Field(description="path or pattern in the build context")
    target: str = Field(description="place in the image")


class LayerDocument(_Part):
    """One layer, and one step of the build."""

    model_config = ConfigDict(title="Layer")

    number: int = Field(description="counted from the bottom, the base's layers apart", ge=1)
    kind: str = Field(
        description="base, python, stdlib, skeleton, heavy, big, built, packages, member, source, "
        "files"
    )
    title: str = Field(description="what progress and `docker history` say")
    reason: str = Field(description="why it is a layer of its own")
    size: int | None = Field(description="the sum of its packages' sizes, null if one is unknown")
    key: str = Field(
        description="digest of what decides the layer's contents, less those of `sources`",
        pattern="^sha256:[0-9a-f]{64}$",
    )
    sources: tuple[str, ...] = Field(
        description="directories and files of the build context whose contents decide as well"
    )
    packages: tuple[Package, ...] = ()
    members: tuple[Member, ...] = ()
    files: tuple[File, ...] = ()


class Python(_Part):
    """The interpreter in the base image."""

    version: str
    path: str
    machine: str = Field(description="as wheel tags have it: x86_64, aarch64")
    libc: str = Field(description="glibc or musl, with its version")


class Base(_Part):
    """An image that another one stands on."""

    name: str
    digest: str = Field(description="empty where the engine has none")


class Image(_Part):
    """The image for one platform."""

    platform: str
    base: Base
    builder: Base = Field(description="what packages are installed in")
    python: Python
    layers: tuple[LayerDocument, ...]


class Document(_Part):
    """A plan."""

    version: Literal[1] = VERSION
    package: str
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    uv: str = Field(description="the version of uv that installs")
    images: tuple[Image, ...] = Field(description="one for each platform")


def to_json(document: Document) -> str:
    """Write the document, indented."""
    return json.dumps(document.model_dump(), indent=2) + "\n"


def to_text(document: Document) -> str:
    """Write the document as a table for people."""
    return "\n".join(_image(document, image) for image in document.images)


def _image(document: Document, image: Image) -> str:
    python = image.python
    chosen = ", ".join(
        f"{what} {' '.join(names)}"
        for what, names in (("extras", document.extras), ("groups", document.groups))
        if names
    )
    head = [
        f"{document.package} for {image.platform}{f' with {chosen}' if chosen else ''}",
        f"base    {image.base.name}",
        f"python  {python.version} at {python.path}, {python.libc}",
    ]
    if image.builder != image.base:
        head.insert(2, f"builder {image.builder.name}")
    rows = [("LAYER", "CONTENTS", "SIZE", "KEY", "WHY")]
    for layer in image.layers:
        rows.append(
            (
                f"{layer.number} {layer.kind}",
                _contents(layer),
                _size(layer.size),
                layer.key.removeprefix("sha256:")[:12],
                layer.reason,
            )
        )
        if len(layer.packages) > 1:
            rows += [("", f"  {p.name} {p.version}", _size(p.size), "", "") for p in layer.packages]
    return "\n".join([*head, "", *table(rows)]) + "\n"


def _contents(layer: LayerDocument) -> str:
    if len(layer.packages) == 1:
        return f"{layer.packages[0].name} {layer.packages[0].version}".strip()
    if layer.packages:
        return f"{len(layer.packages)} packages"
    if layer.members:
        return ", ".join(f"{member.name} ({member.path})" for member in layer.members)
    return layer.title


def _size(size: int | None) -> str:
    """Return `858 MB`, or nothing where the size is unknown."""
    return size_text(size, SIZE) if size else ""


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set rows in columns, three spaces between them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("   ".join(map(str.ljust, row, widths)) for row in rows)
    return [line.rstrip() for line in lines]


class _PublishedNames(GenerateJsonSchema):
    """Name definitions as the published schema does, whatever the classes are called."""

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(name.replace(LayerDocument.__name__, "Layer"))


def schema() -> str:
    """Return the JSON schema of the document."""
    described = Document.model_json_schema(schema_generator=_PublishedNames)
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(described, indent=2) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
