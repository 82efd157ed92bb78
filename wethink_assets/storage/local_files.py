"""How is a file of this machine written so that nobody ever sees a part of it: under what name, and with what calls?"""

import os
import uuid

TEMPORARY = ".writing-"


def temporary_name(target: str) -> str:
    """A name beside `target` that no other writer uses."""
    folder, _, name = target.rpartition("/")
    return f"{folder}/{TEMPORARY}{name}.{os.getpid()}-{uuid.uuid4().hex[:8]}"


def write_new(path: str, data: bytes) -> None:
    """Write a file that is not there; its folder is made only where it is missing, as this is called once an image."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(path.rpartition("/")[0], exist_ok=True)
        descriptor = os.open(path, flags, 0o666)
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        rest = memoryview(data)
        while rest:
            rest = rest[stream.write(rest) :]
