"""/: the web page, built by ``npm run build`` into ``api/static``."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
NOT_BUILT = """Xebra is running, but its web page is not built: cd frontend && npm ci && npm run build
The API is documented at /docs; its address is /api/v1.
"""

router = APIRouter(include_in_schema=False)


@router.get("/")
def get_page() -> Response:
    """Return the page, which browsers revalidate at each visit because it changes with each build."""
    index = STATIC / "index.html"
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT)
    return FileResponse(index, headers={"Cache-Control": "no-cache"})


def install(app: FastAPI) -> None:
    """Serve the page and its files; call it after all other routes are installed."""
    app.include_router(router)
    app.mount("/", StaticFiles(directory=STATIC, check_dir=False))
