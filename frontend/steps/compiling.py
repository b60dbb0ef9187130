"""Bytecode for the sources that standard input names, between null bytes."""

import importlib.util
import marshal
import os
import sys
import warnings


def compile_all(paths):
    """Compile sources to unchecked hash-based bytecode (PEP 552), on every processor."""
    workers = min(len(os.sched_getaffinity(0)), 1 + len(paths) // 50)
    # Sizes are mixed: neighbours are of one package.
    shares = [paths[number::workers] for number in range(workers)]
    children = []
    for share in shares[1:]:
        child = os.fork()
        if not child:
            try:
                for path in share:
                    compile_one(path)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    for path in shares[0]:
        compile_one(path)
    ended = [os.waitpid(child, 0)[1] for child in children]
    if any(ended):
        sys.exit("uv-frontend: bytecode could not be made")


def compile_one(path):
    """Compile one source. One that cannot be compiled is left for Python to refuse."""
    with open(path, "rb") as stream:
        source = stream.read()
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    target = importlib.util.cache_from_source(path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as stream:
        stream.write(importlib.util.MAGIC_NUMBER + b"\1\0\0\0")
        stream.write(importlib.util.source_hash(source) + marshal.dumps(code))


if __name__ == "__main__":
    # What a source may warn of is its authors' business; showing it would load more modules.
    warnings.simplefilter("ignore")
    compile_all(os.fsdecode(sys.stdin.buffer.read()).split("\0"))
