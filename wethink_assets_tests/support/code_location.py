"""The code location of a project, loaded in a process of its own."""

import subprocess
import sys

from wethink_assets_tests.support.project import Project

HEAVY = ("torch", "transformers", "vllm", "trl", "datasets", "cv2")
LOAD = f"""
import sys, time
began = time.process_time()  # what it takes on a core of its own, whatever else the machine does
import dagster
dagsters = time.process_time() - began
import wethink_assets.definitions
print((time.process_time() - began) / dagsters, [name for name in {HEAVY!r} if name in sys.modules])
"""


def load_code_location(project: Project) -> "subprocess.CompletedProcess[str]":
    """Prints how many times as much of the processor loading took as importing Dagster, and which heavy packages it imported."""
    command = [sys.executable, "-c", LOAD]
    return subprocess.run(
        command, cwd=project.home, env=project.environment, capture_output=True, text=True, timeout=60
    )
