"""Fixtures: real servers, one of each for all tests that do not harm it."""

from support.facility import facility  # noqa: F401
from support.servers import new_postgres_url, new_s3_url, postgres_server, redis_server, s3_server  # noqa: F401
from support.swift_server import new_swift_url, swift_server  # noqa: F401
from support.triton_server import triton_url  # noqa: F401
