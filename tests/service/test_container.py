"""The containers, where no container engine is: does what they are told exist, and do the commands of the service's image
serve from an empty folder?"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.routing import Route

from serving.api import Api
from serving.cli import COMMANDS
from serving.settings import NO_TELEMETRY
from tests.helpers.installation import Installation, SetClock, free_port, wait_for
from tests.service.test_bento import UV, missing

ROOT = Path(__file__).parents[2]
OURS = {"RTO_HOME", "RTO_MLRUNS", "RTO_HOST", "RTO_PORT", "RTO_PER_SECOND", "RTO_DATABASE_URL"}
OTHERS = {
    *NO_TELEMETRY, "BENTOML_HOME", "PATH", "PYTHONUNBUFFERED", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON_DOWNLOADS", "UV_LINK_MODE",
    "PGPASSWORD", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION",
}  # fmt: skip
"""What uv, Python, PostgreSQL and MLflow read."""
SECRET = re.compile(r"(password|secret|token|key)[\w-]*\s*[=:]\s*\S", re.IGNORECASE)


@dataclass
class Stage:
    """One image of the Dockerfile: its instructions in order."""

    name: str
    of: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        return [rest for one, rest in self.steps if one == word]

    @property
    def environment(self) -> dict[str, str]:
        return dict(part.split("=", 1) for rest in self.all("ENV") for part in shlex.split(rest))


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, Stage] = {}
    arguments: dict[str, str] = {}
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "ARG":
            name, value = rest.split("=", 1)
            arguments[f"${{{name}}}"] = value
        elif word == "FROM":
            image, _, name = rest.partition(" AS ")
            for argument, value in arguments.items():
                image = image.replace(argument, value)
            stage = found[name] = Stage(name, image)
        elif word and not word.startswith("#"):
            stage.steps.append((word, rest.strip()))
    return found


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text()))


def lineage(stages: dict[str, Stage], name: str) -> list[Stage]:
    stage = stages[name]
    return [*(lineage(stages, stage.of) if stage.of in stages else []), stage]


def test_every_image_is_pinned_and_no_process_is_root(stages: dict[str, Stage], compose: dict[str, Any]):
    bases = {stage.of for stage in stages.values() if stage.of not in stages}
    images = bases | {one["image"] for one in compose["services"].values()}
    assert all(re.search(r":\d+\.\d+(\.\d+)?(-[\w-]+)?$", image) for image in images), images
    users = {name: stages[name].all("USER") for name in ("service", "tools")}
    assert users == {"service": ["10001"], "tools": ["10001"]}
    [uv] = re.findall(r"uv==([\d.]+)", (ROOT / "Dockerfile").read_text())
    assert f"UV_VERSION := {uv}" in (ROOT / "Makefile").read_text()


def test_what_is_copied_exists_and_is_all_that_the_build_sees(stages: dict[str, Stage]):
    copied = {
        part
        for stage in stages.values()
        for rest in stage.all("COPY")
        if "--from" not in rest
        for part in rest.split()[:-1]
    }
    assert [name for name in sorted(copied) if not (ROOT / name).exists()] == []
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_every_name_in_the_environment_is_read_by_somebody(stages: dict[str, Stage], compose: dict[str, Any]):
    told = {name for stage in stages.values() for name in stage.environment}
    told |= {name for one in compose["services"].values() for name in one.get("environment", {})}
    assert told - OURS - OTHERS == set()
    assert set(re.findall(r"RTO_[A-Z_]+", (ROOT / "serving" / "settings.py").read_text())) >= OURS


def test_ports_paths_and_commands_are_those_of_the_project(
    stages: dict[str, Stage], compose: dict[str, Any], own: Installation
):
    service, tools = stages["service"], stages["tools"]
    port = service.environment["RTO_PORT"]
    command = json.loads(service.all("CMD")[0])
    assert f'"RTO_PORT", "{port}"' in (ROOT / "serving" / "settings.py").read_text(), (
        "the port where nobody says another"
    )
    assert service.all("EXPOSE") == [port]
    assert command[command.index("--port") + 1] == port
    [health] = service.all("HEALTHCHECK")
    [asked] = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", health)
    routes = {
        route.path for route in Api(own.home, SetClock(), on_loopback=True).app().routes if isinstance(route, Route)
    }
    assert asked[0] == port
    assert asked[1] in routes
    services = compose["services"]
    assert services["service"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert all(one.startswith("127.0.0.1:") for each in services.values() for one in each.get("ports", []))
    for name, stage in (("service", service), ("tools", tools)):
        mounted = {volume.split(":")[1] for volume in services[name]["volumes"]}
        assert stage.environment["RTO_HOME"] in mounted
    assert f"sqlite:///{tools.environment['RTO_MLRUNS']}/mlflow.db" in services["mlflow"]["command"]
    text = (ROOT / "compose.yaml").read_text()
    said = set(re.findall(r"run --rm tools ([a-z-]+)", text))
    assert said <= set(COMMANDS)
    assert {"import", "train", "promote", "keys"} <= said


def test_no_secret_stands_in_an_image_or_in_the_compose_file():
    for name in ("Dockerfile", "compose.yaml"):
        lines = (line.partition("#")[0] for line in (ROOT / name).read_text().splitlines())
        assert [line for line in lines if SECRET.search(told_elsewhere(line))] == [], name
    assert SECRET.search(told_elsewhere("POSTGRES_PASSWORD: hunter2")), "the search finds one"


def told_elsewhere(line: str) -> str:
    """A line without what `.env` puts into it."""
    return re.sub(r"\$\{[^}]*\}", "", line)


def test_the_commands_of_the_services_image_serve_from_an_empty_folder(
    stages: dict[str, Stage], own: Installation, tmp_path: Path
):
    """The very steps, but for the two lines that need root, with the folders moved and a free port."""
    if not UV.exists():
        missing("no uv beside the environment: run make .venv/ready")
    moved = {
        "/opt/venv": str(tmp_path / "venv"),
        "/opt/rto": str(tmp_path / "rto"),
        "/tmp/bentoml": str(tmp_path / "bentos"),
    }
    moved |= {"/srv/rto": str(own.home), "0.0.0.0": "127.0.0.1", "3333": str(free_port())}
    app = tmp_path / "rto"
    app.mkdir()

    def here(text: str) -> str:
        for there, place in moved.items():
            text = text.replace(there, place)
        return text

    environment = {
        "PATH": f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{UV.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    packages, service = lineage(stages, "service-packages"), lineage(stages, "service")
    for stage in (*packages, *service):
        environment |= {name: here(value) for name, value in stage.environment.items() if name != "PATH"}
    for stage in (*packages, *service[1:]):
        for word, rest in stage.steps:
            if word == "COPY" and "--from" not in rest:
                for name in rest.split()[:-1]:
                    copy(ROOT / name, app / name)
            elif word == "RUN" and rest.startswith("uv sync"):
                offline(here(rest), app, environment)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            json.loads(here(service[-1].all("CMD")[0])),
            cwd=app,
            env=environment,
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{moved['3333']}"
        wait_for(lambda: process.poll() is not None or answers(url), 120)
        assert process.poll() is None, (tmp_path / "log").read_text()[-3000:]
        [health] = service[-1].all("HEALTHCHECK")
        check = json.loads(here(health[health.index("CMD") + 4 :]))
        assert subprocess.run(check, env=environment, check=False).returncode == 0
        closed = subprocess.run(
            [*check[:-1], check[-1].replace("/livez", "/nothing")], env=environment, check=False, capture_output=True
        )
        assert closed.returncode != 0, "the check can fail"
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def copy(source: Path, target: Path) -> None:
    """As COPY does, without what .dockerignore leaves out."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"), dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def offline(command: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a `uv sync` with the packages that are at hand; over the network only if they are not."""
    words = [*shlex.split(command.replace("--no-cache ", "")), "--quiet", "--python", sys.executable]
    for more in (["--offline"], []):
        caches = {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "XDG_", "HOME"))}
        done = subprocess.run([*words, *more], cwd=folder, env=caches | environment | {"HOME": os.environ["HOME"], "UV_LINK_MODE": "hardlink"},
                              capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode == 0:
            return
    missing(f"the packages cannot be installed here: {done.stderr[-300:]}")


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
