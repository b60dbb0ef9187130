from collections.abc import Iterable

from rich.table import Table

from shop_catalog import Product, format_price


def price_table(items: Iterable[Product]) -> Table:
    table = Table("SKU", "Product", title="Price list")
    table.add_column("Price", justify="right")
    for item in items:
        table.add_row(item.sku, item.name, format_price(item.price))
    return table
