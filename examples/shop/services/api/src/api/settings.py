import secrets
import tempfile
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def local_database() -> str:
    return f"sqlite+aiosqlite:///{Path(tempfile.gettempdir()) / 'shop.db'}"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

    host: str = "0.0.0.0"
    port: int = 8000
    database_url: str = Field(default_factory=local_database)
    broker_url: str | None = None
    redis_url: str | None = None
    requests_per_minute: int = 120
    bucket: str | None = None
    stripe_key: str | None = None
    admin_hash: str | None = None
    token_key: str = Field(default_factory=secrets.token_urlsafe)
