"""llama.cpp's own server over a model file, as the package xllamacpp has it: a process on this machine, for as long as a block runs.

`python -m wethink_assets_tests.support.llamacpp_server MODEL ADDRESS` serves until its standard input ends, so it outlives nobody.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOTS = 2  # requests at a time; each keeps the prompt before it, which most share the beginning of
CONTEXT = 4096  # tokens of each
START_SECONDS = 300


@contextmanager
def llamacpp_server(model: Path, folder: Path) -> Iterator[str]:
    """Base URL of a server over a GGUF file; its log is kept in `folder`."""
    address, log = folder / "llamacpp.address", folder / "llamacpp.log"
    command = [sys.executable, "-m", __name__, str(model), str(address)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=output, stderr=output) as process,
    ):
        try:
            until = time.monotonic() + START_SECONDS
            while not address.exists():
                assert process.poll() is None and time.monotonic() < until, log.read_text(errors="replace")[-2000:]
                time.sleep(0.1)
            yield f"{address.read_text()}/v1"
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def serve(model: str, address: Path) -> None:
    """Serve a model and write the server's address once it answers."""
    import xllamacpp  # an engine of 100 MB, which nothing else needs

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.port = 0  # any that is free
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT
    # Threads of llama.cpp spin while they wait for each other: with one there is nobody to wait for on a busy machine.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(parameters)
    making = address.with_suffix(".making")
    making.write_text(server.listening_address)
    making.rename(address)
    sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
