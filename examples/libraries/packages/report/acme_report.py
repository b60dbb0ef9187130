"""A report about shapes."""

import json
import sys
from importlib.metadata import version

from acme.geometry import area

__version__ = "5.0"

MEMBERS = ("acme-units", "acme-geometry", "acme-report")


def main() -> None:
    shape, width = sys.argv[1:]
    versions = {name: version(name) for name in MEMBERS}
    print(json.dumps({"area": round(area(shape, width), 4), "versions": versions}))
