"""Numbers of a million keys in the order in which they came, in 40 bytes each.

Python's own dictionary takes about 150 for a key of 16 bytes and its number. Here the keys stand one after another in one block of memory, and
tables of their numbers, open-addressed (Knuth, The Art of Computer Programming 3, 6.4, algorithm L), say where. There are many small tables, so that
the growth of one never takes more than milliseconds.
"""

from array import array

WIDTH = 16  # bytes of a key
TABLES = 256
SMALLEST = 16  # slots in an empty table; always a power of two


class KeyNumbers:
    """Numbers from 0 of keys of 16 bytes that are spread evenly, such as digests."""

    def __init__(self) -> None:
        self._keys = bytearray()
        self._tables = [_empty(SMALLEST) for _ in range(TABLES)]
        self._filled = [0] * TABLES

    def __len__(self) -> int:
        return len(self._keys) // WIDTH

    def find(self, key: bytes) -> int | None:
        """The number of a key, or None."""
        table = self._tables[key[0]]
        number = table[self._slot(table, key)]
        return number - 1 if number else None

    def number(self, key: bytes) -> int:
        """The number of a key, which is the next one where the key is new."""
        which = key[0]
        table = self._tables[which]
        slot = self._slot(table, key)
        if table[slot]:
            return table[slot] - 1
        self._keys += key
        table[slot] = len(self)
        self._filled[which] += 1
        if 2 * self._filled[which] > len(table):
            self._tables[which] = self._grown(table)
        return len(self) - 1

    def _slot(self, table: "array[int]", key: bytes) -> int:
        """Where a key stands in a table, or the empty slot where it would."""
        mask = len(table) - 1
        slot = int.from_bytes(key[1:9]) & mask
        while table[slot] and self._keys[(table[slot] - 1) * WIDTH : table[slot] * WIDTH] != key:
            slot = (slot + 1) & mask
        return slot

    def _grown(self, table: "array[int]") -> "array[int]":
        larger = _empty(2 * len(table))
        for number in table:
            if number:
                larger[self._slot(larger, bytes(self._keys[(number - 1) * WIDTH : number * WIDTH]))] = number
        return larger


def _empty(slots: int) -> "array[int]":
    return array("I", bytes(4 * slots))  # a number is stored as one more, so 0 says that the slot is free
