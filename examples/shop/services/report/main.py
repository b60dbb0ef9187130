import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from rich.console import Console

from shop_catalog import format_price, products
from table import price_table

HERE = Path(__file__).parent


def main() -> None:
    if sys.argv[1:] == ["--html"]:
        templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)
        rows = [(item.sku, item.name, format_price(item.price)) for item in products().values()]
        print(templates.get_template("prices.html.j2").render(rows=rows))
    else:
        Console(width=80).print(price_table(products().values()))


if __name__ == "__main__":
    main()
