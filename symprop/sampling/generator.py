"""Seed -> the same integers in every release and on every machine."""

from hashlib import sha256

#: Named in manifests; a change of the algorithm changes this.
NAME = "sha256-counter-1"
#: Bytes of one counter value.
BLOCK = 32


class Generator:
    """Uniform integers from SHA-256 of `seed:counter`: pinned here, so that no library's release moves an exam."""

    def __init__(self, seed: str | int) -> None:
        self._seed, self._counter, self._pool, self._bits = str(seed), 0, 0, 0

    def below(self, n: int) -> int:
        """A uniform integer from 0 to n - 1 (n at least 1), by rejection."""
        bits = max((n - 1).bit_length(), 1)
        while True:
            while self._bits < bits:
                block = sha256(f"{self._seed}:{self._counter}".encode()).digest()
                self._pool = self._pool << 256 | int.from_bytes(block, "big")
                self._bits, self._counter = self._bits + 256, self._counter + 1
            self._bits -= bits
            drawn, self._pool = self._pool >> self._bits, self._pool & ((1 << self._bits) - 1)
            if drawn < n:
                return drawn

    def between(self, low: int, high: int) -> int:
        """A uniform integer from low to high, both included."""
        return low + self.below(high - low + 1)


def stream(seed: str | int, start: int, size: int) -> bytes:
    """Bytes `start` to `start + size` of what `Generator(seed)` draws from: any part of it is reached at once."""
    prefix = f"{seed}:".encode()
    first, last = start // BLOCK, -(-(start + size) // BLOCK)
    found = b"".join([sha256(b"%b%d" % (prefix, counter)).digest() for counter in range(first, last)])
    return found[start - first * BLOCK : start - first * BLOCK + size]
