import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api import access, payments, photos
from api.database import Database, Order
from api.jobs import request_invoice
from api.settings import Settings
from api.telemetry import ORDERS, exposition
from shop_catalog import Product, format_price, line, products
from shop_core import Quote, UnknownCountryError, quote

router = APIRouter()
pages = Jinja2Templates(Path(__file__).parent / "templates")


def settings(request: Request) -> Settings:
    return request.app.state.settings


def database(request: Request) -> Database:
    return request.app.state.database


Configured = Annotated[Settings, Depends(settings)]
Stored = Annotated[Database, Depends(database)]


class Basket(BaseModel):
    country: str = Field(pattern="^[A-Z]{2}$")
    items: dict[str, Annotated[int, Field(gt=0)]] = Field(min_length=1)

    def quote(self) -> Quote:
        try:
            return quote([line(sku, count) for sku, count in self.items.items()], self.country)
        except KeyError as error:
            raise HTTPException(404, f"no product {error.args[0]}") from error
        except UnknownCountryError as error:
            raise HTTPException(422, str(error)) from error


@router.get("/")
async def index(request: Request) -> dict[str, Any]:
    cheapest = min(products().values(), key=lambda product: product.price.amount)
    sample = quote([line(cheapest.sku, 10)], "DE")
    return {
        "service": "api",
        "version": request.app.version,
        "products": len(products()),
        "cheapest": {"sku": cheapest.sku, "price": format_price(cheapest.price)},
        "ten_of_it": format_price(sample.gross),
    }


@router.get("/health")
async def health(stored: Stored) -> dict[str, Any]:
    return {"status": "ok", "products": len(products()), "orders": await stored.count()}


@router.get("/products")
async def list_products() -> list[Product]:
    return list(products().values())


@router.get("/products/{sku}/photo")
async def photo(sku: str, configured: Configured) -> dict[str, str]:
    if sku not in products() or configured.bucket is None:
        raise HTTPException(404, f"no photo of {sku}")
    return {"url": await run_in_threadpool(photos.link, configured.bucket, sku)}


@router.get("/page", response_class=HTMLResponse)
async def page(request: Request) -> Response:
    rows = [(product.name, format_price(product.price)) for product in products().values()]
    return pages.TemplateResponse(request, "products.html.j2", {"rows": rows})


@router.post("/quotes")
async def quote_basket(basket: Basket) -> Quote:
    return basket.quote()


@router.post("/orders", status_code=201)
async def order(basket: Basket, stored: Stored, configured: Configured) -> dict[str, Any]:
    total = basket.quote()
    number = await stored.add(Order(country=basket.country, gross=total.gross.amount))
    ORDERS.labels(basket.country).inc()
    answer: dict[str, Any] = {"order": number, "gross": total.gross.amount}
    waiting = []
    if configured.stripe_key:
        waiting.append(run_in_threadpool(payments.start, configured.stripe_key, number, total))
    if configured.broker_url:
        job = (configured.broker_url, number, basket.country, basket.items)
        waiting.append(run_in_threadpool(request_invoice, *job))
    for part in await asyncio.gather(*waiting):
        answer |= part
    return answer


@router.post("/tokens")
async def token(credentials: access.Credentials, configured: Configured) -> dict[str, str]:
    return {"token": await run_in_threadpool(access.sign_in, credentials, configured)}


@router.get("/turnover")
async def turnover(
    stored: Stored, configured: Configured, bearer: access.Bearer
) -> dict[str, Decimal]:
    access.require_admin(bearer, configured)
    return await stored.turnover()


@router.get("/metrics")
async def metrics() -> Response:
    return exposition()
