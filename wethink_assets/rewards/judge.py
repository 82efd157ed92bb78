"""The judge: a model that grades descriptive answers in tiers.

The judge reads the question, the true answer and the candidate's answer part, and nothing that tells which model wrote it. The candidate's
text is data, of which no word is left out: see `wethink_assets.rewards.judge_text`. A candidate that may plead for its grade and earns
something is put to the judge once more beside a control, a true answer with which it has nothing in common: whatever earns there, too, has
fooled the judge and earns nothing. Nothing here raises because of what a model wrote or a judge failed to say: a judge
that fails twice leaves the answer without a grade, and is counted.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeVar

from wethink_assets.errors import ArgumentError
from wethink_assets.models.chat import ChatModel, Message, Sampling
from wethink_assets.rewards.arguments import count_of, described, flag_of, share_of
from wethink_assets.rewards.equivalence.verdicts import worded_alike
from wethink_assets.rewards.grades import GRADE_SCHEMA, grade_of
from wethink_assets.rewards.judge_text import LONGEST_CANDIDATE, as_data, pleads

JudgePrompt = Callable[[str, str, str], Sequence[Message]]
"""Messages that put a question, the true answer and a candidate to the judge."""
How = Literal["judge", "same", "empty", "echo", "fooled", "no_answer", "failed"]
CONTROL = ("Which code is printed on the back of the ticket?", "73-518-KQ")
"""A question with its true answer that no honest answer to another question matches."""
LONGEST_OTHER = 8000
SHORT = 300
_USER_LINE = "<!-- user -->"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JudgeGrade:
    """A grade and where it comes from.

    score: a tier, None where the judge failed. how: `judge`; `same` (worded like the true answer: 1), `empty` (nothing: 0) and `no_answer` (no
    answer part: 0) need no call; `echo` (the question said again) and `fooled` (it earns beside another true answer, too), which are 0 whatever
    the judge says; `failed`.
    calls: calls of the judge. cut: whether the candidate was too long to be read whole.
    """

    score: float | None
    how: How
    calls: int = 0
    cut: bool = False


@cache
def _standard() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    text = (files("wethink_assets") / "synthesis" / "prompts" / "standard" / "judge.md").read_text(encoding="utf-8")
    system, _, user = text.partition(_USER_LINE)
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)
    return environment.from_string(system), environment.from_string(user)


def standard_prompt(question: str, reference: str, candidate: str) -> list[Message]:
    """The judge's prompt of the pack `standard`: criteria of each tier, then the three texts, each in its own tags."""
    given = {"question": question, "reference": reference, "candidate": candidate}
    system, user = (template.render(**given).strip("\n") for template in _standard())
    return [Message("system", system), Message("user", user)]


class Judge:
    """A judge model with its prompt; may be shared by threads and event loops, as it runs on a loop of its own.

    `counts` says how many answers were graded by which way (`JudgeGrade.how`), and how many were `cut`; `last_error` is what the last call
    that failed raised, None before one did.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        prompt: JudgePrompt = standard_prompt,
        sampling: Sampling | None = None,
        attempts: int = 2,
        longest: int = LONGEST_CANDIDATE,
        concurrency: int = 64,
        timeout: float = 300,
        loop: asyncio.AbstractEventLoop | None = None,
        screens: bool = True,
    ) -> None:
        """Nothing is called yet.

        Args:
            model: any `ChatModel`.
            prompt: how the three texts are put to it.
            sampling: greedy with at most 512 tokens when left out; a second attempt samples with another seed.
            attempts: calls for one answer before it counts as failed.
            longest: characters of a candidate that are read.
            concurrency: calls under way at once.
            timeout: seconds that one attempt may take.
            screens: whether empty and equally worded answers are graded without a call, and echoed and pleading ones are checked; only
                calibration turns them off, to see the bare model.
            loop: running event loop that the model belongs to; a thread with one is started where it is left out.

        Raises `ArgumentError`, a `TypeError` that names the argument, for one that is no such value.
        """
        if isinstance(model, type) or not callable(getattr(model, "chat", None)):
            raise ArgumentError(f"model: a ChatModel, which has a method chat, is wanted; got {described(model)}")
        if not callable(prompt):
            raise ArgumentError(
                f"prompt: a function of question, reference and candidate is wanted; got {described(prompt)}"
            )
        if sampling is not None and not isinstance(sampling, Sampling):
            raise ArgumentError(f"sampling: a Sampling is wanted, or None; got {described(sampling)}")
        if loop is not None and not isinstance(loop, asyncio.AbstractEventLoop):
            raise ArgumentError(f"loop: an event loop is wanted, or None; got {described(loop)}")
        self.model = model
        self.counts: Counter[str] = Counter()
        self.last_error: Exception | None = None
        self._prompt = prompt
        self._sampling = sampling or Sampling(max_tokens=512)
        self._attempts = count_of("attempts", attempts)
        self._longest = count_of("longest", longest)
        self._timeout = share_of("timeout", timeout)
        if not self._timeout:
            raise ArgumentError(f"timeout: seconds, more than 0, are wanted; got {described(timeout)}")
        self._loop = loop
        self._screens = flag_of("screens", screens)
        self._slots = asyncio.Semaphore(count_of("concurrency", concurrency))
        self._lock = threading.Lock()

    async def grade(self, question: str, reference: str, candidate: str) -> JudgeGrade:
        """Grade one candidate answer (not a whole response). Never raises but when it is cancelled."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(self._counted(question, reference, candidate), self._own_loop())
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine on the judge's loop, from any thread but the loop's own."""
        return asyncio.run_coroutine_threadsafe(work, self._own_loop()).result()

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="judge", daemon=True).start()
            return self._loop

    async def _counted(self, question: str, reference: str, candidate: str) -> JudgeGrade:
        try:
            grade = await self._graded(str(question), str(reference), str(candidate))
        except Exception:  # a judge, or a prompt, that breaks must not end a training run: it is counted instead
            grade = JudgeGrade(None, "failed")
        self.counts[grade.how] += 1
        self.counts["cut"] += grade.cut
        return grade

    async def _graded(self, question: str, reference: str, candidate: str) -> JudgeGrade:
        cut = len(candidate) > self._longest
        answer, asked, truth = (
            as_data(candidate, self._longest),
            as_data(question, LONGEST_OTHER),
            as_data(reference, LONGEST_OTHER),
        )
        if self._screens and not answer:
            return JudgeGrade(0.0, "empty", cut=cut)
        if self._screens and not cut and worded_alike(reference, answer):
            return JudgeGrade(1.0, "same")
        score, calls, whole = await self._tried(asked, truth, answer)
        cut = cut or not whole
        if score is None:
            return JudgeGrade(None, "failed", calls, cut)
        if not score or not self._screens:
            return JudgeGrade(score, "judge", calls, cut)
        if worded_alike(question, answer):
            return JudgeGrade(0.0, "echo", calls, cut)
        if pleads(answer) and not pleads(truth):
            control, more, _ = await self._tried(*CONTROL, answer)
            calls += more
            if control:
                return JudgeGrade(0.0, "fooled", calls, cut)
        return JudgeGrade(score, "judge", calls, cut)

    async def _tried(self, question: str, reference: str, candidate: str) -> tuple[float | None, int, bool]:
        """The grade of a candidate, the calls that it took, and whether the candidate was put whole in the last one."""
        shortest = max(SHORT, 4 * len(reference))
        whole = True
        for attempt in range(self._attempts):
            if attempt and len(candidate) > shortest:  # perhaps it did not fit into the model's context
                candidate, whole = candidate[:shortest], False
            score = await self._asked(self._prompt(question, reference, candidate), attempt)
            if score is not None:
                return score, attempt + 1, whole
        return None, self._attempts, whole

    async def _asked(self, messages: Sequence[Message], attempt: int) -> float | None:
        sampling = self._sampling
        if attempt:  # greedy decoding would only fail the same way again
            sampling = replace(sampling, seed=sampling.seed + attempt, temperature=max(sampling.temperature, 0.7))
        try:
            async with self._slots:
                call = self.model.chat(messages, schema=GRADE_SCHEMA, sampling=sampling)
                completion = await asyncio.wait_for(call, self._timeout)
        except Exception as error:
            self.last_error = error
            return None
        return grade_of(completion.text)
