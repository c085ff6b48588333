"""/api/v1/session: sign-in with an API key; afterwards an HTTP-only cookie authenticates the browser."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api import problems
from api.authentication import COOKIE, AuthenticatorDep, CallerDep, CookieDep
from api.dependencies import DatabaseDep
from api.errors import ApiKeyMissing, CrossSiteRequest
from api.session.origin import check_origin
from api.session.schemas import PATH, InstrumentSelection, Session, SignIn
from db import keys, sessions
from db.engine import Database
from db.errors import ApiKeyUnknown, InstrumentUnknown, SessionUnknown

router = APIRouter(prefix=PATH, tags=["session"])


@router.post(
    "",
    summary="Create session",
    status_code=201,
    responses=problems.documented(ApiKeyUnknown, CrossSiteRequest),
)
def create_session(
    body: SignIn, request: Request, response: Response, database: DatabaseDep, token: CookieDep
) -> Session:
    """Sign in: set a session cookie. The instruments of an existing session remain available."""
    check_origin(request, required=False)
    with database.writing() as session:
        key, _ = keys.find(session, body.key.strip())
        token, expires_at = sessions.create(session, key, token)
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, token, expires=expires_at, path="/", httponly=True, samesite="strict", secure=secure
    )
    return _session(database, token)


@router.get("", summary="Get session", responses=problems.documented())
def get_session(caller: CallerDep, database: DatabaseDep, token: CookieDep) -> Session:
    """Return the instrument and the scopes of the cookie or the API key."""
    if token is not None and caller.by_cookie and caller.instrument is not None:
        return _session(database, token)
    return Session(
        instrument=caller.owner, instruments=[caller.owner], scopes=list(caller.scopes), expires_at=None
    )


@router.put("", summary="Select instrument", responses=problems.documented(InstrumentUnknown, SessionUnknown))
def select_instrument(
    body: InstrumentSelection,
    request: Request,
    database: DatabaseDep,
    authenticator: AuthenticatorDep,
    token: CookieDep,
) -> Session:
    """Select one of the instruments whose API keys were used in this session."""
    check_origin(request)
    if token is None:
        raise ApiKeyMissing("sign in first")
    with database.writing() as session:
        sessions.select_instrument(session, token, body.instrument)
    authenticator.invalidate(token)
    return _session(database, token)


@router.delete("", summary="Delete session", status_code=204, responses=problems.documented(CrossSiteRequest))
def delete_session(
    request: Request,
    response: Response,
    database: DatabaseDep,
    authenticator: AuthenticatorDep,
    token: CookieDep,
) -> None:
    """Sign out: the cookie is rejected at once by this API process, by others within seconds."""
    check_origin(request)
    if token is not None:
        with database.writing() as session:
            sessions.delete_session(session, token)
        authenticator.invalidate(token)
    response.headers["Clear-Site-Data"] = '"cache"'  # no images remain for the next user of this browser
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def _session(database: Database, token: str) -> Session:
    with database.reading() as session:
        found = sessions.find(session, token)
    key, instrument, expires_at = found[0]
    names = sorted({owner.name for _, owner, _ in found})
    return Session(instrument=instrument.name, instruments=names, scopes=key.scopes, expires_at=expires_at)
