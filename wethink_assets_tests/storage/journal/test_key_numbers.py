"""Key numbers: a dictionary's answers in a part of its memory."""

import tracemalloc
from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.storage.journal.key_numbers import KeyNumbers

# Few different bytes, so that keys share tables and places, which digests hardly do.
keys = st.lists(st.lists(st.sampled_from([0, 1, 255]), min_size=16, max_size=16).map(bytes))


@given(keys, keys)
def test_numbers_are_those_of_a_dictionary(added: list[bytes], asked: list[bytes]) -> None:
    numbers, known = KeyNumbers(), dict[bytes, int]()
    for key in added:
        assert numbers.number(key) == known.setdefault(key, len(known))
    assert len(numbers) == len(known)
    assert [numbers.find(key) for key in (*added, *asked)] == [known.get(key) for key in (*added, *asked)]


def test_a_key_takes_40_bytes_at_most() -> None:
    count = 60_000
    digests = [blake2b(str(number).encode(), digest_size=16).digest() for number in range(count)]
    tracemalloc.start()
    try:
        numbers = KeyNumbers()
        for digest in digests:
            numbers.number(digest)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(numbers) == count and held < 40 * count + 50_000
