# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the page shows is true, the example runs, and every method is documented."""

import doctest
import importlib.util
import inspect
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

import fake
import skel
import skel.aio

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, "..", "..", "examples", "record-and-plot.py")
README = os.path.join(HERE, "..", "..", "..", "README.md")


def is_there(name):
    return importlib.util.find_spec(name) is not None


class Pages(unittest.TestCase):
    def test_examples_of_the_page(self):
        fake.set(reset=1)
        with open(os.path.join(HERE, "..", "skel-python.rst")) as file:
            text = file.read().replace("/dev/skel0", fake.PATH)
        test = doctest.DocTestParser().get_doctest(text, {}, "skel-python.rst", "skel-python.rst", 0)
        # the card needs a moment for what is read without waiting
        test.globs["open"] = lambda *args, **names: time.sleep(0.01) or open(*args, **names)
        output = []
        runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
        runner.run(test, out=output.append)
        self.assertEqual((runner.failures, "".join(output)), (0, ""))
        self.assertGreater(runner.tries, 30)

    @unittest.skipUnless(os.path.exists(README) and is_there("numpy"), "no README.md or no numpy")
    def test_program_of_the_readme(self):
        with open(README) as file:
            program = re.search(r"```python\n(.*?)```", file.read(), re.S).group(1)
        fake.set(reset=1)
        names = {}
        exec(program.replace("Card()", f"Card({fake.PATH!r})"), names)
        self.assertEqual(names["samples"].shape, (2048,))
        self.assertTrue(names["card"].closed)

    def test_docstrings(self):
        """All that is public has one, with a signature where there are arguments."""
        for name in skel.__all__:
            thing = getattr(skel, name)
            if not inspect.isclass(thing):
                continue
            self.assertTrue(thing.__doc__, name)
            for member, value in vars(thing).items():
                if not member.startswith("_"):
                    self.assertTrue(value.__doc__, f"{name}.{member}")
                    if callable(value):
                        inspect.signature(value)
        for kind in skel.aio.Card, skel.aio.Stream:
            for member, value in vars(kind).items():
                if callable(value) and not member.startswith("_"):
                    self.assertTrue(value.__doc__, member)

    def test_defaults_of_signatures(self):
        self.assertEqual(inspect.signature(skel.Card.malloc).parameters["flags"].default, skel.TOHOST)
        self.assertEqual(inspect.signature(skel.Card.stream).parameters["source"].default, skel.STREAM_AUTO)

    def test_only_documented_names(self):
        public = {name for name in vars(skel) if not name.startswith("_")}
        self.assertEqual(public - set(skel.__all__), {"aio", "errors"})

    def test_errors_of_the_page(self):
        with open(os.path.join(HERE, "..", "skel-python.rst")) as file:
            named = set(re.findall(r"^``(\w+)`` {2,}", file.read(), re.M))
        classes = {n for n in skel.__all__ if inspect.isclass(getattr(skel, n)) and issubclass(getattr(skel, n), skel.Error)}
        self.assertEqual(named, classes - {"Error", "TransferError"})


class Example(unittest.TestCase):
    def run_example(self, *args, **environment):
        return subprocess.run(
            [sys.executable, EXAMPLE, "--device", fake.PATH, *args],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )

    @unittest.skipUnless(is_there("numpy") and is_there("matplotlib"), "no numpy or matplotlib")
    def test_plots(self):
        with tempfile.TemporaryDirectory() as directory:
            output = os.path.join(directory, "waves.png")
            end = self.run_example("--rate", "1000", "--seconds", "2", "--output", output, MPLCONFIGDIR=directory)
            self.assertEqual(end.returncode, 0, end.stdout)
            self.assertIn("2000 frames, 0 lost, 1000 frames per second", end.stdout)
            with open(output, "rb") as file:
                self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    @unittest.skipUnless(is_there("numpy") and is_there("matplotlib"), "no numpy or matplotlib")
    def test_blocks_are_short(self):
        """At a low rate, it does not wait for blocks of minutes."""
        spec = importlib.util.spec_from_file_location("example", EXAMPLE)
        example = importlib.util.module_from_spec(spec)
        old, sys.argv = sys.argv, [EXAMPLE, "--device", "/nowhere"]
        with self.assertRaises(SystemExit):
            spec.loader.exec_module(example)
        sys.argv = old
        sizes = []

        class Watched(skel.Card):
            def stream(self, *args, **names):
                sizes.append(names.get("block"))
                return super().stream(*args, **names)

        fake.set(reset=1)
        with Watched(fake.PATH) as card:
            for rate, size in (100, 40), (5, 4), (100000, 4096):
                frames, _, lost = example.record(card, rate, 10 / rate)
                self.assertEqual((len(frames), lost, sizes[-1]), (10, 0, size))

    @unittest.skipUnless(is_there("numpy"), "no numpy")
    def test_without_matplotlib(self):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "matplotlib.py"), "w") as file:
                file.write("raise ImportError(name='matplotlib')\n")
            end = self.run_example("--rate", "1000", "--seconds", "0.1",
                                   PYTHONPATH=directory + ":" + os.environ["PYTHONPATH"])
        self.assertEqual(end.returncode, 1)
        self.assertIn("sudo apt install python3-matplotlib", end.stdout)
        self.assertNotIn("Traceback", end.stdout)

    @unittest.skipUnless(is_there("numpy") and is_there("matplotlib"), "no numpy or matplotlib")
    def test_known_before(self):
        """No output, no recording."""
        end = self.run_example("--output", "/nowhere/waves.png")
        self.assertEqual(end.returncode, 2)
        self.assertIn("can't open '/nowhere/waves.png'", end.stdout)
        self.assertNotIn("frames,", end.stdout)

    @unittest.skipUnless(is_there("numpy") and is_there("matplotlib"), "no numpy or matplotlib")
    def test_no_card(self):
        end = self.run_example("--device", "/nowhere")
        self.assertEqual((end.returncode, len(end.stdout.splitlines())), (1, 1))
        self.assertIn("there is no such card", end.stdout)
