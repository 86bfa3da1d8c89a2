"""A small provider: text messages to numbers reserved for tests, kept in memory. Written as anybody would with FastAPI."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["TOKEN", "create_app"]

TOKEN = "pigeon-token-for-tests"


class NewMessage(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: str = Field(pattern=r"^\+1[2-9][0-9]{2}55501[0-9]{2}$")
    text: str = Field(min_length=1, max_length=160)
    urgent: bool = False


def create_app() -> FastAPI:
    """A provider without messages."""
    app = FastAPI(title="Pigeon")
    numbers = itertools.count(1)

    async def known(authorization: Annotated[str | None, Header()] = None) -> None:
        if authorization != f"Bearer {TOKEN}":
            raise HTTPException(401, "the token is not known")

    @app.exception_handler(HTTPException)
    async def refused(_: Any, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code)

    # FastAPI's own handler repeats the input, and dies of it with a 500 where the input holds a NaN: the test of the clause
    # `protocol/no-server-error` found that.
    @app.exception_handler(RequestValidationError)
    async def invalid(_: Any, error: RequestValidationError) -> JSONResponse:
        places = (".".join(map(str, one["loc"])) for one in error.errors())
        return JSONResponse({"error": f"not as it should be: {', '.join(places)}"}, 422)

    @app.post("/v1/messages", status_code=201, dependencies=[Depends(known)])
    async def send(message: NewMessage) -> dict[str, Any]:
        return {
            "id": f"msg_{next(numbers)}",
            "to": message.to,
            "text": message.text,
            "status": "sent" if message.urgent else "queued",
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }

    return app
