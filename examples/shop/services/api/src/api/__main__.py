import uvicorn

from api.settings import Settings


def main() -> None:
    settings = Settings()
    uvicorn.run("api.app:create", factory=True, host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
