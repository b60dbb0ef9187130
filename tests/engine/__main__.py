"""The command line: `python3 -m tests.engine up|down|list`."""

from __future__ import annotations

import argparse
import sys

from tests.engine import KINDS, Engine, EngineUnavailable, engines


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
    given = parser.parse_args(arguments)
    try:
        match given.command:
            case "up":
                _up(given.kind, given.name or given.kind)
            case "down":
                _down(given.names)
            case "list":
                for name in engines.names():
                    print(name, "running" if Engine.running(name) else "not running")
    except EngineUnavailable as error:
        print(f"No engine: {error}", file=sys.stderr)
        return 1
    return 0


def _up(kind: str, name: str) -> None:
    engine = Engine.start(kind, name, owned=False)
    shown = ("docker.io", "containerd", "runc", "docker-buildx")
    versions = ", ".join(f"{package} {engine.versions[package]}" for package in shown)
    # The lines alone go to stdout, for `eval "$(make --silent engine)"`.
    print(f"{KINDS[kind].about}: {versions}; log: {engine.log.path}", file=sys.stderr)
    print("\n".join(engine.shell_lines()))


def _down(names: list[str]) -> None:
    for name in names or [name for name in engines.names() if not engines.owned(name)]:
        found = engines.stop(name)
        print(f"{name}: {'ended' if found else 'there is none'}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
