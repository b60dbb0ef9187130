"""Bytecode for what is installed, kept beside uv's cache."""

import glob
import hashlib
import importlib.util
import marshal
import os
import subprocess
import sys

import compiling
import places


def compile_installed(skeleton, keep):
    """Bytecode for what is installed, as uv makes it; with `keep` it is kept beside uv's cache.

    Compiling takes most of an installation, and gives the same for the same sources every time. It
    is kept for each package (or module) that can be imported, under a digest of the Python, of the
    place and of all sources as they are: what lists say of them (RECORD) nobody has verified, and
    several distributions may bring the same file.
    """
    missing, unknown = [], {}
    for site in sorted(glob.glob(places.VENV + "/lib/python*/site-packages")):
        for top in sorted(os.listdir(site)):
            names = [
                name for name in sources(site, top) if path_in_layer(site, name) not in skeleton
            ]
            if not names:
                continue
            known = os.path.join(places.BYTECODE, fingerprint(site, names))
            if keep and restore(known, site):
                continue
            unknown[known] = site, names
            missing += [os.path.join(site, name) for name in names]
    if not missing:
        return
    # In a process of its own: this one ignores the environment and so has a random hash seed, which
    # before Python 3.11 decides the order of sets in bytecode.
    command = [sys.executable, "-s", "-S", compiling.__file__]
    env = dict(os.environ, PYTHONHASHSEED="0")
    subprocess.run(command, input=os.fsencode("\0".join(missing)), cwd="/", env=env, check=True)
    if keep:
        for known, (site, names) in unknown.items():
            preserve(known, site, names)


def sources(site, top):
    """The Python sources that are `top` of `site` or below it, seen from `site`."""
    found = [top]
    for directory, directories, files in os.walk(os.path.join(site, top)):
        directories[:] = [name for name in directories if name != "__pycache__"]
        found += [os.path.relpath(os.path.join(directory, name), site) for name in files]
    python = [name for name in found if name.endswith(".py")]
    return sorted(name for name in python if os.path.isfile(os.path.join(site, name)))


def path_in_layer(site, name):
    """The path that a file below the environment has as a part of the layer."""
    return os.path.join(places.LAYER + site, name)


def fingerprint(site, names):
    """What decides the bytecode of these sources: the Python, their place and their content."""
    parts = [sys.version, importlib.util.MAGIC_NUMBER.hex(), site]
    for name in names:
        with open(os.path.join(site, name), "rb") as stream:
            parts += [name, hashlib.sha256(stream.read()).hexdigest()]
    return hashlib.sha256(os.fsencode("\0".join(parts))).hexdigest()


def restore(known, site):
    """Write the bytecode that is kept as `known`; whether there is any."""
    try:
        with open(known, "rb") as stream:
            files = marshal.load(stream)
    except (OSError, EOFError, ValueError, TypeError):
        return False
    made = set()
    for name, data in files.items():
        path = os.path.join(site, name)
        folder = os.path.dirname(path)
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        with open(path, "wb") as stream:
            stream.write(data)
    return True


def preserve(known, site, names):
    """Keep the bytecode of the sources `names` as `known`; other steps may do the same now."""
    files = {}
    for name in names:
        compiled = importlib.util.cache_from_source(name)
        if os.path.exists(os.path.join(site, compiled)):
            with open(os.path.join(site, compiled), "rb") as stream:
                files[compiled] = stream.read()
    draft = "%s.%s" % (known, os.urandom(8).hex())
    try:
        os.makedirs(places.BYTECODE, exist_ok=True)
        with open(draft, "wb") as stream:
            marshal.dump(files, stream)
        os.replace(draft, known)
    except OSError as error:
        print("uv-frontend: bytecode is not kept: %s" % error, file=sys.stderr)
