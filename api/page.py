"""/: the web page, as ``npm run build`` leaves it in ``api/static``."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
NOT_BUILT = """Xebra serves, but its web page is not built: cd frontend && npm ci && npm run build
The API is described at /docs; its address is /api/v1.
"""

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> Response:
    """The page is small and changes with each build, so that browsers ask again each time."""
    index = STATIC / "index.html"
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT)
    return FileResponse(index, headers={"Cache-Control": "no-cache"})


def install(app: FastAPI) -> None:
    """Serve the page and whatever lies beside it; to be called after all other routes."""
    app.include_router(router)
    app.mount("/", StaticFiles(directory=STATIC, check_dir=False))
