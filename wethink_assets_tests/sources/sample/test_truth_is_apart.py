"""No stage reads what the sample images really show: scene graphs and audits are for training, evaluation and tests."""

import ast
from pathlib import Path

import wethink_assets

PACKAGE = Path(wethink_assets.__file__).parent
ALLOWED = (
    "sources/sample/",
    "models/embedded/",
    "evaluation/forms/",
    "evaluation/samples/",
    "rewards/calibration/rows.py",
    "commands/synthesis/run_outcome.py",
)
# Forms, samples and rows draw stand-ins of benchmarks, and rows to calibrate a judge on: their references are the truth, and no model is shown them.
# The outcome of a run tells how many rows of a version are true, once it is built.
# What runs when a call is answered; the rest of models/embedded trains and evaluates.
RUNTIME = ("chat.py", "engine.py", "sampling.py", "vision.py", "checkpoints/__init__.py", "processor.py")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_only_the_audit_and_the_embedded_models_training_know_the_truth() -> None:
    secret = ("wethink_assets.sources.sample.audit", "wethink_assets.sources.sample.read_scene_graphs")
    secret += ("wethink_assets.sources.sample.layout.read_scene_graphs", "wethink_assets.sources.sample.scenes")
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(ALLOWED):
            assert not imported(path) & set(secret), place
            assert "scene_graphs" not in path.read_text() or place.startswith("commands/"), place


def test_the_running_model_knows_nothing_of_the_sample_sources() -> None:
    for name in RUNTIME:
        assert not any("sources.sample" in module for module in imported(PACKAGE / "models" / "embedded" / name)), name
