from __future__ import annotations

from decimal import Decimal
from functools import reduce
from operator import add

from pydantic import BaseModel, ConfigDict, PositiveInt

from shop_core.money import Money

VAT = {
    "AT": Decimal("0.20"),
    "DE": Decimal("0.19"),
    "FR": Decimal("0.20"),
    "NL": Decimal("0.21"),
    "PT": Decimal("0.23"),
}
# From this quantity of one product on, this share is taken off.
DISCOUNTS = ((50, Decimal("0.12")), (10, Decimal("0.05")))


class UnknownCountryError(ValueError):
    """The shop does not deliver to this country."""


class Line(BaseModel):
    model_config = ConfigDict(frozen=True)

    sku: str
    unit_price: Money
    quantity: PositiveInt

    @property
    def total(self) -> Money:
        discount = next((share for floor, share in DISCOUNTS if self.quantity >= floor), Decimal(0))
        return self.unit_price.times(self.quantity).times(1 - discount)


class Quote(BaseModel):
    model_config = ConfigDict(frozen=True)

    net: Money
    vat: Money
    gross: Money


def quote(lines: list[Line], country: str) -> Quote:
    """What the lines cost in a country, with quantity discounts and value-added tax."""
    if not lines:
        raise ValueError("nothing to quote")
    if country not in VAT:
        raise UnknownCountryError(f"no delivery to {country}")
    net = reduce(add, (line.total for line in lines))
    vat = net.times(VAT[country])
    return Quote(net=net, vat=vat, gross=net + vat)
