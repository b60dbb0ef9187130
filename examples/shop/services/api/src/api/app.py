from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import sentry_sdk
import structlog
from fastapi import FastAPI

from api import routes, telemetry
from api.database import Database
from api.limits import RateLimit
from api.settings import Settings
from shop_core import configure_logging

log = structlog.get_logger()


def create() -> FastAPI:
    """The application, as the environment configures it."""
    configure_logging("api")
    sentry_sdk.init()
    settings = Settings()
    database = Database(settings.database_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await database.migrate()
        log.info("ready", version=app.version)
        yield
        await database.close()

    app = FastAPI(title="Shop", version=version("api"), lifespan=lifespan)
    app.state.settings = settings
    app.state.database = database
    app.include_router(routes.router)
    if settings.redis_url:
        app.middleware("http")(RateLimit(settings.redis_url, settings.requests_per_minute))
    telemetry.instrument(app)
    return app
