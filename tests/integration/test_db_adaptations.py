"""Adaptations as jobs, each of which ends once; labels follow their images and jobs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from support.jobs import claim, do, query, submit, upload
from support.network_versions import changed_version

from db import (
    adaptations,
    audit,
    comparisons,
    corrections,
    images,
    job_transitions,
    labels,
    network_archive,
    networks,
    retention,
    reviews,
)
from db.errors import (
    AdaptationRunning,
    ImageNotFound,
    LabelsTooFew,
    NetworkStateInvalid,
    NetworkVersionNotFound,
)
from db.rows import AuditRow, ComparisonRow, LabelRow, NetworkRow
from db.store import open_store
from db.types import utc_now

SHIFT = [[1.0, 0.0, 3.0], [0.0, 1.0, -2.0], [0.0, 0.0, 1.0]]
BACK = [[1.0, 0.0, -3.0], [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]]
IMAGE = {"shape": [64, 64], "pixel_spacing_um": 0.5}
CERTAIN = {"verdict": "accept", "expected_corner_error_px": 0.1, "moving_from_fixed": SHIFT, "field": None}
CERTAIN |= {"fixed": IMAGE, "moving": IMAGE}


def add_labels(database, number: int = adaptations.MIN_LABELS, owner: str = "local") -> list[str]:
    found = []
    for _ in range(number):
        pair = (upload(database, owner), upload(database, owner))
        found.append(do(database, labels.add, owner, pair, SHIFT, actor="tester").id)
    return found


def start(database, owner: str = "local", **settings) -> str:
    about = {"actor": "tester", "minutes": 1.0, "seed": 0} | settings
    return do(database, adaptations.submit, owner, **about).id


def state(database, network: str) -> str:
    return query(database, networks.get, network).state


def finished(database, number: int = 1, body: dict = CERTAIN) -> list[str]:
    """Return jobs with this result."""
    jobs = [submit(database) for _ in range(number)]
    for job in jobs:
        assert do(database, job_transitions.finish, claim(database, job), body)
    return jobs


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A version."""
    return changed_version(tmp_path_factory.mktemp("version") / "out")


@pytest.fixture
def archive(database, folder, tmp_path) -> network_archive.Archive:
    """A stored version."""
    return network_archive.store(folder, open_store((tmp_path / "images").as_uri()), database)


def test_adaptation_ends_as_a_candidate(database, archive):
    add_labels(database)
    network = start(database)
    row = do(database, adaptations.claim, "w1")
    assert (row.id, row.state, row.attempt) == (network, "running", 1)
    assert do(database, adaptations.claim, "w2") is None
    assert do(database, adaptations.report, row, 0.5, "trains")
    assert do(database, adaptations.finish, row, archive, actor="w1")
    assert not do(database, adaptations.finish, row, archive, actor="w1")
    ended = query(database, networks.get, network)
    assert (ended.state, ended.weights_sha256) == ("candidate", archive.weights_sha256)
    assert (ended.acceptable, ended.progress, ended.lease_until) == (True, 1.0, None)
    assert query(database, audit.verify) == []


def test_adaptation_needs_labels_and_runs_alone(database):
    kept = add_labels(database, adaptations.MIN_LABELS)
    do(database, labels.exclude, kept[0], "local", True, actor="tester")
    add_labels(database, 20, "other")
    with pytest.raises(LabelsTooFew, match=r"needs 8 .* there are 7"):
        start(database)
    do(database, labels.exclude, kept[0], "local", False, actor="tester")
    network = start(database)
    with pytest.raises(AdaptationRunning, match=network):
        start(database)
    start(database, "other")
    do(database, adaptations.cancel, network, "local", actor="tester")
    start(database)


def test_two_workers_do_not_claim_one_adaptation(database):
    add_labels(database)
    start(database)
    with ThreadPoolExecutor(4) as threads:
        claimed = list(threads.map(lambda name: do(database, adaptations.claim, name), "abcd"))
    assert sum(row is not None for row in claimed) == 1


def test_version_of_another_instrument_is_no_base(database, archive):
    add_labels(database, owner="other")
    version = do(database, networks.add, "local", archive, actor="tester").id
    with pytest.raises(NetworkVersionNotFound):
        start(database, "other", base_id=version)
    assert do(database, adaptations.claim, "w1") is None


def test_active_version_is_the_base(database, archive):
    add_labels(database)
    version = do(database, networks.add, "local", archive, actor="tester").id
    do(database, networks.promote, version, "local", actor="tester")
    assert query(database, networks.get, start(database)).parent_id == version


def test_cancelled_adaptation_stores_nothing(database, archive):
    add_labels(database)
    network = start(database)
    row = do(database, adaptations.claim, "w1")
    do(database, adaptations.cancel, network, "local", actor="tester")
    assert not do(database, adaptations.report, row, 0.5, "trains")
    assert not do(database, adaptations.finish, row, archive, actor="w1")
    assert not do(database, adaptations.fail, row, "late", actor="w1")
    with pytest.raises(NetworkStateInvalid):
        do(database, adaptations.cancel, network, "local", actor="tester")
    for change in (networks.promote, networks.shadow):
        with pytest.raises(NetworkStateInvalid):
            do(database, change, network, "local", actor="tester")
    assert state(database, network) == "cancelled"


def test_adaptation_of_a_lost_worker_is_run_again_and_then_fails(database, archive):
    add_labels(database)
    network = start(database)
    rows = []
    for attempt in range(1, adaptations.MAX_ATTEMPTS + 1):
        rows.append(do(database, adaptations.claim, f"w{attempt}"))
        assert rows[-1].attempt == attempt and not query(database, adaptations.any_expired)
        past = update(NetworkRow).values(lease_until=utc_now() - timedelta(hours=1))
        do(database, lambda session, sql=past: session.execute(sql))
        assert query(database, adaptations.any_expired)
        assert do(database, adaptations.requeue_expired) == 1
    ended = query(database, networks.get, network)
    assert ended.state == "failed" and "3 times" in ended.message
    assert not any(do(database, adaptations.finish, row, archive, actor="w1") for row in rows)


def test_labels_are_deleted_with_their_job_and_with_their_images(database, archive):
    do(database, labels.set_collection, "local", True, actor="tester")
    (job,) = finished(database)
    assert do(database, labels.refresh, job, actor="w1").source == "accepted"
    version = do(database, networks.add, "local", archive, actor="tester").id
    compared = (version, job, ("accept", "review"), 0.5)
    assert do(database, comparisons.add, *compared, agrees=True)
    assert not do(database, comparisons.add, *compared, agrees=True)
    added = add_labels(database, 2)
    now = utc_now() + timedelta(hours=1)
    for row in query(database, retention.expired_registrations, now):
        do(database, retention.delete_row, row, [])
    assert query(database, count, ComparisonRow) == 0
    assert set(query(database, ids)) == set(added)
    label = query(database, labels.get, added[0], "local")
    image = query(database, images.get, label.moving_image_id, "local")
    do(database, images.delete, image, [], "tester")
    assert query(database, ids) == [added[1]]
    for row in query(database, retention.expired_images, now):
        do(database, retention.delete_row, row, [])
    assert query(database, ids) == []
    assert query(database, audit.verify) == []


def test_label_of_a_job_is_what_persons_state_last(database):
    do(database, labels.set_collection, "local", True, actor="tester")
    (job,) = finished(database)

    def label() -> tuple[str, list] | None:
        row = do(database, labels.refresh, job, actor="jo")
        return row and (row.source, row.moving_from_fixed)

    assert label() == ("accepted", SHIFT)
    do(database, reviews.add, job, "reject", None, actor="jo")
    assert label() is None
    do(database, reviews.add, job, "accept", None, actor="jo")
    assert label() == ("confirmed", SHIFT)
    do(database, corrections.add, job, SHIFT, None, actor="jo")
    assert label() == ("correction", BACK)
    do(database, reviews.add, job, "reject", None, actor="jo")
    assert label() is None
    assert query(database, count, LabelRow) == 0
    events = query(database, lambda session: list(session.scalars(select(AuditRow.event))))
    assert events.count("label.collected") == 3 and events.count("label.deleted") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "review"},
        {"expected_corner_error_px": 0.33},  # of 64 px
        {"expected_corner_error_px": None},
        {"field": {"moving_from_fixed": SHIFT}},
    ],
)
def test_uncertain_or_bent_result_is_no_label(sqlite_database, change):
    do(sqlite_database, labels.set_collection, "local", True, actor="tester")
    (job,) = finished(sqlite_database, body=CERTAIN | change)
    assert do(sqlite_database, labels.refresh, job, actor="w1") is None


def test_nothing_is_collected_by_default_or_for_another_instrument(sqlite_database):
    do(sqlite_database, labels.set_collection, "other", True, actor="tester")
    (job,) = finished(sqlite_database)
    assert do(sqlite_database, labels.refresh, job, actor="w1") is None
    do(sqlite_database, labels.set_collection, "local", True, actor="tester")
    do(sqlite_database, labels.set_collection, "local", False, actor="tester")
    assert do(sqlite_database, labels.refresh, job, actor="w1") is None


def test_images_of_another_instrument_are_no_label(sqlite_database):
    pair = (upload(sqlite_database, "other"), upload(sqlite_database, "local"))
    for owner in ("local", "other"):
        with pytest.raises(ImageNotFound):
            do(sqlite_database, labels.add, owner, pair, SHIFT, actor="tester")


def ids(session) -> list[str]:
    return list(session.scalars(select(LabelRow.id)))


def count(session, kind: type) -> int:
    return session.scalar(select(func.count()).select_from(kind))


def test_the_archive_is_one_object_of_the_store(archive, tmp_path):
    assert (Path(tmp_path) / "images" / archive.store_key).is_file()
