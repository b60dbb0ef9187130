from datetime import UTC, datetime, timedelta
from typing import Annotated

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, SecretStr

from api.settings import Settings

Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
ADMIN = "admin"


class Credentials(BaseModel):
    password: SecretStr


def sign_in(credentials: Credentials, settings: Settings) -> str:
    """A token for the administrator, valid for an hour."""
    try:
        password = credentials.password.get_secret_value()
        PasswordHasher().verify(settings.admin_hash or "", password)
    except (VerificationError, ValueError) as error:
        raise HTTPException(403, "wrong password") from error
    claims = {"sub": ADMIN, "exp": datetime.now(UTC) + timedelta(hours=1)}
    return jwt.encode(claims, settings.token_key, algorithm="HS256")


def require_admin(bearer: HTTPAuthorizationCredentials, settings: Settings) -> None:
    try:
        claims = jwt.decode(bearer.credentials, settings.token_key, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, str(error)) from error
    if claims.get("sub") != ADMIN:
        raise HTTPException(403, "administrators only")
