"""Ctrl-C and SIGTERM: the first lets the current step end, the second ends everything at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class _Wish:
    """Of this process: signals know no other place to leave word.

    Attributes:
        working: how many `finishing` blocks are entered.
        asked: a first signal came while one was.
    """

    working: int = 0
    asked: bool = False


_wish = _Wish()


@contextmanager
def interrupts(
    noticed: Callable[[], object] = lambda: None, signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)
) -> Iterator[None]:
    """While inside, the first of these signals is only noted where work is being finished; others interrupt at once.

    Args:
        noticed: called by the first; it runs inside the signal handler, so it may do next to nothing.
        signals: to take over. Only the main thread can; elsewhere everything stays as it is.

    Raises KeyboardInterrupt when there is nothing to finish, and for every further signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def take(number: int, frame: FrameType | None) -> None:
        if not _wish.working or _wish.asked:
            raise KeyboardInterrupt
        _wish.asked = True
        noticed()

    before = {each: signal.signal(each, take) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        _wish.asked = False


@contextmanager
def finishing() -> Iterator[None]:
    """Work inside is brought to an end that loses nothing; raises KeyboardInterrupt after it when that was asked."""
    _wish.working += 1
    try:
        yield
    finally:
        _wish.working -= 1
    if not _wish.working:
        stop_if_asked()


def asked_to_stop() -> bool:
    """Whether a first signal came."""
    return _wish.asked


def stop_if_asked() -> None:
    """Raises KeyboardInterrupt when a first signal came: nothing is lost here."""
    if _wish.asked:
        raise KeyboardInterrupt
