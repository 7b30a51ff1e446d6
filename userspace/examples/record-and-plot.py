#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Record from a card by its stream, and plot it.

    record-and-plot.py --rate 10000 --seconds 2 --output waves.png

Works with the simulated card, skel-lab, and others that know SAMPLE and INPUTS?.
"""

import argparse
import sys

import numpy
import skel


def record(card, rate, seconds):
    """Frames (one column for each input), seconds from frame to frame, frames lost."""
    parts, wanted, lost = [], round(rate * seconds), 0
    with card.stream(block=0) as stream:
        stream.start(f"SAMPLE {rate}")
        inputs = stream.info().frame // 2
        for block in stream:
            # bytes(): a copy, as the block goes back to the card
            parts.append(numpy.frombuffer(bytes(block), "<i2").reshape(-1, inputs))
            lost += block.lost // (2 * inputs)
            if sum(map(len, parts)) >= wanted:
                break
        period = stream.info().period_ns / 1e9 or 1 / rate
    return numpy.concatenate(parts)[:wanted], period, lost


def plot(frames, period, output):
    try:
        import matplotlib

        if output:
            matplotlib.use("Agg")
        import matplotlib.pyplot as plot
    except ImportError:
        sys.exit("matplotlib is not there to plot: sudo apt install python3-matplotlib")
    seconds = numpy.arange(len(frames)) * period
    for number, samples in enumerate(frames.T, 1):
        plot.plot(seconds, samples / 32768 * 10, label=f"input {number}", linewidth=0.8)
    plot.xlabel("time in s")
    plot.ylabel("V")
    plot.legend()
    plot.savefig(output, dpi=120) if output else plot.show()


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--device", default=skel.DEFAULT_PATH)
parser.add_argument("--rate", type=int, default=10000, help="frames per second")
parser.add_argument("--seconds", type=float, default=1.0)
parser.add_argument("--output", help="a .png, .svg or .pdf; else a window is opened")
args = parser.parse_args()
try:
    with skel.Card(args.device) as card:
        frames, period, lost = record(card, args.rate, args.seconds)
except skel.Error as error:
    sys.exit(f"record-and-plot: {error.strerror}")
print(f"{len(frames)} frames, {lost} lost, {1 / period:g} frames per second")
plot(frames, period, args.output)
