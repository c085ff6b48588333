"""Statistics for monitoring, on both databases."""

from support.jobs import claim, do, query, submit

from db import job_transitions, jobs, statistics

RESULT = {"verdict": "accept", "timings_s": {"estimate": 0.25}}


def test_count_of_finished_jobs_is_cached_for_a_multiple_of_its_duration(database):
    cached, uncached = statistics.StateCounter(cache_factor=1e9), statistics.StateCounter(cache_factor=0)
    nothing = dict.fromkeys(("queued", "running", "succeeded", "failed", "cancelled"), 0)
    assert query(database, cached.count) == query(database, uncached.count) == nothing
    claim(database, submit(database)), submit(database)
    do(database, jobs.cancel, submit(database), actor="tester")
    assert query(database, cached.count) == nothing | {"queued": 1, "running": 1}
    assert query(database, uncached.count) == nothing | {"queued": 1, "running": 1, "cancelled": 1}


def test_recent_jobs_have_outcome_and_durations(database):
    done, broken, lost, never = (submit(database) for _ in range(4))
    do(database, job_transitions.finish, claim(database, done), RESULT)
    do(database, job_transitions.fail, claim(database, broken), "input", "image-unusable", "constant")
    do(database, job_transitions.fail, claim(database, lost), "system", "worker-lost", "killed")
    do(database, jobs.cancel, never, actor="tester")
    found = {job.outcome: job for job in query(database, statistics.recent_jobs)}
    assert set(found) == {"accept", "failed_input", "failed_system", "cancelled"}
    assert found["accept"].seconds["engine"] == 0.25
    assert set(found["failed_input"].seconds) == {"total", "waiting", "working"}
    assert set(found["cancelled"].seconds) == {"total"}
