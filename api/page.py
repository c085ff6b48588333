"""/: the web page, built by ``npm run build`` into ``api/static``."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from api.authentication import COOKIE
from xebra import sample

STATIC = Path(__file__).parent / "static"
NOT_BUILT = """Xebra is running, but its web page is not built: cd frontend && npm ci && npm run build
The API is documented at /docs; its address is /api/v1.
"""

router = APIRouter(include_in_schema=False)


@router.get("/")
def get_page(request: Request, token: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Return the page, which browsers revalidate at each visit because it changes with each build.

    The token of a service without keys moves from the URL into a cookie.
    """
    if token is not None:
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, token, path="/", httponly=True, samesite="strict", secure=secure)
        return answer
    index = STATIC / "index.html"
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT)
    return FileResponse(index, headers={"Cache-Control": "no-cache"})


@router.get("/sample/{name}")
def get_sample(name: str) -> FileResponse:
    """Return an image of the pair that is part of the package, for a first registration."""
    files = {"sample_fixed.tif": sample.FIXED, "sample_moving.tif": sample.MOVING}
    if name not in files:
        raise HTTPException(404, "there is no such sample image")
    return FileResponse(files[name], media_type="image/tiff", headers={"Cache-Control": "no-cache"})


def install(app: FastAPI) -> None:
    """Serve the page and its files, compressed; call it after all other routes are installed."""
    app.include_router(router)
    if STATIC.is_dir():
        app.mount("/", GZipMiddleware(StaticFiles(directory=STATIC), compresslevel=6))
