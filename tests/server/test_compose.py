"""ci/compose.yml: its schema, and that its command and its health check work. No container is built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.server.conftest import Process
from tests.support.home import HOUSE
from tests.support.postgres import Postgres
from tests.support.published import breaks, yaml_documents

FILE = HOUSE / "ci" / "compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    (value,) = yaml_documents(FILE.read_text())
    assert not breaks("compose-spec", value)
    found: dict[str, Any] = value["services"]
    return found


def test_only_this_machine_reaches_the_gateway_and_no_password_is_written_down(services: dict[str, Any]):
    assert services["gateway"]["ports"] == ["127.0.0.1:8733:8733"]
    assert "ports" not in services["database"]
    for secret in (
        services["database"]["environment"]["POSTGRES_PASSWORD"],
        services["gateway"]["environment"]["PGPASSWORD"],
    ):
        assert secret.startswith("${DATABASE_PASSWORD:?")
    build = services["gateway"]["build"]
    assert (FILE.parent / build["context"] / build["dockerfile"]).is_file()


def test_its_command_serves_and_its_health_check_says_so(services: dict[str, Any], postgres: Postgres, tmp_path: Path):
    first, *command = services["gateway"]["command"]
    assert first == "serve"
    command[command.index("--port") + 1] = "0"
    process = Process(postgres.create("compose"), tmp_path / "log", *command)
    try:
        assert urlsplit(process.url).hostname == "0.0.0.0"
        port = urlsplit(process.url).port
        start, python, option, script = services["gateway"]["healthcheck"]["test"]
        assert (start, python, option) == ("CMD", "python", "-c")
        check = [sys.executable, "-c", script.replace("8733", str(port))]
        subprocess.run(check, check=True, timeout=60)
        url = f"http://127.0.0.1:{port}"
        name = command[command.index("--name") + 1]
        with urlopen(Request(f"{url}/session", headers={"Host": name}), timeout=60) as reply:
            assert reply.status == 200
        with pytest.raises(HTTPError, match="403"):
            urlopen(Request(f"{url}/session", headers={"Host": "another.example.org"}), timeout=60)
    finally:
        process.kill()
    assert subprocess.run(check, capture_output=True, timeout=60).returncode != 0
