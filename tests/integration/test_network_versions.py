"""Versions of a network: promotion, rollback, replay and shadow mode, on both engines and under load."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from support.jobs import do, get, query
from support.network_versions import changed_version, fingerprint, is_of
from support.synthesis_graph import GRAPH, write_synthesis
from support.worker import run, store
from tritonclient.grpc import InferenceServerClient

from db import audit, comparisons, images, jobs, network_archive, networks
from db.errors import (
    NetworkInvalid,
    NetworkNotAcceptable,
    NetworkStateInvalid,
    NetworkVersionNotFound,
    NoActiveNetwork,
)
from db.rows import AuditRow, ComparisonRow, EventRow, NetworkRow, RegistrationRow
from db.store import open_store
from worker import replay
from worker.context import WorkerContext
from worker.job_runner import claim_next, run_job
from xebra import image_files, sample
from xebra.align import Aligner
from xebra.engine import OnnxEngine
from xebra.network_versions import VersionedAligners
from xebra.triton_versions import TritonVersion, unload
from xebra.weights import graph_sha256, graphs

JOBS, WORKERS, CHANGES = 48, 4, 12
CERTIFIED = {"groups": {"one modality, all": {"wrong_upper_bound": 0.006, "certified": True}}}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two adapted versions."""
    parent = tmp_path_factory.mktemp("versions")
    return [changed_version(parent / str(seed), seed) for seed in (1, 2)]


@pytest.fixture(params=["embedded", "triton"])
def inference_url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "embedded" else request.getfixturevalue("triton_url")


@pytest.fixture
def context(sqlite_database, tmp_path, inference_url) -> WorkerContext:
    """The context of a worker with either engine."""
    return made_context(sqlite_database, tmp_path, inference_url)


@pytest.fixture
def embedded(sqlite_database, tmp_path) -> Iterator[WorkerContext]:
    """The context of a worker with the embedded engine."""
    yield made_context(sqlite_database, tmp_path, "")


def made_context(database, folder: Path, url: str) -> WorkerContext:
    images_store = open_store((folder / "images").as_uri())
    versions = VersionedAligners(url, folder / "versions")
    aligner, lease = Aligner(url), timedelta(seconds=60)
    return WorkerContext("here:1", database, images_store, aligner, lease, versions)


def add(context: WorkerContext, folder: Path, owner: str = "local") -> str:
    archive = network_archive.store(folder, context.store, context.database)
    return do(context.database, networks.add, owner, archive, actor="tester").id


def promote(context: WorkerContext, version: str) -> NetworkRow:
    return do(context.database, networks.promote, version, "local", actor="tester")


def rollback(context: WorkerContext) -> NetworkRow | None:
    return do(context.database, networks.rollback, "local", actor="tester")


def pair(context: WorkerContext) -> tuple[str, str]:
    """Upload the bundled pair; return the ids of its images."""
    found = []
    for file in (sample.FIXED, sample.MOVING):
        row = store(context, image_files.read(file.open("rb"), file.name).pixels)
        do(context.database, images.add, row, actor="tester")
        found.append(row.id)
    return found[0], found[1]


def submit(context: WorkerContext, images_of_pair: tuple[str, str], **settings) -> str:
    request = jobs.RegistrationRequest(*images_of_pair, **settings)
    return do(context.database, jobs.submit, request, actor="tester", request_id="r1").id


def known_answers(versions: dict[str | None, Path | None]) -> dict[str | None, np.ndarray]:
    """Return the fingerprint of each version's answer, by the embedded engine."""
    fixed, moving = (image_files.read(file.open("rb"), file.name).pixels for file in PAIR)
    answers = {id: Aligner(None, folder).register(fixed, moving) for id, folder in versions.items()}
    return {id: fingerprint(answer.to_json()) for id, answer in answers.items()}


PAIR = (sample.FIXED, sample.MOVING)


def test_active_version_answers_until_it_is_rolled_back(context, folders):
    first, second = (add(context, folder) for folder in folders)
    known = known_answers({None: None, first: folders[0], second: folders[1]})
    images_of_pair = pair(context)

    def answered() -> str | None:
        row = run(context, submit(context, images_of_pair))
        assert row.state == "succeeded", row.failure_message
        assert is_of(row.result.body, known)
        return row.result.body["model"]["version"]

    assert answered() is None
    promote(context, first)
    assert answered() == first
    promote(context, second)
    assert answered() == second
    assert rollback(context).id == first
    assert answered() == first
    assert rollback(context) is None
    assert answered() is None
    with context.database.reading() as session:
        recorded = [row.event for row in session.scalars(select(AuditRow).order_by(AuditRow.seq))]
        published = session.scalars(select(EventRow.state).where(EventRow.network_id == first)).all()
    wanted = ["network.added"] * 2 + ["network.promoted"] * 2 + ["network.rolled_back"] * 2
    assert [event for event in recorded if event.startswith("network.")] == wanted
    assert published[:2] == ["candidate", "active"]
    assert query(context.database, audit.verify) == []


def test_no_job_fails_and_no_answer_is_mixed_while_versions_change(context, folders):
    first, second = (add(context, folder) for folder in folders)
    known = known_answers({None: None, first: folders[0], second: folders[1]})
    images_of_pair = pair(context)
    submitted = [submit(context, images_of_pair) for _ in range(JOBS)]
    ended = threading.Event()

    def work() -> None:
        while True:
            with context.database.writing() as session:
                job = claim_next(session, context)
            if job is None:
                return
            run_job(job, context)

    def change() -> int:
        for count, version in enumerate(cycle((first, second, None, None))):
            if ended.wait(0.05):
                return count
            promote(context, version) if version else rollback(context)
        raise AssertionError

    with ThreadPoolExecutor(WORKERS + 1) as threads:
        changing = threads.submit(change)
        working = [threads.submit(work) for _ in range(WORKERS)]
        for each in working:
            each.result()
        ended.set()
        changes = changing.result()
    rows = [get(context.database, job) for job in submitted]
    assert {row.state for row in rows} == {"succeeded"}, [row.failure_message for row in rows]
    assert {row.attempt for row in rows} == {1}
    assert [row.id for row in rows if not is_of(row.result.body, known)] == []
    answered = {row.result.body["model"]["version"] for row in rows}
    assert changes >= CHANGES and answered == {first, second, None}


def test_old_job_is_replayed_with_its_own_version(context, folders, inference_url, tmp_path, monkeypatch):
    version = add(context, folders[0])
    promote(context, version)
    job = submit(context, pair(context))
    assert run(context, job).result.body["model"]["version"] == version
    rollback(context)
    monkeypatch.setenv("XEBRA_STATE_DIR", str(tmp_path / "replayed"))
    monkeypatch.setenv("XEBRA_DATABASE_URL", str(context.database.engine.url))
    monkeypatch.setenv("XEBRA_IMAGES_URL", (tmp_path / "images").as_uri())
    monkeypatch.setenv("XEBRA_INFERENCE_URL", inference_url)
    assert replay.main([job]) == 0
    Path(context.store.root / get_version(context, version).store_key).write_bytes(b"altered")
    assert replay.main([job]) == 2


def get_version(context: WorkerContext, version: str) -> NetworkRow:
    return query(context.database, networks.get, version)


def test_job_that_names_another_network_has_that(embedded, folders):
    promote(embedded, add(embedded, folders[0]))
    row = run(embedded, submit(embedded, pair(embedded), network="paper"))
    assert (row.result.body["model"]["name"], row.result.body["model"]["version"]) == ("paper", None)


def test_graphs_of_retired_versions_are_dropped_and_loaded_again(sqlite_database, tmp_path, triton_url):
    context = made_context(sqlite_database, tmp_path, triton_url)
    folder = changed_version(tmp_path / "third", 3)
    version, images_of_pair = add(context, folder), pair(context)
    promote(context, version)
    run(context, submit(context, images_of_pair))
    rollback(context)
    hashes = get_version(context, version).graphs
    assert len(hashes) == len([name for name in graphs() if name != "paper"])
    retired_at = get_version(context, version).changed_at
    assert query(context.database, networks.unused_graphs, retired_at) == set()
    unused = query(context.database, networks.unused_graphs, retired_at + timedelta(seconds=1))
    assert unused == set(hashes.items())
    dropped = unload(triton_url, unused)
    assert "pyramid_256" in {name.split(".")[0] for name in dropped}
    assert unload(triton_url, unused) == []
    client = InferenceServerClient(triton_url.removeprefix("grpc://"))
    assert not any(client.is_model_ready(name) for name in dropped)
    assert client.is_model_ready("pyramid_256")
    client.close()
    promote(context, version)
    row = run(context, submit(context, images_of_pair))
    row = row if row.state == "succeeded" else run(context, row.id)  # the server had just been looked up
    assert row.result.body["model"]["version"] == version


def counted(right: int) -> dict[str, float]:
    """Return a score as an adaptation reports it."""
    return {"pairs": 96, "right": right, "accepted": 80, "accepted_wrong": 0, "median_error_px": 0.4}


def test_rollbacks_end_at_the_bundled_network(embedded, folders):
    first, second = (add(embedded, folder) for folder in folders)
    for version in (first, second, first, second, first):
        promote(embedded, version)
    assert [row and row.id for row in (rollback(embedded), rollback(embedded))] == [second, None]
    with pytest.raises(NoActiveNetwork):
        rollback(embedded)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"acceptable": False, "reasons": ["labels disagree"]}, "labels disagree"),
        ({"acceptable": "yes"}, "states no reason"),
        ({"scores": {}}, "benchmark was not measured"),
        ({"scores": {"benchmark": {"parent": {"a": 0.9, "b": 0.9}, "candidate": {"a": 0.9}}}}, "measured"),
        ({"scores": {"benchmark": {"parent": 0.9, "candidate": 0.86}}}, "falls from 0.900 to 0.860"),
        ({"scores": {"benchmark": {"parent": counted(92), "candidate": counted(88)}}}, "0.958 to 0.917"),
        ({"scores": {"benchmark": {"parent": {"a": {"b": 0.9}}, "candidate": {"a": {"b": 0.8}}}}}, "a, b"),
        (
            {
                "certificate": {
                    "groups": {"one modality, all": {"wrong_upper_bound": 0.02, "certified": False}}
                }
            },
            "certificate of 'one modality, all' is lost",
        ),
    ],
)
def test_worse_version_is_not_promoted(embedded, folders, tmp_path, report, reason):
    version = add(embedded, changed_version(tmp_path / "worse", 4, **report))
    with pytest.raises(NetworkNotAcceptable, match=reason):
        do(embedded.database, networks.promote, version, "local", actor="tester", bundled=CERTIFIED)
    assert get_version(embedded, version).state == "candidate"


def test_version_within_the_margins_is_promoted(embedded, tmp_path):
    scores = {"benchmark": {"parent": counted(92), "candidate": counted(90)}}
    version = add(embedded, changed_version(tmp_path / "near", 5, scores=scores, certificate=CERTIFIED))
    about = {"actor": "tester", "bundled": CERTIFIED}
    assert do(embedded.database, networks.promote, version, "local", **about).state == "active"
    with pytest.raises(NetworkStateInvalid, match="is active"):
        do(embedded.database, networks.promote, version, "local", **about)


def test_version_is_of_its_instrument_only(embedded, folders):
    version = add(embedded, folders[0], owner="sem")
    for change in (networks.promote, networks.shadow, networks.retire):
        with pytest.raises(NetworkVersionNotFound):
            do(embedded.database, change, version, "tem", actor="tester")
    do(embedded.database, networks.promote, version, "sem", actor="tester")
    row = run(embedded, submit(embedded, pair(embedded)))  # of the instrument "local"
    assert row.result.body["model"]["version"] is None


def test_folder_without_a_report_about_its_weights_is_rejected(embedded, tmp_path):
    folder = changed_version(tmp_path / "other", 6, weights_sha256="0" * 64)
    with pytest.raises(NetworkInvalid, match="other weights"):
        add(embedded, folder)
    (folder / "adaptation.json").unlink()
    with pytest.raises(NetworkInvalid, match="no folder of an adapted network"):
        add(embedded, folder)


def test_altered_archive_never_answers(embedded, folders):
    version = add(embedded, folders[0])
    promote(embedded, version)
    file = Path(embedded.store.root / get_version(embedded, version).store_key)
    file.write_bytes(file.read_bytes()[:-100])
    row = run(embedded, submit(embedded, pair(embedded)))
    assert (row.state, row.result) == ("queued", None)  # an operator can restore it


def test_shadow_answers_are_counted_and_not_shown(context, folders):
    version = add(context, folders[1])
    do(context.database, networks.shadow, version, "local", actor="tester")
    images_of_pair = pair(context)
    for _ in range(2):
        row = run(context, submit(context, images_of_pair))
        assert row.result.body["model"]["version"] is None
    run(context, submit(context, images_of_pair, network="paper"))
    compared, agree, verdicts = query(context.database, comparisons.summary, version)
    assert (compared, agree, verdicts) == (2, 2, {("accept", "accept"): 2})
    with context.database.reading() as session:
        distances = session.scalars(select(ComparisonRow.corner_error_px)).all()
    assert all(1e-5 < distance < 1 for distance in distances)
    do(context.database, networks.retire, version, "local", actor="tester")
    run(context, submit(context, images_of_pair))
    assert query(context.database, comparisons.summary, version)[0] == 2


def test_two_promotions_at_once_leave_one_active_version(database, folders, tmp_path):
    images_store = open_store((tmp_path / "images").as_uri())
    archives = [network_archive.store(folders[n % 2], images_store, database) for n in range(4)]
    versions = [do(database, networks.add, "local", archive, actor="tester").id for archive in archives]

    def one(version: str) -> bool:
        try:
            do(database, networks.promote, version, "local", actor="tester")
        except Exception:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(one, versions))
    with database.reading() as session:
        states = session.scalars(select(NetworkRow.state)).all()
    assert any(done) and sorted(states).count("active") == 1
    assert query(database, audit.verify) == []
    assert query(database, lambda session: session.scalars(select(RegistrationRow)).all()) == []


def test_triton_runs_a_graph_that_only_versions_have(tmp_path, triton_url):
    write_synthesis(tmp_path, 0.5)
    view = np.random.default_rng(4).random((1, 2, 256, 192), np.float32)
    reference = np.ones((1, 2, 128, 96), np.float32)
    engines = OnnxEngine(tmp_path), TritonVersion(triton_url, tmp_path)
    assert len({engine.weights_sha256(GRAPH) for engine in engines}) == 1  # the server loads it
    embedded, deployed = (engine.run(GRAPH, view=view, reference=reference)["maps"] for engine in engines)
    assert embedded.shape == (1, 1, 256, 192)
    np.testing.assert_allclose(deployed, embedded, atol=1e-5)
    np.testing.assert_allclose(embedded, 0.5 * view[:, :1], atol=1e-6)
    assert unload(triton_url, [(GRAPH, graph_sha256(tmp_path, GRAPH))])
