"""A compiled function on its way to a worker, and there.

It travels once for all chunks, as bytes, and a worker's process unpacks it once: so it is compiled
once there, and paths that some chunk has taken are known to the next one. The Values that the
function captures go along, and their present numbers with every call.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition
from typing import Any, Final, NamedTuple

from autograd.engine.locks import new_lock
from autograd.engine.value import Value
from autograd.transforms.tree import replaced

__all__ = ["Parcel", "Slot", "filled", "pack_for_workers", "packed_arguments", "run_on_chunk"]

MOST_KEPT: Final = 64  # functions in a worker's process


class Parcel(NamedTuple):
    """A function as bytes, by which name a worker keeps it, and the Values that go along."""

    digest: str
    payload: bytes
    values: list[Value]

    def numbers(self) -> tuple[float, ...]:
        """Those of the Values, as they are now."""
        return tuple([value.data for value in self.values])


def pack_for_workers(f: Callable[..., Any]) -> Parcel:
    """The function, by value where it can't be found by its name: a lambda, a cell of a
    notebook."""
    from cloudpickle import Pickler

    values: dict[int, Value] = {}

    class Noting(Pickler):  # type: ignore[misc, unused-ignore]
        def persistent_id(self, x: Any) -> None:
            if isinstance(x, Value):
                values[id(x)] = x

    file = io.BytesIO()
    pickler = Noting(file)
    pickler.dump(f)
    met = list(values.values())
    pickler.dump(met)  # by the same pickler, so that they are those that the function has
    payload = file.getvalue()
    return Parcel(hashlib.sha256(payload).hexdigest(), payload, met)


class Slot(NamedTuple):
    """In the place of an array in the arguments: which of a task's chunks belongs there."""

    chunk: int


def packed_arguments(args: Any) -> bytes:
    """Arguments with slots in them."""
    import cloudpickle

    payload: bytes = cloudpickle.dumps(args)
    return payload


def filled(x: Any, chunks: Sequence[Any]) -> Any:
    """A nesting with the chunks in the place of its slots."""
    return replaced(x, lambda part: chunks[part.chunk] if type(part) is Slot else None)


# -- on the worker ---------------------------------------------------------------------------------


class _Delivered:
    """A function that a worker has, and its Values. Several threads may run it at a time, but only
    with the same numbers in the Values."""

    def __init__(self, payload: bytes) -> None:
        unpickler = pickle.Unpickler(io.BytesIO(payload))
        self.function: Callable[..., Any] = unpickler.load()
        self._values: list[Value] = unpickler.load()
        self._turn = Condition()
        self._numbers: tuple[float, ...] = ()
        self._running = 0

    @contextmanager
    def with_numbers(self, numbers: tuple[float, ...]) -> Iterator[None]:
        """Inside the block the Values have these numbers."""
        if not self._values:
            yield
            return
        with self._turn:
            self._turn.wait_for(lambda: not self._running or self._numbers == numbers)
            if not self._running:
                for value, number in zip(self._values, numbers, strict=True):
                    value.data = number
                self._numbers = numbers
            self._running += 1
        try:
            yield
        finally:
            with self._turn:
                self._running -= 1
                self._turn.notify_all()


_KEPT: Final[OrderedDict[str, _Delivered]] = OrderedDict()
_LOCK: Final = new_lock()


def _delivered(digest: str, payload: bytes) -> _Delivered:
    """The function of this digest: unpacked, if it is the first time."""
    with _LOCK:
        found = _KEPT.get(digest)
        if found is None:
            found = _KEPT[digest] = _Delivered(payload)
        _KEPT.move_to_end(digest)
        if len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)
        return found


def run_on_chunk(
    parcel: tuple[str, bytes],
    arguments: tuple[bytes, tuple[float, ...]],
    first: int,
    *chunks: Any,
) -> Any:
    """What the function gives for a chunk, whose rows begin with number `first`."""
    delivered = _delivered(*parcel)
    template, numbers = arguments
    call = filled(pickle.loads(template), chunks)
    with delivered.with_numbers(numbers):
        try:
            return delivered.function(call)
        except Exception as error:
            error.add_note(f"in the chunk that begins with row {first}")
            raise
