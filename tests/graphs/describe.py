"""One line of text for each operation of a graph.

```
exec  ARGUMENTS | MOUNTS | env: what differs from most steps, and the digest of all
file  ACTIONS; each with the vertex that it copies from
merge VERTICES, diff LOWER UPPER, source IDENTIFIER ATTRIBUTES
```

A vertex is named by the first digits of its digest, a long text by its size and digest.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.graphs.protobuf import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    _Owned = (
        ops_pb2.FileActionCopy
        | ops_pb2.FileActionMkFile
        | ops_pb2.FileActionMkDir
        | ops_pb2.FileActionSymlink
    )

#: Digits of a digest that are written down.
DIGITS = 12
_LONGEST = 80
#: The frontend sets these for most steps; the digest of the environment shows that one changed.
_USUAL = frozenset(
    {
        *("HOME", "LANG", "LC_ALL", "PATH", "PYTHONHASHSEED", "PYC_INVALIDATION_MODE"),
        *("UV_CACHE_DIR", "UV_COMPILE_BYTECODE", "UV_CONCURRENT_DOWNLOADS", "UV_NO_PROGRESS"),
        *("UV_HTTP_CONNECT_TIMEOUT", "UV_HTTP_RETRIES", "UV_HTTP_TIMEOUT", "UV_LINK_MODE"),
        *("UV_NO_ENV_FILE", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON_DOWNLOADS"),
    }
)
#: A variable that differs from run to run, on purpose.
_MOMENT = "UV_FRONTEND_MOMENT="


def short(digest: str) -> str:
    """Return the digits of a digest that are written down."""
    return digest.removeprefix("sha256:")[:DIGITS]


def digest_of(data: bytes) -> str:
    """Return the written digits of the digest of some bytes."""
    return hashlib.sha256(data).hexdigest()[:DIGITS]


def steady(data: bytes) -> bytes:
    """Return an operation's bytes, without what differs from run to run."""
    if _MOMENT.encode() not in data:
        return data
    op = ops_pb2.Op.FromString(data)
    env = [_MOMENT if value.startswith(_MOMENT) else value for value in op.exec.meta.env]
    op.exec.meta.env[:] = env
    return op.SerializeToString(deterministic=True)


def describe(data: bytes) -> str:
    """Describe an operation by its bytes."""
    op = ops_pb2.Op.FromString(data)
    kind = op.WhichOneof("op") or "end"
    inputs = [_edge(each) for each in op.inputs]
    write = {
        "exec": _exec,
        "file": _file,
        "merge": _merge,
        "diff": _diff,
        "source": _source,
    }.get(kind)
    words = [kind, write(op, inputs) if write else " ".join(inputs)]
    if op.HasField("platform"):
        platform = op.platform
        parts = (platform.OS, platform.Architecture, platform.Variant, platform.OSVersion)
        words.append("@" + "/".join(filter(None, parts)))
    if op.constraints.filter:
        words.append(f"constraints={list(op.constraints.filter)}")
    return " ".join(words)


def _edge(edge: ops_pb2.Input) -> str:
    return short(edge.digest) + (f":{edge.index}" if edge.index else "")


def _input(inputs: Sequence[str], index: int) -> str:
    return inputs[index] if index >= 0 else "scratch"


def _text(text: str) -> str:
    if len(text) <= _LONGEST and "\n" not in text:
        return text if text and " " not in text else repr(text)
    return f"<{len(text)} characters {digest_of(text.encode())}>"


def _source(op: ops_pb2.Op, _: Sequence[str]) -> str:
    attrs = (f"{key}={_text(value)}" for key, value in sorted(op.source.attrs.items()))
    return " ".join([op.source.identifier, *attrs])


def _merge(op: ops_pb2.Op, inputs: Sequence[str]) -> str:
    return " ".join(_input(inputs, each.input) for each in op.merge.inputs)


def _diff(op: ops_pb2.Op, inputs: Sequence[str]) -> str:
    lower, upper = op.diff.lower.input, op.diff.upper.input
    return f"{_input(inputs, lower)} {_input(inputs, upper)}"


def _exec(op: ops_pb2.Op, inputs: Sequence[str]) -> str:
    step, meta = op.exec, op.exec.meta
    parts = [" ".join(map(_text, meta.args))]
    parts += (_mount(each, inputs) for each in step.mounts)
    parts.append(_environment(meta.env))
    if meta.cwd != "/":
        parts.append(f"in {meta.cwd}")
    if step.network:
        parts.append(f"network={ops_pb2.NetMode.Name(step.network)}")
    if step.security:
        parts.append(f"security={ops_pb2.SecurityMode.Name(step.security)}")
    parts += (f"secret {each.ID} in {each.name}" for each in step.secretenv)
    for name in ("user", "hostname", "cgroupParent"):
        if value := getattr(meta, name):
            parts.append(f"{name}={value}")
    if meta.HasField("proxy_env"):
        named = meta.proxy_env.ListFields()
        parts.append("proxy " + " ".join(f"{field.name}={value}" for field, value in named))
    parts += (f"host {each.Host}={each.IP}" for each in meta.extraHosts)
    parts += (f"ulimit {each.Name}={each.Soft}:{each.Hard}" for each in meta.ulimit)
    if meta.validExitCodes:
        parts.append(f"exit={','.join(map(str, meta.validExitCodes))}")
    return " | ".join(filter(None, parts))


def _environment(env: Iterable[str]) -> str:
    values = [value.partition("=") for value in env]
    if not values:
        return ""
    unusual = [f"{key}={_text(value)}" for key, _, value in values if key not in _USUAL]
    return " ".join([f"env {digest_of(chr(0).join(env).encode())}", *unusual])


def _mount(mount: ops_pb2.Mount, inputs: Sequence[str]) -> str:
    kind = ops_pb2.MountType.Name(mount.mountType).lower()
    if kind == "bind":
        words = [mount.dest, "<" if mount.readonly else "<>", _input(inputs, mount.input)]
        if mount.selector not in ("", "/"):
            words.append(mount.selector)
        if mount.output >= 0:
            words.append(f"out={mount.output}")
    else:
        words = [kind, mount.dest]
    if kind == "cache":
        sharing = ops_pb2.CacheSharingOpt.Name(mount.cacheOpt.sharing).lower()
        words += [f"id={mount.cacheOpt.ID}", *([sharing] if sharing != "shared" else [])]
    if kind == "secret":
        words += [f"id={mount.secretOpt.ID}", *(["optional"] if mount.secretOpt.optional else [])]
    if kind == "ssh":
        words += [f"id={mount.SSHOpt.ID}", *(["optional"] if mount.SSHOpt.optional else [])]
    if mount.TmpfsOpt.size:
        words.append(f"size={mount.TmpfsOpt.size}")
    return " ".join(words)


def _file(op: ops_pb2.Op, inputs: Sequence[str]) -> str:
    # Inputs of actions go on counting where those of the operation end.
    places = [*inputs, *(f"#{number}" for number in range(len(op.file.actions)))]
    written, on = [], -1
    for number, action in enumerate(op.file.actions):
        base = "" if on >= 0 and action.input == on else f"on {_input(places, action.input)} "
        written.append(base + _action(action, places))
        on = len(inputs) + number
    return "; ".join(written)


def _action(action: ops_pb2.FileAction, places: Sequence[str]) -> str:
    kind = action.WhichOneof("action")
    if kind == "copy":
        return _copy(action.copy, _input(places, action.secondaryInput))
    if kind == "mkfile":
        file = action.mkfile
        words = ["mkfile", file.path, f"{file.mode:o}", f"{len(file.data)} bytes"]
        return " ".join([*words, digest_of(file.data), *_owner(file)])
    if kind == "mkdir":
        parents = ["parents"] if action.mkdir.makeParents else []
        return " ".join(
            ["mkdir", action.mkdir.path, f"{action.mkdir.mode:o}", *parents, *_owner(action.mkdir)]
        )
    if kind == "symlink":
        link = action.symlink
        return " ".join(["symlink", link.newpath, "to", link.oldpath, *_owner(link)])
    removed = action.rm
    flags = ["if there"] if removed.allowNotFound else []
    return " ".join(["rm", removed.path, *flags, *(["wildcard"] if removed.allowWildcard else [])])


def _copy(copy: ops_pb2.FileActionCopy, source: str) -> str:
    words = ["copy", source, copy.src, "to", copy.dest, *_owner(copy)]
    if copy.mode != -1:
        words.append(f"mode={copy.mode:o}")
    if copy.modeStr:
        words.append(f"mode={copy.modeStr}")
    flags = (
        *("followSymlink", "dirCopyContents", "attemptUnpackDockerCompatibility"),
        *("createDestPath", "allowWildcard", "allowEmptyWildcard"),
        "alwaysReplaceExistingDestPaths",
    )
    words += [flag for flag in flags if getattr(copy, flag)]
    for key in ("include_patterns", "exclude_patterns", "required_paths"):
        if patterns := list(getattr(copy, key)):
            words.append(f"{key.partition('_')[0]}={_text(','.join(patterns))}")
    return " ".join(words)


def _owner(action: _Owned) -> list[str]:
    words = []
    if action.HasField("owner"):
        users = (action.owner.user, action.owner.group)
        words.append("owner=" + ":".join(each.byName.name or str(each.byID) for each in users))
    if action.timestamp != -1:
        words.append(f"time={action.timestamp}")
    return words
