"""Checks of the deployment files that need no container engine."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
SECRETS = {
    **{"POSTGRES_PASSWORD": "one", "POSTGRES_ADMIN_PASSWORD": "four", "REDIS_PASSWORD": "five"},
    **{"S3_ACCESS_KEY": "two", "S3_SECRET_KEY": "three"},
}
OURS = {"api", "relay", "worker", "prepare"}


def compose(profile: str, secrets: dict[str, str] = SECRETS) -> subprocess.CompletedProcess:
    """Run ``docker-compose config``, which validates the file without an engine."""
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS} | secrets
    command = [
        "docker-compose",
        "--project-directory",
        CHECKOUT,
        "--env-file",
        CHECKOUT / "docker/env.example",
    ]
    command += ["--file", CHECKOUT / "docker-compose.yml", "--profile", profile, "config"]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module", params=["cpu", "gpu"])
def stack(request: pytest.FixtureRequest) -> dict:
    result = compose(request.param)
    assert result.returncode == 0, result.stderr
    stack = yaml.safe_load(result.stdout)
    wanted = {
        n: s for n, s in stack["services"].items() if request.param in s.get("profiles", [request.param])
    }
    return stack | {"services": wanted}


def images(dockerfile: Path) -> list[str]:
    return re.findall(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE)


def test_stack_has_every_part(stack: dict) -> None:
    engines = {name for name in stack["services"] if name.startswith("triton")}
    assert len(engines) == 1
    assert set(stack["services"]) - engines == OURS | {"postgres", "redis", "s3"}


def test_every_image_has_an_exact_version(stack: dict) -> None:
    used = {service["image"] for service in stack["services"].values()}
    used |= {image for file in CHECKOUT.glob("docker/**/Dockerfile") for image in images(file)}
    assert all(re.search(r":\d+\.\d+", image) for image in used), used


def test_nothing_runs_as_root(stack: dict) -> None:
    for name, service in stack["services"].items():
        if "build" in service:
            last_stage = (CHECKOUT / service["build"]["dockerfile"]).read_text().rpartition("\nFROM ")[2]
            user = re.search(r"^USER (\S+)", last_stage, re.MULTILINE)[1]
        else:
            user = service["user"]
        assert user.partition(":")[0] not in ("root", "0"), name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_keys_are_required_by_default(stack: dict) -> None:
    assert stack["services"]["api"]["environment"]["XEBRA_ACCESS"] == "keys"


def test_no_service_can_take_the_whole_machine(stack: dict) -> None:
    for name, service in stack["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert limits["memory"] and float(limits["cpus"]) > 0 and service["pids_limit"], name


def test_redis_requires_a_password(stack: dict) -> None:
    redis = stack["services"]["redis"]
    assert redis["command"][-2:] == ["--requirepass", "five"]
    assert redis["environment"]["REDISCLI_AUTH"] == "five"  # of the health check
    for name in OURS:
        assert stack["services"][name]["environment"]["XEBRA_BROKER_URL"] == "redis://:five@redis:6379/0"


def test_database_role_is_no_superuser(stack: dict) -> None:
    postgres, url = (
        stack["services"]["postgres"],
        stack["services"]["api"]["environment"]["XEBRA_DATABASE_URL"],
    )
    assert url.startswith("postgresql+psycopg://xebra:one@")
    assert postgres["environment"]["POSTGRES_USER"] == "postgres"
    assert postgres["environment"]["XEBRA_PASSWORD"] == "one"


def test_every_awaited_service_has_a_health_check(stack: dict) -> None:
    for name, service in stack["services"].items():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in stack["services"][needed], f"{name} waits for {needed}"


def test_state_is_in_named_volumes(stack: dict) -> None:
    for name in ("postgres", "s3"):
        volumes = stack["services"][name]["volumes"]
        kept = {
            v["source"] if isinstance(v, dict) else v.partition(":")[0]  # docker-compose 2, 1
            for v in volumes
            if not (v.get("read_only") if isinstance(v, dict) else v.endswith(":ro"))
        }
        assert kept, name
        assert kept <= set(stack["volumes"]), name


def test_only_the_api_is_published_on_the_loopback_address(stack: dict) -> None:
    published = {name: service["ports"] for name, service in stack["services"].items() if "ports" in service}
    assert list(published) == ["api"]
    assert "127.0.0.1" in str(published["api"])


def test_every_service_is_restarted(stack: dict) -> None:
    """A worker that no longer consumes messages exits, to be restarted."""
    policies = {name: service["restart"] for name, service in stack["services"].items()}
    assert policies.pop("prepare") == "no"
    assert set(policies.values()) == {"unless-stopped"}


def test_commands_start_existing_modules(stack: dict) -> None:
    modules = ["api.server", "db.migrate", "worker.relay", "worker.app"]
    commands = str([stack["services"][name].get("command") for name in sorted(OURS)])
    commands += (CHECKOUT / "docker/Dockerfile").read_text()
    for module in modules:
        assert re.search(rf"\b{module}\b", commands), f"{module} is not started"
        assert importlib.util.find_spec(module), f"there is no {module}"


def test_files_copied_by_a_dockerfile_exist_and_are_not_ignored() -> None:
    allowed = (CHECKOUT / ".dockerignore").read_text()
    for dockerfile in CHECKOUT.glob("docker/**/Dockerfile"):
        for sources in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile.read_text(), re.MULTILINE):
            for source in sources.split():
                assert (CHECKOUT / source).exists(), f"{dockerfile}: {source}"
                top = source if f"!{source}\n" in allowed else source.split("/")[0]
                assert f"!{top}\n" in allowed, f".dockerignore keeps {source} out"


def test_missing_secret_is_reported_by_name() -> None:
    result = compose("cpu", {})
    assert result.returncode != 0
    assert "copy docker/env.example to .env" in result.stderr
    for secret in SECRETS:
        assert f"\n{secret}=\n" in (CHECKOUT / "docker/env.example").read_text()
