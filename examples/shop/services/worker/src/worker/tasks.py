import os
from datetime import timedelta

import segno
import structlog
from celery import Celery
from jinja2 import Environment, PackageLoader, StrictUndefined

from shop_catalog import format_price, line, products
from shop_core import quote

log = structlog.get_logger()
app = Celery("shop", broker=os.environ.get("BROKER_URL", "redis://localhost:6379/0"))
app.conf.update(task_acks_late=True, result_expires=timedelta(hours=1))
templates = Environment(loader=PackageLoader("worker"), undefined=StrictUndefined, autoescape=False)


@app.task(name="shop.invoice")
def invoice(order: str, country: str, basket: dict[str, int]) -> dict[str, str]:
    """The invoice of an order as text, and its payment code as SVG."""
    lines = [line(sku, quantity) for sku, quantity in basket.items()]
    total = quote(lines, country)
    text = templates.get_template("invoice.txt.j2").render(
        order=order,
        lines=[(products()[entry.sku].name, entry.quantity, entry.total) for entry in lines],
        total=total,
        price=format_price,
    )
    code = segno.make(f"shop:{order}:{total.gross.amount}", error="m")
    log.info("invoice", order=order, gross=str(total.gross.amount))
    return {"gross": str(total.gross.amount), "text": text, "code": code.svg_inline()}
