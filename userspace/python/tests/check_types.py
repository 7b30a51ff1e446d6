# SPDX-License-Identifier: LGPL-2.1-or-later
"""The types that _skel.pyi promises are those of the module: mypy, and its stubtest.

Arguments: the program mypy, and a directory for its cache.
"""

import os
import subprocess
import sys
import tempfile

# What a user writes; lines that must be refused say so
PROGRAM = """
import asyncio
import skel
import skel.aio

def use(card: skel.Card) -> int:
    with card.malloc(4096, flags=skel.TOHOST) as buffer:
        done: skel.Transfer = card.tohost(buffer, length=16)
        view: memoryview = buffer.view()
        for transfer in card.dispatch(timeout=1):
            transfer.result == "done"
    with card.stream(blocks=4) as stream:
        stream.start("SAMPLE 1000")
        for block in stream:
            print(block.lost, len(block))
    name: str = card.info().name
    try:
        return len(card.query("*IDN?"))
    except skel.Refused as error:
        print(error.reason)
    card.query(5)  # wrong
    card.malloc("1")  # wrong
    card.tohost(b"x")  # wrong
    skel.Card().name  # wrong
    card.info().channels = 5  # wrong
    return card.query_bytes("x")  # wrong

async def use_async() -> None:
    async with skel.aio.Card() as card:
        answer: str = await card.query("*IDN?")
        async with card.stream() as stream:
            async for block in stream:
                number: int = block.index
        await card.query(5)  # wrong
"""

ALLOWED = r"""
skel(\._skel)?\.(Buffer|Region|Block)\.__buffer__
"""


def main(mypy, cache):
    path = os.environ["PYTHONPATH"]
    environment = {**os.environ, "MYPYPATH": path, "MYPY_CACHE_DIR": cache}
    # what the module needs is not for mypy
    without = {name: environment[name] for name in environment if name != "LD_PRELOAD"}
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "program.py")
        allowed = os.path.join(directory, "allowed")
        with open(program, "w") as file:
            file.write(PROGRAM)
        with open(allowed, "w") as file:
            file.write(ALLOWED)

        end = subprocess.run(
            [mypy, "--strict", os.path.join(path, "skel"), program],
            env=without,
            stdout=subprocess.PIPE,
            text=True,
        )
        errors = [line for line in end.stdout.splitlines() if ": error:" in line]
        refused = {int(line.split(":")[1]) for line in errors if "program.py" in line}
        wrong = {n for n, line in enumerate(PROGRAM.splitlines(), 1) if "# wrong" in line}
        if refused != wrong or len(errors) != len(wrong):
            print(end.stdout, "refused lines", refused, "instead of", wrong)
            return 1

        stubtest = [sys.executable, "-m", "mypy.stubtest", "skel", "--allowlist", allowed]
        return subprocess.run(stubtest, env=environment).returncode


sys.exit(main(*sys.argv[1:]))
