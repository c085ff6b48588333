"""Browser sessions and usage statistics, on both databases."""

from collections import Counter
from datetime import timedelta

import pytest
from support.jobs import claim, do, query, submit

from db import job_transitions, keys, sessions, usage
from db.errors import InstrumentUnknown, SessionUnknown
from db.types import utc_now


@pytest.fixture
def key(database):
    """An API key of one of two instruments."""
    do(database, keys.add_instrument, "sem", actor="test")
    do(database, keys.add_instrument, "tem", actor="test")
    return do(database, keys.add, "sem", "", ["read"], "test")[0]


def instruments(database, token: str, later: timedelta = timedelta(0)) -> list[str]:
    found = query(database, sessions.find, token, utc_now() + later)
    return [instrument.name for _, instrument, _ in found]


def test_session_expires(database, key):
    token, until = do(database, sessions.create, key)
    assert instruments(database, token) == ["sem"]
    assert abs(until - utc_now() - sessions.LIFETIME) < timedelta(minutes=1)
    with pytest.raises(SessionUnknown):
        instruments(database, token, sessions.LIFETIME + timedelta(seconds=1))


def test_session_ends_with_its_key_or_when_it_is_deleted(database, key):
    token, _ = do(database, sessions.create, key)
    other, _ = do(database, sessions.create, key)
    do(database, sessions.delete_session, other)
    with pytest.raises(SessionUnknown):
        instruments(database, other)
    assert instruments(database, token) == ["sem"]
    do(database, keys.revoke, key.id, "test")
    with pytest.raises(SessionUnknown):
        instruments(database, token)


def test_session_keeps_earlier_keys_and_selects_one(database, key):
    first, _ = do(database, sessions.create, key)
    second_key, _ = do(database, keys.add, "tem", "", ["read"], "test")
    token, _ = do(database, sessions.create, second_key, first)
    assert instruments(database, token) == ["tem", "sem"]
    do(database, sessions.select_instrument, token, "sem", utc_now() + timedelta(seconds=1))
    assert instruments(database, token) == ["sem", "tem"]
    with pytest.raises(InstrumentUnknown):
        do(database, sessions.select_instrument, token, "stem")
    with pytest.raises(SessionUnknown):
        instruments(database, first)


def test_usage_counts_outcomes_by_day_and_instrument(database, key):
    for verdict in ("accept", "refuse", "refuse"):
        job = submit(database, "sem")
        do(database, job_transitions.finish, claim(database, job), {"verdict": verdict})
    submit(database, "tem")
    days = query(database, usage.days, 2)  # two, in case of midnight
    assert {day.instrument for day in days} == {"sem"}
    assert sum((Counter(day.outcomes) for day in days), Counter()) == {"accept": 1, "refuse": 2}
    found = {one.name: one for one in query(database, usage.instruments)}
    assert (found["sem"].waiting, found["tem"].waiting, found["tem"].images) == (0, 1, 2)
    assert found["tem"].oldest_waiting_s >= 0 and found["sem"].since is not None
    assert query(database, usage.days, 3, utc_now() + timedelta(days=5)) == []
