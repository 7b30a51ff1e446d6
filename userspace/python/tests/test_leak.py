# SPDX-License-Identifier: LGPL-2.1-or-later
"""Neither memory, descriptors nor references are left behind, by errors either."""

import asyncio
import gc
import os
import sys
import tracemalloc
import unittest

import fake
import skel
import skel.aio

TIMES = 30


def quietly(call, *args, **names):
    try:
        return call(*args, **names)
    except (OSError, ValueError, TypeError, BufferError):
        return None


def use_lines(card):
    card.query("*IDN?")
    skel.find_blocks(card.query_bytes("BLOCK?"))
    fake.say("event: x")
    card.read_event()
    quietly(card.readline, 0)
    quietly(card.query, "a\nb")
    quietly(card.query, 5)
    quietly(card.send, "x" * 2000)


def use_memory(card):
    with card.malloc(4096) as buffer:
        view = buffer.view(16, 16)
        quietly(buffer.free)
    del view
    quietly(card.malloc, 0)
    quietly(card.malloc, 1, 0)
    card.malloc(1)
    with card.map() as region:
        memoryview(region)
    card.info()
    card.region_info()
    quietly(card.region_info, 7)


def use_transfers(card):
    buffer = card.malloc(4096, skel.TOHOST | skel.FROMHOST)
    card.tohost(buffer)
    quietly(card.tohost, buffer, 1 << 40)
    card.submit_tohost(buffer)
    card.dispatch()
    card.submit_fromhost(buffer).wait()
    card.submit_tohost(buffer).abandon()
    card.clear()


def use_streams(card):
    with card.stream(4, 400) as stream:
        quietly(next, stream)
        quietly(stream.start, "NONSENSE")
        stream.start("SAMPLE 1000")
        with next(stream) as block:
            bytes(block)
        stream.info()
        stream.stop()
        for block in stream:
            view = memoryview(block)
    del block
    view = None
    quietly(card.stream, blocks=1)


def use_open(card):
    quietly(skel.Card, "/dev/null")
    quietly(skel.Card, "/nowhere")
    quietly(skel.Card, 5)


async def use_loop():
    async with skel.aio.Card(fake.PATH) as card:
        await card.query("*IDN?")
        with card.card.malloc(64) as buffer:
            await card.tohost(buffer)
        async with card.stream(4, 400) as stream:
            await stream.start("SAMPLE 1000")
            async for block in stream:
                break
            del block


def measure():
    gc.collect()
    return (
        sys.gettotalrefcount() if hasattr(sys, "gettotalrefcount") else len(gc.get_objects()),
        len(os.listdir("/proc/self/fd")),
        fake.get("buffers"),
    )


class Leaks(unittest.TestCase):
    def judge(self, call, per_call=16):
        fake.set(reset=1)
        for _ in range(5):  # what is made once
            call()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before, memory = measure(), tracemalloc.get_traced_memory()[0]
        for _ in range(TIMES):
            call()
        after, grown = measure(), tracemalloc.get_traced_memory()[0] - memory
        self.assertLess(after[0] - before[0], TIMES // 2, "objects")
        self.assertEqual(after[1:], before[1:], "descriptors, buffers")
        self.assertLess(grown, TIMES * per_call, "bytes")

    def test_parts(self):
        for use in use_lines, use_memory, use_transfers, use_streams, use_open:
            with self.subTest(use.__name__):
                fake.set(reset=1)
                card = skel.Card(fake.PATH)
                for _ in range(5):
                    use(card)

                def again(use=use):
                    card = skel.Card(fake.PATH)
                    use(card)
                    card.close()

                self.judge(again)

    def test_left_open(self):
        def leave():
            card = skel.Card(fake.PATH)
            buffer = card.malloc(4096)
            stream = card.stream(4, 400)
            stream.start("SAMPLE 1000")
            view = memoryview(next(stream))
            card.submit_tohost(buffer)
            del card, stream, buffer
            view.release()

        self.judge(leave)

    def test_circles(self):
        """A program's own kind of card may keep what was made of it."""

        class Own(skel.Card):
            pass

        def circle():
            card = Own(fake.PATH)
            card.stream = card.stream(4, 400)
            card.stream.start("SAMPLE 1000")
            card.block = next(card.stream)
            card.transfer = card.submit_tohost(card.malloc(4096))
            del card
            gc.collect()

        self.judge(circle)

    def test_loop(self):
        # the loop's own texts of debugging stay
        self.judge(lambda: asyncio.run(use_loop(), debug=False), 256)

    def test_references(self):
        """Those of the types, and of what is passed in."""
        fake.set(reset=1)
        card = skel.Card(fake.PATH)
        buffer = card.malloc(4096)
        line = "*IDN? and more".split(" ", 1)[0]
        things = [skel.Card, skel.Buffer, skel.Transfer, skel.Block, skel.Stream, None, card, buffer, line]
        for _ in range(3):
            use_streams(card)
        before = [sys.getrefcount(thing) for thing in things]
        for _ in range(TIMES):
            card.query(line)
            card.tohost(buffer).buffer.card
            quietly(card.tohost, buffer, "x")
            quietly(card.tohost, buffer, length=9999)
            buffer.view().release()
            use_streams(card)
        after = [sys.getrefcount(thing) for thing in things]
        for thing, a, b in zip(things, before, after):
            self.assertLess(abs(b - a), TIMES // 2, thing)
