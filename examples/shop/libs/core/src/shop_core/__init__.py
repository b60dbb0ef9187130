from shop_core.logs import configure_logging
from shop_core.money import Money
from shop_core.pricing import Line, Quote, UnknownCountryError, quote

__version__ = "1.4.0"
__all__ = ["Line", "Money", "Quote", "UnknownCountryError", "configure_logging", "quote"]
