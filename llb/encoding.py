"""The bytes of an operation, exactly as BuildKit's Go client writes them.

A vertex is addressed by the digest of its bytes, and since 0.17 the daemon serialises every vertex
again and uses its own digest. Bytes that mean the same but are written in another order still
build, but then nothing that is keyed by digest (source locations, say) is found again.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from llb.pb import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

# encoding/json in Go escapes these so that JSON may stand inside HTML and JavaScript.
_GO_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def canonical(head: ops_pb2.Op, body: ops_pb2.Op) -> bytes:
    """One operation's bytes: `head` holds inputs, platform and constraints, `body` only the kind.

    Go writes a oneof after all other fields of its message whatever the numbers say; every other
    protobuf implementation goes by number. Two messages written one after the other are, in
    protobuf, their union, so the order can be had without writing all of the wire format by hand.
    Nested messages of an operation that have a oneof have it last by number too.
    """
    last = (
        _embedded(ops_pb2.Op.SOURCE_FIELD_NUMBER, _source(body.source))
        if body.HasField("source")
        else body.SerializeToString(deterministic=True)
    )
    return head.SerializeToString(deterministic=True) + last


def _source(source: ops_pb2.SourceOp) -> bytes:
    """A source with its attributes in order.

    Go sorts the keys of a map as strings. So does Python's runtime when asked to be deterministic,
    except that it writes a key before its own prefix: `local.metadatatransferexclude` comes before
    `local.metadatatransfer`. No other operation made here has a map.
    """
    attrs = (
        ops_pb2.SourceOp(attrs={key: source.attrs[key]}).SerializeToString()
        for key in sorted(source.attrs)
    )
    return ops_pb2.SourceOp(identifier=source.identifier).SerializeToString() + b"".join(attrs)


def _embedded(field_number: int, message: bytes) -> bytes:
    """A field that holds a message, on the wire: tag, length, content (wire type 2)."""
    return _varint(field_number << 3 | 2) + _varint(len(message)) + message


def _varint(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first, all but the last with the top bit set."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def digest(data: bytes) -> str:
    """The digest of `data` as it is written everywhere in LLB: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def string_list(items: Iterable[str]) -> str:
    """A list of strings as the JSON that Go's `encoding/json` writes."""
    text = json.dumps(list(items), ensure_ascii=False, separators=(",", ":"))
    return text.translate(_GO_ESCAPES)
