"""What the job API leans on, on both databases: repeated requests, batches, events, corrections."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select
from test_db_jobs import LEASE, RESULT, claim, do, look, submit, submit_as, upload

from db import idempotency, audit, batches, claims, corrections, job_transitions, events, jobs, outbox
from db.errors import BatchNotFound, CorrectionNotFound, ImageNotFound, IdempotencyKeyInFlight, IdempotencyKeyReused
from db.rows import AuditRow, EventRow, RegistrationRow
from db.types import utc_now

MATRIX = np.eye(3).tolist()


def begin(database, asked: str = "this", later: timedelta = timedelta(0)):
    return do(database, idempotency.begin, "sem", "key", asked, utc_now() + later)


def test_a_repeated_request_gets_the_first_answer_and_another_under_its_key_none(database):
    before, token = begin(database)
    assert before is None
    do(database, idempotency.complete, "sem", "key", token, {"id": 1})
    assert begin(database)[0] == {"id": 1}
    with pytest.raises(IdempotencyKeyReused):
        begin(database, "that")
    assert begin(database, "that", idempotency.RETENTION * 2)[0] is None


def test_a_request_in_flight_is_not_begun_again_before_its_first_asker_must_be_dead(database):
    _, token = begin(database)
    with pytest.raises(IdempotencyKeyInFlight):
        begin(database)
    before, taken_over = begin(database, later=2 * idempotency.TAKEOVER_AFTER)
    assert before is None and taken_over != token
    with pytest.raises(IdempotencyKeyInFlight):
        do(database, idempotency.complete, "sem", "key", token, {"id": 1})


def test_a_request_that_failed_may_be_repeated(database):
    _, token = begin(database)
    do(database, idempotency.release, "sem", "key", token)
    assert begin(database, "that")[0] is None


def submit_batch(database, size: int, owner: str = "sem"):
    fixed, moving = upload(database, owner), upload(database, owner)
    wishes = [jobs.RegistrationRequest(fixed, moving)] * size
    return do(database, batches.submit, wishes, owner=owner, actor="tester", request_id="r1")


def test_a_batch_is_accepted_as_a_whole_with_one_entry_in_the_audit(database):
    batch = submit_batch(database, 50)
    with database.reading() as session:
        assert batches.states(session, [batch.id])[batch.id]["queued"] == 50
        assert len(outbox.due(session)) == 50
        submitted = select(func.count()).where(AuditRow.event == "batch.submitted")
        assert session.scalar(submitted) == 1
        assert audit.verify(session) == []
        with pytest.raises(BatchNotFound):
            batches.get(session, batch.id, "tem")


def test_a_batch_with_an_image_that_is_not_there_is_refused_as_a_whole(database):
    wishes = [jobs.RegistrationRequest(upload(database), upload(database)), jobs.RegistrationRequest(upload(database), "nothing")]
    with pytest.raises(ImageNotFound, match="nothing"):
        do(database, batches.submit, wishes, owner="local", actor="tester", request_id="r1")
    with database.reading() as session:
        assert session.scalars(select(RegistrationRow)).all() == []


def test_the_jobs_of_a_batch_leave_room_for_anothers(database):
    submit_batch(database, 20)
    do(database, claims.claim_next, "w1", LEASE)
    other = submit_as(database, "tem")
    served = [do(database, claims.claim_next, "w1", LEASE).registration_id for _ in range(2)]
    assert other in served


def test_a_cancelled_batch_keeps_what_has_ended(database):
    batch = submit_batch(database, 5)
    do(database, job_transitions.finish, do(database, claims.claim_next, "w1", LEASE), RESULT, "key")
    running = do(database, claims.claim_next, "w1", LEASE)
    assert do(database, batches.cancel, batch, actor="tester") == 4
    assert not do(database, job_transitions.finish, running, RESULT, "key")
    with database.reading() as session:
        counted = batches.states(session, [batch.id])[batch.id]
        assert outbox.due(session) == []
    assert (counted["succeeded"], counted["cancelled"]) == (1, 4)


def test_every_change_of_state_is_an_event_in_order(database):
    tried, cancelled = submit_as(database, "sem"), submit_as(database, "tem")
    do(database, job_transitions.retry, claim(database, tried), "engine-failed", "no answer")
    do(database, job_transitions.finish, claim(database, tried), RESULT, "key")
    do(database, jobs.cancel, cancelled, actor="tester")
    with database.reading() as session:
        of_one = events.after(session, 0, registration_id=tried)
        assert [(event.state, event.attempt) for event in of_one] == [
            ("queued", 0),
            ("running", 1),
            ("queued", 1),
            ("running", 2),
            ("succeeded", 2),
        ]
        assert [event.state for event in events.after(session, 0, owner="tem")] == ["queued", "cancelled"]
        assert events.after(session, of_one[-2].seq, owner="sem") == of_one[-1:]
        assert events.latest_seq(session) == session.scalar(select(func.max(EventRow.seq)))


def test_corrections_stay_beside_each_other_and_beside_what_was_found(database):
    job = submit(database)
    do(database, job_transitions.finish, claim(database, job), RESULT, "key")
    with database.reading() as session, pytest.raises(CorrectionNotFound):
        corrections.get(session, job, "latest")
    moved = [[1, 0, 5], [0, 1, 0], [0, 0, 1]]
    first, second = (do(database, corrections.add, job, m, "eye", actor="jo") for m in (MATRIX, moved))
    with database.reading() as session:
        assert [row.id for row in corrections.list_for(session, job)] == [first.id, second.id]
        assert corrections.get(session, job, "latest").fixed_from_moving == moved
        assert corrections.get(session, job, first.id).actor == "jo"
        entry = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
    assert entry.event == "registration.corrected" and second.id in entry.payload
    assert look(database, job).result.body == RESULT
