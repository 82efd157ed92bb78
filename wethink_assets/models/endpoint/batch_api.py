"""Batch jobs of a service in OpenAI's form: files of calls that it answers within a day, mostly at half the price.

`POST /files` takes a file of requests, `POST /batches` makes a job of it, `GET /batches/{id}` tells its state, and `GET /files/{id}/content` has the
replies: those of calls that were answered in one file, errors in another, both in any order. Form and limits:
platform.openai.com/docs/api-reference/batch; OpenAI, Azure OpenAI, Groq and others have it, and vLLM reads and writes the same lines (`vllm
run-batch`).
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import BalanceSpent, CallFailed, Completion, Message, Sampling
from wethink_assets.models.dialects.request_form import RequestForm
from wethink_assets.models.endpoint.api_keys import ApiKeys, KeyRefused, Permit
from wethink_assets.models.endpoint.faults import service_fault
from wethink_assets.models.endpoint.http import SHORTEST_SECRET, HttpClient
from wethink_assets.models.endpoint.model_names import may_answer
from wethink_assets.models.endpoint.openai_format import OpenAIFormat
from wethink_assets.models.endpoint.rate_limits import RateLimit
from wethink_assets.models.endpoint.replicas import Replica
from wethink_assets.models.endpoint.retry import TransientFault

if TYPE_CHECKING:
    from wethink_assets.config import RoleSettings

__all__ = ["BatchApi", "LineReply", "ServiceJob"]

ENDED = ("completed", "failed", "expired", "cancelled")
NEVER_ASKED = ("batch_expired", "batch_cancelled")  # codes of lines that the service did not come to
JOB_KEY = "wethink_job"  # of a job's metadata: our name of it
ATTEMPTS = 4
PAUSE = 1.0
A_PAGE = 100  # jobs that are listed at once
EARLIER = 3_600  # seconds by which the service's clock may be behind ours
DEPLOYMENT = re.compile(r"/deployments/[^/]+$")


@dataclass(frozen=True)
class ServiceJob:
    """A batch job as its service has it. `errors` is why the whole job failed."""

    id: str
    status: str
    output_file: str = ""
    error_file: str = ""
    input_file: str = ""
    name: str = ""
    created: float = 0.0
    errors: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.status in ENDED

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "ServiceJob":
        """Read an answer. Raises `KeyError` for one that is no job."""
        errors = answer.get("errors") or {}
        return cls(
            id=str(answer["id"]),
            status=str(answer["status"]).lower(),
            output_file=str(answer.get("output_file_id") or ""),
            error_file=str(answer.get("error_file_id") or ""),
            input_file=str(answer.get("input_file_id") or ""),
            name=str((answer.get("metadata") or {}).get(JOB_KEY) or ""),
            created=float(answer.get("created_at") or 0),
            errors=json.dumps(errors, ensure_ascii=False) if errors else "",
        )


@dataclass(frozen=True)
class LineReply:
    """What came of one call of a job: its reply, or an error as `ChatModel.chat` has them; neither where the service did not come to it."""

    key: str
    completion: Completion | None = None
    error: Exception | None = None


class BatchApi(HttpClient):
    """Batch jobs of the service behind one role, in its dialect. Use it from one event loop."""

    def __init__(self, role: "RoleSettings") -> None:
        """Nothing is connected yet."""
        form = RequestForm.of(role)
        keys = ApiKeys(role.model, (role.api_key_env, *role.api_key_envs))
        self._writer = OpenAIFormat(form=form, headers=role.headers)
        super().__init__(role.model, keys, role.timeout, self._writer)
        self._other_models = role.other_models
        self._known_names = {role.model}
        self._names_deployment = "{model}" in form.dialect.path
        self._endpoint = form.dialect.batch_endpoint
        self._window = role.batch_window
        address, mark, query = form.base_url(role.replicas[0], role.model).partition("?")
        self._replica = Replica(DEPLOYMENT.sub("", address) + mark + query)
        self._permit = Permit(self._replica, keys.first, RateLimit(), 0)

    @property
    def address(self) -> str:
        """URL of the service, without secrets."""
        return self._replica.name

    async def line(
        self, key: str, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling
    ) -> bytes:
        """A call as a line of a job's file; `key` names it. Raises whatever reading an image raises."""
        body = await self._writer.request_body(self._model, messages, schema, sampling)
        head = {"custom_id": key, "method": "POST", "url": self._endpoint}
        return json.dumps(head).encode("ascii")[:-1] + b', "body": ' + body + b"}\n"

    async def upload(self, name: str, path: Path) -> str:
        """Upload a job's file; returns its id. Raises `ModelError`."""

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("purpose", "batch")
            fields.add_field("file", path.open("rb"), filename=f"{name}.jsonl", content_type="application/jsonl")
            return fields

        return str((await self._asked("POST", "files", form=form))["id"])

    async def create(self, file: str, name: str) -> ServiceJob:
        """Make a job of an uploaded file. Raises `ModelError`; `TransientFault` where it is not known whether the job was made."""
        body = {
            "input_file_id": file,
            "endpoint": self._endpoint,
            "completion_window": self._window,
            "metadata": {JOB_KEY: name},
        }
        return ServiceJob.of(await self._asked("POST", "batches", body=body, attempts=1))

    async def state(self, job: str, within: float = 0.0) -> ServiceJob:
        """State of a job, told within so many seconds (0: as long as a call of the role may take). Raises `ModelError`."""
        return ServiceJob.of(
            await self._asked("GET", f"batches/{job}", within=within, attempts=1 if within else ATTEMPTS)
        )

    async def cancel(self, job: str) -> ServiceJob:
        """Have a job stopped; its state since then. Calls that were answered stay paid, and are handed out. Raises `ModelError`."""
        try:
            return ServiceJob.of(await self._asked("POST", f"batches/{job}/cancel", body={}))
        except ModelError:
            state = await self.state(job)
            if not state.ended:  # else it had ended before
                raise
            return state

    async def created(self, file: str, name: str, since: float) -> ServiceJob | None:
        """The job that was made of an uploaded file, if it was; none is older than `since`. Raises `ModelError`."""
        after = ""
        while True:
            params = {"limit": str(A_PAGE), **({"after": after} if after else {})}
            answer = await self._asked("GET", "batches", params=params)
            jobs = [ServiceJob.of(each) for each in answer.get("data") or ()]
            made = next((job for job in jobs if file == job.input_file or name == job.name), None)
            if made is not None or not jobs or not answer.get("has_more"):
                return made
            after = jobs[-1].id
            if jobs[-1].created and jobs[-1].created < since - EARLIER:
                return None

    async def replies(self, file: str, folder: Path) -> AsyncIterator[LineReply]:
        """What came of the calls that a file of replies or errors tells of. Raises `ModelError`, also for another model than was asked for."""
        path = folder / "replies.jsonl"
        await self._download(file, path)
        with path.open("rb") as lines:
            for line in lines:
                reply = self._line_reply(line)
                if reply is not None:
                    yield reply

    async def delete(self, file: str) -> None:
        """Delete a file, if the service lets it be deleted."""
        try:
            await self._asked("DELETE", f"files/{file}", attempts=1)
        except (ModelError, TransientFault):
            return

    def failure(self, job: ServiceJob) -> ModelError:
        """Why a job failed as a whole: nothing of it was done."""
        outcome = self._failure(self._permit, 400, job.errors, service_fault(400, {}, job.errors))
        if isinstance(outcome, (BalanceSpent, KeyRefused)):
            return outcome
        words = self.without_secrets(job.errors, self._replica)[:300]
        return ModelError(f"{self._model} at {self.address} failed the batch job {job.id} before it began: {words}")

    def _line_reply(self, line: bytes) -> LineReply | None:
        text = self.without_secrets(line.decode("utf-8", errors="replace"), self._replica, SHORTEST_SECRET)
        try:
            record = json.loads(text)
            key = str(record["custom_id"])
            response, error = record.get("response") or {}, record.get("error")
            status, body = int(response.get("status_code") or 0), response.get("body")
        except (ValueError, KeyError, TypeError, AttributeError):
            return None  # of no call that can be told: it is asked again
        if isinstance(error, dict) and error.get("code") in NEVER_ASKED:
            return LineReply(key)
        told = json.dumps(body or {"error": error}, ensure_ascii=False)
        if status and status != 200:
            return LineReply(key, error=self._failure(self._permit, status, told, service_fault(status, {}, told)))
        try:
            completion = self._writer.completion(told, self._model)
        except ValueError as no_completion:
            return LineReply(key, error=self.no_reply(self._permit, told, no_completion))
        self._require_model(completion.model)
        return LineReply(key, completion)

    def _require_model(self, answered: str) -> None:
        if answered in self._known_names or self._names_deployment:
            return
        if not may_answer(self._model, answered, self._other_models):
            raise ModelError(
                f"{self._model} at {self.address}: another model answered in a batch job: {answered}. If that is meant, say so in the role's "
                f'table: other_models = ["{answered}"] (or ["any"]); the replies are kept at the service until then'
            )
        self._known_names.add(answered)

    async def _asked(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        form: Any = None,
        params: Mapping[str, str] | None = None,
        within: float = 0.0,
        attempts: int = ATTEMPTS,
    ) -> dict[str, Any]:
        """The JSON of an answer. Raises `ModelError`; `TransientFault` where one attempt was to be made and may have been heard."""
        data = json.dumps(body).encode() if body is not None else None
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
            outcome = await self._once(method, path, form() if form else data, params, within)
            if not isinstance(outcome, TransientFault):
                break
        if isinstance(outcome, TransientFault) and (attempts > 1 or not outcome.sent):
            raise ModelError(
                f"{self._model} at {self.address}: batch jobs are out of reach: {outcome}; start the run again"
            )
        if isinstance(outcome, CallFailed):
            raise ModelError(f"{outcome} ({method} {path})")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _once(
        self, method: str, path: str, data: Any, params: Mapping[str, str] | None, within: float
    ) -> dict[str, Any] | Exception:
        try:
            async with self._request(method, path, data, params, within) as response:
                status, headers = response.status, response.headers
                text = await response.text("utf-8", errors="replace")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            return TransientFault("unreached", self.without_secrets(type(error).__name__, self._replica), sent=sent)
        if status in (404, 405):
            words = self.without_secrets(text, self._replica)[:200]
            return ModelError(
                f'{self._model} at {self.address} has nothing at {path} (HTTP {status}: {words}). mode = "batch" needs a service with files and '
                'batches in OpenAI\'s form; mode = "live" needs none'
            )
        if not 200 <= status < 300:
            return self._failure(self._permit, status, text, service_fault(status, headers, text))
        try:
            answer = json.loads(text)
            return (
                answer if (isinstance(answer, dict) and "id" in answer) or "data" in answer else _no_answer(path, text)
            )
        except (ValueError, TypeError):
            return _no_answer(path, text)

    def _request(
        self, method: str, path: str, data: Any = None, params: Mapping[str, str] | None = None, within: float = 0.0
    ) -> Any:
        headers = self._headers(self._replica, self._permit.key_env)
        if not isinstance(data, bytes):
            headers.pop("Content-Type")  # a form has its own
        return self._connected().request(
            method,
            self._replica.address(path),
            data=data,
            params=params,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=within or self._timeout),
        )

    async def _download(self, file: str, path: Path) -> None:
        fault: Exception = ModelError(f"{self._model} at {self.address}: no content of file {file}")
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                async with self._request("GET", f"files/{file}/content") as response:
                    if response.status == 200:
                        with path.open("wb") as target:
                            async for chunk in response.content.iter_chunked(1 << 20):
                                target.write(chunk)
                        return
                    text = await response.text("utf-8", errors="replace")
                    fault = self._failure(
                        self._permit, response.status, text, service_fault(response.status, response.headers, text)
                    )
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                fault = TransientFault("unreached", type(error).__name__)
            if not isinstance(fault, TransientFault):
                break
        raise (
            fault
            if isinstance(fault, ModelError)
            else ModelError(
                f"{self._model} at {self.address}: file {file} cannot be read: {fault}; start the run again"
            )
        )


def _no_answer(path: str, text: str) -> ModelError:
    return ModelError(f"no answer of the form of OpenAI's batch jobs came to {path}: {text[:120]!r}")
