"""Whether a page of this very service asks: browsers send its cookie along for other pages, too."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from api.errors import OtherSite


def check_origin(request: Request, needed: bool = True) -> None:
    """Raise ``OtherSite`` where another page made the browser ask; ``needed``: also where nothing tells.

    ``SameSite=Strict`` keeps other sites out, but not other hosts of this facility's own domain.
    """
    said, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if said is not None:
        same = said == "same-origin"
    elif origin is not None:
        same = urlsplit(origin).netloc == request.headers.get("host")
    else:
        same = not needed
    if not same:
        raise OtherSite("only the service's own page may do this with its cookie; elsewhere use an API key")
