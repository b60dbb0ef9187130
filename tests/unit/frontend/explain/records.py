"""Any record, as Hypothesis makes them."""

from __future__ import annotations

from hypothesis import strategies as st

from frontend.explain.record import Base, Record, RecordedLayer, Tree, short_digest

HEX = st.text("0123456789abcdef", min_size=8, max_size=8)
NAME = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,3})?", fullmatch=True)
VERSION = st.from_regex(r"[0-9]{1,2}\.[0-9]{1,2}", fullmatch=True)
PATH = st.lists(st.from_regex(r"[a-z]{1,4}", fullmatch=True), min_size=1, max_size=3).map("/".join)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Files of a package, under a digest that follows from them."""
    files = {
        f"{path}.py": digest
        for path, digest in draw(st.dictionaries(PATH, HEX, min_size=1, max_size=4)).items()
    }
    return Tree(
        short_digest(files) * 8, files, draw(VERSION), draw(st.none() | st.integers(0, 10**9))
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    """An image: a venv, layers of packages and of members, in which no name comes twice."""
    names = draw(st.lists(NAME, max_size=8, unique=True))
    cut = draw(st.integers(0, len(names)))
    third_party, local = names[:cut], names[cut:]
    split = draw(st.integers(0, len(third_party)))
    layers = [RecordedLayer("skeleton", "k-venv", text="virtual environment", size=0)]
    for group in (third_party[:split], third_party[split:]):
        if group:
            packages = {name: draw(VERSION) for name in group}
            size = draw(st.none() | st.integers(1, 10**9))
            layers.append(
                RecordedLayer("packages", draw(HEX), packages, count=len(group), size=size)
            )
    layers += [
        RecordedLayer("member", draw(HEX), trees={name: draw(trees())}, size=0) for name in local
    ]
    base = Base("python:3.13-slim", f"sha256:{draw(HEX)}")
    return Record(
        package="api",
        target=draw(st.sampled_from(["image", "deps"])),
        platform="linux/amd64",
        base=base,
        builder=draw(st.sampled_from([base, Base("gcc:15", "sha256:c")])),
        python=draw(st.sampled_from(["3.13.1", "3.14.0"])),
        uv="0.13.8",
        steps="12345678",
        extras=tuple(sorted(draw(st.sets(NAME, max_size=2)))),
        groups=tuple(sorted(draw(st.sets(NAME, max_size=2)))),
        layers=tuple(layers),
    )
