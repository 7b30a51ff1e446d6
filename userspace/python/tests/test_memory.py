# SPDX-License-Identifier: LGPL-2.1-or-later
"""Buffers and regions, and who keeps them alive."""

import array
import errno
import gc
import unittest

import fake
import skel

try:
    import numpy
except ImportError:
    numpy = None


class Buffers(fake.Case):
    def test_bytes(self):
        buffer = self.card.malloc(5000)
        self.assertEqual(len(buffer), 5000)
        self.assertEqual(bytes(buffer), bytes(5000))
        self.assertEqual(buffer.address % 4096, 0)
        self.assertIs(buffer.card, self.card)
        with memoryview(buffer) as view:
            self.assertEqual((view.nbytes, view.readonly, view.contiguous), (5000, False, True))
            view[4999] = 7
        with buffer.view(4990) as part:
            self.assertEqual(bytes(part), bytes(9) + b"\7")
        with buffer.view(offset=4998, length=1) as part:
            self.assertEqual(bytes(part), b"\0")
        buffer.sync_for_cpu()
        buffer.sync_for_device(16, length=16)

    def test_part(self):
        buffer = self.card.malloc(100)
        for args in (101,), (-1,), (0, 101), (0, -1), (50, 51), (2**62, 2**62):
            with self.assertRaisesRegex(ValueError, "which has 100 bytes"):
                buffer.view(*args)
            with self.assertRaisesRegex(ValueError, "which has 100 bytes"):
                buffer.sync_for_cpu(*args)
        self.assertEqual(len(buffer.view(100)), 0)
        with self.error(skel.Error, errno.EINVAL, ""):
            buffer.sync_for_cpu(0, 0)
        for args in ("0",), (None,), (0, 1.5), (0, "1"):
            with self.assertRaises(TypeError):
                buffer.view(*args)
        with self.assertRaises(OverflowError):
            buffer.view(0, 2**64)

    def test_arguments(self):
        for wrong in 0, -1:
            with self.assertRaisesRegex(ValueError, "at least 1 byte"):
                self.card.malloc(wrong)
        for wrong in "1", 1.0, None:
            with self.assertRaises(TypeError):
                self.card.malloc(wrong)
        # more bits than the library's flags must not be cut off
        for wrong in -1, 2**32 | skel.TOHOST, 2**64:
            with self.assertRaisesRegex(ValueError, "is not a number of 0 to"):
                self.card.malloc(1, flags=wrong)
        with self.error(skel.Error, errno.EINVAL, ""):
            self.card.malloc(1, flags=0)
        fake.set(no_mmap=1)
        with self.error(skel.Error, errno.ENOMEM, "no memory"):
            self.card.malloc(1)
        self.assertEqual(fake.get("buffers"), 0)

    def test_not_made_by_hand(self):
        for kind in skel.Buffer, skel.Region, skel.Transfer, skel.Stream, skel.Block:
            with self.assertRaises(TypeError):
                kind()

    def test_free(self):
        buffer = self.card.malloc(1)
        self.assertEqual(fake.get("buffers"), 1)
        self.assertFalse(buffer.freed)
        buffer.free()
        buffer.free()
        self.assertTrue(buffer.freed)
        self.assertEqual(fake.get("buffers"), 0)
        for call in buffer.view, buffer.sync_for_cpu, buffer.__enter__, lambda: memoryview(buffer):
            with self.assertRaisesRegex(ValueError, "the buffer was freed"):
                call()
        with self.assertRaisesRegex(ValueError, "the buffer was freed"):
            buffer.address

    def test_free_while_busy(self):
        buffer = self.card.malloc(1)
        fake.set(busy=1)
        with self.error(skel.Error, errno.EBUSY, ""):
            buffer.free()
        self.assertEqual(bytes(buffer), b"\0")
        fake.set(busy=0)
        buffer.free()
        self.assertEqual(fake.get("buffers"), 0)

    def test_views_refuse_free(self):
        buffer = self.card.malloc(1)
        view = memoryview(buffer)
        with self.assertRaisesRegex(BufferError, "1 views of this memory exist"):
            buffer.free()
        with self.assertRaisesRegex(BufferError, "1 views of the card's memory exist"):
            self.card.close()
        view[0] = 1
        self.assertFalse(self.card.closed)
        view.release()
        buffer.free()
        self.card.close()

    def test_with(self):
        with self.card.malloc(1) as buffer:
            view = buffer.view()
        self.assertTrue(buffer.freed)
        self.assertEqual(fake.get("buffers"), 1)
        view[0] = 1
        with self.assertRaisesRegex(ValueError, "the buffer was freed"):
            memoryview(buffer)
        part = view[:1]
        del view
        self.assertEqual((part[0], fake.get("buffers")), (1, 1))
        del part
        self.assertEqual(fake.get("buffers"), 0)

    def test_view_outlives_all(self):
        """The card is closed with the last view."""
        with self.card, self.card.malloc(4096) as buffer:
            view = memoryview(buffer)
        self.assertTrue(self.card.closed)
        with self.assertRaisesRegex(ValueError, "closed"):
            self.card.info()
        card, self.card = self.card, skel.Card(fake.PATH)
        del card, buffer
        gc.collect()
        view[:] = bytes(range(256)) * 16
        self.assertEqual(view[4095], 255)
        view.release()

    def test_forgotten(self):
        self.card.malloc(1)
        self.assertEqual(fake.get("buffers"), 0)
        view = memoryview(self.card.malloc(1))
        self.assertEqual(fake.get("buffers"), 1)
        view[0] = 1
        view.release()
        self.assertEqual(fake.get("buffers"), 0)

    def test_closed_before(self):
        buffer = self.card.malloc(1)
        self.card.close()
        buffer.free()
        self.assertTrue(buffer.freed)
        with self.assertRaisesRegex(ValueError, "the card is closed"):
            memoryview(buffer)

    def test_array(self):
        buffer = self.card.malloc(8)
        with buffer.view() as view, view.cast("h") as samples:
            samples[:] = array.array("h", [1, -2, 3, -4])
        self.assertEqual(array.array("h", bytes(buffer)).tolist(), [1, -2, 3, -4])

    @unittest.skipUnless(numpy, "no numpy")
    def test_numpy(self):
        """The array is the memory: what the card writes shows."""
        with self.card.malloc(fake.MEMORY, skel.TOHOST | skel.FROMHOST) as buffer:
            samples = numpy.frombuffer(buffer, "<i2")
            self.assertEqual(samples.ctypes.data % 4096, 0)
            self.assertTrue(samples.flags.writeable)
            samples[:] = numpy.arange(len(samples))
            self.card.fromhost(buffer)
            samples[:] = 0
            self.card.tohost(buffer)
            self.assertEqual(samples[-1], len(samples) - 1)
            with self.assertRaises(BufferError):
                buffer.free()
        self.assertEqual(int(samples.sum()), sum(range(len(samples))))
        del samples
        self.assertEqual(fake.get("buffers"), 0)


class Regions(fake.Case):
    def test_map(self):
        with self.card.map() as region:
            self.assertEqual(len(region), fake.MEMORY)
            with region.view() as view:
                self.assertTrue(view.readonly)
                with self.assertRaises(TypeError):
                    view[0] = 1
        self.assertTrue(region.unmapped)
        with self.assertRaisesRegex(ValueError, "the region was unmapped"):
            region.view()

    def test_writable(self):
        region = self.card.map(writable=True)
        view = region.view()
        view[0] = 1
        with self.assertRaises(BufferError):
            region.unmap()
        view.release()
        region.unmap()
        region.unmap()

    def test_not_there(self):
        with self.error(skel.Error, errno.EINVAL, ""):
            self.card.map(1)
        with self.assertRaises(ValueError):
            self.card.map(2**32)

    def test_outlives_card(self):
        with self.card:
            view = self.card.map().view()
        self.assertEqual(view[0], 0)
