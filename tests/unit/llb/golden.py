"""The cases as a person can review them: `golden.txt`.

    python -m tests.unit.llb.golden     write it anew

A changed digest there means that every user's cache is lost, so look at the difference.
"""

from __future__ import annotations

from pathlib import Path

from google.protobuf import text_format

from llb.pb import ops_pb2
from tests.unit.llb.cases import CASES

FILE = Path(__file__).with_name("golden.txt")


def shown(name: str) -> str:
    """A case: digest, output, capabilities, the operation as text with its inputs shortened."""
    output = CASES[name]()
    op = ops_pb2.Op.FromString(output.vertex.data)
    for edge in op.inputs:
        edge.digest = edge.digest[:19]
    text = text_format.MessageToString(op, as_utf8=True)
    needs = " ".join(sorted(output.vertex.required))
    return f"{output.digest} output {output.index}\nneeds {needs}\n{text}"


def read() -> dict[str, str]:
    """The reviewed form of each case."""
    blocks = FILE.read_text().split("=== ")[1:]
    return {name: text.removesuffix("\n") for name, text in (b.split("\n", 1) for b in blocks)}


if __name__ == "__main__":
    FILE.write_text("".join(f"=== {name}\n{shown(name)}\n" for name in CASES))
