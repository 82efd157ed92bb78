"""Which families of image-text models train: tiny checkpoints of random weights of every one that transformers has, by GRPO, SFT and LoRA.

    python benchmarks/families.py --state families.json [--table docs/families.md] [--only qwen3_vl smolvlm] [--seconds 600] [--timeout 150]

A checkpoint is made with a processor and a chat template like the real one's. Each trial is a process of its own, in two steps: it trains two steps
(GRPO with a reference), publishes, loads what it published with the stock `Auto*` classes, and looks whether two images give two answers. What
was tried stands in the state file and is not tried again; `--seconds` stops in between. Without torchvision fewer processors load.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

METHODS: dict[str, dict[str, Any]] = {
    "GRPO": {"beta": 0.01, "steps": 2},
    "SFT": {"method": "sft", "sft_steps": 2, "sft_batch_size": 2},
    "LoRA": {"beta": 0.01, "steps": 2, "lora": {"rank": 2}},
}
UNMADE = "not made"
"""What a result begins with where the checkpoint, not the training, is at fault."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, required=True, help="file of the results so far")
    parser.add_argument("--table", type=Path, help="page to write")
    parser.add_argument("--only", nargs="*", help="families; all without")
    parser.add_argument("--seconds", type=float, default=1e9, help="start nothing after so many")
    parser.add_argument("--timeout", type=float, default=150, help="seconds of a trial")
    parser.add_argument("--trial", nargs=3, metavar=("FAMILY", "METHOD", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.trial:
        family, method, folder = args.trial
        args.state.write_text(json.dumps(trial(family, method, Path(folder))))
        return
    start = time.monotonic()
    results: dict[str, dict[str, str]] = json.loads(args.state.read_text()) if args.state.exists() else {}
    for method in METHODS:  # first one way to train for all of them
        for family in args.only or families():
            done = results.setdefault(family, {})
            if method in done or any(result.startswith(UNMADE) for result in done.values()):
                continue
            if time.monotonic() - start > args.seconds:
                break
            done[method] = refusal(family) or in_its_own_process(family, method, args.timeout)
            print(f"{family} {method}: {done[method]}", flush=True)
            args.state.write_text(json.dumps(results, indent=1, sort_keys=True))
    if args.table:
        args.table.write_text(page(results))


def families() -> list[str]:
    """Model types of `AutoModelForImageTextToText`."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    return sorted(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)


def refusal(family: str) -> str:
    """Why a family is refused by its name alone; empty for others."""
    from wethink_assets.training.policies.families import REFUSED

    refused = REFUSED.get(family)
    return f"refused: {refused.reason}; {refused.remedy}" if refused else ""


def in_its_own_process(family: str, method: str, timeout: float) -> str:
    """The result of a trial; a process that ends without one is a result too."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, __file__, "--state", str(result), "--trial", family, method, folder]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "DAGSTER_HOME": folder}
        try:
            ended = subprocess.run(command, capture_output=True, env=environment, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return f"fails: not done after {timeout:.0f} s"
        return str(json.loads(result.read_text())) if result.exists() else f"fails: exit code {ended.returncode}"


def trial(family: str, method: str, folder: Path) -> str:
    """`works`, or why not."""
    import torch
    import transformers

    from wethink_assets.errors import ModelError
    from wethink_assets.storage.store import Store
    from wethink_assets.training.policies.catalog import local_checkpoint
    from wethink_assets.training.runs.process import execute
    from wethink_assets.training.runs.progress import ProgressReporter
    from wethink_assets_tests.support.drawn_version import draw_version
    from wethink_assets_tests.support.families.checkpoints import save_family_checkpoint
    from wethink_assets_tests.training.conftest import planned_run

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    try:
        base = save_family_checkpoint(family, folder / "base")
    except Exception as error:
        return f"{UNMADE}: {_sentence(error)}"
    draw_version(Store.open(str(folder / "home" / "data")), train=24, validation=3)
    try:
        plan = planned_run(folder / "home", **{"model": str(base), "prompt": "paper", **METHODS[method]})
        policy = execute(plan, ProgressReporter())
        assert policy is not None
        return seen(local_checkpoint(plan.open_store(), policy))
    except ModelError as error:
        return f"refused: {str(error).partition('cannot be trained: ')[2] or error}"
    except Exception as error:
        return f"fails: {_sentence(error)}"


def seen(folder: Path) -> str:
    """`works` where stock classes load a policy and what it says depends on the image."""
    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from wethink_assets.training.data.chat import encoded

    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    logits = []
    for image in (Image.new("RGB", (96, 64), "red"), Image.linear_gradient("L").convert("RGB").resize((96, 64))):
        content = [{"type": "image", "image": image}, {"type": "text", "text": "what is it?"}]
        with torch.inference_mode():
            logits.append(model(**encoded([[{"role": "user", "content": content}]], processor)).logits[0, -1])
    return "works" if not torch.equal(*logits) else "fails: what it says does not depend on the image"


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip() or '-').splitlines()[0][:160]}"


def page(results: dict[str, dict[str, str]]) -> str:
    """The page with the table."""
    import transformers
    import trl

    lines = []
    for family in families():
        done = results.get(family, {})
        cells = [done.get(method, "not tried").partition(":")[0] for method in METHODS]
        reasons = dict.fromkeys(result.partition(": ")[2] for result in done.values() if ": " in result)
        reason = "; ".join(reasons).replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| `{family}` | {' | '.join(cells)} | {reason} |")
    return PAGE.format(
        rows="\n".join(lines),
        transformers=transformers.__version__,
        trl=trl.__version__,
        date=time.strftime("%Y-%m-%d"),
        untried=sum(not results.get(family) for family in families()),
        works=sum(bool(done) and set(done.values()) == {"works"} for done in results.values()),
    )


PAGE = """# Families of models

Which image-text models [trainings](training.md) can start from: every `model_type` of `AutoModelForImageTextToText` in
transformers {transformers} (TRL {trl}), as `benchmarks/families.py --state families.json --table docs/families.md` found it last ({date}, with
torchvision, on a CPU).

- **works**: a tiny checkpoint with random weights trained, was published, loaded by the stock `Auto*` classes, and answers differently to different
  images. {works} families do by all that was tried of them, {untried} were not tried yet. Weights of the real size were not trained.
- **refused**: when the run is planned or begins, before weights are loaded; the reason stands beside it. Those refused all three ways are refused for
  what they are, without a trial. A family whose real checkpoints come without a chat template (PaliGemma) is refused too, until its folder
  has one: the tiny ones have.
- **fails**: it ends with an error. **not made**: no tiny checkpoint could be made offline, which says nothing about the family; nor
  does **not tried**.

| `model_type` | GRPO | SFT | LoRA | why not |
|---|---|---|---|---|
{rows}
"""

if __name__ == "__main__":
    main()
