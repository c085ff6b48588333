"""The Kubernetes manifests conform to the schemas of Kubernetes, and to what the code expects."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from api.settings import ApiSettings
from db.settings import StorageSettings
from worker.settings import WorkerSettings

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSION = "1.31"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
DOCUMENTS = [
    document
    for name in KUSTOMIZATION["resources"]
    for document in yaml.safe_load_all((FOLDER / name).read_text())
]
WORKLOADS = [document for document in DOCUMENTS if document["kind"] in ("Deployment", "Job")]
BUILT_IN = [document for document in DOCUMENTS if not document["apiVersion"].startswith("keda.sh/")]


def named(document: dict) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


def pod(workload: dict) -> dict:
    return workload["spec"]["template"]["spec"]


@pytest.mark.parametrize("document", BUILT_IN, ids=named)
def test_manifest_conforms_to_the_schema(document):
    kubernetes_validate.validate(document, VERSION, strict=True)


def test_schemas_reject_a_misspelt_field():
    wrong = {**WORKLOADS[0], "spec": {**WORKLOADS[0]["spec"], "templete": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


def test_every_manifest_is_listed():
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(KUSTOMIZATION["resources"])


def test_every_image_has_an_exact_version():
    tags = {image["name"]: image["newTag"] for image in KUSTOMIZATION["images"]}
    for workload in WORKLOADS:
        for container in pod(workload)["containers"]:
            assert re.fullmatch(r"\d+\.\d+\.\d+", tags[container["image"]])


@pytest.mark.parametrize("workload", WORKLOADS, ids=named)
def test_pod_has_no_rights_and_limits(workload):
    spec = pod(workload)
    assert spec["securityContext"]["runAsNonRoot"] and not spec["automountServiceAccountToken"]
    for container in spec["containers"]:
        assert {"cpu", "memory"} <= set(container["resources"]["limits"])
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_settings_are_known_to_the_code():
    (settings,) = [document for document in DOCUMENTS if document["kind"] == "ConfigMap"]
    known = {
        f"XEBRA_{name.upper()}"
        for model in (ApiSettings, StorageSettings, WorkerSettings)
        for name in model.model_fields
    } | {"XEBRA_LOG_FORMAT"}
    assert set(settings["data"]) <= known
    given = [entry["name"] for w in WORKLOADS for c in pod(w)["containers"] for entry in c.get("env", [])]
    assert set(given) <= known and settings["data"]["XEBRA_ACCESS"] == "keys"


def test_secrets_are_references():
    assert not [document for document in DOCUMENTS if document["kind"] == "Secret"]
    for workload in WORKLOADS:
        for container in pod(workload)["containers"]:
            assert all("value" not in e or "KEY_FILE" in e["name"] for e in container.get("env", []))


def test_commands_start_existing_modules():
    commands = str([container.get("command") for w in WORKLOADS for container in pod(w)["containers"]])
    for module in ("worker.relay", "worker.app"):
        assert module in commands and importlib.util.find_spec(module)


def test_selectors_and_scaled_deployments_exist():
    labels = {workload["spec"]["template"]["metadata"]["labels"]["app"] for workload in WORKLOADS}
    deployments = {w["metadata"]["name"] for w in WORKLOADS if w["kind"] == "Deployment"}
    for document in DOCUMENTS:
        if document["kind"] == "Service":
            assert document["spec"]["selector"]["app"] in labels
        if document["kind"] == "ScaledObject":
            assert document["spec"]["scaleTargetRef"]["name"] in deployments
