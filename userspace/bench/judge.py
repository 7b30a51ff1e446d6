#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judge the figures of skel-bench.

judge.py [--short] LIMITS CSV: does each figure keep its limit? A figure that was not
measured does not. --short: only what the short form measures.
judge.py --same PERCENT CSV CSV: are the two runs the same, but for so much or for 50?

Exit status: 0, or 1 if not.
"""
import csv
import re
import sys

FIGURE = re.compile(r'[a-z][\w-]*/[a-z][\w-]*/\d*')


class Missing(Exception):
    """A figure was not measured."""


def read(path):
    """The figures of a file by FIGURE/BY/OF."""
    with open(path, newline='') as file:
        return {'/'.join((row['figure'], row['by'], row['of'])): float(row['value'])
                for row in csv.DictReader(file)}


def evaluate(text, figures):
    """The value of figures with arithmetic between them."""
    def value(match):
        if match[0] not in figures:
            raise Missing(match[0])
        return repr(figures[match[0]])
    terms = FIGURE.sub(value, text)
    if not re.fullmatch(r'[\d.e+*/() -]+', terms):
        sys.exit(f'limits: what is {text!r}?')
    return eval(terms)


def limits(path, short):
    """Yield (limit, aim, what, terms) of the lines of a file."""
    with open(path) as file:
        for line in file:
            line = line.split('#')[0].strip()
            if not line:
                continue
            head, terms = line.split(' = ')
            limit, aim, form, what = head.split(None, 3)
            if form not in ('short', 'full'):
                sys.exit(f'limits: {form!r} is neither short nor full')
            if form == 'short' or not short:
                yield float(limit), float(aim), what, terms


def judge(path, figures, short):
    """Print a line for each limit. Return: whether all are kept."""
    kept = True
    rows = list(limits(path, short))
    if not rows:
        sys.exit(f'{path} has no limits')
    for limit, aim, what, terms in rows:
        try:
            value = evaluate(terms, figures)
        except Missing as missing:
            print(f'not ok {what}: {missing} was not measured')
            kept = False
            continue
        exact = f'{value:.3g}' if limit < 100 else f'{value:.0f}'
        note = '' if aim >= limit else f', aim {aim:g}' + (
            ': reached, make it the limit' if value <= aim else '')
        if value <= limit:
            print(f'ok {what}: {exact}, at most {limit:.9g}{note}')
        else:
            print(f'not ok {what}: {exact}, at most {limit:.9g}{note}')
            kept = False
    return kept


def same(percent, one, other):
    """Print what differs by more. Return: whether nothing does."""
    worst, differ = 0, 0
    if not one:
        sys.exit('there are no figures to compare')
    for name in sorted(one.keys() | other.keys()):
        if name not in one or name not in other:
            print(f'not ok {name}: in one run only')
            differ += 1
            continue
        off = abs(one[name] - other[name])
        off = 0 if off <= 50 else 100 * off / max(abs(one[name]), abs(other[name]))
        worst = max(worst, off)
        if off > percent:
            print(f'not ok {name}: {one[name]:.0f}, then {other[name]:.0f}: {off:.2f} %')
            differ += 1
    print(f'{"not ok" if differ else "ok"} a second run: {len(one)} figures, {differ} differ by more'
          f' than {percent:g} % and 50, the most is {worst:.2f} %')
    return not differ


def main(args):
    """Return: the exit status."""
    if len(args) == 4 and args[0] == '--same':
        return not same(float(args[1]), read(args[2]), read(args[3]))
    short = args[:1] == ['--short']
    if len(args) - short != 2:
        sys.exit(__doc__)
    return not judge(args[-2], read(args[-1]), short)


sys.exit(main(sys.argv[1:]))
