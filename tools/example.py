"""Build a service of examples/shop with its one-line Dockerfile, start it, and ask it something."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from tests.engine import Engine, EngineUnavailable, Server, ca_secret, frontend_image

SHOP = Path(__file__).resolve().parent.parent / "examples" / "shop"
SERVICE = "api"
PORT = 8000
QUESTIONS = ("/health",)
TAG = f"shop-{SERVICE}"


def main() -> int:
    """Run the example; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", default="docker28", help="of the engine, if none is there")
    given = parser.parse_args()
    with ExitStack() as stack:
        try:
            engine = Engine.any(given.kind, stack)
        except EngineUnavailable as error:
            print(f"No engine: {error}", file=sys.stderr)
            return 1
        say(f"Building the frontend's image, {frontend_image.IMAGE}")
        frontend_image.provide(engine)
        say("Locking examples/shop")
        subprocess.run([sys.executable, SHOP.parent / "lock.py", SHOP], check=True)
        line = (SHOP / "Dockerfile").read_text().strip()
        say(f"Building the service {SERVICE} with a Dockerfile of one line: {line}")
        arguments = engine.build_command(tag=TAG, build_args={"package": SERVICE}, ca=False)
        print("$ docker", *arguments, "examples/shop", flush=True)
        build = [engine.program, *arguments, *ca_secret(), "--progress=plain", str(SHOP)]
        if code := subprocess.run(build, env=engine.env, check=False).returncode:
            return code
        say("Starting it")
        with engine.serve(TAG, PORT) as server:
            for question in QUESTIONS:
                print(f"$ curl {server.url}{question}\n{ask(server, question)}", flush=True)
    return 0


def ask(server: Server, path: str) -> str:
    """The answer of the service, which gets 30 seconds to start."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(server.url + path, timeout=5) as reply:
                return str(reply.read().decode())
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no answer from {path}; logs:\n{server.logs}") from error
            time.sleep(0.1)


def say(text: str) -> None:
    """Print what comes next."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
