from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from babel.numbers import format_currency
from pydantic import BaseModel, ConfigDict

from shop_core import Line, Money

__all__ = ["Product", "format_price", "line", "products"]


class Product(BaseModel):
    model_config = ConfigDict(frozen=True)

    sku: str
    name: str
    price: Money
    weekly_sales: int


@cache
def products() -> dict[str, Product]:
    """All products by their stock keeping unit, in catalogue order."""
    rows = json.loads(files("shop_catalog").joinpath("data/products.json").read_bytes())
    return {row["sku"]: Product.model_validate(row) for row in rows}


def line(sku: str, quantity: int) -> Line:
    """An order line at the catalogue's price; raises KeyError for an unknown product."""
    return Line(sku=sku, unit_price=products()[sku].price, quantity=quantity)


def format_price(price: Money, locale: str = "en_IE") -> str:
    return format_currency(price.amount, price.currency, locale=locale)
