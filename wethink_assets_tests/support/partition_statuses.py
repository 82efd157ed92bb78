"""What Dagster says of the partitions of a project: fresh, stale and why, or missing."""

import json
import subprocess
import tempfile
from pathlib import Path

from wethink_assets_tests.support.opened_project import Opened
from wethink_assets_tests.support.project import DAGSTER_GRAPHQL

OLD = ("coco.000001", "geoqa+.000001")
"""The first batches of the scripted project."""


def statuses(it: Opened, partitions: dict[str, tuple[str, ...]]) -> dict[tuple[str, str], tuple[str, list[str]]]:
    """Status and causes of partitions, by asset and key, as the UI asks for them; takes about ten seconds."""
    fields = []
    for number, (asset, keys) in enumerate(partitions.items()):
        names = json.dumps(list(keys))
        fields.append(
            f"a{number}: assetNodeOrError(assetKey: {{path: {json.dumps([asset])}}}) {{ ... on AssetNode {{"
            f" statuses: staleStatusByPartition(partitions: {names})"
            f" causes: staleCausesByPartition(partitions: {names}) {{ reason }} }} }}"
        )
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        query = ["-w", "workspace.yaml", "-t", f"{{ {' '.join(fields)} }}", "-o", str(answer)]
        subprocess.run(
            [DAGSTER_GRAPHQL, *query],
            cwd=it.project.home,
            env={**it.project.environment, "DAGSTER_HOME": it.instance.root_directory},
            capture_output=True,
            timeout=240,
            check=True,
        )
        told = json.loads(answer.read_text())["data"]
    return {
        (asset, key): (status, [cause["reason"] for cause in causes])
        for number, (asset, keys) in enumerate(partitions.items())
        for node in [told[f"a{number}"]]
        for key, status, causes in zip(keys, node["statuses"], node["causes"], strict=True)
    }
