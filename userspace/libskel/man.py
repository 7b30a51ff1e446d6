#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write libskel.3: the template, with what the header documents of each function.

Usage: man.py TEMPLATE HEADER VERSION

In the template, @SYNOPSIS@ is replaced by the prototypes, @TYPES@, @FUNCTIONS@ by
their descriptions, and @VERSION@. A function without a description, or without one
of its parameters or its return value in it, is an error.
"""
import re
import sys


def roff(text):
    """Escape a text, and set in bold or italics what kernel-doc marks."""
    text = text.replace('\\', '\\e').replace('-', '\\-')
    text = re.sub(r'``(.+?)``', r'\\fB\1\\fR', text, flags=re.S)
    text = re.sub(r'%(\w+)', r'\\fB\1\\fR', text)
    text = re.sub(r'@(\w+)', r'\\fI\1\\fR', text)
    text = re.sub(r'\b(skel_\w+)\(\)', r'\\fB\1\\fR()', text)
    return re.sub(r"^([.'])", r'\\&\1', text, flags=re.M)


def paragraphs(lines):
    """Split into paragraphs at blank lines."""
    text = '\n'.join(line.strip() for line in lines).strip()
    return [p for p in re.split(r'\n\n+', text) if p]


class Comment:
    """One kernel-doc comment and the declaration after it."""

    def __init__(self, body, declaration):
        lines = [re.sub(r'^ \* ?', '', line) for line in body.rstrip().split('\n')]
        lines = lines[not lines[0]:]
        lines[0] = lines[0].strip()
        head = re.match(r'(?:(struct|enum|define|typedef) )?(\w+)(?:\(\))? - (.*)', lines[0])
        if not head:
            sys.exit(f'man.py: not the start of a description: {lines[0]!r}')
        self.kind, self.name, self.brief = head.groups()
        self.kind = self.kind or 'function'
        self.declaration = ' '.join(declaration.split())
        self.parameters, rest, last = [], [], None
        # a long first line goes on
        while len(lines) > 1 and lines[1] and not lines[1].startswith('@'):
            self.brief += ' ' + lines.pop(1).strip()
        for line in lines[1:]:
            parameter = re.match(r'@(\w+): (.*)', line)
            if parameter:
                last = [parameter[1], parameter[2]]
                self.parameters.append(last)
            elif last and line.startswith(' '):
                last[1] += '\n' + line.strip()
            else:
                last = None
                rest.append(line)
        self.text = paragraphs(rest)

    def check(self):
        """Every parameter and the return value must be described."""
        arguments = self.declaration[self.declaration.index('(') + 1:]
        for name in re.findall(r'[ *](\w+)(?=[,)])', arguments.split(') _SKEL')[0]):
            if name not in ('void', *(p[0] for p in self.parameters)):
                sys.exit(f'man.py: {self.name}(): {name} is not described')
        returns = any(p.startswith('Return:') for p in self.text)
        if returns == self.declaration.startswith(('void skel', 'typedef void')):
            sys.exit(f'man.py: {self.name}(): "Return:" is missing, or too much')

    def page(self):
        """The roff of the description."""
        title = self.name + '()' if self.kind == 'function' else f'{self.kind} {self.name}'
        out = [f'.SS {roff(title)}', roff(self.brief[0].upper() + self.brief[1:]) + '.']
        for name, text in self.parameters:
            out += ['.TP', f'.I {roff(name)}', roff(text)]
        for paragraph in self.text:
            out += ['.PP', roff(paragraph)]
        return '\n'.join(out)


def synopsis(comment):
    """The prototype, in bold with its names in italics, broken at 78 columns."""
    text = re.sub(r' _SKEL_PRINTF\(.*?\)', '', comment.declaration)
    head, arguments = text.rstrip(';').rstrip(')').split('(', 1)
    lines, line = [], head + '('
    indent = ' ' * len(line)
    for argument in arguments.split(', '):
        if len(line) + len(argument) > 76 and line.strip() != head + '(':
            lines.append(line.rstrip())
            line = indent if len(indent) < 40 else ' ' * 12
        line += argument + ', '
    lines.append(line[:-2] + ');')
    return '\n'.join('.B "' + roff(line) + '"' for line in lines)


def main():
    """Read, check and fill in."""
    template, header, version = sys.argv[1:]
    with open(header, encoding='ascii') as file:
        source = file.read()
    found = re.findall(r'/\*\*(.*?)\*/\n([^;{#]*)', source, flags=re.S)
    comments = [Comment(body, declaration) for body, declaration in found]
    functions = [c for c in comments if c.kind == 'function']
    declared = set(re.findall(r'^(?!typedef)[a-z][\w *]*?\b(skel_\w+)\(', source, flags=re.M))
    missing = declared - {c.name for c in functions}
    if missing:
        sys.exit(f'man.py: not described: {", ".join(sorted(missing))}')
    for comment in functions:
        comment.check()
    types = [c for c in comments if c.kind in ('struct', 'enum', 'typedef')]
    with open(template, encoding='ascii') as file:
        text = file.read()
    for mark, value in (
            ('@SYNOPSIS@', '\n'.join(synopsis(c) for c in functions)),
            ('@TYPES@', '\n'.join(c.page() for c in types)),
            ('@FUNCTIONS@', '\n'.join(c.page() for c in functions)),
            ('@VERSION@', version)):
        text = text.replace(mark, value)
    sys.stdout.write(text)


main()
