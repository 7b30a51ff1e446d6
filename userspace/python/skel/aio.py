# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cards for asyncio.

    async with skel.aio.Card() as card:
        print(await card.query("*IDN?"))
        async with card.stream() as stream:
            await stream.start("SAMPLE 10000")
            async for block in stream:
                ...

What waits runs in threads of the card's own. A task that is cancelled leaves nothing
behind that would be lost: a line, an event or a block that comes later goes to the
next one that asks, and transfers are abandoned.
"""

import asyncio
import collections.abc
import errno
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Optional, TypeVar, Union

from . import _skel, errors

_T = TypeVar("_T")

# How long a thread waits before it looks whether anybody still wants the result, in s
_SLICE = 0.25

# A lane each for queries, commands, lines, events, transfers, and two of a stream
_THREADS = 7


class _Lane:
    """Runs calls of one kind in a thread, one at a time."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._turn = asyncio.Lock()
        self._running: "Optional[asyncio.Future[Any]]" = None

    def _start(self, call: Callable[[], _T]) -> "asyncio.Future[_T]":
        future = asyncio.get_running_loop().run_in_executor(self._threads, call)
        # an exception that nobody waits for is none
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._running = future
        return future

    async def run(self, call: Callable[[], _T]) -> _T:
        """The result of a call; that of a cancelled call before is dropped."""
        async with self._turn:
            if self._running and not self._running.done():
                await asyncio.wait([self._running])
            return await asyncio.shield(self._start(call))

    async def take(self, call: Callable[[float], _T], timeout: Optional[float]) -> _T:
        """The result of a call with a timeout; that of a cancelled one comes first."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        if timeout is not None and not timeout >= 0:
            raise ValueError("a timeout is in seconds, 0 or more, or None: without end")
        async with self._turn:
            while True:
                left = max(0.0, end - time.monotonic())
                wait = min(left, _SLICE)
                future = self._running or self._start(lambda: call(wait))
                try:
                    result: _T = await asyncio.shield(future)
                except asyncio.CancelledError:
                    raise
                except errors.Timeout:
                    self._running = None
                    if time.monotonic() >= end:
                        raise
                except BaseException:
                    self._running = None
                    raise
                else:
                    self._running = None
                    return result


class Card:
    """A channel of a card: path of the device, or a skel.Card that this one takes over.

    The attribute card is that skel.Card: malloc(), map(), info() and region_info() do
    not wait and are called there. Its dispatch() is for this class alone. Must be
    made while an event loop runs.
    """

    def __init__(
        self, card: "Union[_skel.Card, str, bytes, os.PathLike[str], None]" = None
    ) -> None:
        self.card = card if isinstance(card, _skel.Card) else _skel.Card(card)
        self._threads = ThreadPoolExecutor(_THREADS, "skel")
        self._queries = _Lane(self._threads)
        self._commands = _Lane(self._threads)
        self._lines = _Lane(self._threads)
        self._events = _Lane(self._threads)
        self._ends = _Lane(self._threads)
        self._waiting: "Dict[_skel.Transfer, asyncio.Future[None]]" = {}
        self._pump: "Optional[asyncio.Task[None]]" = None

    async def __aenter__(self) -> "Card":
        return self

    async def __aexit__(self, *args: Any) -> None:
        await asyncio.to_thread(self.card.__exit__, *args)
        await asyncio.to_thread(self._threads.shutdown)

    async def close(self) -> None:
        """skel.Card.close(); tasks that wait get ValueError."""
        await asyncio.to_thread(self.card.close)
        await asyncio.to_thread(self._threads.shutdown)

    async def send(self, line: Union[str, bytes]) -> None:
        """skel.Card.send(). A command of a cancelled task may still be sent."""
        await self._commands.run(lambda: self.card.send(line))

    async def query(
        self, line: Union[str, bytes], timeout: Optional[float] = 5.0
    ) -> str:
        """skel.Card.query(). The answer for a cancelled task is dropped."""
        return await self._queries.run(lambda: self.card.query(line, timeout))

    async def query_bytes(
        self, line: Union[str, bytes], timeout: Optional[float] = 5.0
    ) -> bytes:
        """skel.Card.query_bytes(). The answer for a cancelled task is dropped."""
        return await self._queries.run(lambda: self.card.query_bytes(line, timeout))

    async def clear(self, timeout: Optional[float] = 5.0) -> None:
        """skel.Card.clear()."""
        await self._queries.run(lambda: self.card.clear(timeout))

    async def readline(self, timeout: Optional[float] = None) -> str:
        """skel.Card.readline()."""
        return await self._lines.take(self.card.readline, timeout)

    async def read_event(self, timeout: Optional[float] = None) -> str:
        """skel.Card.read_event()."""
        return await self._events.take(self.card.read_event, timeout)

    async def events(self) -> "collections.abc.AsyncIterator[str]":
        """All events as they come: async for event in card.events()."""
        while True:
            yield await self.read_event()

    async def tohost(
        self,
        buffer: _skel.Buffer,
        card_address: int = 0,
        length: Optional[int] = None,
        offset: int = 0,
        timeout: Optional[float] = 10.0,
    ) -> _skel.Transfer:
        """skel.Card.tohost(); any number at once. Cancelled, it is abandoned."""
        return await self._transfer(
            self.card.submit_tohost(buffer, card_address, length, offset), timeout
        )

    async def fromhost(
        self,
        buffer: _skel.Buffer,
        card_address: int = 0,
        length: Optional[int] = None,
        offset: int = 0,
        timeout: Optional[float] = 10.0,
    ) -> _skel.Transfer:
        """skel.Card.fromhost(); any number at once. Cancelled, it is abandoned."""
        return await self._transfer(
            self.card.submit_fromhost(buffer, card_address, length, offset), timeout
        )

    async def _transfer(
        self, transfer: _skel.Transfer, timeout: Optional[float]
    ) -> _skel.Transfer:
        future = asyncio.get_running_loop().create_future()
        self._waiting[transfer] = future
        if self._pump is None or self._pump.done():
            self._pump = asyncio.ensure_future(self._dispatch())
        try:
            await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            if transfer.result == "pending":
                raise errors.Timeout(
                    errno.ETIMEDOUT,
                    "the transfer has not ended in time: the card may not know it, or still works",
                ) from None
        finally:
            self._waiting.pop(transfer, None)
            transfer.abandon()
        return transfer.wait(0)

    async def _dispatch(self) -> None:
        while self._waiting:
            problem: Optional[Exception] = None
            try:
                await self._ends.run(lambda: self.card.dispatch(_SLICE))
            except errors.Timeout:
                pass
            except Exception as error:
                problem = error
            for transfer, future in list(self._waiting.items()):
                if future.done():
                    continue
                if transfer.result != "pending":
                    future.set_result(None)
                elif problem:
                    future.set_exception(problem)
            if problem:
                return

    def stream(
        self,
        blocks: int = 0,
        block: int = 0,
        source: int = _skel.STREAM_AUTO,
        card_address: int = 0,
    ) -> "Stream":
        """skel.Card.stream(), to be entered by async with."""
        return Stream(
            self, lambda: self.card.stream(blocks, block, source, card_address)
        )


class Stream:
    """Steady data from a card, in blocks, made by Card.stream().

    async with opens and closes it; async for yields skel.Blocks, to be released soon.
    """

    def __init__(self, card: Card, make: Callable[[], _skel.Stream]) -> None:
        self._card = card
        self._make = make
        self._stream: Optional[_skel.Stream] = None
        self._blocks = _Lane(card._threads)

    async def __aenter__(self) -> "Stream":
        stream: Optional[_skel.Stream] = None
        given_up = False

        def open_it() -> None:
            nonlocal stream
            stream = self._make()
            if given_up:
                stream.close()

        try:
            await self._card._queries.run(open_it)
        except asyncio.CancelledError:
            # it may be open, or will be: whoever comes second closes it
            given_up = True
            if stream:
                stream.close()
            raise
        self._stream = stream
        return self

    async def __aexit__(self, *args: Any) -> None:
        stream = self._opened()
        await self._card._queries.run(lambda: stream.__exit__(*args))

    def _opened(self) -> _skel.Stream:
        if self._stream is None:
            raise ValueError("the stream is not open: enter it by async with")
        return self._stream

    async def start(self, command: Union[str, bytes, None] = None) -> None:
        """skel.Stream.start()."""
        stream = self._opened()
        await self._card._queries.run(lambda: stream.start(command))

    async def stop(self) -> None:
        """skel.Stream.stop()."""
        await self._card._queries.run(self._opened().stop)

    async def acquire(self, timeout: Optional[float] = None) -> Optional[_skel.Block]:
        """skel.Stream.acquire()."""
        return await self._blocks.take(self._opened().acquire, timeout)

    def info(self) -> _skel.StreamInfo:
        """skel.Stream.info()."""
        return self._opened().info()

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> _skel.Block:
        block = await self.acquire()
        if block is None:
            raise StopAsyncIteration
        return block
