"""Sessions of people, and the figures of who runs the service, on both databases."""

from collections import Counter
from datetime import timedelta

import pytest
from test_db_jobs import claim, do, submit_as

from db import job_transitions, keys, usage, sessions
from db.errors import InstrumentUnknown, SessionUnknown
from db.types import utc_now


@pytest.fixture
def key(database):
    """Of one of two instruments."""
    do(database, keys.add_instrument, "sem", actor="test")
    do(database, keys.add_instrument, "tem", actor="test")
    return do(database, keys.add, "sem", "", ["read"], "test")[0]


def look(database, question, *args):
    with database.reading() as session:
        return question(session, *args)


def instruments(database, token: str, later: timedelta = timedelta(0)) -> list[str]:
    found = look(database, sessions.find, token, utc_now() + later)
    return [instrument.name for _, instrument, _ in found]


def test_a_session_ends_after_its_time(database, key):
    token, until = do(database, sessions.create, key)
    assert instruments(database, token) == ["sem"]
    assert abs(until - utc_now() - sessions.LIFETIME) < timedelta(minutes=1)
    with pytest.raises(SessionUnknown):
        instruments(database, token, sessions.LIFETIME + timedelta(seconds=1))


def test_a_session_ends_with_its_key_or_when_it_is_ended(database, key):
    token, _ = do(database, sessions.create, key)
    other, _ = do(database, sessions.create, key)
    do(database, sessions.delete_session, other)
    with pytest.raises(SessionUnknown):
        instruments(database, other)
    assert instruments(database, token) == ["sem"]
    do(database, keys.revoke, key.id, "test")
    with pytest.raises(SessionUnknown):
        instruments(database, token)


def test_a_session_holds_the_keys_that_were_shown_and_means_the_chosen_one(database, key):
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


def test_oversight_counts_outcomes_by_day_and_instrument(database, key):
    for verdict in ("accept", "refuse", "refuse"):
        job = submit_as(database, "sem")
        do(database, job_transitions.finish, claim(database, job), {"verdict": verdict}, job)
    submit_as(database, "tem")
    days = look(database, usage.days, 2)  # two, where midnight has just passed
    assert {day.instrument for day in days} == {"sem"}
    assert sum((Counter(day.outcomes) for day in days), Counter()) == {"accept": 1, "refuse": 2}
    found = {one.name: one for one in look(database, usage.instruments)}
    assert (found["sem"].waiting, found["tem"].waiting, found["tem"].images) == (0, 1, 2)
    assert found["tem"].oldest_waiting_s >= 0 and found["sem"].since is not None
    assert look(database, usage.days, 3, utc_now() + timedelta(days=5)) == []
