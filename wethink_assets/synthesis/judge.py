"""The judge of the configuration, as the rewards use it: its role's model, its prompt pack, its sampling."""

from collections.abc import Sequence
from dataclasses import replace

from wethink_assets.config import Settings
from wethink_assets.models.chat import Message, Role
from wethink_assets.models.registry import Models
from wethink_assets.rewards.judge import Judge
from wethink_assets.synthesis.prompt_packs import load_prompt


def configured_judge(
    settings: Settings, models: Models, *, role: Role = "judge", temperature: float | None = None, screens: bool = True
) -> Judge:
    """The role `judge` as a `Judge`; it runs on the loop of `models`, and its weights are loaded at once.

    `role` puts the model of another role in the judge's place, with the judge's prompt; `temperature` samples where the role is greedy;
    `screens=False` leaves out all that stands before the model. These are for calibration.

    Raises `ConfigError` for a missing prompt, `ModelError` for a missing checkpoint or a model that is gone.
    """
    prompt = load_prompt(settings, "judge")

    def put(question: str, reference: str, candidate: str) -> Sequence[Message]:
        system, user = prompt.render(question=question, reference=reference, candidate=candidate)
        return [*([Message("system", system)] if system else []), Message("user", user)]

    sampling = models.sampling("judge", settings.pipeline.seed)
    return Judge(
        models.role(role),
        prompt=put,
        sampling=sampling if temperature is None else replace(sampling, temperature=temperature),
        attempts=settings.rewards.judge_attempts,
        longest=settings.rewards.longest_candidate,
        concurrency=settings.pipeline.concurrency,
        timeout=settings.role("judge").timeout,
        loop=models.loop,
        screens=screens,
    )
