"""The bytes of an operation, exactly as BuildKit's Go client writes them.

A vertex is addressed by the digest of its bytes, and since 0.17 the daemon serialises every vertex
again and uses its own digest. Bytes that mean the same but are written in another order still
build, but then nothing that is keyed by digest (source locations, say) is found again.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proto import ops_pb2

# encoding/json in Go escapes these so that JSON may stand inside HTML and JavaScript.
_GO_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def canonical(head: ops_pb2.Op, body: ops_pb2.Op) -> bytes:
    """One operation's bytes: `head` holds inputs, platform and constraints, `body` only the kind.

    Go writes a oneof after all other fields of its message whatever the numbers say; every other
    protobuf implementation goes by number. Two messages written one after the other are, in
    protobuf, their union, so the order can be had without writing the wire format by hand. Nested
    messages of an operation that have a oneof have it last by number too.
    """
    return head.SerializeToString(deterministic=True) + body.SerializeToString(deterministic=True)


def digest(data: bytes) -> str:
    """The digest of `data` as it is written everywhere in LLB: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def string_list(items: Iterable[str]) -> str:
    """A list of strings as the JSON that Go's `encoding/json` writes."""
    text = json.dumps(list(items), ensure_ascii=False, separators=(",", ":"))
    return text.translate(_GO_ESCAPES)
