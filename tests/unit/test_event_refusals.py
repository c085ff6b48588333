"""Event streams that the HTTP server refuses by their headers: those of a key that was refused, no others."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from api.events.refusals import MAX_KEYS, Refusals

KEYS = st.text("abcXYZ019-_ ", min_size=1, max_size=12)
EVENTS = b"/api/v1/events"


def headers(authorization: str | None) -> list[tuple[bytes, bytes]]:
    found = [(b"host", b"x"), (b"cookie", b"xebra_session=abc")]
    return found if authorization is None else [*found, (b"authorization", authorization.encode())]


@given(st.lists(st.one_of(st.just(""), KEYS), max_size=6), st.one_of(st.none(), st.just(""), KEYS))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_only_streams_of_a_refused_key_are_refused(refused: list[str], key: str | None) -> None:
    """A session has no key: its refusal must not refuse other sessions."""
    refusals = Refusals()
    for each in refused:
        refusals.add(each)
    answer = refusals.response(b"GET", EVENTS, headers(key))
    assert (answer is not None) == (bool(key) and key in refused)
    assert answer is None or answer.startswith(b"HTTP/1.1 429 ")


def test_other_requests_of_a_refused_key_are_served() -> None:
    refusals = Refusals()
    refusals.add("Bearer a")
    assert refusals.response(b"GET", EVENTS, headers("Bearer a")) is not None
    assert refusals.response(b"POST", EVENTS, headers("Bearer a")) is None
    assert refusals.response(b"GET", b"/api/v1/registrations", headers("Bearer a")) is None


def test_a_refusal_ends_after_its_time(monkeypatch) -> None:
    refusals, now = Refusals(), [100.0]
    monkeypatch.setattr("api.events.refusals.time.monotonic", lambda: now[0])
    refusals.add("Bearer a")
    now[0] += 1.1
    assert refusals.response(b"GET", EVENTS, headers("Bearer a")) is None


def test_the_number_of_keys_is_limited() -> None:
    refusals = Refusals()
    for number in range(3 * MAX_KEYS):
        refusals.add(f"Bearer {number}")
    assert len(refusals._until) <= MAX_KEYS
