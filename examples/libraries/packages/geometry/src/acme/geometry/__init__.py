from importlib.resources import files

from acme.units import metres

_LINES = (files(__name__) / "shapes.txt").read_text(encoding="utf-8").splitlines()
#: The part of its bounding square that a shape covers.
SHARES = {name: float(share) for name, share in map(str.split, _LINES)}


def area(shape: str, width: str) -> float:
    return SHARES[shape] * metres(width) ** 2
