from decimal import Decimal

import pytest

from shop_core import Line, Money, UnknownCountryError, quote


def test_quantity_discount_and_vat() -> None:
    price = Money(amount=Decimal("9.99"))
    result = quote([Line(sku="MUG-01", unit_price=price, quantity=10)], "DE")
    assert result.net.amount == Decimal("94.90")
    assert result.gross.amount == Decimal("112.93")


def test_unknown_country() -> None:
    line = Line(sku="MUG-01", unit_price=Money(amount=Decimal(1)), quantity=1)
    with pytest.raises(UnknownCountryError):
        quote([line], "XX")
