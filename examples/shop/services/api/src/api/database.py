from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Numeric, String, func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from tenacity import retry, stop_after_attempt, wait_exponential


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    gross: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    placed: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC).replace(tzinfo=None))


class Database:
    def __init__(self, url: str) -> None:
        self.engine = create_async_engine(url)
        self._session = async_sessionmaker(self.engine, expire_on_commit=False)

    @retry(stop=stop_after_attempt(5), wait=wait_exponential(max=5), reraise=True)
    async def migrate(self) -> None:
        """Bring the tables up to date; waits for a database that is still starting."""
        async with self.engine.begin() as connection:
            await connection.run_sync(_upgrade)

    async def add(self, order: Order) -> int:
        async with self._session.begin() as session:
            session.add(order)
        return order.id

    async def count(self) -> int:
        async with self._session() as session:
            return await session.scalar(select(func.count(Order.id))) or 0

    async def turnover(self) -> dict[str, Decimal]:
        """Gross turnover per country."""
        query = select(Order.country, func.sum(Order.gross)).group_by(Order.country)
        async with self._session() as session:
            return dict((await session.execute(query)).tuples().all())

    async def close(self) -> None:
        await self.engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
