# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transfers: one at a time, many at once, given up."""

import errno
import gc
import threading

import fake
import skel


class Transfers(fake.Case):
    def setUp(self):
        super().setUp()
        self.buffer = self.card.malloc(4096, skel.TOHOST | skel.FROMHOST)

    def tearDown(self):
        del self.buffer
        super().tearDown()

    def fill(self, data):
        with self.buffer.view() as view:
            view[: len(data)] = data

    def test_there_and_back(self):
        self.fill(b"hello")
        done = self.card.fromhost(self.buffer, 100, 5)
        self.assertEqual(
            (done.result, done.reason, done.direction, done.card_address, done.length),
            ("done", "", "fromhost", 100, 5),
        )
        self.card.tohost(self.buffer, card_address=102, length=3, offset=8)
        self.assertEqual(bytes(self.buffer)[:12], b"hello\0\0\0llo\0")
        self.assertIs(done.buffer, self.buffer)

    def test_refused(self):
        with self.error(skel.Refused, errno.EACCES, "TOHOST".lower()) as expected:
            self.card.tohost(self.buffer, fake.MEMORY)
        self.assertEqual(expected.error.reason, "card-address")
        self.assertIsInstance(expected.error, skel.TransferError)

    def test_arguments(self):
        for args in (4097,), (-1,), (0, 4097), (1, -1), (1, 4096), (2**63 - 1, 1):
            length, offset = args[0], args[1] if len(args) > 1 else 0
            with self.assertRaisesRegex(ValueError, "which has 4096 bytes"):
                self.card.tohost(self.buffer, length=length, offset=offset)
        for wrong in -1, 2**64:
            with self.assertRaisesRegex(ValueError, "is not a number of 0 to"):
                self.card.tohost(self.buffer, wrong)
        for wrong in bytearray(10), None, self.card:
            with self.assertRaises(TypeError):
                self.card.submit_tohost(wrong)
        freed = self.card.malloc(1)
        freed.free()
        with self.assertRaisesRegex(ValueError, "the buffer was freed"):
            self.card.submit_fromhost(freed)
        self.card.close()
        self.card = skel.Card(fake.PATH)
        with self.assertRaisesRegex(ValueError, "another card"):
            self.card.tohost(self.buffer)

    def test_many(self):
        """More than the card can run at once; each end is told once."""
        self.card.send("SAMPLE 1000")
        self.card.clear()
        buffers = [self.card.malloc(4096) for _ in range(20)]
        transfers = [self.card.submit_tohost(b, 64 * i, 64) for i, b in enumerate(buffers)]
        told = []
        while len(told) < len(transfers):
            told += self.card.dispatch(5)
        self.assertEqual(self.card.dispatch(0), [])
        self.assertEqual({id(t) for t in told}, {id(t) for t in transfers})
        self.assertEqual({t.result for t in transfers}, {"done"})
        self.assertEqual(transfers[3].wait(0), transfers[3])

    def test_wait_for_the_last(self):
        transfers = [self.card.submit_tohost(self.buffer, 0, 8, 8 * i) for i in range(10)]
        self.assertIs(transfers[-1].wait(5), transfers[-1])
        self.assertEqual(self.card.dispatch(5)[-1].result, "done")
        for transfer in transfers:
            transfer.wait(5)
        self.assertEqual(self.card.dispatch(), [])

    def test_refused_ones(self):
        fake.set(refuse=1)
        transfer = self.card.submit_tohost(self.buffer)
        self.assertEqual(self.card.dispatch(5), [transfer])
        self.assertEqual((transfer.result, transfer.reason), ("refused", "host-address"))
        with self.error(skel.Refused, errno.EACCES, "refused it: host-address"):
            transfer.wait()

    def test_given_up(self):
        """The end of one that timed out is not that of the next."""
        fake.set(slow=1)
        with self.error(skel.Timeout, errno.ETIMEDOUT, ""):
            self.card.tohost(self.buffer, 0, 16, timeout=0.05)
        fake.set(slow=0)
        self.card.query("*IDN?")
        self.assertEqual(self.card.dispatch(0), [])
        fake.set(refuse=1)
        with self.error(skel.Refused, errno.EACCES, "host-address"):
            self.card.tohost(self.buffer, 0, 16)

    def test_abandon(self):
        fake.set(silent=1)
        transfer = self.card.submit_tohost(self.buffer)
        self.assertEqual((transfer.result, transfer.reason), ("pending", ""))
        with self.assertRaises(skel.Timeout):
            self.card.dispatch(0.01)
        with self.assertRaises(skel.Timeout):
            transfer.wait(0.01)
        transfer.abandon()
        transfer.abandon()
        self.assertEqual(transfer.result, "abandoned")
        with self.assertRaisesRegex(ValueError, "abandoned"):
            transfer.wait()
        self.assertEqual(self.card.dispatch(), [])

    def test_unplugged(self):
        transfer = self.card.submit_tohost(self.buffer)
        self.card.dispatch()
        fake.set(silent=1)
        transfer = self.card.submit_tohost(self.buffer)
        fake.set(silent=0, unplug=1)
        self.card.send("anything")
        with self.error(skel.Failed, errno.EIO, "gone"):
            transfer.wait(5)
        self.assertEqual((transfer.result, transfer.reason), ("failed", "gone"))
        with self.error(skel.CardGone, errno.ENODEV, "gone"):
            self.card.tohost(self.buffer)

    def test_closed(self):
        fake.set(silent=1)
        transfer = self.card.submit_tohost(self.buffer)
        self.card.close()
        self.assertEqual((transfer.result, transfer.reason), ("failed", "closed"))
        with self.error(skel.Failed, errno.EIO, "closed"):
            transfer.wait()

    def test_close_ends_waits(self):
        fake.set(silent=1)
        transfer = self.card.submit_tohost(self.buffer)
        with fake.thread(transfer.wait) as result, fake.thread(self.card.dispatch) as other:
            self.card.close()
        self.assertIsInstance(result[0], (ValueError, skel.Failed))
        self.assertIsInstance(other[0], ValueError)

    def test_holds_its_buffer(self):
        fake.set(silent=1)
        before = fake.get("buffers")
        transfer = self.card.submit_tohost(self.card.malloc(4096))
        self.assertEqual(fake.get("buffers"), before + 1)
        transfer.abandon()
        del transfer
        self.assertEqual(fake.get("buffers"), before)

    def test_forgotten(self):
        """A card that only its running transfers refer to is garbage."""
        fake.set(silent=1)
        fd = self.card.fileno()
        self.card.submit_tohost(self.buffer)
        del self.buffer, self.card
        gc.collect()
        self.card = skel.Card(fake.PATH)
        self.assertEqual(self.card.fileno(), fd)
        fake.set(silent=0)
        self.buffer = self.card.malloc(4096)

    def test_threads(self):
        """Those that wait and those that dispatch at the same time."""
        wrong, told, submitted = [], [], []
        stop = threading.Event()

        def dispatch():
            while not stop.is_set():
                try:
                    told.extend(self.card.dispatch(0.01))
                except skel.Timeout:
                    pass

        def work(offset):
            try:
                for _ in range(100):
                    self.card.tohost(self.buffer, 0, 8, offset)
                    transfer = self.card.submit_tohost(self.buffer, 0, 8, offset)
                    submitted.append(transfer)
                    transfer.wait(5)
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(8 * i,)) for i in range(3)]
        other = threading.Thread(target=dispatch)
        for thread in threads + [other]:
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        other.join()
        self.assertEqual(wrong, [])
        # each once, and none of those that tohost() waits for
        self.assertEqual(len(told), len(set(told)))
        self.assertEqual(set(told) - set(submitted), set())
        self.assertEqual({t.result for t in told} | {"done"}, {"done"})
