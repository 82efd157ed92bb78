"""Names that would lead out of a folder, and their cousins, by a seeded generator."""

import random
from collections.abc import Iterator

PARTS = (
    "..", ".", "...", "/", "\\", "//", "~", "~root", "etc", "passwd", "C:", "\0", "\n", "\r", "%2e%2e", "%2f", "..%00", "．．", "／",
    "‥", "∕", "\u2044", "a", "coco", "v0001", "v1", "latest", ".ssh", "-rf", "--help", "$HOME", "${HOME}", "`id`", ";id", "|id",
    "file://", "s3://b", "::", "?versionId=1", "*", "[a]", "{a,b}", "\x1b[2J", "\u202e", "\ufeff", "\udcff", " ", "\t", "000001",
    ".000001", ".png", "nul", "con.txt", "grpo", ".grpo", "+", "_", "x" * 300,
)  # fmt: skip


def hostile_names(count: int, seed: int = 0) -> Iterator[str]:
    """So many names: one to six parts, with or without separators, some with the ending of a batch or of a training run."""
    rng = random.Random(seed)
    yield from (
        "",
        "..",
        "../..",
        "/etc/passwd",
        "../../etc.000001",
        "..000001",
        "../v0001",
        "v0001/../../x",
        "v0001\n",
        "a/../b",
        "....//",
    )
    for _ in range(count - 11):
        parts = rng.choices(PARTS, k=rng.randint(1, 6))
        name = rng.choice(("", "/", "/", "\\", ".")).join(parts)
        yield name + rng.choice(("", "", ".000001", ".grpo", "/", "\n"))
