"""The Helm chart: linted and rendered by Helm's own library, each object checked against Kubernetes's schemas.

No cluster runs here: what the tests show ends with the objects.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from codesearch._version import __version__
from tests.support.home import HOUSE
from tests.support.published import yaml_documents

if not (sys.platform == "linux" and __import__("platform").machine() == "x86_64"):
    pytest.skip("Helm's library is installed on Linux only", allow_module_level=True)

import helm_python as helm
import kubernetes_validate  # type: ignore[import-untyped, unused-ignore]
from typer.main import get_command

from codesearch.cli.commands import serve as command
from codesearch.server.gateway import _OF_MACHINES

CHART = HOUSE / "ci" / "helm" / "codesearch"
KUBERNETES = ("1.25", "1.34")
LEAST: dict[str, Any] = {
    "image": {"repository": "registry.example.org/codesearch"},
    "names": ["code.example.org"],
    "database": {"existingSecret": "codesearch-database"},
}
MOST: dict[str, Any] = {
    **LEAST,
    "replicaCount": 3,
    "imagePullSecrets": [{"name": "pull"}],
    "names": ["code.example.org", "code"],
    "database": {
        "existingSecret": "codesearch-database",
        "urlKey": "gateway",
        "ownerUrlKey": "owner",
        "replicasUrlKey": "copies",
        "vectorsUrlKey": "milvus",
    },
    "serve": {"rate": 0.5, "logFormat": "text", "extraArgs": ["--rerank-seconds", "0.5"]},
    "proxy": {"header": "X-Forwarded-User", "groups": "X-Groups", "addresses": ["10.0.0.7", "10.1.0.0/16"]},
    "oidc": {
        "issuer": "https://login.example.org/realm",
        "audience": "codesearch",
        "claim": "repository",
        "groups": "roles",
    },
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls", "annotations": {"a": "b"}},
    "service": {"type": "NodePort", "port": 8080, "annotations": {"a": "b"}},
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
        "database": [{"ipBlock": {"cidr": "10.9.8.7/32"}}],
        "extraEgress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
    },
    "podLabels": {"team": "search"},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "code", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}
    ],
}


def rendered(values: dict[str, Any]) -> dict[str, Any]:
    """Return the objects of a release, by kind."""
    with helm.Chart.load(CHART) as chart:
        texts = chart.render(values, name="code", namespace="search")
    objects = [one for name, text in texts.items() if name.endswith(".yaml") for one in yaml_documents(text) if one]
    found = {one["kind"]: one for one in objects}
    assert len(found) == len(objects)
    return found


REPLICAS = "CODESEARCH_REPLICAS"


@pytest.fixture(scope="module", params=[LEAST, MOST], ids=["least", "most"])
def values(request: pytest.FixtureRequest) -> dict[str, Any]:
    given: dict[str, Any] = request.param
    return given


@pytest.fixture(scope="module")
def objects(values: dict[str, Any]) -> dict[str, Any]:
    return rendered(values)


def test_helm_finds_nothing_to_complain_about(values: dict[str, Any]):
    report = helm.lint(CHART, values, strict=True)
    assert report["errors"] == []
    assert [one["error"] for one in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", KUBERNETES)
def test_each_object_is_one_of_kubernetes(objects: dict[str, Any], version: str):
    for one in objects.values():
        kubernetes_validate.validate(one, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**objects["Service"], "specs": {}}, version, strict=True)


def test_which_objects_there_are(objects: dict[str, Any], values: dict[str, Any]):
    wanted = {"Deployment", "Service", "Job", "CronJob", "NetworkPolicy", "PodDisruptionBudget"}
    assert set(objects) == (wanted | {"Ingress"} if "ingress" in values else wanted)
    assert {one["metadata"]["namespace"] for one in objects.values()} == {"search"}
    off = {"migration": {"enabled": False}, "gc": {"enabled": False}, "networkPolicy": {"enabled": False}}
    assert set(rendered({**LEAST, **off, "replicaCount": 1})) == {"Deployment", "Service"}


def pods(objects: dict[str, Any]) -> dict[str, Any]:
    """Return the templates of all pods, by the kind that makes them."""
    return {
        "Deployment": objects["Deployment"]["spec"]["template"],
        "Job": objects["Job"]["spec"]["template"],
        "CronJob": objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"],
    }


def test_pods_can_change_nothing_and_know_the_database_from_a_secret(objects: dict[str, Any], values: dict[str, Any]):
    keys = values["database"]
    for kind, template in pods(objects).items():
        pod = template["spec"]
        (container,) = pod["containers"]
        assert (pod["automountServiceAccountToken"], pod["securityContext"]["runAsNonRoot"]) == (False, True)
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert container["image"] == f"registry.example.org/codesearch:{__version__}"
        assert container["resources"]["limits"]["memory"]
        secret = container["env"][0]["valueFrom"]["secretKeyRef"]
        key = keys.get("urlKey" if kind == "Deployment" else "ownerUrlKey", "url")
        assert (container["env"][0]["name"], secret) == (
            "CODESEARCH_DATABASE", {"name": "codesearch-database", "key": key},
        )  # fmt: skip
        copies = [one["valueFrom"]["secretKeyRef"]["key"] for one in container["env"] if one["name"] == REPLICAS]
        assert copies == ([keys["replicasUrlKey"]] if kind == "Deployment" and "replicasUrlKey" in keys else [])
        milvus = [one["valueFrom"]["secretKeyRef"] for one in container["env"] if one["name"] == "CODESEARCH_VECTORS"]
        asks = kind != "Job" and "vectorsUrlKey" in keys
        assert milvus == ([{"name": "codesearch-database", "key": keys["vectorsUrlKey"]}] if asks else [])
        selector = objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
        assert selector.items() <= template["metadata"]["labels"].items()


def test_only_gateways_get_requests(objects: dict[str, Any]):
    selector = objects["Service"]["spec"]["selector"]
    assert objects["Deployment"]["spec"]["selector"]["matchLabels"] == selector
    assert objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == selector
    meant = {kind: selector.items() <= one["metadata"]["labels"].items() for kind, one in pods(objects).items()}
    assert meant == {"Deployment": True, "Job": False, "CronJob": False}


def test_probes_ask_what_the_gateway_answers(objects: dict[str, Any]):
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert set(paths.values()) <= _OF_MACHINES
    assert (paths["livenessProbe"], paths["readinessProbe"]) == ("/health/live", "/health/ready")
    assert container["ports"] == [{"name": "http", "containerPort": 8733}]
    annotations = objects["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] in _OF_MACHINES


def test_the_options_are_those_of_the_command(objects: dict[str, Any], values: dict[str, Any]):
    import typer

    app = typer.Typer(add_completion=False)
    app.command()(command.serve)
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    first, *arguments = container["args"]
    assert first == "serve" and all(isinstance(one, str) for one in arguments)
    context = get_command(app).make_context("serve", ["--store", "postgresql://x/y", *arguments])
    given = context.params
    assert (given["host"], given["port"]) == ("0.0.0.0", 8733)
    assert list(given["name"]) == values["names"]
    if "oidc" in values:
        assert (given["rate"], given["log_format"], given["rerank_seconds"]) == (0.5, "text", 0.5)
        assert (given["proxy_header"], list(given["proxy"])) == ("X-Forwarded-User", ["10.0.0.7", "10.1.0.0/16"])
        assert given["proxy_groups"] == "X-Groups"
        assert (given["oidc_audience"], given["oidc_claim"]) == ("codesearch", "repository")
        assert given["oidc_groups"] == "roles"
    else:
        assert (given["rate"], given["log_format"], given["oidc_issuer"]) == (20, "json", "")


def test_the_schema_changes_before_new_gateways_start(objects: dict[str, Any]):
    job = objects["Job"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["access", "migrate"]
    assert objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"] == [
        "access", "gc",
    ]  # fmt: skip
    assert objects["Deployment"]["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": []}, "names"),
        ({"database": {"existingSecret": ""}}, "existingSecret"),
        ({"image": {"repository": ""}}, "repository"),
        ({"replicas": 2}, "replicas"),
        ({"serve": {"logFormat": "xml"}}, "logFormat"),
        ({"replicaCount": 0}, "replicaCount"),
    ],
)
def test_wrong_values_are_refused(change: dict[str, Any], said: str):
    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(LEAST)
        with pytest.raises(helm.HelmValuesError, match=said):
            chart.validate_schema({**LEAST, **change})


def test_its_version_is_that_of_the_program_and_all_defaults_are_in_its_schema():
    with helm.Chart.load(CHART) as chart:
        assert chart.metadata["version"] == chart.metadata["appVersion"] == __version__
        schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
        assert set(chart.values) == set(schema["properties"]) - {"global"}
