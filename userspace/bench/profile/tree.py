#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where the instructions of each operation go, from the file of plugin.c.

tree.py TRACE KALLSYMS OUTPUT [PERCENT]: prints for each operation that skel-bench
--marks has named in OUTPUT the tree of its calls, down to PERCENT of it (default 2). Of
its rounds the shortest is shown: no interrupt was in it.
"""
import array
import bisect
import sys

MARKS = 4096
KERNEL = 1 << 63


class Node:
    """A function as it was called from one place of the tree."""

    def __init__(self, name):
        self.name, self.own, self.calls, self.kids = name, 0, 0, {}

    def total(self):
        """Its instructions and those of what it calls."""
        return self.own + sum(kid.total() for kid in self.kids.values())


class Symbols:
    """Functions by address, from /proc/kallsyms."""

    def __init__(self, path):
        names = {}
        with open(path) as file:
            for line in file:
                addr, kind, name = line.split()[:3]
                if kind in 'tTwW':
                    names.setdefault(int(addr, 16), name)
        self.addrs = sorted(names)
        self.names = names

    def find(self, addr):
        """The name of a function, and whether this is its first instruction."""
        if addr < KERNEL:
            return 'the program', False
        at = self.addrs[max(bisect.bisect_right(self.addrs, addr) - 1, 0)]
        return self.names[at].removesuffix('.cold'), addr == at


def rounds(path):
    """The addresses of the shortest round of each operation."""
    words = array.array('Q')
    with open(path, 'rb') as file:
        words.frombytes(file.read())
    best, operation, addrs = {}, 0, []
    for word in words:
        if word >= MARKS:
            addrs.append(word)
            continue
        if operation and (operation not in best or len(addrs) < len(best[operation])):
            best[operation] = addrs
        operation, addrs = word, []
    return best


def tree(addrs, symbols):
    """The calls as a tree: a function is entered at its start and left for one below."""
    stack = [Node('')]
    last = None
    for addr in addrs:
        name, first = symbols.find(addr)
        if first or name != last:
            below = [i for i, node in enumerate(stack) if node.name == name]
            if below and not first:
                del stack[below[-1] + 1:]
            else:
                kid = stack[-1].kids.setdefault(name, Node(name))
                kid.calls += 1
                stack.append(kid)
        stack[-1].own += 1
        last = name
    return stack[0]


def show(node, least, depth=0):
    """Print what is below a node, the dearest first."""
    for kid in sorted(node.kids.values(), key=Node.total, reverse=True):
        if kid.total() >= least:
            calls = f', {kid.calls} calls' if kid.calls > 1 else ''
            print(f'{kid.total():7} {"  " * depth}{kid.name} (itself {kid.own}{calls})')
            show(kid, least, depth + 1)


def main(trace, kallsyms, output, percent=2):
    """Print all operations."""
    symbols, found = Symbols(kallsyms), rounds(trace)
    with open(output) as file:
        marks = [line.split() for line in file if line.startswith('mark ')]
    if not marks:
        sys.exit(f'{output} names no operation')
    for _, operation, name in marks:
        if int(operation) not in found:
            sys.exit(f'{name} is not in the trace')
        addrs = found[int(operation)]
        print(f'\n## {name}: {len(addrs)} instructions\n')
        show(tree(addrs, symbols), len(addrs) * float(percent) / 100)


main(*sys.argv[1:])
