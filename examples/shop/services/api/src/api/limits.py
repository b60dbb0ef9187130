from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.responses import ORJSONResponse
from redis.asyncio import Redis


class RateLimit:
    """Refuses a client's requests above a number per minute, counted in Redis for all replicas."""

    def __init__(self, redis_url: str, per_minute: int) -> None:
        self._redis = Redis.from_url(redis_url)
        self._per_minute = per_minute

    async def __call__(
        self, request: Request, proceed: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        key = f"requests:{request.client.host if request.client else '-'}"
        async with self._redis.pipeline() as batch:
            count, _ = await batch.incr(key).expire(key, 60, nx=True).execute()
        if count > self._per_minute:
            return ORJSONResponse({"detail": "too many requests"}, 429, {"Retry-After": "60"})
        return await proceed(request)
