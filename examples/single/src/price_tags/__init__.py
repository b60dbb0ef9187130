import sys
from importlib.resources import files

from markupsafe import escape

TEMPLATE = (files(__name__) / "tag.html").read_text(encoding="utf-8")


def tag(name: str, price: str) -> str:
    return TEMPLATE.format(name=escape(name), price=escape(price))


def main() -> None:
    for argument in sys.argv[1:]:
        name, _, price = argument.partition("=")
        print(tag(name, price), end="")
