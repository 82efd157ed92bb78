"""The files of deploy/: valid by the schemas of those who read them, and what SECURITY.md says of them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from wethink_assets.config import load_settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
BIN = ROOT / ".venv-delivery/bin"
needs_delivery = pytest.mark.skipif(not BIN.exists(), reason="no .venv-delivery: `make setup-delivery`")
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "values.yaml")
KUBERNETES = "1.34"


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def check(*command: str, given: str | None = None) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], input=given, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_delivery
def test_the_image_is_built_as_hadolint_would_have_it() -> None:
    check("hadolint", "--ignore", "DL3013", str(DEPLOY / "Dockerfile"))


def test_the_image_runs_as_nobody_in_particular_and_holds_no_secret() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    final = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE) and "HEALTHCHECK" in final
    assert all(re.search(r":\d+\.\d+", line) for line in re.findall(r"^FROM (.*)$", text, re.MULTILINE))
    assert not re.search(r"(?i)password|secret|token|_key", re.sub(r"^#.*$", "", text, flags=re.MULTILINE))
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    admitted = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert set(copied) == admitted and all((ROOT / name).exists() for name in copied)


def interpolated(text: str) -> str:
    """The file once Compose has put the environment in."""
    return re.sub(r"\$\{[A-Z_]+:\?[^}]*\}", "given", re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text))


@needs_delivery
def test_compose_reads_its_file() -> None:
    """By a parser of the Compose specification that refuses unknown fields; YAML merges are applied first, as Compose does."""
    program = "import compose_spec, sys; sys.exit(len(compose_spec.PyCompose.from_json(sys.stdin.read()).service_names()) != 7)"
    for broken, expected in ((False, 0), (True, 1)):
        given = {key: value for key, value in compose().items() if not key.startswith("x-")}
        given = json.loads(interpolated(json.dumps(given)))
        if broken:
            given["services"]["code"]["read_olny"] = True
        done = subprocess.run(
            [str(BIN / "python"), "-c", program], input=json.dumps(given), capture_output=True, text=True
        )
        assert done.returncode == expected, done.stderr


def test_services_of_compose_have_no_rights_that_they_need_not() -> None:
    services = compose()["services"]
    assert set(services) == {"postgres", "seaweedfs", "bucket", "code", "webserver", "daemon", "proxy"}
    assert {name for name, service in services.items() if "ports" in service} == {"proxy"}
    assert services["proxy"]["ports"] == ["127.0.0.1:8080:8080"]
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"] and not service.get("privileged"), name
        assert re.search(r":v?\d+\.\d+", service["image"]), name
        if name not in ("postgres", "seaweedfs"):
            assert service["read_only"] and service["user"] == "10001:10001" and service["cap_drop"] == ["ALL"], name
        for variable, value in service.get("environment", {}).items():
            if re.search(r"(?i)password|secret|key|url", variable):
                assert "${" in str(value), f"{name}: {variable} stands in the file"
    for name in ("code", "webserver", "daemon", "postgres", "seaweedfs"):
        assert services[name]["healthcheck"]["test"], name
    for name in re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()):
        assert re.search(rf"^{name}=", (DEPLOY / ".env.example").read_text(), re.MULTILINE), name
    assert not [
        line
        for line in (DEPLOY / ".env.example").read_text().splitlines()
        if re.match(r"[A-Z_]*(PASSWORD|KEY)[A-Z_]*=.", line)
    ]


def pods() -> list[tuple[str, dict[str, Any]]]:
    """Pods of the manifests, and those that Dagster's chart makes of its values."""
    found = [
        (one["metadata"]["name"], one["spec"]["template"]["spec"])
        for path in MANIFESTS
        for one in documents(path)
        if one["kind"] == "Deployment"
    ]
    (values,) = documents(DEPLOY / "kubernetes/values.yaml")
    parts = {"webserver": values["dagsterWebserver"], "daemon": values["dagsterDaemon"]}
    parts |= {one["name"]: one for one in values["dagster-user-deployments"]["deployments"]}
    for name, part in parts.items():
        container = {
            "name": name,
            "image": f"{part['image']['repository']}:{part['image']['tag']}",
            "imagePullPolicy": part["image"]["pullPolicy"],
            "env": [{"name": key, "value": value} for key, value in part["env"].items()],
            "envFrom": [{"secretRef": one} for one in part["envSecrets"]],
            "securityContext": part["securityContext"],
            "resources": part["resources"],
            "volumeMounts": part["volumeMounts"],
        }
        found.append(
            (
                name,
                {"containers": [container], "securityContext": part["podSecurityContext"], "volumes": part["volumes"]},
            )
        )
    return found


@needs_delivery
@pytest.mark.slow
def test_kubernetes_takes_the_manifests_and_what_the_chart_makes_of_the_values(tmp_path: Path) -> None:
    written = []
    for name, pod in pods()[-3:]:
        written.append(tmp_path / f"{name}.yaml")
        written[-1].write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod}))
    check("kubernetes-validate", "--strict", "-k", KUBERNETES, *map(str, (*MANIFESTS, *written)))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((DEPLOY / "kubernetes/vllm.yaml").read_text().replace("readinessProbe:", "readinesProbe:", 1))
    with pytest.raises(AssertionError, match="readinesProbe"):
        check("kubernetes-validate", "--strict", "-k", KUBERNETES, str(wrong))


def test_pods_are_bounded_and_run_as_nobody_in_particular() -> None:
    assert len(pods()) == 6
    for name, pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"], name
        (container,) = pod["containers"]
        inner = container["securityContext"]
        assert inner["readOnlyRootFilesystem"] and not inner["allowPrivilegeEscalation"], name
        assert inner["capabilities"] == {"drop": ["ALL"]} and container["resources"]["limits"]["memory"], name
        assert re.search(r":v?\d+\.\d+", container["image"]), name
        mounted = {one["name"] for one in container["volumeMounts"]} if "volumeMounts" in container else set()
        assert mounted == {one["name"] for one in pod.get("volumes", ())}, name
        if name.startswith("vllm"):
            gpus = container["resources"]["limits"]["nvidia.com/gpu"]
            assert container["args"][container["args"].index("--tensor-parallel-size") + 1] == gpus
            assert not any("api-key" in str(one) for one in container["args"])


def test_every_pod_is_closed_but_for_what_a_policy_lets_in() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in documents(DEPLOY / "kubernetes/network-policies.yaml")}
    assert policies["nobody-comes-in"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    (rule,) = policies["ui-behind-its-login"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "ui-login"}}}]
    (rule,) = policies["models-for-the-code-server"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"component": "user-deployments"}}}]


def test_no_manifest_holds_a_secret() -> None:
    for path in (*MANIFESTS, DEPLOY / "kubernetes/values.yaml"):
        for one in documents(path):
            assert one.get("kind") != "Secret", path
    assert "postgresqlPassword" not in (DEPLOY / "kubernetes/values.yaml").read_text()


def test_the_configurations_are_right(tmp_path: Path) -> None:
    load_settings(DEPLOY / "wethink.toml", {})
    (config,) = documents(DEPLOY / "kubernetes/configuration.yaml")
    (tmp_path / "wethink.toml").write_text(config["data"]["wethink.toml"])
    roles = load_settings(tmp_path / "wethink.toml", {}).roles
    services = {
        one["metadata"]["name"] for one in documents(DEPLOY / "kubernetes/vllm.yaml") if one["kind"] == "Service"
    }
    assert {re.sub(r"http://(.*):8000/v1", r"\1", role.url) for role in roles.values()} == services


def test_the_instance_is_that_of_the_checkout_but_for_its_databases() -> None:
    (ours,), (deployed,) = documents(ROOT / "dagster.yaml"), documents(DEPLOY / "dagster.yaml")
    assert deployed.pop("storage") == {"custom": {"module": "wethink_assets.defs.postgres", "class": "PostgresStorage"}}
    ours.pop("storage")
    assert deployed == ours
