"""Who waits for events hears of each, from the moment on at which it began to wait."""

import asyncio

from sqlalchemy import text
from test_db_jobs import claim, do, submit

from api.events import broadcaster
from api.events.broadcaster import EventBroadcaster
from db import job_transitions, jobs
from db.engine import Database
from db.migrate import migrate

PATIENCE_S = 60
CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
)


async def heard(news: asyncio.Queue, states: list[str]) -> None:
    """In this order; that it was queued, just before, may be heard as well."""
    while states:
        state = (await asyncio.wait_for(news.get(), PATIENCE_S)).state
        if state != "queued":
            assert state == states.pop(0)


def test_who_comes_hears_all_that_happens_from_then_on_also_after_a_pause(database, monkeypatch):
    monkeypatch.setattr(broadcaster, "IDLE_S", 0.0)

    async def listen(follower: EventBroadcaster) -> None:
        follower.start()
        for _ in range(20):
            job = await asyncio.to_thread(submit, database)
            async with follower.subscribe(registration_id=job) as news:
                await asyncio.to_thread(claim, database, job)
                await asyncio.to_thread(do, database, jobs.cancel, job, actor="tester")
                await heard(news, ["running", "cancelled"])
        follower.stop()

    asyncio.run(listen(EventBroadcaster(database)))


def test_what_happened_while_its_connection_was_lost_is_heard_of_later(new_postgres_url, monkeypatch):
    monkeypatch.setattr(broadcaster, "RETRY_S", 0.01)
    database = Database(new_postgres_url())
    migrate(database)

    async def listen(follower: EventBroadcaster) -> None:
        follower.start()
        job = await asyncio.to_thread(submit, database)
        async with follower.subscribe(registration_id=job) as news:
            held = await asyncio.to_thread(claim, database, job)
            await heard(news, ["running"])
            with database.writing() as session:
                assert session.scalars(CUT).all() == [True]
            await asyncio.to_thread(do, database, job_transitions.fail, held, "input", "image-unusable", "constant")
            await heard(news, ["failed"])
        follower.stop()

    asyncio.run(listen(EventBroadcaster(database)))
    database.close()
