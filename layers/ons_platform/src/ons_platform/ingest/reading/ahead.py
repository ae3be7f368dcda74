"""Reading ahead: the next batches are decoded while the present one is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from threading import Event
from typing import TypeVar

T = TypeVar("T")

_DEPTH = 2


def read_ahead(items: Iterable[T]) -> Iterator[T]:
    """The items in order, taken from a thread at most two ahead; its error is raised here."""
    queue: Queue[T | None] = Queue(_DEPTH)
    abandoned = Event()

    def fill() -> None:
        try:
            for item in items:
                if abandoned.is_set():
                    return
                queue.put(item)
        finally:
            queue.put(None)

    with ThreadPoolExecutor(1) as reader:
        filled = reader.submit(fill)
        item = None
        try:
            while (item := queue.get()) is not None:
                yield item
            filled.result()
        finally:
            abandoned.set()
            while item is not None:
                item = queue.get()
