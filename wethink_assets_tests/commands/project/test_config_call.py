"""`wethink config check --call` calls the service of each role and names the line that mends what it refuses."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from wethink_assets.cli import app
from wethink_assets_tests.support.service_project import add_line, plain_role, write_settings
from wethink_assets_tests.support.services import served


def called(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["config", "check", "--call", *arguments], env={"WETHINK_CONFIG": str(path)})


def test_a_role_that_a_service_refuses_is_told_with_the_line_that_mends_it_and_passes_once_it_stands_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "wethink.toml"
    with served("tgi") as service:
        write_settings(path, plain_role(service, price_call=0.25), ("describer", "reasoner"))
        done = called(path)
        assert done.exit_code == 1, done.output
        assert "`top_p` must be > 0.0 and < 1.0" in done.output
        assert 'wethink.toml:4 in [roles.describer], :9 in [roles.reasoner]: dialect = "tgi" mends it' in done.output
        assert "judge: runs in this process, nothing to call" in done.output
        assert "at most 4 calls each; where one is refused, at most 24 more" in done.output
        add_line(path, 'dialect = "tgi"', ("describer", "reasoner"))
        again = called(path)
        assert again.exit_code == 0, again.output
        assert "describer, reasoner: tgi (endpoint, http://127.0.0.1:" in again.output
        assert "price of the check: 3 calls" in again.output and "0.75 USD" in again.output
        assert again.output.count("answered by tgi in") == 3 and "schema held" in again.output


def test_only_the_roles_that_are_named_are_called_and_json_has_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "wethink.toml"
    with served("openai") as service:
        write_settings(path, service.role(), ("describer", "reasoner"))
        before = os.environ[service.key_env]
        done = called(path, "reasoner", "--json")
        assert done.exit_code == 0 and before not in done.output
        outcome: dict[str, Any] = json.loads(done.output)
        assert outcome["roles"]["describer"]["model"] == "gpt-4o" and list(outcome["check"]["roles"]) == ["reasoner"]
        role = outcome["check"]["roles"]["reasoner"]
        assert role["ok"] and role["failure"] == "" and role["changes"] == {}
        forms = {result["form"]: result for result in role["results"]}
        assert set(forms) == {"text", "image", "schema"} and not forms["image"]["needed"]
        assert forms["schema"]["schema"] and forms["schema"]["usage"] and forms["schema"]["model"] == "gpt-4o"
        assert outcome["check"]["calls"] == 3 == len(service.requests)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(["check", "judge"], "roles need --call"), (["check", "--call", "jury"], "unknown role 'jury'")],
)
def test_what_cannot_be_called_is_wrong_usage(arguments: list[str], why: str, tmp_path: Path) -> None:
    path = tmp_path / "wethink.toml"
    path.write_text("")
    done = CliRunner().invoke(app, ["config", *arguments], env={"WETHINK_CONFIG": str(path)})
    assert done.exit_code == 2 and why in done.output
