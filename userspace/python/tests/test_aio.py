# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cards in an event loop: many tasks at once, and tasks that are cancelled."""

import asyncio
import errno
import time
import unittest

import fake
import skel
import skel.aio


class Loop(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        fake.set(reset=1)
        self.card = skel.aio.Card(fake.PATH)

    async def asyncTearDown(self):
        await self.card.__aexit__(None, None, None)

    async def test_commands(self):
        async with skel.aio.Card(skel.Card(fake.PATH)) as card:
            self.assertEqual(await card.query("*IDN?"), "skel,fake,0,1")
            self.assertEqual(await card.query_bytes("BLOCK?"), b"#15a\nb\n\n,1")
            await card.send("*IDN?")
            self.assertEqual(await card.readline(1), "skel,fake,0,1")
            await card.send("*IDN?")
            await card.clear()
            with self.assertRaises(skel.Timeout):
                await card.readline(0)
        self.assertTrue(card.card.closed)

    async def test_at_once(self):
        answers = await asyncio.gather(*(self.card.query("*IDN?") for _ in range(50)))
        self.assertEqual(set(answers), {"skel,fake,0,1"})

    async def test_the_loop_goes_on(self):
        ticks = 0
        fake.set(silent=1)
        query = asyncio.ensure_future(self.card.query("*IDN?", 0.2))
        while not query.done():
            await asyncio.sleep(0.01)
            ticks += 1
        self.assertGreater(ticks, 3)
        with self.assertRaises(skel.Timeout):
            await query

    async def test_events(self):
        for number in range(5):
            fake.say("event: %d" % number)
        seen = []
        async for event in self.card.events():
            seen.append(event)
            if len(seen) == 5:
                break
        self.assertEqual(seen, list("01234"))

    async def test_cancelled_reader_loses_nothing(self):
        for _ in range(3):
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.card.read_event(), 0.05)
        fake.say("event: late")
        await asyncio.sleep(0.05)
        self.assertEqual(await self.card.read_event(5), "late")

    async def test_cancelled_query(self):
        """Its answer is not that of the next one."""
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(self.card.query("SLOWLY?"), 0.001)
        self.assertEqual(await self.card.query("*IDN?"), "skel,fake,0,1")

    async def test_transfers(self):
        with self.card.card.malloc(4096, skel.TOHOST | skel.FROMHOST) as buffer:
            with buffer.view() as view:
                view[:4] = b"abcd"
            await self.card.fromhost(buffer, 0, 4)
            done = await asyncio.gather(
                *(self.card.tohost(buffer, 0, 4, offset=4 * i) for i in range(100))
            )
            self.assertEqual({t.result for t in done}, {"done"})
            self.assertEqual(bytes(buffer)[:400], b"abcd" * 100)
            with self.assertRaises(skel.Refused) as caught:
                await self.card.tohost(buffer, 1 << 40)
            self.assertEqual(caught.exception.reason, "card-address")
            with self.assertRaises(ValueError):
                await self.card.tohost(buffer, length=4097)

    async def test_given_up(self):
        buffer = self.card.card.malloc(4096)
        fake.set(silent=1)
        with self.assertRaises(skel.Timeout) as caught:
            await self.card.tohost(buffer, length=16, timeout=0.05)
        self.assertEqual(caught.exception.errno, errno.ETIMEDOUT)
        task = asyncio.ensure_future(self.card.tohost(buffer, length=32))
        await asyncio.sleep(0.05)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        fake.set(silent=0)
        self.assertEqual((await self.card.tohost(buffer)).result, "done")

    async def test_unplugged(self):
        buffer = self.card.card.malloc(4096)
        fake.set(unplug=1)
        with self.assertRaises(skel.Error):
            await self.card.tohost(buffer)
        with self.assertRaises(skel.CardGone):
            await self.card.read_event()

    async def test_close_ends_waits(self):
        fake.set(silent=1)
        buffer = self.card.card.malloc(4096)
        tasks = [
            asyncio.ensure_future(wait)
            for wait in (self.card.readline(), self.card.read_event(), self.card.tohost(buffer))
        ]
        await asyncio.sleep(0.05)
        await self.card.close()
        for task in tasks:
            with self.assertRaises((ValueError, skel.Failed)):
                await asyncio.wait_for(task, 5)

    async def test_stream(self):
        async with self.card.stream(blocks=4, block=400) as stream:
            await stream.start("SAMPLE 1000")
            count = 0
            async for block in stream:
                self.assertEqual((block.index, block.lost), (count, 0))
                count += 1
                if count == 10:
                    await stream.stop()
            self.assertGreaterEqual(count, 10)
            self.assertIsNone(await stream.acquire())
            self.assertEqual(stream.info().lost, 0)
            del block
        self.assertEqual(fake.get("buffers"), 0)

    async def test_cancelled_stream_loses_nothing(self):
        async with self.card.stream(blocks=4, block=400) as stream:
            await stream.start("SAMPLE 1000")
            numbers = []
            while len(numbers) < 30:
                try:
                    block = await asyncio.wait_for(stream.acquire(), 0.0005)
                except asyncio.TimeoutError:
                    continue
                numbers.append(block.index)
                del block
            self.assertEqual(numbers, list(range(30)))

    async def test_cancelled_opening(self):
        """A stream that nobody has any more is closed before the next one is opened."""
        opened = []

        def slowly():
            time.sleep(0.05)
            opened.append(self.card.card.stream(4, 400))
            return opened[-1]

        for _ in range(3):
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(skel.aio.Stream(self.card, slowly).__aenter__(), 0.01)
            async with self.card.stream(4, 400) as stream:
                self.assertEqual(stream.info().blocks, 4)
                self.assertTrue(opened[-1].closed)

    async def test_arguments(self):
        with self.assertRaises(skel.NotFound):
            skel.aio.Card("/nowhere")
        for wrong in -1, float("nan"):
            with self.assertRaisesRegex(ValueError, "a timeout is in seconds"):
                await self.card.readline(wrong)
        with self.assertRaisesRegex(ValueError, "async with"):
            self.card.stream().info()
