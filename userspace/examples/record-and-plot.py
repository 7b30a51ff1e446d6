#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Record from a card by its stream, and plot it.

    record-and-plot.py --rate 10000 --seconds 2 --output waves.png

Works with the simulated card, skel-lab, and others that know SAMPLE and INPUTS?.
"""
import argparse
import sys
import skel

try:
    import numpy
    from matplotlib import pyplot
except ImportError as error:
    sys.exit(f"{error.name} is not there: sudo apt install python3-{error.name}")


def record(card, rate, seconds):
    """Frames (one column for each input), seconds from frame to frame, frames lost."""
    parts, wanted, lost = [], round(rate * seconds), 0
    with card.stream() as stream:
        frame, most = stream.info().frame, stream.info().block
    # a tenth of a second: nothing comes before a block is full
    with card.stream(block=min(frame * max(rate // 10, 1), most)) as stream:
        stream.start(f"SAMPLE {rate}")
        for block in stream:
            # bytes(): a copy, as the block goes back to the card
            parts.append(numpy.frombuffer(bytes(block), "<i2").reshape(-1, frame // 2))
            lost += block.lost // frame
            if sum(map(len, parts)) >= wanted:
                break
        period = stream.info().period_ns / 1e9 or 1 / rate
    return numpy.concatenate(parts)[:wanted], period, lost


def plot(frames, period, output):
    for number, samples in enumerate(frames.T, 1):
        seconds = numpy.arange(len(samples)) * period
        pyplot.plot(seconds, samples / 32768 * 10, label=f"input {number}")
    pyplot.xlabel("time in s")
    pyplot.ylabel("V")
    pyplot.legend()
    pyplot.savefig(output.name) if output else pyplot.show()


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--device", default=skel.DEFAULT_PATH)
parser.add_argument("--rate", type=int, default=10000, help="frames per second")
parser.add_argument("--seconds", type=float, default=1.0)
parser.add_argument("--output", type=argparse.FileType("wb"), help="a .png, .svg or .pdf")
args = parser.parse_args()
try:
    with skel.Card(args.device) as card:
        result, period, lost = record(card, args.rate, args.seconds)
except skel.Error as error:
    sys.exit(f"record-and-plot: {error.strerror}")
print(f"{len(result)} frames, {lost} lost, {1 / period:g} frames per second")
plot(result, period, args.output)
