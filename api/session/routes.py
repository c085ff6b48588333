"""/api/v1/session: a person shows an API key once; a cookie that no script can read stands for it then."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response, Security

from api import problems
from api.access import COOKIE, AccessDep, CallerDep, cookie
from api.dependencies import DatabaseDep
from api.errors import KeyMissing, OtherSite
from api.session.origin import check_origin
from api.session.schemas import PATH, Choice, SignedIn, SignIn
from db import keys, sessions
from db.engine import Database
from db.errors import InstrumentUnknown, KeyUnknown, SessionUnknown

router = APIRouter(prefix=PATH, tags=["session"])
CookieDep = Annotated[str | None, Security(cookie)]


@router.post("", summary="Sign in", status_code=201, responses=problems.documented(KeyUnknown, OtherSite))
def sign_in(
    shown: SignIn, request: Request, response: Response, database: DatabaseDep, token: CookieDep
) -> SignedIn:
    """Sets a cookie in place of the key; with a session already, its other instruments stay at hand."""
    check_origin(request, needed=False)
    with database.writing() as session:
        key, _ = keys.find(session, shown.key.strip())
        token, until = sessions.begin(session, key, token)
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, token, expires=until, path="/", httponly=True, samesite="strict", secure=secure
    )
    return _signed_in(database, token)


@router.get("", summary="Who is signed in?", responses=problems.documented())
def get(caller: CallerDep, database: DatabaseDep, token: CookieDep) -> SignedIn:
    """The instrument whose images and jobs are shown, whether a cookie or a key says so."""
    if token is not None and caller.by_cookie:
        return _signed_in(database, token)
    return SignedIn(
        instrument=caller.owner, instruments=[caller.owner], scopes=list(caller.scopes), expires_at=None
    )


@router.put(
    "", summary="Choose an instrument", responses=problems.documented(InstrumentUnknown, SessionUnknown)
)
def choose(
    choice: Choice, request: Request, database: DatabaseDep, access: AccessDep, token: CookieDep
) -> SignedIn:
    """One of those whose keys were shown."""
    check_origin(request)
    if token is None:
        raise KeyMissing("sign in first")
    with database.writing() as session:
        sessions.choose(session, token, choice.instrument)
    access.forget(token)
    return _signed_in(database, token)


@router.delete("", summary="Sign out", status_code=204, responses=problems.documented(OtherSite))
def sign_out(
    request: Request, response: Response, database: DatabaseDep, access: AccessDep, token: CookieDep
) -> None:
    """The cookie opens nothing any more, here at once and elsewhere within seconds."""
    check_origin(request)
    if token is not None:
        with database.writing() as session:
            sessions.end(session, token)
        access.forget(token)
    response.headers["Clear-Site-Data"] = '"cache"'  # the next person at this screen finds no images
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def _signed_in(database: Database, token: str) -> SignedIn:
    with database.reading() as session:
        found = sessions.find(session, token)
    key, instrument, until = found[0]
    names = sorted({owner.name for _, owner, _ in found})
    return SignedIn(instrument=instrument.name, instruments=names, scopes=key.scopes, expires_at=until)
