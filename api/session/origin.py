"""Protection against cross-site requests: browsers send cookies for requests of other pages, too."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from api.errors import CrossSiteRequest


def check_origin(request: Request, required: bool = True) -> None:
    """Raise ``CrossSiteRequest`` if a page of another origin sent the request.

    ``SameSite=Strict`` excludes other sites, but not other hosts of the same domain. A request without any
    origin header is rejected if ``required``.
    """
    fetch_site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if fetch_site is not None:
        same = fetch_site == "same-origin"
    elif origin is not None:
        same = urlsplit(origin).netloc == request.headers.get("host")
    else:
        same = not required
    if not same:
        raise CrossSiteRequest(
            "only pages of this service can use its session cookie; use an API key in other clients"
        )
