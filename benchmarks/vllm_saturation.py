"""Tokens/s of our endpoint client against a real vLLM server, beside vLLM's own serving benchmark with the same prompts.

    python benchmarks/vllm_saturation.py [--calls 256] [--concurrency 64] [--rounds 3] [--json]

By default it starts the embedded describer on this machine's CPU (`make setup-vllm` first); `--model ID --device gpu` takes any other model, and
`--url` a server that runs already. Two kinds of prompts: with a picture (what most calls of the synthesis are) and without. Both clients
decode greedily and with the same limit, so they ask for the same work; they take turns, after a round of each that is not counted, and the
medians are compared. Ours also finds out by itself how many calls in flight pay, with `--concurrency` as the limit; vLLM's is given the number.
"""

import argparse
import asyncio
import hashlib
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.models.chat import Image, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.models.servers.memory import local_folder
from wethink_assets.models.servers.servers import Servers
from wethink_assets.models.servers.spec import server_python
from wethink_assets.models.servers.weights import model_folder

THEIRS = (
    "from vllm.benchmarks.serve import add_cli_args, main; from vllm.utils.argparse_utils import FlexibleArgumentParser;"
    " parser = FlexibleArgumentParser(); add_cli_args(parser); main(parser.parse_args())"
)
TASKS = {"pictures": ("describer", "describe"), "text": ("reasoner", "answer_text")}


def write_prompts(folder: Path, kind: str, calls: int) -> list[dict[str, Any]]:
    """Prompts of one kind as vLLM's benchmark reads them; pictures lie beside them."""
    from wethink_assets.models.embedded.evaluation.accuracy import held_out

    checkpoint, task = TASKS[kind]
    rows = []
    for number in range(calls):
        example = held_out(checkpoint, task, number, seed=21)
        row: dict[str, Any] = {"prompt": example.prompt}
        if example.image is not None:
            path = folder / f"{number}.png"
            example.image.save(path)
            row["image_files"] = [str(path)]
        rows.append(row)
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def image_of(path: str) -> Image:
    data = Path(path).read_bytes()
    return Image(hashlib.sha256(data).hexdigest(), "image/png", lambda: data)


async def ours(url: str, model: str, rows: list[dict[str, Any]], tokens: int, concurrency: int) -> dict[str, float]:
    """One round of our client."""
    client = EndpointModel(url, model, max_concurrency=concurrency)
    gate = asyncio.Semaphore(concurrency)

    async def call(row: dict[str, Any]) -> int:
        images = tuple(map(image_of, row.get("image_files", ())))
        async with gate:
            completion = await client.chat(
                [Message("user", row["prompt"], images)], sampling=Sampling(max_tokens=tokens)
            )
        return completion.completion_tokens

    began = time.perf_counter()
    made = await asyncio.gather(*map(call, rows))
    seconds = time.perf_counter() - began
    await client.aclose()
    return {"seconds": seconds, "tokens": float(sum(made))}


def theirs(
    python: str, url: str, given: argparse.Namespace, folder: Path, rows: list[dict[str, Any]], weights: str
) -> dict[str, float]:
    """One round of vLLM's own serving benchmark (`vllm bench serve`, run by the server's Python)."""
    kind = "custom_image" if "image_files" in rows[0] else "custom"
    command = [
        *(python, "-c", THEIRS, "--backend", "openai-chat", "--base-url", url.removesuffix("/v1")),
        *("--endpoint", "/v1/chat/completions", "--model", weights, "--served-model-name", given.model),
        *("--dataset-name", kind, "--dataset-path", str(folder / "prompts.jsonl")),
        *("--custom-output-len", str(given.tokens)),
        *("--num-prompts", str(len(rows)), "--max-concurrency", str(given.concurrency), "--temperature", "0"),
        *("--save-result", "--save-detailed", "--result-dir", str(folder), "--result-filename", "theirs.json"),
        *("--disable-tqdm", "--skip-chat-template"),
    ]
    if kind == "custom_image":
        command += ["--custom-ensure-client-side-data"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    if done.returncode:
        raise SystemExit(f"vLLM's benchmark failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    result = json.loads((folder / "theirs.json").read_text())
    if result["completed"] != len(rows):
        reason = next((error for error in result.get("errors", ()) if error), done.stderr)
        raise SystemExit(f"vLLM's benchmark completed {result['completed']} of {len(rows)} calls: {reason[-2000:]}")
    return {"seconds": result["duration"], "tokens": float(result["total_output_tokens"])}


def compare(python: str, url: str, given: argparse.Namespace, kind: str, weights: str) -> dict[str, Any]:
    """Rounds of both clients in turn over prompts of one kind."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        rows = write_prompts(folder, kind, given.calls)
        rates: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number in range(given.rounds + 1):
            for name in ("ours", "theirs") if number % 2 else ("theirs", "ours"):
                if name == "ours":
                    made = asyncio.run(ours(url, given.model, rows, given.tokens, given.concurrency))
                else:
                    made = theirs(python, url, given, folder, rows, weights)
                rate = made["tokens"] / made["seconds"]
                note = "" if number else " (warming up, not counted)"
                if not given.json:
                    print(
                        f"{kind}, {name}: {made['tokens']:.0f} tokens, {made['seconds']:.1f} s, {rate:.0f}/s{note}",
                        flush=True,
                    )
                if number:
                    rates[name].append(rate)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    return {"kind": kind, "calls": len(rows), **rates, "medians": medians, "ratio": medians["ours"] / medians["theirs"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded/describer")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "gpu"])
    parser.add_argument("--url", default="", help="a server that runs already")
    parser.add_argument("--python", default="", help="Python that has vLLM")
    parser.add_argument("--calls", type=int, default=256)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=96, help="tokens of a reply, at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    table: dict[str, Any] = {"model": given.model, "device": given.device, "url": given.url, "python": given.python}
    if given.model.startswith("embedded/"):
        table |= {"max_model_len": 1024, "images": 1, "kv_cache": 1}
    settings = Settings.model_validate({"servers": {"measured": table}})
    folder = model_folder(settings, given.model) or local_folder(given.model)
    servers = Servers(settings, who="benchmarks/vllm_saturation.py")
    try:
        (url,) = servers.urls("measured")
        states = servers.states().get("measured", [])
        python = server_python(settings, settings.server("measured"), bool(states and states[0] and states[0].gpus))
        results = [compare(python, url, given, kind, str(folder or given.model)) for kind in given.kinds]
    finally:
        servers.close(wait=60)
    if given.json:
        print(json.dumps({"model": given.model, "concurrency": given.concurrency, "results": results}))
        return
    for result in results:
        medians = result["medians"]
        rates = f"{medians['ours']:.0f} against {medians['theirs']:.0f} tokens/s of vLLM's own benchmark"
        print(
            f"{result['kind']}, {result['calls']} calls, {given.concurrency} at once: {rates}, ratio {result['ratio']:.3f}"
        )


if __name__ == "__main__":
    main()
