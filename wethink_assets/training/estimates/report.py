"""What a training will take, as lines of text."""

from collections.abc import Sequence

from wethink_assets.training.estimates.run import RunEstimate

PARTS = ("weights", "copies", "gradients", "optimizer", "reference", "activations", "rollouts")
SHOWN = 0.05
"""GiB from which a part is named."""


def report_of(estimate: RunEstimate, currency: str) -> Sequence[str]:
    """Lines that say it, the faults last."""
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in sorted(estimate.left_out.items()))
    lines = [
        f"rows     {estimate.rows:,} to train on{f' (left out: {left_out})' if left_out else ''}, {estimate.held_out:,} held out"
    ]
    if estimate.prompt_tokens:
        steps = " and ".join(f"{count:,} {phase}" for phase, count in estimate.steps.items())
        lines.append(f"steps    {steps}")
        lines.append(
            f"tokens   prompts of {estimate.prompt_tokens[0]:,} in the median, {estimate.prompt_tokens[1]:,} at most;"
            f" {estimate.written_tokens or 0:,} written and {estimate.learnt_tokens or 0:,} learnt in all, at most"
        )
    if estimate.memory is not None:
        memory = estimate.memory
        named = [(name, getattr(memory, name)) for name in PARTS]
        parts = ", ".join(f"{name} {value:.1f}" for name, value in named if value >= SHOWN) or "overhead alone"
        of = f" of {estimate.device_gib:.0f} here" if estimate.device_gib else ""
        lines.append(
            f"memory   about {memory.peak:.1f} GiB on each device{of} ({parts});"
            f" {estimate.trained_parameters or 0:,} of {estimate.parameters or 0:,} weights are trained"
        )
    if estimate.measured_gib is not None:
        lines.append(f"         measured with one micro-batch, without optimiser: {estimate.measured_gib:.1f} GiB")
    if estimate.hours is not None:
        seconds = ", ".join(f"{value:.3g} s a step of {phase}" for phase, value in estimate.step_seconds.items())
        lines.append(f"time     at most {estimate.hours:.2g} hours on this machine's {estimate.device} ({seconds})")
        money = "no price is set" if estimate.money is None else f"{currency} {estimate.money:,.2f}".strip()
        lines.append(
            f"cost     at most {estimate.device_hours or 0:.2g} device-hours and {estimate.judge_calls:,} calls of the judge: {money}"
        )
    if estimate.own_reward is not None:
        lines.append(f"reward   {estimate.own_reward:.2f} for a row's own answer")
    lines += [f"note     {note}" for note in estimate.notes]
    return [*lines, *(f"wrong    {part}: {fault}" for part, fault in estimate.faults.items())]
