"""Import of the package index' torchvision beside a torch without CUDA.

Its wheel is a CUDA build: the library with its operators cannot be loaded there, and `import torchvision` fails because the operators `nms`
and `qnms`, of which it describes the shapes, do not exist. Here the two are declared just before torchvision is first imported, which
is all that its transforms (and so the image processors of vLLM and transformers) need. The operators themselves, and its image codecs, stay
unavailable.

`make setup-vllm` copies this file into the environment of the CPU server, as `wethink_torchvision_cpu`, with a `.pth` file that imports it in
each Python process: vLLM starts several. Importing it costs no torch. It does nothing where torch has CUDA, where torchvision is absent, and
where a torchvision built for CPU loads its own operators.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: list[Any] = []  # a torch.library.Library undoes its declarations when it is collected


def declare_operators(folder: Path) -> bool:
    """Declare what torchvision in `folder` asks torch for; False where its own operators load, or torch has CUDA."""
    import torch

    if _declared or torch.version.cuda is not None:
        return False
    for library in folder.glob("_C*.so"):
        try:
            torch.ops.load_library(str(library))
            return False
        except OSError:  # linked against CUDA libraries that are not there
            continue
    declared = torch.library.Library("torchvision", "DEF")
    for schema in SCHEMAS:
        declared.define(schema)
    _declared.append(declared)
    return True


class TorchvisionFinder:
    """Finds torchvision as Python would, and declares its operators before its code runs."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Spec of torchvision; None for all other modules."""
        if name != "torchvision":
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None or spec.origin is None:
            return spec
        run, folder = spec.loader.exec_module, Path(spec.origin).parent

        def exec_module(module: ModuleType) -> None:
            declare_operators(folder)
            run(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if __name__ == "wethink_torchvision_cpu":  # imported by the .pth file, not as a module of the package
    sys.meta_path.insert(0, TorchvisionFinder)
