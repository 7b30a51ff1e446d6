# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams: blocks, gaps, ends, and who keeps them alive."""

import array
import errno
import gc
import re
import unittest

import fake
import skel

try:
    import numpy
except ImportError:
    numpy = None

BLOCK = 400  # bytes: 100 frames, what the fake card samples with each look


class Streams(fake.Case):
    SOURCE = skel.STREAM_RING

    def open(self, blocks=4):
        return self.card.stream(blocks=blocks, block=BLOCK)

    def test_blocks(self):
        with self.open() as stream:
            self.assertEqual(stream.info().source, self.SOURCE)
            self.assertEqual((stream.info().blocks, stream.info().block, stream.info().frame), (4, BLOCK, 4))
            stream.start("SAMPLE 1000")
            offset = 0
            for number, block in enumerate(stream):
                self.assertEqual(
                    (block.index, block.offset, block.lost, len(block)), (number, offset, 0, BLOCK)
                )
                offset += len(block)
                if number == 20:
                    break
            self.assertEqual(stream.info().bytes, 21 * BLOCK)
            self.assertIs(stream.card, self.card)
        self.assertTrue(stream.closed)
        self.assertEqual(fake.get("buffers"), 0)

    def test_samples(self):
        """The first byte is the first one sampled: input 1 is a square wave."""
        with self.open() as stream:
            stream.start("SAMPLE 1000")
            samples = array.array("h", bytes(next(stream)))
        self.assertEqual(set(samples[1:10:2]), {16383})

    def test_stop(self):
        """What was sampled before stop() still comes."""
        with self.open() as stream:
            stream.start("SAMPLE 1000")
            next(stream)
            stream.stop()
            stream.stop()
            for _ in stream:
                pass
            self.assertIsNone(stream.acquire())
            frames = int(re.search("frames=([0-9]+)", self.card.query("STATUS?"))[1])
            self.assertEqual((stream.info().bytes, stream.info().lost), (4 * frames, 0))

    def test_overrun(self):
        fake.set(lose=5000)
        lost = 0
        with self.open() as stream:
            stream.start("SAMPLE 1000")
            for block in stream:
                lost += block.lost
                if lost:
                    break
            self.assertGreater(block.offset, 5000 * 4)
            self.assertGreaterEqual(stream.info().lost, lost)
        self.assertEqual(lost % 4, 0)

    def test_all_held(self):
        held = []
        with self.open() as stream:
            stream.start("SAMPLE 1000")
            with self.error(skel.Error, errno.ENOBUFS, "release one first"):
                held.extend(stream)
            self.assertEqual([b.index for b in held], [0, 1, 2, 3])
            held[1].release()
            held[1].release()
            self.assertTrue(held[1].released)
            with self.assertRaisesRegex(ValueError, "the block was released"):
                memoryview(held[1])
            held.pop(0)
            self.assertEqual(next(stream).index, 4)
        self.assertTrue(held[0].released)
        with self.assertRaisesRegex(ValueError, "the block was released"):
            bytes(held[-1])

    def test_views(self):
        with self.open() as stream:
            stream.start("SAMPLE 1000")
            with next(stream) as block:
                view = memoryview(block)
                self.assertTrue(view.readonly)
                with self.assertRaisesRegex(BufferError, "1 views of this block"):
                    block.release()
                with self.assertRaisesRegex(BufferError, "1 views of blocks"):
                    stream.close()
                with self.assertRaisesRegex(BufferError, "1 views of the card's"):
                    self.card.close()
            self.assertEqual(stream.info().released, 0)
            self.assertTrue(block.released)
            view.release()
            self.assertEqual(stream.info().released, 1)
            view = memoryview(next(stream))
        self.assertTrue(stream.closed)
        self.assertEqual(fake.get("buffers"), 1)
        del stream, block
        gc.collect()
        self.assertEqual(len(bytes(view)), BLOCK)
        view.release()
        self.assertEqual(fake.get("buffers"), 0)

    @unittest.skipUnless(numpy, "no numpy")
    def test_numpy(self):
        with self.open() as stream:
            stream.start("SAMPLE 1000")
            for block in stream:
                frames = numpy.frombuffer(block, "<i2").reshape(-1, 2)
                self.assertFalse(frames.flags.writeable)
                self.assertEqual(frames.shape, (100, 2))
                if block.index == 20:
                    break
            del block
            self.assertLess(stream.info().released, 21)
            del frames
            self.assertEqual(stream.info().released, 21)

    def test_not_started(self):
        with self.open() as stream:
            with self.assertRaisesRegex(ValueError, "call start"):
                next(stream)
            with self.assertRaisesRegex(ValueError, "call start"):
                stream.acquire(0)
            with self.error(skel.Error, errno.EIO, "the card"):
                stream.start("NONSENSE")
            with self.assertRaisesRegex(ValueError, "newline"):
                stream.start("SAMPLE 1000\nSTOP")
            with self.assertRaises(TypeError):
                stream.start(1000)
            stream.start("SAMPLE 1000")
            with self.error(skel.Error, errno.EALREADY, "was started before"):
                stream.start("SAMPLE 1000")

    def test_follow(self):
        with self.open() as stream:
            stream.start()
            with self.error(skel.Timeout, errno.ETIMEDOUT, "no block is full"):
                stream.acquire(0.05)

    def test_one_at_a_time(self):
        with self.open():
            with self.error(skel.Error, errno.EBUSY, "has a stream already"):
                self.open()
        self.open().close()

    def test_options(self):
        for options, number in {
            ("blocks", 1): errno.EINVAL,
            ("blocks", 65537): errno.EINVAL,
            ("block", 3): errno.EINVAL,
            ("block", 1 << 63): errno.EINVAL,
            ("source", 4): errno.EINVAL,
        }.items():
            with self.error(skel.Error, number, ""):
                self.card.stream(**dict([options]))
        for name in "blocks", "block", "source", "card_address":
            for wrong in -1, 1 << 64:
                with self.assertRaises(ValueError):
                    self.card.stream(**{name: wrong})
            with self.assertRaises(TypeError):
                self.card.stream(**{name: "1"})

    def test_closed_card(self):
        stream = self.open()
        stream.start("SAMPLE 1000")
        block = next(stream)
        self.card.close()
        self.assertTrue(stream.closed)
        self.assertTrue(block.released)
        block.release()
        stream.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            next(stream)

    def test_close_ends_acquire(self):
        stream = self.open()
        stream.start()
        with fake.thread(stream.acquire) as result:
            stream.close()
        self.assertIsInstance(result[0], ValueError)
        self.assertEqual(fake.get("buffers"), 0)
        stream = self.open()
        stream.start()
        with fake.thread(stream.acquire) as result:
            self.card.close()
        self.assertIsInstance(result[0], ValueError)

    def test_forgotten(self):
        stream = self.open()
        stream.start("SAMPLE 1000")
        block = next(stream)
        del stream
        self.assertEqual(fake.get("buffers"), 1)
        self.assertEqual(len(bytes(block)), BLOCK)
        del block
        self.assertEqual(fake.get("buffers"), 0)

    def test_unplugged(self):
        with self.open() as stream:
            stream.start("SAMPLE 1000")
            next(stream)
            fake.set(unplug=1)
            # the second: the fake card is a socket
            with self.assertRaises((skel.CardGone, skel.Error)) as caught:
                for _ in stream:
                    pass
            self.assertIn(caught.exception.errno, (errno.ENODEV, errno.EPIPE))


class OfTheCard(Streams):
    """The same when the card sends the blocks by itself."""

    SOURCE = skel.STREAM_CARD

    def setUp(self):
        super().setUp()
        fake.set(streams=1)

    def test_broken(self):
        fake.set(break_at=12)
        with self.open() as stream:
            stream.start("SAMPLE 1000")
            with self.error(skel.Error, errno.EIO, "timeout"):
                for _ in stream:
                    pass


class OfMemory(fake.Case):
    def test_blocks(self):
        with self.card.stream(4, 1024, skel.STREAM_MEMORY, 2048) as stream:
            stream.start()
            for block in stream:
                self.assertEqual((len(block), block.lost), (1024, 0))
                if block.index == 20:
                    break
        with self.error(skel.Error, errno.EINVAL, "needs its length"):
            self.card.stream(source=skel.STREAM_MEMORY)
