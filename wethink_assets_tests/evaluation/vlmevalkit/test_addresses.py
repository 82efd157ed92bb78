"""Keys, download addresses and md5 sums of the fourteen, beside what stands in VLMEvalKit as its environment has it."""

import json
import subprocess
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.catalog import OPENCOMPASS
from wethink_assets.evaluation.vlmevalkit.environment import kit_python

LISTED = """
import json, os, sys
keys = json.loads(sys.argv[1])
out = os.dup(1)
os.dup2(2, 1)  # it prints while it is imported
from vlmeval.dataset import DATASET_CLASSES
found = {key: [] for key in keys}
for one in DATASET_CLASSES:
    for key in keys:
        if key in one.supported_datasets():
            found[key].append([one.DATASET_URL.get(key), one.DATASET_MD5.get(key)])
os.write(out, json.dumps(found).encode())
"""


@pytest.mark.slow
def test_addresses_and_sums_of_all_fourteen_are_vlmevalkits(tmp_path: Path) -> None:
    """The first of its classes that has a key is the one that it takes (`build_dataset`)."""
    python = kit_python(Settings.model_validate({"folder": str(tmp_path)}))
    keys = [one.key for one in OPENCOMPASS]
    environment = {"LMUData": str(tmp_path), "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [python, "-c", LISTED, json.dumps(keys)], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = json.loads(done.stdout)
    ours = {one.key: [one.address, one.md5] for one in OPENCOMPASS}
    assert {key: classes[:1] for key, classes in theirs.items()} == {key: [stated] for key, stated in ours.items()}
