"""`python3 -m tools.verify IMAGE`: is this image what its source builds to?

Exit codes: 0 it is, 1 it is not, 2 nobody can say.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.verify import buildx, comparison, provenance
from tools.verify.comparison import Verdict
from tools.verify.errors import UnverifiableError
from tools.verify.images import Archive, published

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.verify.comparison import LayerPair
    from tools.verify.images import Published
    from tools.verify.provenance import Recipe

_MANY = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify; returns the exit code."""
    given = _parse(arguments)
    wanted = set(filter(None, given.platform.split(",")))
    verdicts = []
    try:
        for image in published(given.image):
            if wanted and image.platform not in wanted:
                continue
            with tempfile.TemporaryDirectory(prefix="verify-") as folder:
                verdicts.append(
                    _verify(image, Path(folder), given.repository, given.option, given.cache)
                )
    except UnverifiableError as error:
        print(f"cannot be verified: {error}", file=sys.stderr)
        if error.remedy:
            print(error.remedy, file=sys.stderr)
        return 2
    if not verdicts:
        print(f"cannot be verified: {given.image} has no such platform", file=sys.stderr)
        return 2
    return int(Verdict.DIFFERENT in verdicts)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="verify", description=__doc__)
    parser.add_argument("image", help="a name in a registry, best with its digest")
    parser.add_argument("--platform", default="", help="of these alone, separated by commas")
    parser.add_argument(
        "--repository", default="", help="fetch the commit from here, not from where it was"
    )
    parser.add_argument(
        "--cache", action="store_true", help="take what the builder has in its cache"
    )
    parser.add_argument(
        "option",
        nargs="*",
        help="after --, for docker buildx build: --builder, --secret, --ssh …",
    )
    return parser.parse_args(arguments)


def _verify(
    image: Published, folder: Path, repository: str, options: Sequence[str], cache: bool
) -> Verdict:
    print(f"image     {image.reference} ({image.platform})")
    if image.provenance is None:
        raise UnverifiableError(
            "the image has no provenance, so nothing tells what it was built from",
            "Publish with --provenance=mode=max --push.",
        )
    recipe = provenance.read(image.provenance, repository)
    how = ", as the client said that built it" if recipe.claimed else ""
    print(f"source    {recipe.context}{how}")
    print(f"frontend  {recipe.frontend}")
    for material in recipe.materials:
        if material.image and not recipe.frontend.startswith(material.name):
            print(f"base      {material.name}@{material.digest}")
    sys.stdout.flush()
    _ask_for_secrets(recipe, options)
    rebuilt = _rebuild(recipe, image.platform, folder, options, cache)
    verdict = comparison.judge(image.image, rebuilt.image)
    print(f"rebuilt   {rebuilt.image.digest}")
    if verdict is not Verdict.DIFFERENT:
        print(f"verified: {verdict.value}")
        return verdict
    for line in comparison.settings(image.image.config, rebuilt.image.config):
        print(f"configuration: {line}")
    pairs = list(comparison.layers(image.image, rebuilt.image))
    if pairs:
        original = _fetch(image, folder, options)
        for pair in pairs:
            _tell_layer(pair, image, original, rebuilt)
    print(f"not verified: the published image is {verdict.value}")
    return verdict


def _ask_for_secrets(recipe: Recipe, options: Sequence[str]) -> None:
    given = " ".join(options)
    missing = [
        f"--secret id={name},src=…"
        for name, optional in recipe.secrets.items()
        if not optional and f"id={name}" not in given
    ]
    if any(not optional for optional in recipe.agents.values()) and "--ssh" not in given:
        missing.append("--ssh default")
    if missing:
        raise UnverifiableError(
            "the build needed secrets, which no provenance holds",
            f"Give them after the image: -- {' '.join(missing)}",
        )


def _rebuild(
    recipe: Recipe, platform: str, folder: Path, options: Sequence[str], cache: bool
) -> Archive:
    policy = folder / "policy.json"
    policy.write_text(json.dumps(recipe.policy))
    archive = folder / "rebuilt.tar"
    command = [
        *recipe.options,
        f"--platform={platform}",
        "--provenance=false",
        f"--output=type=oci,dest={archive}",
        *([] if cache else ["--no-cache"]),
        *options,
        recipe.context,
    ]
    failed = buildx.build(command, environment={"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": str(policy)})
    if failed:
        raise UnverifiableError(f"the rebuild failed: {failed}", _hint(recipe, failed))
    return Archive(archive)


def _hint(recipe: Recipe, failed: str) -> str:
    if "OCI exporter is not supported" in failed:
        return (
            "This engine writes no archives. Take a builder that does, with: "
            "docker buildx create --name verifier, and: -- --builder verifier"
        )
    asked = [f"--secret id={name}" for name, optional in recipe.secrets.items() if optional]
    asked += ["--ssh default"] if recipe.agents else []
    if not asked:
        return ""
    return f"The build may have had these, to be given after the image: -- {' '.join(asked)}"


def _fetch(image: Published, folder: Path, options: Sequence[str]) -> Archive:
    """Let the builder fetch the published image, which has the account for the registry."""
    archive = folder / "published.tar"
    builder = [
        word
        for before, word in itertools.pairwise(["", *options])
        if word.startswith("--builder") or before == "--builder"
    ]
    output = f"--output=type=oci,dest={archive},compression=uncompressed,force-compression=true"
    command = [f"--platform={image.platform}", "--provenance=false", output, *builder, "-"]
    failed = buildx.build(command, stdin=f"FROM {image.reference}\n")
    if failed:
        raise UnverifiableError(f"the published image cannot be fetched: {failed}")
    return Archive(archive)


def _tell_layer(pair: LayerPair, image: Published, original: Archive, rebuilt: Archive) -> None:
    number = pair.rebuilt if pair.published is None else pair.published
    assert number is not None
    whose = rebuilt.image if pair.published is None else image.image
    title = dict(enumerate(whose.titles)).get(number, "")
    print(f"layer {number + 1} of {len(whose.diff_ids)}: {title}".rstrip(": "))
    if pair.published is None or pair.rebuilt is None:
        print(f"  only in the {'rebuilt' if pair.published is None else 'published'} image")
        return
    lines = list(comparison.files(original.entries(pair.published), rebuilt.entries(pair.rebuilt)))
    for line in lines[:_MANY] or ["the same files; the archive is written in another way"]:
        print(f"  {line}")
    if len(lines) > _MANY:
        print(f"  … and {len(lines) - _MANY} more")


if __name__ == "__main__":
    sys.exit(main())
