"""The judge of the configuration, as the rewards use it: its role's model, its prompt pack, its sampling."""

from collections.abc import Sequence

from wethink_assets.config import Settings
from wethink_assets.models.chat import Message
from wethink_assets.models.roles import Models
from wethink_assets.rewards.judge import Judge
from wethink_assets.synthesis.prompt_packs import load_prompt


def configured_judge(settings: Settings, models: Models) -> Judge:
    """The role `judge` as a `Judge`; it runs on the loop of `models`, and its weights are loaded at once.

    Raises `ConfigError` for a missing prompt, `ModelError` for a missing checkpoint or a model that is gone.
    """
    prompt = load_prompt(settings, "judge")

    def put(question: str, reference: str, candidate: str) -> Sequence[Message]:
        system, user = prompt.render(question=question, reference=reference, candidate=candidate)
        return [*([Message("system", system)] if system else []), Message("user", user)]

    sampling = models.sampling("judge", settings.pipeline.seed)
    role = settings.role("judge")
    return Judge(
        models.role("judge"),
        prompt=put,
        sampling=sampling,
        concurrency=settings.pipeline.concurrency,
        timeout=role.timeout,
        loop=models.loop,
    )
