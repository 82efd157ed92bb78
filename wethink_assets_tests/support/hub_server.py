"""A stand-in of the Hugging Face hub's API on this machine: repositories, branches, staged large files, and commits."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_standin_token"


@dataclass
class HubServer:
    """What it holds: branches by repository and name, each path to bytes; staged contents by sha256; status: an answer to all that writes.

    public: repositories that are read without a token; gated: those whose terms were not accepted; faults: statuses that the next requests for
    contents or listings get; reads: what was asked for, with the range.
    """

    url: str = ""
    repos: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    staged: dict[str, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    status: int = 200
    large: int = 10_000
    public: set[str] = field(default_factory=set)
    gated: set[str] = field(default_factory=set)
    faults: list[int] = field(default_factory=list)
    reads: list[tuple[str, str]] = field(default_factory=list)
    history: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def commit_of(self, repo: str, branch: str = "main") -> str:
        """The commit that a branch is at now, which stays readable."""
        files = self.repos[repo][branch]
        commit = hashlib.sha1(repr(sorted((name, _git(data)) for name, data in files.items())).encode()).hexdigest()
        self.history.setdefault(commit, dict(files))
        return commit


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """Start a stand-in; it is stopped on leaving."""
    hub = HubServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self, value: Any, status: int = 200, code: str = "") -> None:
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _ranged(self, data: bytes) -> None:
            """The contents of a file, or the range of it that was asked for."""
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            self._answer(data[int(asked[1]) : int(asked[2]) + 1] if asked else data, 206 if asked else 200)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _refused(self) -> bool:
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                return False
            self._answer({"error": "Invalid credentials"}, 401)
            return True

        def do_GET(self) -> None:
            path = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
            repo, rest = ("/".join(path[2:4]), path[4:]) if path[0] == "api" else ("/".join(path[1:3]), path[3:])
            if "Authorization" not in self.headers and repo not in hub.public:
                return self._answer({"error": "Repository not found"}, 401, "RepoNotFound")
            if "Authorization" in self.headers and self._refused():
                return
            if path[:2] == ["api", "whoami-v2"]:
                return self._answer({"name": "ann"})
            branches = hub.repos.get(repo)
            if branches is None:
                return self._answer({"error": "Repository not found"}, 404, "RepoNotFound")
            rest = rest or ["revision", "main"]
            hub.reads.append(("/".join(rest), self.headers.get("Range", "")))
            if hub.faults:
                return self._answer({"error": "not now"}, hub.faults.pop(0))
            if repo in hub.gated and rest[0] != "revision":
                return self._answer({"error": "Access is restricted"}, 403, "GatedRepo")
            commit = hub.commit_of(repo, rest[1]) if rest[1] in branches else rest[1]
            if commit not in hub.history:
                return self._answer({"error": "Invalid rev"}, 404, "RevisionNotFound")
            files = hub.history[commit]
            if rest[0] == "revision":
                return self._answer({"id": repo, "sha": commit, "siblings": [], "private": repo not in hub.public})
            below = "/".join(rest[2:])
            if rest[0] == "resolve":
                data = files.get(below)
                return self._answer(b"", 404, "EntryNotFound") if data is None else self._ranged(data)
            below = f"{below}/" if below else ""
            inside = {name: data for name, data in files.items() if name.startswith(below)}
            if below and not inside:
                return self._answer({"error": "no such folder"}, 404, "EntryNotFound")
            entries: list[dict[str, Any]] = []
            if "recursive=True" not in self.path and "recursive=true" not in self.path:
                folders = sorted({name[len(below) :].partition("/")[0] for name in inside if "/" in name[len(below) :]})
                entries += [{"type": "directory", "path": below + name, "oid": "0" * 40} for name in folders]
                inside = {name: data for name, data in inside.items() if "/" not in name[len(below) :]}
            for name, data in inside.items():
                entry: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": _git(data)}
                if len(data) > hub.large:
                    entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
                entries.append(entry)
            self._answer(entries)

        def do_POST(self) -> None:
            path = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
            body = self._body()
            if self._refused():
                return
            if hub.status != 200:
                return self._answer({"error": "no"}, hub.status)
            if path == ["api", "validate-yaml"]:
                return self._answer({"errors": [], "warnings": []})
            if path == ["api", "repos", "create"]:
                asked = json.loads(body)
                name = f"{asked.get('organization', 'ann')}/{asked['name']}"
                if name in hub.repos:
                    return self._answer({"error": "exists", "url": f"{hub.url}/datasets/{name}"}, 409)
                hub.repos[name] = {"main": {".gitattributes": b"*.png filter=lfs\n"}}
                return self._answer({"url": f"{hub.url}/datasets/{name}", "name": name})
            if path[-4:] == ["info", "lfs", "objects", "batch"]:
                objects = []
                for one in json.loads(body)["objects"]:
                    upload = {"upload": {"href": f"{hub.url}/lfs/{one['oid']}", "header": {}}}
                    objects.append({**one, **({} if one["oid"] in hub.staged else {"actions": upload})})
                return self._answer({"transfer": "basic", "objects": objects})
            branches, what = hub.repos["/".join(path[2:4])], path[4]
            if what == "branch":
                branches.setdefault(path[5], dict(branches["main"]))
                return self._answer({})
            if what == "preupload":
                files = json.loads(body)["files"]
                modes = [
                    {
                        "path": one["path"],
                        "uploadMode": "lfs" if one["size"] > hub.large else "regular",
                        "shouldIgnore": False,
                    }
                    for one in files
                ]
                return self._answer({"files": modes})
            files = dict(branches[path[5]])
            for line in body.splitlines():
                operation = json.loads(line)
                value = operation["value"]
                if operation["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif operation["key"] == "lfsFile":
                    files[value["path"]] = hub.staged[value["oid"]]
                elif operation["key"] == "deletedFile":
                    del files[value["path"]]
            branches[path[5]] = files
            hub.commits.append(path[5])
            self._answer(
                {
                    "commitUrl": f"{hub.url}/datasets/{'/'.join(path[2:4])}/commit/{len(hub.commits):040x}",
                    "commitOid": f"{len(hub.commits):040x}",
                    "commitMessage": "x",
                    "success": True,
                    "hookOutput": "",
                }
            )

        def do_PUT(self) -> None:
            data = self._body()
            name = self.path.rpartition("/")[2]
            assert hashlib.sha256(data).hexdigest() == name
            hub.staged[name] = data
            hub.uploads.append(name)
            self._answer({})

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def _git(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
