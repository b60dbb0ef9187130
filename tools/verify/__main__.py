"""`python3 -m tools.verify IMAGE`: is this image what its source builds to?

Exit codes: 0 it is, 1 it is not, 2 nobody can say.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.verify import buildx, comparison, provenance
from tools.verify.buildx import Bounds
from tools.verify.comparison import Verdict
from tools.verify.errors import UnverifiableError
from tools.verify.images import Archive, published
from tools.verify.text import command, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.verify.comparison import LayerPair
    from tools.verify.images import Published
    from tools.verify.provenance import Recipe

_MANY = 20
_MINUTES = 120


@dataclass(frozen=True)
class Settings:
    """What the verifier has asked for; `options` are those of docker buildx build."""

    repository: str = ""
    options: tuple[str, ...] = ()
    cache: bool = False
    seconds: float = _MINUTES * 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # argparse gives what follows `--` to the first positional argument that takes many.
    end = words.index("--") if "--" in words else len(words)
    given = _parse(words[:end])
    options = tuple(words[end + 1 :])
    settings = Settings(given.repository, options, given.cache, given.minutes * 60)
    try:
        verdicts = _all(given.image, set(filter(None, given.platform.split(","))), settings)
    except UnverifiableError as error:
        _refuse(str(error), error.remedy)
        return 2
    except Exception as error:  # Python's own exit code for it would mean "it is not"
        _refuse(f"{type(error).__name__}: {error}", "This is a fault of this program.")
        return 2
    return int(Verdict.DIFFERENT in verdicts)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="verify",
        description=__doc__,
        usage="%(prog)s [options] IMAGE [-- OPTIONS OF docker buildx build]",
        epilog="Options after -- go to the rebuild: --builder, --secret, --ssh, --network …",
    )
    parser.add_argument("image", help="a name in a registry, best with its digest")
    parser.add_argument("--platform", default="", help="of these alone, separated by commas")
    parser.add_argument(
        "--repository", default="", help="fetch the commit from here, not from where it was"
    )
    parser.add_argument(
        "--cache", action="store_true", help="take what the builder has in its cache"
    )
    parser.add_argument(
        "--minutes", type=float, default=_MINUTES, help="end a rebuild that takes longer (120)"
    )
    return parser.parse_args(arguments)


def _all(reference: str, platforms: set[str], settings: Settings) -> list[Verdict]:
    verdicts = []
    for image in published(reference):
        if platforms and image.platform not in platforms:
            continue
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            verdicts.append(_verify(image, Path(folder), settings))
    if not verdicts:
        raise UnverifiableError(f"{reference} has no such platform")
    return verdicts


def _refuse(message: str, remedy: str) -> None:
    print(f"cannot be verified: {printable(message)}", file=sys.stderr)
    if remedy:
        print(printable(remedy), file=sys.stderr)


def _show(line: str) -> None:
    """Print what others may have written."""
    print(printable(line), flush=True)


def _verify(image: Published, folder: Path, settings: Settings) -> Verdict:
    _show(f"image     {image.reference} ({image.platform})")
    if image.provenance is None:
        raise UnverifiableError(
            "the image has no provenance, so nothing tells what it was built from",
            "Publish with --provenance=mode=max --push.",
        )
    recipe = provenance.read(image.provenance, settings.repository)
    how = ", as the client said that built it" if recipe.claimed else ""
    _show(f"source    {recipe.context}{how}")
    ask_for_secrets(recipe, settings.options)
    rebuilt = _rebuild(recipe, image.platform, folder, settings)
    used = provenance.evidence(rebuilt.provenance)
    _show(f"frontend  {used.frontend}")
    for base in used.bases:
        _show(f"base      {base}")
    verdict = comparison.judge(image.image, rebuilt.image)
    _show(f"rebuilt   {rebuilt.image.digest}")
    contradictions = list(recipe.evidence.contradictions(used))
    _show_some(f"provenance: {line}" for line in contradictions)
    if verdict is Verdict.DIFFERENT:
        _show_differences(image, rebuilt, folder, settings)
    missing = not_given(recipe, settings.options)
    if missing and (contradictions or verdict is Verdict.DIFFERENT):
        raise UnverifiableError(
            "the rebuild came out differently, and the published build had options that this one "
            "was not given",
            f"If you trust the publisher with them, add after the image: -- {command(missing)}",
        )
    if contradictions and verdict is not Verdict.DIFFERENT:
        print("not verified: the image is the same, and its provenance is NOT that of the rebuild")
        return Verdict.DIFFERENT
    prefix = "not verified: the published image is" if verdict is Verdict.DIFFERENT else "verified:"
    print(f"{prefix} {verdict.value}", flush=True)
    return verdict


def ask_for_secrets(recipe: Recipe, options: Sequence[str]) -> None:
    """Raise UnverifiableError if the build cannot do without something that was not given."""
    missing: list[str] = []
    for name, optional in recipe.secrets.items():
        if not optional and name not in _ids("--secret", options):
            missing += ["--secret", f"id={name},src=FILE"]
    for name, optional in recipe.agents.items():
        if not optional and name not in _ids("--ssh", options):
            missing += ["--ssh", name]
    if missing:
        raise UnverifiableError(
            "the build needed secrets, which no provenance holds",
            f"Give them after the image, and every step of the build can read them: "
            f"-- {command(missing)}",
        )


def _ids(option: str, options: Sequence[str]) -> set[str]:
    """Return the ids of the secrets or the agents that the verifier gives."""
    fields = [value.split(",") for value in _values(option, options)]
    if option == "--ssh":
        return {words[0].partition("=")[0] for words in fields}
    return {word.removeprefix("id=") for words in fields for word in words if word[:3] == "id="}


def _values(option: str, options: Sequence[str]) -> list[str]:
    """Return the values of an option, in either form of writing it."""
    return [
        word if before == option else word.removeprefix(f"{option}=")
        for before, word in itertools.pairwise(["", *options])
        if before == option or word.startswith(f"{option}=")
    ]


def not_given(recipe: Recipe, options: Sequence[str]) -> list[str]:
    """Return the options of the published build that the verifier has not decided about."""
    return [right for right in recipe.rights if not _values(right.partition("=")[0], options)]


def rebuild_options(
    recipe: Recipe, platform: str, archive: Path, settings: Settings
) -> tuple[str, ...]:
    """Return the options of the rebuild. Each from the provenance is one word with its value."""
    return (
        *recipe.options,
        f"--platform={platform}",
        "--provenance=mode=max",
        f"--output=type=oci,dest={archive}",
        *([] if settings.cache else ["--no-cache"]),
        *settings.options,
    )


def _rebuild(recipe: Recipe, platform: str, folder: Path, settings: Settings) -> Archive:
    policy = folder / "policy.json"
    policy.write_text(json.dumps(recipe.policy))
    archive = folder / "rebuilt.tar"
    failed = buildx.build(
        rebuild_options(recipe, platform, archive, settings),
        recipe.context,
        Bounds(settings.seconds, file=archive),
        environment={"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": str(policy)},
    )
    if failed:
        raise UnverifiableError(
            f"the rebuild failed: {failed}", _hint(recipe, failed, settings.options)
        )
    return Archive(archive)


def _hint(recipe: Recipe, failed: str, options: Sequence[str]) -> str:
    if "OCI exporter is not supported" in failed:
        return (
            "This engine writes no archives. Take a builder that does, with: "
            "docker buildx create --name verifier, and: -- --builder verifier"
        )
    asked = not_given(recipe, options)
    for name, optional in recipe.secrets.items():
        if optional and name not in _ids("--secret", options):
            asked += ["--secret", f"id={name},src=FILE"]
    for name, optional in recipe.agents.items():
        if optional and name not in _ids("--ssh", options):
            asked += ["--ssh", name]
    if not asked:
        return ""
    return (
        "The build may have had these, to be given after the image if you trust its publisher "
        f"with them: -- {command(asked)}"
    )


def _show_differences(image: Published, rebuilt: Archive, folder: Path, settings: Settings) -> None:
    """Say where the images differ, as far as that can be read."""
    differing = comparison.settings(image.image.config, rebuilt.image.config)
    _show_some(f"configuration: {line}" for line in differing)
    pairs = list(comparison.layers(image.image, rebuilt.image))
    if not pairs:
        return
    try:
        original = _fetch(image, folder, settings)
        for pair in pairs:
            _show_layer(pair, image, original, rebuilt)
    except UnverifiableError as error:
        _show(f"layers: {error}")


def _show_some(lines: Iterable[str], indent: str = "") -> None:
    """Print the first lines, and how many more there are."""
    every = list(lines)
    for line in every[:_MANY]:
        _show(f"{indent}{line}")
    if len(every) > _MANY:
        _show(f"{indent}… and {len(every) - _MANY} more")


def _fetch(image: Published, folder: Path, settings: Settings) -> Archive:
    """Let the builder fetch the published image, which has the account for the registry."""
    if image.image.triggers:
        raise UnverifiableError("not compared by files, since fetching would run what ONBUILD says")
    archive = folder / "published.tar"
    builder = [f"--builder={name}" for name in _values("--builder", settings.options)]
    output = f"--output=type=oci,dest={archive},compression=uncompressed,force-compression=true"
    failed = buildx.build(
        [f"--platform={image.platform}", "--provenance=false", output, *builder],
        "-",
        Bounds(settings.seconds, file=archive),
        stdin=f"FROM {image.reference}\n",
    )
    if failed:
        raise UnverifiableError(f"the published image cannot be fetched: {failed}")
    return Archive(archive)


def _show_layer(pair: LayerPair, image: Published, original: Archive, rebuilt: Archive) -> None:
    number = pair.rebuilt if pair.published is None else pair.published
    assert number is not None
    whose = rebuilt.image if pair.published is None else image.image
    title = dict(enumerate(whose.titles)).get(number, "")
    _show(f"layer {number + 1} of {len(whose.diff_ids)}: {title}".rstrip(": "))
    if pair.published is None or pair.rebuilt is None:
        _show(f"  only in the {'rebuilt' if pair.published is None else 'published'} image")
        return
    lines = list(comparison.files(original.entries(pair.published), rebuilt.entries(pair.rebuilt)))
    _show_some(lines or ["the same files; the archive is written in another way"], "  ")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
