"""Figures for who watches the service, on both databases."""

from test_db_jobs import claim, do, submit

from db import job_transitions, jobs, statistics

FOUND = {"verdict": "accept", "timings_s": {"estimate": 0.25}}


def look(database, question, *args):
    with database.reading() as session:
        return question(session, *args)


def test_what_waits_is_always_counted_and_what_has_ended_only_where_that_is_cheap(database):
    dear, cheap = statistics.StateCounter(cache_factor=1e9), statistics.StateCounter(cache_factor=0)
    nothing = dict.fromkeys(("queued", "running", "succeeded", "failed", "cancelled"), 0)
    assert look(database, dear.count) == look(database, cheap.count) == nothing
    claim(database, submit(database)), submit(database)
    do(database, jobs.cancel, submit(database), actor="tester")
    assert look(database, dear.count) == nothing | {"queued": 1, "running": 1}
    assert look(database, cheap.count) == nothing | {"queued": 1, "running": 1, "cancelled": 1}


def test_what_has_ended_lately_says_how_and_how_long_it_took(database):
    done, broken, never = (submit(database) for _ in range(3))
    do(database, job_transitions.finish, claim(database, done), FOUND, "key")
    do(database, job_transitions.fail, claim(database, broken), "input", "image-unusable", "constant")
    do(database, jobs.cancel, never, actor="tester")
    found = {ended.outcome: ended for ended in look(database, statistics.recent_jobs)}
    assert set(found) == {"accept", "failed_input", "cancelled"}
    assert found["accept"].seconds["engine"] == 0.25
    assert set(found["failed_input"].seconds) == {"total", "waiting", "working"}
    assert set(found["cancelled"].seconds) == {"total"}
