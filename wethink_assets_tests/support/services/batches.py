"""Double of a service's batch jobs in OpenAI's form: files, batches, their limits, states and files of replies and errors.

Source: platform.openai.com/docs/api-reference/batch and /files, platform.openai.com/docs/guides/batch: at most 50,000 requests and 200 MB a file, one
model, a `custom_id` of at most 64 characters that is there once, states `validating`, `in_progress`, `finalizing`, then `completed`, `failed`,
`expired` or `cancelled`; output in any order; what was not come to is in the error file with the code `batch_expired`; metadata of at most 16 pairs.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from wethink_assets_tests.support.services.faults import Faults
from wethink_assets_tests.support.services.rules import Refused
from wethink_assets_tests.support.services.server import Script, ServiceDouble

MOST_LINES = 50_000
MOST_BYTES = 200 * 10**6
WORKING = ("validating", "in_progress", "finalizing")
LINE_KEYS = {"custom_id", "method", "url", "body"}


@dataclass
class BatchFaults:
    """What goes wrong with jobs; by default nothing.

    Args:
        polls: times that a job is asked for before it ends.
        waits: it never ends.
        ends: `completed`, `expired`, `cancelled` or `failed`.
        answers: lines that an expired or cancelled job comes to.
        refused: how a line is refused, given its body and how often it was asked; None: it is answered.
        error: code and message of the failure of a whole job.
        left_out: lines of a completed job that neither file tells of.
        lost_answers: creations of jobs that are carried out, and whose answer never arrives.
    """

    polls: int = 1
    waits: bool = False
    ends: str = "completed"
    answers: int = MOST_LINES
    refused: Callable[[dict[str, Any], int], Refused | None] = lambda body, asked: None
    error: tuple[str, str] = ("", "")
    left_out: int = 0
    lost_answers: int = 0


@dataclass
class _Job:
    answer: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)
    polls: int = 0


class BatchDouble(ServiceDouble):
    """A service that takes batch jobs too, and notes what it was paid for.

    `watch` is told of each step before and after it is taken; what it raises as `Refused` before one is refused.
    """

    def __init__(self, name: str, script: Script | None, faults: Faults, keys: tuple[str, ...]) -> None:
        super().__init__(name, script, faults, keys)
        self.batch_faults = BatchFaults()
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, _Job] = {}
        self.paid: Counter[str] = Counter()
        """Answered lines by `custom_id`."""
        self.asked: Counter[str] = Counter()
        self.execute: Callable[[bytes], bytes] | None = None
        """Works a whole file of requests off, in place of the double's own replies."""
        self.watch: Callable[[str], None] = lambda step: None
        self._random = random.Random(7)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer any request."""
        parts = request.path.removeprefix(self.rules.url).strip("/").split("/")
        if parts[0] not in ("files", "batches"):
            return await super().handle(request)
        step = f"{request.method} {parts[0]}{' content' if parts[-1] == 'content' else ''}"
        try:
            self.require_key(request)
            self.watch(f"before {step}")
            answer = await self._handled(request, parts)
            self.watch(f"after {step}")
        except Refused as refused:
            return web.json_response(self.rules.error(refused), status=refused.status)
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="application/octet-stream")
        if step == "POST batches" and self.batch_faults.lost_answers:
            self.batch_faults.lost_answers -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response(answer)

    async def _handled(self, request: web.Request, parts: list[str]) -> Any:
        match (request.method, *parts):
            case ("POST", "files"):
                return await self._uploaded(request)
            case ("GET", "files", file, "content"):
                return self._file(file)
            case ("DELETE", "files", file):
                self._file(file)
                del self.files[file]
                return {"id": file, "object": "file", "deleted": True}
            case ("POST", "batches"):
                return self._created(await request.json())
            case ("GET", "batches"):
                return self._listed(request)
            case ("GET", "batches", job):
                return self._polled(job)
            case ("POST", "batches", job, "cancel"):
                return self._cancelled(job)
        raise Refused(404, f"Invalid URL ({request.method} {request.path})", "404")

    def _file(self, file: str) -> bytes:
        if file not in self.files:
            raise Refused(404, f"No such File object: {file}", "not_found", param="id")
        return self.files[file]

    async def _uploaded(self, request: web.Request) -> Any:
        fields = await request.post()
        file = fields.get("file")
        if fields.get("purpose") != "batch" or not isinstance(file, web.FileField):
            raise Refused(400, "'file' and 'purpose' are required properties; purpose is one of batch")
        if not file.filename.endswith(".jsonl"):
            raise Refused(400, f"Invalid extension {file.filename}. Supported formats: jsonl")
        data = file.file.read()
        if len(data) > MOST_BYTES:
            raise Refused(413, f"File is too large: {len(data)} bytes; the maximum is {MOST_BYTES}")
        name = f"file-{len(self.files):04d}{self._random.randrange(16**6):06x}"
        self.files[name] = data
        return {"id": name, "object": "file", "bytes": len(data), "purpose": "batch", "filename": file.filename}

    def _created(self, body: dict[str, Any]) -> Any:
        unknown = set(body) - {"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"}
        if unknown:
            raise Refused(400, f"Unknown parameter: '{unknown.pop()}'.", "unknown_parameter")
        if body.get("completion_window") != "24h":
            raise Refused(400, "Invalid 'completion_window': only '24h' is supported.")
        if body.get("endpoint") != self.rules.path:
            raise Refused(400, f"Invalid value: {body.get('endpoint')!r}.", param="endpoint")
        metadata = body.get("metadata") or {}
        if len(metadata) > 16 or any(len(key) > 64 or len(value) > 512 for key, value in metadata.items()):
            raise Refused(400, "Invalid 'metadata'", param="metadata")
        self._file(str(body.get("input_file_id")))
        answer = {
            "id": f"batch_{len(self.jobs):06d}",
            "object": "batch",
            "errors": None,
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": int(time.time()),
            **body,
        }
        self.jobs[answer["id"]] = _Job(answer)
        return answer

    def _listed(self, request: web.Request) -> Any:
        newest_first = [job.answer for job in reversed(self.jobs.values())]
        after, limit = request.query.get("after", ""), int(request.query.get("limit", "20"))
        if after:
            position = next(number for number, job in enumerate(newest_first) if job["id"] == after)
            newest_first = newest_first[position + 1 :]
        return {"object": "list", "data": newest_first[:limit], "has_more": len(newest_first) > limit}

    def _polled(self, name: str) -> Any:
        job = self.jobs.get(name)
        if job is None:
            raise Refused(404, f"No batch found with id '{name}'.", "not_found")
        if job.answer["status"] in (*WORKING, "cancelling"):
            self._advance(job)
        return job.answer

    def _cancelled(self, name: str) -> Any:
        """A job that works is stopped by the next poll; one that ended cannot be cancelled any more."""
        job = self.jobs.get(name)
        if job is None:
            raise Refused(404, f"No batch found with id '{name}'.", "not_found")
        if job.answer["status"] not in WORKING:
            raise Refused(409, f"Cannot cancel a batch with status '{job.answer['status']}'.", "conflict")
        self.batch_faults.waits, self.batch_faults.ends = False, "cancelled"
        job.answer["status"] = "cancelling"
        return job.answer

    def _advance(self, job: _Job) -> None:
        faults = self.batch_faults
        job.polls += 1
        if not job.lines:
            errors = self._validated(job)
            if faults.ends == "failed":
                errors = [{"code": faults.error[0], "message": faults.error[1], "line": None, "param": None}]
            if errors:
                job.answer |= {"status": "failed", "errors": {"object": "list", "data": errors}}
                return
        if faults.waits or job.polls < faults.polls:
            job.answer["status"] = WORKING[min(job.polls, len(WORKING)) - 1]
            return
        self._worked_off(job)

    def _validated(self, job: _Job) -> list[dict[str, Any]]:
        lines = self._file(job.answer["input_file_id"]).splitlines()
        errors: list[dict[str, Any]] = []

        def fault(code: str, message: str, line: int | None) -> None:
            errors.append({"code": code, "message": message, "line": line, "param": None})

        if not lines:
            fault("empty_file", "The input file is empty.", None)
        if len(lines) > MOST_LINES:
            fault("too_many_tasks", f"The batch has {len(lines)} requests; the maximum is {MOST_LINES}.", None)
        seen: set[str] = set()
        models: set[str] = set()
        for number, line in enumerate(lines, 1):
            try:
                request = json.loads(line)
            except ValueError:
                fault("invalid_json_line", "This line is not parseable as valid JSON.", number)
                continue
            if set(request) != LINE_KEYS or request["method"] != "POST" or request["url"] != job.answer["endpoint"]:
                fault(
                    "invalid_request", "Each line has custom_id, method, url and body of the batch's endpoint.", number
                )
                continue
            key = request["custom_id"]
            if not isinstance(key, str) or not 0 < len(key) <= 64 or key in seen:
                fault(
                    "duplicate_custom_id", f"The custom_id {key!r} is too long or used in more than one line.", number
                )
            seen.add(key)
            models.add(request["body"].get("model", ""))
            job.lines.append(request)
        if len(models) > 1:
            fault("mismatched_model", "The provided model does not match that of the other lines.", None)
        return errors

    def _worked_off(self, job: _Job) -> None:
        ends = self.batch_faults.ends
        order = self._random.sample(job.lines, len(job.lines))
        come_to = order if ends == "completed" else order[: self.batch_faults.answers]
        outcomes = self._executed(job, come_to) if self.execute else [self._line(line) for line in come_to]
        code = {"expired": "batch_expired", "cancelled": "batch_cancelled"}.get(ends, "")
        missed_error = {"code": code, "message": "This request could not be executed."}
        missed = [
            {
                "id": f"req_{n}",
                "custom_id": line["custom_id"],
                "response": None,
                "error": missed_error,
            }
            for n, line in enumerate(order[len(come_to) :])
        ]
        outcomes = outcomes[self.batch_faults.left_out :]
        good = [each for each in outcomes if each["response"] and each["response"]["status_code"] == 200]
        bad = [each for each in outcomes if each not in good] + missed
        for name, records in (("output_file_id", good), ("error_file_id", bad)):
            if records:
                file = f"file-{name[:3]}-{job.answer['id']}"
                self.files[file] = "".join(json.dumps(record) + "\n" for record in records).encode()
                job.answer[name] = file
        job.answer |= {"status": ends, f"{ends}_at": int(time.time())}

    def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        key, body = line["custom_id"], line["body"]
        self.asked[key] += 1
        try:
            self.check_body(body)
            refused = self.batch_faults.refused(body, self.asked[key])
            if refused:
                raise refused
            self.show_faults(body, {})
            answer, status = self.answer(body), 200
            self.paid[key] += 1
        except Refused as error:
            answer, status = self.rules.error(error), error.status
        response = {"status_code": status, "request_id": f"req_{key[:8]}", "body": answer}
        return {"id": f"batch_req_{key[:8]}", "custom_id": key, "response": response, "error": None}

    def _executed(self, job: _Job, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert self.execute is not None
        output = self.execute(self._file(job.answer["input_file_id"]))
        wanted = {line["custom_id"] for line in lines}
        records = [json.loads(line) for line in output.splitlines()]
        self.paid.update(record["custom_id"] for record in records)
        return [record for record in records if record["custom_id"] in wanted]
