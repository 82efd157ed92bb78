"""Keys that a user has are in no file, log, event, page, export or message that a project leaves behind."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from wethink_assets.config import load_settings
from wethink_assets.errors import ConfigError
from wethink_assets.models.chat import ROLES
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.every_command import Ended, forked_commands
from wethink_assets_tests.support.hub_server import hub_server
from wethink_assets_tests.support.planted_keys import PLANTED, USER, found_below, found_in
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.s3_server import KEY, S3Server
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint
from wethink_assets_tests.support.versions import rows_of

COMMANDS = (
    "config check --json --call", "config check", "run", "versions --json", "card v0001", "export v0001 out/trl --for trl",
    "export v0001 out/hub --for huggingface", "push out/hub --to hf://datasets/ann/rows", "explain {row} --json", "lineage v0001 --json",
    "browse --static out/pages", "duplicates v0001 --html out/dup.html", "plan",
)  # fmt: skip


@contextmanager
def echoing_endpoint() -> Iterator[str]:
    """The scripted endpoint, which tells back what it was sent: in faults, in headers and beside each reply. Gives host and port."""
    scripted = ScriptedEndpoint()
    lock, count = threading.Lock(), [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            echo = f"{self.path} {dict(self.headers)}"
            with lock:
                count[0] += 1
                faulty = count[0] % 17 == 0
            try:
                status, answer = (500, {"error": {"message": echo}}) if faulty else scripted.reply(body)
            except (KeyError, ValueError):  # a check's prompt, which is none of the pack's
                status, answer = 400, {"error": {"message": echo}}
            if status == 200:
                answer["choices"][0]["message"]["reasoning_content"] = echo
                answer["system_fingerprint"] = echo
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("X-Echo", echo.encode("ascii", "replace").decode().replace("\n", " "))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def planted_project(home: Path, host: str, store: str, s3: S3Server) -> Project:
    """A project in whose configuration and environment all keys are planted."""
    project = make_project(home, "http://unused/v1", sources=("coco",))
    login = f"{USER}:{quote(PLANTED['password'], safe='')}"
    role = f"""
provider = "endpoint"
model = "scripted"
url = "http://{login}@{host}/v1?token={PLANTED["query"]}"
headers = {{ "X-Api-Key" = "{PLANTED["header"]}" }}
"""
    path = home / "wethink.toml"
    head = path.read_text().partition("[roles.")[0]
    roles = [
        f'[roles.{name}]{role}api_key_env = "{"JUDGE_KEY" if name == "judge" else "SERVICE_KEY"}"\n' for name in ROLES
    ]
    options = f'{{ key = "{KEY}", secret = "{PLANTED["s3 secret"]}", endpoint_url = "{s3.endpoint}" }}'
    path.write_text(f'{head}\n[store]\nurl = "{store}"\noptions = {options}\n' + "".join(roles))
    return project


def searched(ended: Ended) -> list[str]:
    return found_in(f"what `{ended.command}` printed", (ended.output + ended.errors).encode())


@pytest.mark.slow
def test_planted_keys_are_found_nowhere(tmp_path: Path, s3: S3Server) -> None:
    url = f"s3://{s3.bucket}/planted"
    found: list[str] = []
    codes: dict[str, int | None] = {}
    with echoing_endpoint() as host, hub_server() as hub:
        project = planted_project(tmp_path / "home", host, url, s3)
        environment = {
            "SERVICE_KEY": PLANTED["api key"], "JUDGE_KEY": PLANTED["judge key"], "HF_TOKEN": PLANTED["hub token"],
            "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "OPENLINEAGE_URL": f"http://{host}", "WETHINK_SYNC": "0",
            "OPENLINEAGE_API_KEY": PLANTED["lineage key"], "PYTHONWARNINGS": "default", "WETHINK_GROWTH__AUTOMATIC": "false",
        }  # fmt: skip
        row = ""
        with forked_commands({}) as commands:
            for command in COMMANDS:
                if "{row}" in command:
                    row = row or str(rows_of(Store.open(url, **s3.options), "v0001")["row_id"][0])
                ended = commands.run(command.replace("{row}", row), project.home, 120, **environment)
                codes[command] = ended.code
                found += searched(ended)
            (project.home / "wethink.toml").write_text(
                (project.home / "wethink.toml").read_text().replace(host, "127.0.0.1:9").replace(f'"{KEY}"', '"other"')
            )
            for command in ("config check --call", "verify --all", "doctor"):  # each with a service that refuses it
                ended = commands.run(command, project.home, 60, **environment)
                assert ended.code != 0 or command == "doctor", ended
                found += searched(ended)
        pushed = {
            name: data for branches in hub.repos.values() for files in branches.values() for name, data in files.items()
        }
    (project.home / "wethink.toml").unlink()  # where they are planted
    found += found_below(project.home)
    store = Store.open(url, **s3.options)
    objects = store.files("")
    for path in objects:
        found += found_in(f"{url}/{path}", store.read(path))
    for name, data in pushed.items():
        found += found_in(f"hub: {name}", data)
    assert found == [], "\n".join(found)
    assert {command for command, code in codes.items() if code != 0} <= {"config check --json --call"}, codes
    assert len(objects) > 20 and len(pushed) > 3 and list(project.home.glob("out/pages/**/*.html"))
    assert list(project.home.rglob("*.db"))


def test_the_search_finds_what_is_packed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A search that finds nothing must be one that would."""
    import gzip
    import sqlite3
    import zipfile

    import polars as pl

    secret = PLANTED["password"]
    pl.DataFrame({"a": [{"b": [secret]}]}).write_parquet(tmp_path / "a.parquet")
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (a TEXT)")
        database.execute("INSERT INTO t VALUES (?)", ("x" * 4070 + secret + "y" * 9000,))
        database.commit()
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("inner.gz", gzip.compress(json.dumps(secret).encode()))
        (tmp_path / "a.txt").write_text(quote(secret, safe=""))
        assert {one.partition(" in ")[2] for one in found_below(tmp_path)} == {
            "a.parquet", "a.db", "a.db-wal", "a.zip:inner.gz:", "a.txt"
        }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ('[roles.judge]\nprovider = "endpoint"\nmodel = "m"\nurl = "http://a/v1"\nextra_body = {{ "api_key" = "{}" }}\n', "extra_body"),
        ('[roles.judge]\nprovider = "endpoint"\nmodel = "m"\nurl = "http://a/v1"\napi_key_env = "{}"\n', "api_key_env"),
        ('[roles.judge]\nprovider = "endpoint"\nmodel = "m"\nurl = "http://a/v1"\napi_key_envs = ["{}"]\n', "api_key_envs"),
        ('[roles.judge]\nprovider = "endpoint"\nmodel = "m"\nurl = "http://a/v1"\napi_key = "{}"\n', "api_key"),
        ('[roles.judge]\nprovider = "endpoint"\nmodel = "m"\nurl = "http://me:{} @a/v1"\n', "url"),
        ('[roles.judge]\nprovider = "endpoint"\nmodel = "m"\nurl = "http://me:{}@a:99999/v1"\n', "url"),
        ('[roles.judge]\nprovider = "endpoint"\nmodel = "m"\nurl = "http://a/v1"\nheaders = {{ "X-Key" = "{}\\n" }}\n', "headers"),
        ('[roles.judge]\nprovider = "endpoint"\nmodel = "m"\nurl = "http://a/v1"\nheaders = "{}"\n', "headers"),
        ('[servers.mine]\nmodel = "m"\nargs = ["--api-key", "{}"]\n', "servers.mine"),
        ('[servers.mine]\nmodel = "m"\nargs = ["--api-key={}"]\n', "servers.mine"),
        ('[store]\nurl = "s4://me:{}@bucket/a"\n', "store.url"),
        ('[store]\noptions = "{}"\n', "store.options"),
        ('[sources.coco]\nlocation = "s4://me:{}@bucket/a"\n', "sources.coco.location"),
    ],
)  # fmt: skip
def test_a_key_at_a_wrong_place_is_refused_and_not_shown(text: str, setting: str, tmp_path: Path) -> None:
    (tmp_path / "wethink.toml").write_text(text.format("sk-wrong-place"))
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "wethink.toml", {})
    assert setting in str(caught.value) and "wrong-place" not in str(caught.value)
    logging.getLogger(__name__).debug("%s", caught.value)
