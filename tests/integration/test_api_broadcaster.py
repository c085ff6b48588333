"""A subscriber receives every event from the moment of its subscription."""

import asyncio
import json
import time

from sqlalchemy import text
from support.jobs import claim, do, submit

from api.events import broadcaster, messages, routes
from api.events.broadcaster import EventBroadcaster
from api.events.pace import Pace
from db import events, job_transitions, jobs
from db.engine import Database
from db.migrate import migrate
from db.rows import LOCAL

TIMEOUT_S = 60
DISCONNECT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
)


async def assert_received(queue: asyncio.Queue, states: list[str]) -> None:
    """Receive these states in this order; the state queued, just before, may be received as well."""
    while states:
        state = (await asyncio.wait_for(queue.get(), TIMEOUT_S)).state
        if state != "queued":
            assert state == states.pop(0)


def test_every_subscriber_receives_all_later_events_even_after_a_pause(database, monkeypatch):
    monkeypatch.setattr(broadcaster, "IDLE_S", 0.0)

    async def listen(events: EventBroadcaster) -> None:
        events.start()
        for _ in range(20):
            job = await asyncio.to_thread(submit, database)
            async with events.subscribe(registration_id=job) as queue:
                await asyncio.to_thread(claim, database, job)
                await asyncio.to_thread(do, database, jobs.cancel, job, actor="tester")
                await assert_received(queue, ["running", "cancelled"])
        events.stop()

    asyncio.run(listen(EventBroadcaster(database)))


def test_events_during_a_lost_connection_are_received_later(new_postgres_url, monkeypatch):
    monkeypatch.setattr(broadcaster, "RETRY_S", 0.01)
    database = Database(new_postgres_url())
    migrate(database)

    async def listen(events: EventBroadcaster) -> None:
        events.start()
        job = await asyncio.to_thread(submit, database)
        async with events.subscribe(registration_id=job) as queue:
            held = await asyncio.to_thread(claim, database, job)
            await assert_received(queue, ["running"])
            with database.writing() as session:
                assert session.scalars(DISCONNECT).all() == [True]
            failure = ("input", "image-unusable", "constant")
            await asyncio.to_thread(do, database, job_transitions.fail, held, *failure)
            await assert_received(queue, ["failed"])
        events.stop()

    asyncio.run(listen(EventBroadcaster(database)))
    database.close()


def test_ends_are_received_at_once_and_other_events_not_read_for_who_waits_for_ends(
    new_postgres_url,
):
    database = Database(new_postgres_url())
    migrate(database)

    async def listen(events: EventBroadcaster) -> None:
        events.start()
        first = await asyncio.to_thread(submit, database)
        reads = count_reads(events)
        async with events.subscribe(registration_id=first, ends_only=True) as queue:
            await asyncio.to_thread(claim, database, first)
            await asyncio.to_thread(do, database, jobs.cancel, first, actor="tester")
            await assert_received(queue, ["running", "cancelled"])
            settled = len(reads)
            for _ in range(3):
                await asyncio.to_thread(submit, database)
            await asyncio.sleep(2 * broadcaster.POLL_S)
            assert len(reads) <= settled + 1  # of the time that has passed
            async with events.subscribe() as every:
                second = await asyncio.to_thread(submit, database)
                while (await asyncio.wait_for(every.get(), TIMEOUT_S)).registration_id != second:
                    pass
        events.stop()

    asyncio.run(listen(EventBroadcaster(database)))
    database.close()


def count_reads(events: EventBroadcaster) -> list[None]:
    """Return a list that grows by one with each query of the broadcaster."""
    found: list[None] = []
    read = events._read

    def counted() -> None:
        found.append(None)
        read()

    events._read = counted
    return found


def test_subscriber_that_is_far_behind_receives_every_event_from_the_database(sqlite_database, monkeypatch):
    monkeypatch.setattr(broadcaster, "MAX_QUEUED", 3)
    ids = [submit(sqlite_database) for _ in range(20)]

    async def yes() -> bool:
        return True

    async def listen(events: EventBroadcaster) -> list[str]:
        events.start()
        stream = routes._stream(0, sqlite_database, events, yes, owner=LOCAL)
        received = [event.registration_id for event in await anext(stream)]
        assert len(received) == 20  # in one message
        more = await asyncio.to_thread(lambda: [submit(sqlite_database) for _ in range(20)])
        while len(received) < 40:
            message = await asyncio.wait_for(anext(stream), TIMEOUT_S)
            received += [event.registration_id for event in message]
        await stream.aclose()
        events.stop()
        ids.extend(more)
        return received

    assert asyncio.run(listen(EventBroadcaster(sqlite_database))) == ids


def test_streams_of_one_owner_share_a_rate_and_delay_no_other():
    async def race(pace: Pace) -> tuple[int, int]:
        sent = {"flood": 0, "modest": 0}

        async def send(owner: str, wanted: int) -> None:
            for _ in range(wanted):
                await pace.turn(owner)
                sent[owner] += 1

        streams = [asyncio.create_task(send("flood", 10_000)) for _ in range(50)]
        await asyncio.wait_for(send("modest", 20), TIMEOUT_S)
        for stream in streams:
            stream.cancel()
        return sent["flood"], sent["modest"]

    flood, modest = asyncio.run(race(Pace(messages_per_s=100)))
    assert modest == 20 and flood < 10_000


def test_message_of_many_events_takes_the_turns_of_several_messages():
    async def spent(events: int) -> float:
        pace, started = Pace(messages_per_s=1000), time.monotonic()
        for _ in range(300):
            await pace.turn("flood", events)
        return time.monotonic() - started

    assert asyncio.run(spent(101)) > 300 * 11 / 1000 - 0.5


def test_text_of_an_event_is_made_once_for_all_streams(sqlite_database):
    job = submit(sqlite_database)
    do(sqlite_database, jobs.cancel, job, actor="tester")
    with sqlite_database.reading() as session:
        first, again = events.after(session, 0), events.after(session, 0)
    before = messages._text.cache_info()
    assert messages.encoded(first) == messages.encoded(again)
    after = messages._text.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (2, 2)
    lines = messages.encoded(first).decode().splitlines()
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert [(one["registration_id"], one["state"]) for one in data] == [(job, "queued"), (job, "cancelled")]
    assert [line for line in lines if line.startswith("id: ")] == [f"id: {event.seq}" for event in first]
    assert messages.encoded([]).startswith(b":")  # a comment
