# SPDX-License-Identifier: LGPL-2.1-or-later
"""A card by Python alone, without this package, as the page skel-python.rst shows it.

Runs on any card, too: SKEL_DEVICE=/dev/skel0 python3 test_plain.py
"""

import fcntl
import mmap
import os
import signal
import struct
import subprocess
import sys
import unittest

PATH = os.environ.get("SKEL_DEVICE", "/dev/fake-skel")
ALLOC, FREE = 0xBB02, 0xBB03  # _IO(0xBB, ...) of <linux/skel.h>
TOHOST = 1


def allocate(card, length):
    """The host address of a new buffer, by struct skel_alloc."""
    request = bytearray(struct.pack("=IIQQ", 24, TOHOST, length, 0))
    fcntl.ioctl(card, ALLOC, request)
    return struct.unpack("=IIQQ", request)[3]


def free(card, address):
    fcntl.ioctl(card, FREE, struct.pack("=IIQ", 16, 0, address))


class Plain(unittest.TestCase):
    def test_transfer(self):
        with open(PATH, "r+b", buffering=0) as card:
            address = allocate(card, 4096)
            memory = mmap.mmap(card.fileno(), 4096, offset=address)
            card.write(b"SAMPLE 1000\nSTOP\nTOHOST 0 16 %d\n" % address)
            lines = b""
            while b"skel: DONE TOHOST" not in lines:
                lines += card.read(4096)
            self.assertIn(b"OK SAMPLE\n", lines)
            memory[4095] = 1
            free(card, address)
            memory.close()

    def test_map_outlives_the_descriptor(self):
        card = open(PATH, "r+b", buffering=0)
        memory = mmap.mmap(card.fileno(), 8192, offset=allocate(card, 8192))
        card.close()
        memory[:] = bytes(range(256)) * 32
        self.assertEqual(memory[8191], 255)
        memory.close()

    def test_region(self):
        """Region 0, the card's memory, is at offset 0."""
        with open(PATH, "r+b", buffering=0) as card:
            with mmap.mmap(card.fileno(), 4096, access=mmap.ACCESS_READ) as memory:
                self.assertEqual(len(memory[:]), 4096)

    def test_touched_after_free(self):
        """FREE revokes the mapping: SIGBUS ends the program, other memory is not seen."""
        text = (
            "import test_plain as t, faulthandler, mmap\n"
            "faulthandler.disable()\n"
            "card = open(t.PATH, 'r+b', buffering=0)\n"
            "address = t.allocate(card, 4096)\n"
            "memory = mmap.mmap(card.fileno(), 4096, offset=address)\n"
            "memory[0] = 1\n"
            "t.free(card, address)\n"
            "print('freed', flush=True)\n"
            "memory[0]\n"
        )
        end = subprocess.run(
            [sys.executable, "-c", text], stdout=subprocess.PIPE, cwd=os.path.dirname(os.path.abspath(__file__))
        )
        self.assertEqual((end.returncode, end.stdout), (-signal.SIGBUS, b"freed\n"))

    def test_refusals(self):
        with open(PATH, "r+b", buffering=0) as card:
            with self.assertRaises(OSError):
                free(card, 1 << 43)
            with self.assertRaises(OSError):
                allocate(card, 0)
