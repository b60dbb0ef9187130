from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from pydantic import BaseModel, ConfigDict

CENT = Decimal("0.01")


class Money(BaseModel):
    """An amount of one currency, always in whole cents."""

    model_config = ConfigDict(frozen=True)

    amount: Decimal
    currency: str = "EUR"

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def times(self, factor: Decimal | int) -> Money:
        """The product, rounded to cents (half to even, as banks do)."""
        amount = (self.amount * factor).quantize(CENT, ROUND_HALF_EVEN)
        return Money(amount=amount, currency=self.currency)
