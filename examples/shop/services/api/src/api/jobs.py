from functools import cache

from celery import Celery


@cache
def _queue(broker: str) -> Celery:
    return Celery("shop", broker=broker)


def request_invoice(
    broker: str, order: int, country: str, basket: dict[str, int]
) -> dict[str, str]:
    """Ask the worker for an invoice; its code is not needed here, only the job's name."""
    job = _queue(broker).send_task("shop.invoice", [f"order-{order}", country, basket])
    return {"invoice_job": job.id}
