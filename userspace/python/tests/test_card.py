# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cards, commands, answers and events."""

import errno
import os
import pathlib
import pickle
import signal
import threading
import time
import unittest

import fake
import skel


class Open(fake.Case):
    def test_names_of_the_device(self):
        for path in fake.PATH, fake.PATH.encode(), pathlib.Path(fake.PATH):
            with skel.Card(path) as card:
                self.assertEqual(card.info().name, "fake")

    def test_not_there(self):
        with self.error(skel.NotFound, errno.ENOENT, "there is no such card"):
            skel.Card("/nowhere/skel0")
        with self.assertRaises(FileNotFoundError):
            skel.Card(path="/nowhere/skel0")
        with self.error(skel.NotFound, errno.ENOENT, "/nowhere/\udcff"):
            skel.Card(b"/nowhere/\xff")

    def test_default(self):
        self.assertEqual(skel.DEFAULT_PATH, "/dev/skel0")
        if not os.path.exists(skel.DEFAULT_PATH):
            with self.error(skel.NotFound, errno.ENOENT, skel.DEFAULT_PATH):
                skel.Card()

    def test_no_card(self):
        with self.error(skel.Error, errno.ENOTTY, "is not a card"):
            skel.Card("/dev/null")

    def test_closed(self):
        self.assertFalse(self.card.closed)
        self.card.close()
        self.assertTrue(self.card.closed)
        self.card.close()
        for call in (
            self.card.info,
            self.card.fileno,
            self.card.readline,
            self.card.dispatch,
            self.card.stream,
            self.card.__enter__,
            lambda: self.card.query("*IDN?"),
            lambda: self.card.malloc(1),
        ):
            with self.assertRaisesRegex(ValueError, "the card is closed"):
                call()

    def test_with(self):
        with self.card as card:
            self.assertIs(card, self.card)
        self.assertTrue(card.closed)

    def test_again(self):
        with self.assertRaisesRegex(ValueError, "open already"):
            self.card.__init__(fake.PATH)
        self.assertEqual(self.card.info().name, "fake")
        buffer = self.card.malloc(4096)
        self.card.close()
        # its buffers are gone, and must not be taken for those of another handle
        with self.assertRaisesRegex(ValueError, "was closed"):
            self.card.__init__(fake.PATH)
        self.assertTrue(buffer.freed)
        with self.assertRaisesRegex(ValueError, "closed"):
            memoryview(buffer)
        # what could not be opened can be tried again
        card = skel.Card.__new__(skel.Card)
        with self.assertRaises(skel.NotFound):
            card.__init__("/nowhere/skel0")
        card.__init__(fake.PATH)
        self.assertEqual(card.info().name, "fake")
        card.close()

    def test_describes(self):
        info = self.card.info()
        both = skel.CAP_TOHOST | skel.CAP_FROMHOST
        self.assertEqual(info.caps & both, both)
        self.assertEqual((info.caps & skel.CAP_ENFORCED, info.segments), (skel.CAP_ENFORCED, 0))
        self.assertEqual(info.buffer_max, 8 << 30)
        self.assertEqual((info.channel, info.channels, info.transfers), (3, 32, 4))
        region = self.card.region_info(0)
        self.assertEqual(region, ("memory", skel.REGION_RAM, 0, fake.MEMORY))
        self.assertEqual(region.length, fake.MEMORY)
        with self.error(skel.Error, errno.EINVAL, "no region 1"):
            self.card.region_info(1)

    def test_unplugged(self):
        fake.set(unplug=1)
        with self.error(skel.CardGone, errno.ENODEV, "the card is gone"):
            self.card.query("*IDN?")
        with self.error(skel.CardGone, errno.ENODEV, "the card is gone"):
            self.card.info()

    def test_subclass(self):
        class Named(skel.Card):
            def name(self):
                return self.query("*IDN?")

        card = Named(fake.PATH)
        card.me = card
        self.assertEqual(card.name(), "skel,fake,0,1")


class Lines(fake.Case):
    def test_query(self):
        self.assertEqual(self.card.query("*IDN?"), "skel,fake,0,1")
        self.assertEqual(self.card.query(b"*IDN?", timeout=None), "skel,fake,0,1")
        self.assertEqual(self.card.query_bytes("*IDN?"), b"skel,fake,0,1")

    def test_events_are_no_answers(self):
        fake.say("event: PROGRAM ramp STOPPED error")
        self.assertEqual(self.card.query("*IDN?"), "skel,fake,0,1")
        self.assertEqual(self.card.read_event(1), "PROGRAM ramp STOPPED error")
        with self.error(skel.Timeout, errno.ETIMEDOUT, "no event"):
            self.card.read_event(0)

    def test_late_answer(self):
        with self.error(skel.Timeout, errno.ETIMEDOUT, "SLOWLY?"):
            self.card.query("SLOWLY?", 0.001)
        self.assertEqual(self.card.query("*IDN?"), "skel,fake,0,1")

    def test_timeout_is_a_timeout(self):
        with self.assertRaises(TimeoutError):
            self.card.readline(timeout=0.01)

    def test_send_and_read(self):
        self.card.send("*IDN?")
        self.assertEqual(self.card.readline(), "skel,fake,0,1")
        self.card.send("*IDN?")
        self.card.clear()
        with self.assertRaises(skel.Timeout):
            self.card.readline(0)

    def test_blocks(self):
        answer = self.card.query_bytes("BLOCK?")
        self.assertEqual(answer, b"#15a\nb\n\n,1")
        self.assertEqual(skel.find_blocks(answer), [b"a\nb\n\n"])
        self.assertEqual(skel.find_blocks(b"#13a,b,#11c,#10"), [b"a,b", b"c", b""])
        for none in b"", b"1,2", b"#15abc", b"#", b"'#11a'":
            self.assertEqual(skel.find_blocks(none), [])

    def test_any_bytes(self):
        fake.say("event: 20 °C")
        self.assertEqual(self.card.read_event(1), "20 °C")
        fake._card.fake_say(b"event: \xff\n")
        event = self.card.read_event(1)
        self.assertEqual(event.encode("utf-8", "surrogateescape"), b"\xff")
        fake.set(silent=1)
        with self.error(skel.Timeout, errno.ETIMEDOUT, "'\udcff?'"):
            self.card.query(b"\xff?", 0.01)

    def test_line_of_a_card(self):
        for wrong in "a\nb", "a\0b", b"\n", "\n":
            with self.assertRaisesRegex(ValueError, "neither a NUL nor a newline"):
                self.card.send(wrong)
        for wrong in 1, None, ["*IDN?"], bytearray(b"x"):
            with self.assertRaisesRegex(TypeError, "a line is str or bytes"):
                self.card.query(wrong)
        with self.error(skel.Error, errno.EMSGSIZE, "at most 1023 can be sent"):
            self.card.send("x" * skel.LINE_MAX)
        self.assertEqual(self.card.query("*IDN?"), "skel,fake,0,1")

    def test_timeouts(self):
        for wrong in -1, float("nan"), -0.1:
            with self.assertRaisesRegex(ValueError, "a timeout is in seconds"):
                self.card.readline(wrong)
        for wrong in "1", [], 1j:
            with self.assertRaises(TypeError):
                self.card.query("*IDN?", wrong)
        fake.say("event: 1")
        self.assertEqual(self.card.read_event(float("inf")), "1")

    def test_signal(self):
        """A handler that raises ends a wait, one that does not does not."""
        hits = []
        old = signal.signal(signal.SIGALRM, lambda *args: hits.append(1))
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with self.assertRaises(skel.Timeout):
            self.card.readline(0.2)
        self.assertEqual(hits, [1])
        signal.signal(signal.SIGALRM, lambda *args: 1 / 0)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with self.assertRaises(ZeroDivisionError):
            self.card.readline()
        fake.set(silent=1)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with self.assertRaises(ZeroDivisionError):
            self.card.query("*IDN?")
        signal.signal(signal.SIGALRM, lambda *args: None)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with self.assertRaises(InterruptedError):
            self.card.query("*IDN?")

    def test_handler_that_closes(self):
        old = signal.signal(signal.SIGALRM, lambda *args: self.card.close())
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with self.assertRaisesRegex(ValueError, "closed"):
            self.card.readline()


class Threads(fake.Case):
    def test_others_run_while_one_waits(self):
        start = time.monotonic()
        with fake.thread(self.card.readline, 0.3) as result:
            self.assertEqual(self.card.info().name, "fake")
            self.assertLess(time.monotonic() - start, 0.25)
        self.assertIsInstance(result[0], skel.Timeout)

    def test_answers_go_to_those_who_asked(self):
        wrong = []

        def ask(question, answer):
            for _ in range(100):
                if self.card.query_bytes(question) != answer:
                    wrong.append(question)

        pairs = [("*IDN?", b"skel,fake,0,1"), ("BLOCK?", b"#15a\nb\n\n,1")] * 2
        threads = [threading.Thread(target=ask, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_close_ends_waits(self):
        for call in self.card.readline, self.card.read_event:
            card = skel.Card(fake.PATH)
            with fake.thread(getattr(card, call.__name__)) as result:
                start = time.monotonic()
                card.close()
                self.assertTrue(card.closed)
                self.assertLess(time.monotonic() - start, 1)
            self.assertIsInstance(result[0], ValueError)

    def test_close_waits_for_a_query(self):
        fake.set(silent=1)
        with fake.thread(self.card.query, "*IDN?", 0.3) as result:
            self.card.close()
        self.assertIsInstance(result[0], skel.Timeout)


class Reports(unittest.TestCase):
    def test_parse(self):
        line = skel.CORE_MARK + "REFUSED TOHOST 0x0 0x10 0x400000000 host-address"
        report = skel.parse_transfer(line)
        self.assertEqual(report, ("refused", "tohost", 0, 16, 0x400000000, "host-address"))
        self.assertEqual(report.host_address, 0x400000000)
        done = skel.parse_transfer(b"skel: DONE FROMHOST 0x8 0x1 0x400000000")
        self.assertEqual((done.result, done.direction, done.reason), ("done", "fromhost", ""))
        for other in "REFUSED TOHOST 0x0 0x10 0x400000000 host-address", "", "skel: ":
            self.assertIsNone(skel.parse_transfer(other))
        with self.assertRaises(ValueError):
            skel.parse_transfer("a\nb")


class Errors(unittest.TestCase):
    def test_pickle(self):
        error = skel.errors.make(errno.EACCES, "no", "host-address")
        again = pickle.loads(pickle.dumps(error))
        self.assertIs(type(again), skel.Refused)
        self.assertEqual(again.reason, "host-address")
        self.assertEqual((again.errno, again.strerror), (errno.EACCES, "no"))
