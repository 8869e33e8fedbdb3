"""Rows and identifiers that occur more than once, found by a hash of eight bytes for each row.

Two different rows among three million have the same 64-bit hash once in four million tables.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # constants of splitmix64 (Steele, Lea, Flood 2014)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
MISSING = np.uint64(0xD6E8FEB86659FD93)


class Duplicates:
    """Collects some columns of a table, to tell which rows repeat an earlier one."""

    def __init__(self) -> None:
        self._hashes: list[Hashes] = []
        self._rows: list[npt.NDArray[np.int64]] = []

    def add(self, columns: list[pa.Array], rows: "npt.NDArray[np.int64]") -> None:
        """Takes some rows in; `rows` are their numbers."""
        if not columns or not len(rows):
            return
        combined = np.zeros(len(rows), np.uint64)
        for column in columns:
            combined = _mixed(combined ^ _hashed(column))
        self._hashes.append(combined)
        self._rows.append(rows)

    def repeated(self) -> "npt.NDArray[np.int64]":
        """The numbers of the rows that are equal to one before them, in their order."""
        if not self._hashes:
            return np.empty(0, np.int64)
        ordered = np.concatenate(self._hashes)
        ordered.sort()
        twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        del ordered  # the one large array; what follows is about the few that occur twice
        suspects = [np.isin(hashes, twice) for hashes in self._hashes]
        hashes = np.concatenate([h[s] for h, s in zip(self._hashes, suspects, strict=True)])
        rows = np.concatenate([r[s] for r, s in zip(self._rows, suspects, strict=True)])
        _, first = np.unique(hashes, return_index=True)
        return np.delete(rows, first)


def _hashed(column: pa.Array) -> "Hashes":
    if pa.types.is_string(column.type):
        from pandas.util import hash_array

        texts = pc.fill_null(column, "").to_numpy(zero_copy_only=False)
        bits = hash_array(texts, categorize=True)
    else:
        bits = pc.fill_null(column, 0).to_numpy(zero_copy_only=False).view(np.uint64)
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    hashes: Hashes = np.where(missing, MISSING, _mixed(bits))
    return hashes


def _mixed(bits: "Hashes") -> "Hashes":
    """The finaliser of splitmix64: each bit of the result depends on every bit given."""
    bits = bits + GOLDEN
    bits = (bits ^ (bits >> np.uint64(30))) * FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * SECOND
    return bits ^ (bits >> np.uint64(31))
