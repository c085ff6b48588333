"""Storage functions of the job API: idempotency, batches, events, corrections, on both databases."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select
from support.jobs import RESULT, claim, claim_next, do, get, submit, upload

from db import audit, batches, corrections, events, idempotency, job_transitions, jobs, outbox, reviews, tags
from db.errors import (
    BatchNotFound,
    CorrectionNotFound,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    ImageNotFound,
    RegistrationNotFound,
    TooManyTags,
)
from db.rows import AuditRow, EventRow, RegistrationRow
from db.types import utc_now

MATRIX = np.eye(3).tolist()


def begin(database, request_hash: str = "this", later: timedelta = timedelta(0)):
    return do(database, idempotency.begin, "sem", "key", request_hash, utc_now() + later)


def test_repeated_request_gets_the_first_response_and_another_one_is_rejected(database):
    stored, token = begin(database)
    assert stored is None
    do(database, idempotency.complete, "sem", "key", token, {"id": 1})
    assert begin(database)[0] == {"id": 1}
    with pytest.raises(IdempotencyKeyReused):
        begin(database, "that")
    assert begin(database, "that", idempotency.RETENTION * 2)[0] is None


def test_request_in_flight_is_taken_over_only_after_a_timeout(database):
    _, token = begin(database)
    with pytest.raises(IdempotencyKeyInFlight):
        begin(database)
    stored, taken_over = begin(database, later=2 * idempotency.TAKEOVER_AFTER)
    assert stored is None and taken_over != token
    with pytest.raises(IdempotencyKeyInFlight):
        do(database, idempotency.complete, "sem", "key", token, {"id": 1})


def test_failed_request_can_be_repeated(database):
    _, token = begin(database)
    do(database, idempotency.release, "sem", "key", token)
    assert begin(database, "that")[0] is None


def submit_batch(database, size: int, owner: str = "sem"):
    fixed, moving = upload(database, owner), upload(database, owner)
    requests = [jobs.RegistrationRequest(fixed, moving)] * size
    return do(database, batches.submit, requests, owner=owner, actor="tester", request_id="r1")


def test_batch_is_accepted_as_a_whole_with_one_audit_entry(database):
    batch = submit_batch(database, 50)
    with database.reading() as session:
        assert batches.states(session, [batch.id])[batch.id]["queued"] == 50
        assert len(outbox.due(session)) == 50
        submitted = select(func.count()).where(AuditRow.event == "batch.submitted")
        assert session.scalar(submitted) == 1
        assert audit.verify(session) == []
        with pytest.raises(BatchNotFound):
            batches.get(session, batch.id, "tem")


def test_jobs_of_a_batch_have_their_own_images_and_the_shared_settings(database):
    images = [upload(database) for _ in range(3)]
    shared = {"mirror": "try", "model": "affine", "moving_spacing_um": 0.25, "priority": "collection"}
    shared |= {"fixed_tilt": {"degrees": 9.5, "axis_deg": 0}, "moving_mask_image_id": images[0]}
    own = [{"fixed_channel": "Fe"}, {}, {"moving_frame": 4, "fixed_channel": "C"}]
    pairs = zip(images, reversed(images), own, strict=True)
    requests = [
        jobs.RegistrationRequest(fixed, moving, **chosen, **shared) for fixed, moving, chosen in pairs
    ]
    batch = do(database, batches.submit, requests, owner="local", actor="tester", request_id="r1")
    newest_first = select(RegistrationRow).order_by(RegistrationRow.created_at.desc())
    with database.reading() as session:
        rows = session.scalars(newest_first.where(RegistrationRow.batch_id == batch.id)).all()
    stored = [{name: getattr(row, name) for name in vars(requests[0])} for row in rows]
    assert stored == [vars(request) for request in requests]
    assert [claim_next(database).registration_id for _ in rows] == [row.id for row in rows]


def test_batch_with_an_unknown_image_is_rejected_as_a_whole(database):
    pairs = [(upload(database), upload(database)), (upload(database), "nothing")]
    requests = [jobs.RegistrationRequest(*pair) for pair in pairs]
    with pytest.raises(ImageNotFound, match="nothing"):
        do(database, batches.submit, requests, owner="local", actor="tester", request_id="r1")
    with database.reading() as session:
        assert session.scalars(select(RegistrationRow)).all() == []


def test_batch_does_not_delay_a_job_of_another_owner(database):
    submit_batch(database, 20)
    claim_next(database)
    other = submit(database, "tem")
    assert other in [claim_next(database).registration_id for _ in range(2)]


def test_cancelled_batch_keeps_its_finished_jobs(database):
    batch = submit_batch(database, 5)
    do(database, job_transitions.finish, claim_next(database), RESULT)
    running = claim_next(database)
    assert do(database, batches.cancel, batch, actor="tester") == 4
    assert not do(database, job_transitions.finish, running, RESULT)
    with database.reading() as session:
        counts = batches.states(session, [batch.id])[batch.id]
        assert outbox.due(session) == []
    assert (counts["succeeded"], counts["cancelled"]) == (1, 4)


def test_every_state_change_is_an_event_in_order(database):
    retried, cancelled = submit(database, "sem"), submit(database, "tem")
    do(database, job_transitions.retry, claim(database, retried), "engine-failed", "no answer")
    do(database, job_transitions.finish, claim(database, retried), RESULT)
    do(database, jobs.cancel, cancelled, actor="tester")
    with database.reading() as session:
        of_one = events.after(session, 0, registration_id=retried)
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


def test_corrections_are_kept_beside_the_result(database):
    job = submit(database)
    do(database, job_transitions.finish, claim(database, job), RESULT)
    assert corrections.applied(get(database, job)) is None
    with pytest.raises(CorrectionNotFound):
        corrections.applied(get(database, job), "latest")
    moved = [[1, 0, 5], [0, 1, 0], [0, 0, 1]]
    first, second = (do(database, corrections.add, job, m, "eye", actor="jo") for m in (MATRIX, moved))
    with database.reading() as session:
        assert [row.id for row in corrections.list_for(session, job)] == [first.id, second.id]
        entry = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
    assert entry.event == "registration.corrected" and second.id in entry.payload
    row = get(database, job)
    assert row.result.body == RESULT
    assert corrections.applied(row).id == corrections.applied(row, "latest").id == second.id
    assert corrections.applied(row, first.id).actor == "jo"
    assert corrections.applied(row, "predicted") is None


def test_the_newest_decision_counts_unless_it_was_on_another_position(database):
    job = submit(database)
    do(database, job_transitions.finish, claim(database, job), RESULT)
    assert reviews.applied(get(database, job)) is None
    for decision in ("accept", "reject"):
        made = do(database, reviews.add, job, decision, "by eye", actor="jo")
        assert reviews.applied(get(database, job)).id == made.id
    with database.reading() as session:
        entry = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
    assert entry.event == "registration.reviewed" and '"reject"' in entry.payload
    do(database, corrections.add, job, MATRIX, None, actor="jo")
    assert reviews.applied(get(database, job)) is None
    do(database, reviews.add, job, "accept", None, actor="jo")
    assert reviews.applied(get(database, job)).decision == "accept"
    do(database, reviews.add, job, "withdraw", None, actor="jo")
    assert reviews.applied(get(database, job)) is None


def test_tags_of_several_users_stay_and_each_change_is_recorded_once(database):
    job = submit(database)
    for added, removed in ((["a", "b"], []), (["b", "c"], ["a"]), (["c"], ["a"])):
        row = do(database, tags.change, job, added, removed, actor="jo")
    assert [tag.name for tag in row.tags] == ["b", "c"]
    with database.reading() as session:
        entries = session.scalars(select(AuditRow).where(AuditRow.event == "registration.tagged")).all()
    assert len(entries) == 2, "the last one changed nothing"
    with pytest.raises(TooManyTags):
        do(database, tags.change, job, [str(number) for number in range(tags.MAX_TAGS)], [], actor="jo")
    assert [tag.name for tag in get(database, job).tags] == ["b", "c"]
    with pytest.raises(RegistrationNotFound):
        do(database, tags.change, job, ["d"], [], actor="jo", owner="another")
