"""The command line: `python3 -m tests.engine up|down|list`."""

from __future__ import annotations

import argparse
import sys

from tests.engine import KINDS, BuildError, Engine, EngineUnavailable, engines, frontend_image


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start an engine and print the shell lines to use it")
    up.add_argument("--kind", default="docker28", choices=sorted(KINDS))
    up.add_argument("--name", help="by default the kind")
    down = commands.add_parser("down", help="end an engine and remove its data")
    down.add_argument("names", nargs="*", help="by default all that no test run owns")
    commands.add_parser("list", help="print the engines and how they are")
    image = commands.add_parser("image", help="build the frontend image with the engine at hand")
    image.add_argument("image", nargs="?", default=frontend_image.IMAGE)
    image.add_argument("--kind", default="docker28", help="of the private engine, if none is there")
    given = parser.parse_args(arguments)
    try:
        match given.command:
            case "up":
                _up(given.kind, given.name or given.kind)
            case "down":
                _down(given.names)
            case "image":
                _image(given.image, given.kind)
            case "list":
                for name in engines.names():
                    print(name, "running" if Engine.running(name) else "not running")
    except (EngineUnavailable, BuildError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _up(kind: str, name: str) -> None:
    engine = Engine.start(kind, name, owned=False)
    shown = ("docker.io", "containerd", "runc", "docker-buildx")
    versions = ", ".join(f"{package} {engine.versions[package]}" for package in shown)
    # The lines alone go to stdout, for `eval "$(make --silent engine)"`.
    print(f"{engine.about}: {versions}; log: {engine.log.path}", file=sys.stderr)
    print("\n".join(engine.shell_lines()))


def _image(image: str, kind: str) -> None:
    # An engine that ended with this command would take the image with it.
    engine = Engine.there() or Engine.start(kind, kind, owned=False)
    frontend_image.provide(engine, image)
    where = "the Docker engine that is there" if engine.kind is None else f"engine {engine.name}"
    print(f"{image} is ready for `# syntax={image}` with {where}.", file=sys.stderr)
    if engine.kind is not None:
        print("\n".join(engine.shell_lines()))


def _down(names: list[str]) -> None:
    for name in names or [name for name in engines.names() if not engines.owned(name)]:
        found = engines.stop(name)
        print(f"{name}: {'ended' if found else 'there is none'}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
