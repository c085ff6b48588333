"""Helpers of the tests: real servers, a running service, steps of a job."""
