# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fake card of userspace/tests, which is preloaded, and what tests share."""

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
import unittest

import skel

PATH = "/dev/fake-skel"
MEMORY = 16384

_card = ctypes.CDLL(None)
_card.fake_get.restype = ctypes.c_longlong
_card.fake_set.argtypes = [ctypes.c_char_p, ctypes.c_ulonglong]


def set(**values):
    for name, value in values.items():
        if _card.fake_set(name.encode(), value):
            raise AttributeError(name)


def get(name):
    return _card.fake_get(name.encode())


def say(line):
    _card.fake_say(line.encode() + b"\n")


class Case(unittest.TestCase):
    """Each test gets a new card, self.card."""

    def setUp(self):
        set(reset=1)
        self.card = skel.Card(PATH)

    def tearDown(self):
        self.card.__exit__()
        del self.card

    def error(self, kind, number, text):
        """A context in which this must be raised, with one line of text."""
        return _Expected(self, kind, number, text)


class _Expected:
    def __init__(self, case, kind, number, text):
        self.case, self.kind, self.number, self.text = case, kind, number, text

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.case.assertIs(kind, self.kind, error)
        self.case.assertEqual(error.errno, self.number)
        self.case.assertIn(self.text, error.strerror)
        self.case.assertNotIn("\n", error.strerror)
        self.error = error
        return True


@contextlib.contextmanager
def thread(call, *args):
    """Run a call in a thread; the list that is yielded gets its result or exception."""
    result = []

    def run():
        try:
            result.append(call(*args))
        except BaseException as error:
            result.append(error)

    runner = threading.Thread(target=run)
    runner.start()
    time.sleep(0.05)
    yield result
    runner.join(10)
    if runner.is_alive():
        raise AssertionError("the thread does not end")


def program(text):
    """The end of a Python program of its own: status (negative: a signal), output."""
    end = subprocess.run(
        [sys.executable, "-c", "import fake, os, skel\n" + text],
        env={**os.environ, "PYTHONPATH": os.environ["PYTHONPATH"] + ":" + os.path.dirname(__file__)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
    )
    return end.returncode, end.stdout
