"""Figures of a peer's process about the calls that it made: one line, which `support/synthesis_peers.py` reads."""

import json
import resource
import time


def print_figures(calls: int, began: float) -> None:
    """Print what this process and its children took since `began` (of `time.perf_counter`) for so many calls that were answered."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    figures = {
        "calls": calls,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": sum(each.ru_utime + each.ru_stime for each in usage),
        "peak_memory_mb": sum(each.ru_maxrss for each in usage) // 1024,
    }
    print("RESULT " + json.dumps(figures))
