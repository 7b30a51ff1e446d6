# SPDX-License-Identifier: LGPL-2.1-or-later
"""What no program should do must end in an exception."""

import inspect
import os
import random
import signal
import unittest

import fake
import skel

GARBAGE = [
    None, True, -1, 0, 1, 2**31, 2**32, 2**63, 2**64, 2**200, 1.5, float("nan"), float("inf"),
    "", "\0", "\n", "\ud800", "x" * 5000, b"", b"\xff" * 2000, bytearray(b"abc"), [], {}, object(),
    ValueError, lambda: None, type, memoryview(b"abc"), range(3),
]


def methods(thing):
    for name in dir(type(thing)):
        call = getattr(type(thing), name)
        if callable(call) and (not name.startswith("_") or name in ("__enter__", "__exit__")):
            yield name


class Abuse(fake.Case):
    def everything(self):
        """One of each, in the middle of their lives."""
        buffer = self.card.malloc(4096)
        stream = self.card.stream(4, 400)
        stream.start("SAMPLE 1000")
        return [self.card, buffer, self.card.map(), self.card.submit_tohost(buffer), stream, next(stream)]

    def test_garbage(self):
        """Any method with any arguments: an exception of the usual kind, or a result."""
        dice = random.Random(1)
        calls = 0
        for _ in range(15):
            for thing in self.everything():
                for name in methods(thing):
                    if name in ("close", "__exit__"):
                        continue
                    names = list(inspect.signature(getattr(thing, name)).parameters)
                    args = {n: dice.choice(GARBAGE) for n in names if n != "args"}
                    # without end, this would wait without end
                    if not isinstance(args.get("timeout", 0), (int, str)) or args.get("timeout") not in (0, -1):
                        args.pop("timeout", None)
                        if "timeout" in names:
                            args["timeout"] = dice.choice([0, "1", -1, float("nan")])
                    if name == "acquire" and args["timeout"] == 0:
                        args["timeout"] = 0.001
                    try:
                        # some take their arguments by position only
                        if name in ("send", "region_info"):
                            getattr(thing, name)(*args.values())
                        else:
                            getattr(thing, name)(**args)
                    except (OSError, ValueError, TypeError, OverflowError, BufferError, UnicodeError):
                        pass
                    calls += 1
            self.card.__exit__()
            self.card = skel.Card(fake.PATH)
        self.assertGreater(calls, 500)

    def test_closed(self):
        """Of a closed card, nothing works and nothing crashes."""
        things = self.everything()
        self.card.close()
        for thing in things:
            for name in methods(thing):
                args = [b"x"] * sum(
                    p.default is p.empty and p.kind != p.VAR_POSITIONAL
                    for p in inspect.signature(getattr(thing, name)).parameters.values()
                )
                try:
                    getattr(thing, name)(*args)
                except (ValueError, TypeError, skel.Failed):
                    pass
            for name in dir(type(thing)):
                try:
                    getattr(thing, name)
                except ValueError:
                    pass

    def test_no_init(self):
        card = skel.Card.__new__(skel.Card)
        self.assertTrue(card.closed)
        card.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            card.query("*IDN?")
        for wrong in GARBAGE:
            with self.assertRaises((TypeError, ValueError, skel.Error)):
                skel.Card(wrong if wrong is not None else "")

    def test_no_attributes(self):
        for thing in self.everything():
            for name in [n for n in dir(type(thing)) if not n.startswith("_")]:
                with self.assertRaises((AttributeError, TypeError)):
                    setattr(thing, name, 1)

    def test_immutable_types(self):
        import pickle

        for thing in self.everything():
            with self.assertRaises(TypeError):
                pickle.dumps(thing)

    def test_views_of_views(self):
        """All that is made of a view keeps the memory."""
        with self.card, self.card.malloc(4096) as buffer:
            views = [memoryview(buffer)]
            views += [views[0][::2], views[0][10:20], views[0].cast("h"), memoryview(views[0])]
        for view in views:
            view[0] = 1
        while views:
            views.pop(random.Random(2).randrange(len(views))).release()

    def test_reference_to_itself(self):
        class Own(skel.Card):
            pass

        for _ in range(3):
            card = Own(fake.PATH)
            card.me = card
            card.buffer = card.malloc(1)
            card.view = memoryview(card.buffer)
            del card
            import gc

            gc.collect()


class Fork(fake.Case):
    def child(self, call):
        """Run it in a child. Return: what it printed, after its status was seen to be 0."""
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            status = 1
            try:
                os.write(write, repr(call()).encode())
                status = 0
            except BaseException as error:
                os.write(write, repr(error).encode())
            finally:
                os._exit(status)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            text = pipe.read().decode()
        self.assertEqual(os.waitpid(pid, 0)[1], 0, text)
        return text

    def refusals(self, things):
        wrong = []
        for call in things:
            try:
                wrong.append(call())
            except skel.Denied as error:
                if "before fork" not in error.strerror:
                    wrong.append(error)
        return wrong

    def test_child(self):
        """A child can only close; the parent's card goes on."""
        buffer = self.card.malloc(4096)
        stream = self.card.stream(4, 400)
        stream.start("SAMPLE 1000")
        block = next(stream)
        transfer = self.card.submit_tohost(buffer)

        def child():
            wrong = self.refusals([
                self.card.info, self.card.clear, self.card.dispatch, self.card.readline,
                lambda: self.card.query("*IDN?"), lambda: self.card.malloc(1), buffer.free,
                lambda: memoryview(buffer), lambda: memoryview(block), stream.acquire, stream.stop,
                transfer.wait, lambda: self.card.tohost(buffer), lambda: buffer.address,
            ])
            block.release()
            transfer.abandon()
            stream.close()
            self.card.close()
            return wrong, self.card.closed

        self.assertEqual(self.child(child), "([], True)")
        block.release()
        self.assertEqual(next(stream).index, 1)
        self.assertEqual(transfer.wait(5).result, "done")
        self.assertEqual(self.card.query("*IDN?"), "skel,fake,0,1")
        stream.close()
        buffer.free()

    def test_child_forgets(self):
        """Collecting the parent's objects in the child changes nothing for the parent."""
        things = [self.card.malloc(4096), self.card.stream(4, 400)]

        def child():
            import gc

            things.clear()
            self.card = None
            gc.collect()

        self.assertEqual(self.child(child), "None")
        self.assertEqual(fake.get("buffers"), 2)
        self.assertEqual(things[1].info().blocks, 4)

    def test_while_another_thread_waits(self):
        with fake.thread(self.card.readline, 0.3):
            def child():
                self.card.close()
                return self.card.closed

            self.assertEqual(self.child(child), "True")


class Programs(unittest.TestCase):
    """What could only end the interpreter is tried in one of its own."""

    def test_end_with_everything_open(self):
        status, text = fake.program(
            "card = skel.Card(fake.PATH)\n"
            "buffer = card.malloc(4096); view = memoryview(buffer); region = card.map()\n"
            "stream = card.stream(4, 400); stream.start('SAMPLE 1000'); block = next(stream)\n"
            "held = memoryview(block); transfer = card.submit_tohost(buffer)\n"
            "import sys; sys.everything = [card, view, stream, held, transfer]\n"
        )
        self.assertEqual((status, text), (0, ""))

    def test_end_in_a_thread(self):
        status, text = fake.program(
            "import threading, time\n"
            "card = skel.Card(fake.PATH)\n"
            "threading.Thread(target=card.readline, daemon=True).start()\n"
            "time.sleep(0.05)\n"
        )
        self.assertEqual((status, text), (0, ""))

    def test_ctrl_c(self):
        """It ends a wait without end at once."""
        status, text = fake.program(
            "import signal, threading, time\n"
            "card = skel.Card(fake.PATH)\n"
            "threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
            "try:\n    card.readline()\n"
            "except KeyboardInterrupt:\n    print('interrupted')\n"
        )
        self.assertEqual((status, text), (0, "interrupted\n"))

    def test_freed_behind_its_back(self):
        """FREE by hand revokes the memory: SIGBUS, as documented, not other memory."""
        status, _ = fake.program(
            "import faulthandler, fcntl, struct\n"
            "faulthandler.disable()\n"
            "card = skel.Card(fake.PATH); buffer = card.malloc(4096); view = memoryview(buffer)\n"
            "view[0] = 1\n"
            "fcntl.ioctl(card.fileno(), 0xbb03, struct.pack('=IIQ', 16, 0, buffer.address))\n"
            "view[0] = 2\n"
        )
        self.assertEqual(status, -signal.SIGBUS)
