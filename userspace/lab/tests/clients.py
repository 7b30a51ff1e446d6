#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The instrument on the network, used by real clients and abused by others.

Usage: clients.py SKEL-LAB

Starts it with --no-card on a port that the system chooses. Prints TAP; a client
that is not installed (pyvisa with pyvisa-py, lxi, sigrok-cli) is skipped.
"""
import contextlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

TIMEOUT = 20            # seconds; more than anything here takes
CLIENTS = 64            # LAB_CLIENTS of core/lab.h
LAB = sys.argv[1]
tests = []


class Skip(Exception):
    """What the test needs is not there."""


def test(function):
    tests.append(function)
    return function


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f'{got!r} instead of {wanted!r}')


class Client:
    """A socket, and the lines that come from it."""

    def __init__(self):
        self.socket = socket.create_connection(('127.0.0.1', port), TIMEOUT)
        self.file = self.socket.makefile('rb')

    def send(self, text):
        self.socket.sendall(text.encode('latin-1'))

    def line(self):
        return self.file.readline().decode('latin-1')

    def ask(self, text):
        self.send(text + '\n')
        return self.line().rstrip('\n')

    def close(self):
        self.file.close()
        self.socket.close()

    def reset(self):
        """Vanish: what is under way is lost."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()


def count_samples(client):
    """3000 samples that count from 0, so with newlines among their bytes"""
    client.ask('*RST;:INP1:FUNC COUN;:SAMP:LIST (@1);COUN 3000;:READ?')


@test
def users_have_sessions_of_their_own():
    with Client() as one, Client() as other:
        one.send('NONSENSE\n')
        equal(one.ask('SYST:ERR:COUN?'), '1')
        equal(other.ask('SYST:ERR:COUN?'), '0')
        one.send('SYST:SEED 77\n')
        equal(one.ask('*OPC?'), '1')
        equal(other.ask('SYST:SEED?'), '77')


@test
def half_a_line_and_close():
    with Client() as other:
        for text in '*IDN?', 'SYST:SEED 1\nSYST:SEED 5', "PROG:DEF X,'", 'PROG:DEF X,#6100000a':
            client = Client()
            client.send(text)
            client.close()
            client = Client()
            client.send(text)
            client.reset()
        begin = time.monotonic()
        while other.ask('SYST:SEED?') != '1' and time.monotonic() - begin < TIMEOUT:
            time.sleep(0.01)
        time.sleep(0.1)
        equal(other.ask('SYST:SEED?'), '1')


@test
def half_closed_is_answered():
    with Client() as client:
        client.send('SYST:SEED 3\nSYST:SEED?\n*IDN?\n')
        client.socket.shutdown(socket.SHUT_WR)
        equal(client.line(), '3\n')
        equal(client.line()[:9], 'skel,lab,')
        equal(client.line(), '')


@test
def a_hundred_connections():
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client()) for _ in range(100)]
        for client in clients:
            client.send('*OPC?\n')
        answers = [client.line() for client in clients]
        equal(answers.count('1\n'), CLIENTS)
        equal(answers.count(f'ERROR connections: {CLIENTS} are the most, close one first\n'), 100 - CLIENTS)
        for client, answer in zip(clients, answers):
            if answer == '1\n':
                equal(client.ask('SYST:ERR:COUN?'), '0')
            else:
                equal(client.line(), '')
    with Client() as client:
        equal(client.ask('*OPC?'), '1')


@test
def byte_by_byte():
    with Client() as client:
        for byte in 'PROG:DEF S,#19print(5)\n\nS\n':
            client.send(byte)
            time.sleep(0.02)
        equal(client.line(), '5\n')


@test
def two_hundred_lines_behind_a_read():
    with Client() as client, Client() as other:
        client.send('*RST;:TRIG:SOUR BUS;:SAMP:LIST (@1);COUN 10;:READ?\n')
        client.send(''.join(f'SYST:SEED {n};SEED?\n' for n in range(200)))
        equal(other.ask('*OPC?'), '1')
        other.send('*TRG\n')
        equal(client.line()[:3], '10,')
        for n in range(200):
            equal(client.line(), f'{n}\n')
        equal(client.ask('SYST:ERR?'), '0,"No error"')


@test
def one_that_never_reads():
    with Client() as greedy, Client() as other:
        count_samples(greedy)
        greedy.socket.setblocking(False)
        begin = time.monotonic()
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while time.monotonic() - begin < TIMEOUT:
                sent += greedy.socket.send(b'DATA? 0,3000\n' * 1000)
        if time.monotonic() - begin >= TIMEOUT:
            raise AssertionError(f'{sent} bytes were taken')
        equal(other.ask('*OPC?'), '1')


@test
def too_long_is_an_error():
    with Client() as client:
        client.send(' ' * 300000 + '*OPC?\n')
        equal(client.ask('SYST:ERR?')[:5], '-363,')
        client.send('PROG:DEF X,#6300000' + '\n' * 300000 + '\n')
        equal(client.ask('SYST:ERR?')[:5], '-223,')
        equal(client.ask('*OPC?'), '1')


@test
def a_block_with_newlines():
    with Client() as client:
        count_samples(client)
        client.send('DATA? 0,3000\n')
        data = client.file.read(6 + 6000 + 1)
        equal(data, b'#46000' + struct.pack('<3000h', *range(3000)) + b'\n')


@test
def gone_in_the_middle_of_an_answer():
    for _ in range(20):
        client = Client()
        count_samples(client)
        client.send('DATA? 0,3000\n' * 50)
        client.file.read(100)
        client.reset()
    with Client() as client:
        equal(client.ask('*OPC?'), '1')


@test
def http_is_an_error():
    with Client() as client:
        client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
        equal(client.ask('SYST:ERR?')[:5], '-113,')


def visa(timeout=TIMEOUT, **options):
    try:
        import pyvisa
        import pyvisa_py  # noqa: F401
    except ImportError as error:
        raise Skip(f'no {error.name}') from error
    return pyvisa.ResourceManager('@py').open_resource(
        f'TCPIP::127.0.0.1::{port}::SOCKET', timeout=1000 * timeout, write_termination='\n', **options)


@test
def pyvisa_text():
    with visa(read_termination='\n') as lab:
        equal(lab.query('*IDN?')[:9], 'skel,lab,')
        lab.write('INP1:FUNC DC;OFFS 2.5 V')
        equal(lab.query_ascii_values('MEAS:VOLT? (@1)'), [2.500076])
        equal(lab.query('SYST:ERR?'), '0,"No error"')


def pyvisa_block(lab):
    with Client() as client:
        count_samples(client)
    for _ in range(2):
        equal(lab.query_binary_values('DATA? 0,3000', datatype='h'), list(range(3000)))


@test
def pyvisa_block_with_read_termination():
    with visa(read_termination='\n') as lab:
        pyvisa_block(lab)
        equal(lab.query('*OPC?'), '1')


# Without a termination character pyvisa-py waits for more until its timeout, and
# takes that for an error unless this attribute is false.
@test
def pyvisa_block_without_read_termination():
    with visa(timeout=1) as lab:
        from pyvisa.constants import ResourceAttribute
        lab.set_visa_attribute(ResourceAttribute.suppress_end_enabled, False)
        pyvisa_block(lab)
        equal(lab.query('*OPC?'), '1\n')


@test
def pyvisa_program_of_several_lines():
    with visa(read_termination='\n') as lab:
        lab.write_binary_values('PROG:DEF V,', b'print(1)\nprint(2)\n', datatype='B')
        equal(lab.query('V'), '1')
        equal(lab.read(), '2')


def command(*arguments):
    if not shutil.which(arguments[0]):
        raise Skip(f'no {arguments[0]}')
    return subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT, check=False)


def lxi(text):
    return command('lxi', 'scpi', '--address', '127.0.0.1', '--port', str(port), '--timeout', '10', '--raw',
                   text).stdout.strip()


@test
def lxi_tools():
    equal(lxi('*IDN?')[:9], 'skel,lab,')
    lxi('INP1:FUNC DC;OFFS 2.5 V')
    equal(lxi('MEAS:VOLT? (@1)'), '2.500076')
    equal(lxi('*RST;:SAMP:RATE 100 kHz;COUN 1000;:READ?')[:7], '1000,0,')
    equal(lxi('SYST:ERR?'), '0,"No error"')


# libsigrok knows instruments by the first two fields of *IDN? and has no driver for
# others: it asks, is answered, and finds no device.
@test
def sigrok_twice():
    for driver in 'scpi-dmm', 'scpi-dmm', 'scpi-pps':
        run = command('sigrok-cli', '-l', '5', '-d', f'{driver}:conn=tcp-raw/127.0.0.1/{port}', '--scan')
        equal(run.returncode, 0)
        if "Got response: 'skel,lab," not in run.stderr:
            raise AssertionError(run.stderr[-300:])


@test
def avahi_can_announce_it():
    service = xml.etree.ElementTree.parse(Path(__file__).parent.parent / 'data' / 'avahi.service')
    equal([(of.find('type').text, of.find('port').text) for of in service.iter('service')],
          [('_scpi-raw._tcp', '5025'), ('_lxi._tcp', '5025')])


@test
def options_are_checked_without_a_card():
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as config:
        for lines, status, message in (
                ('command = INP1:FREQ 1 kHz\n', 0, ''),
                ('seed = 1\ncommand = INP1:FREQ 1 V\n', 2, f'{config.name}:2: INP1:FREQ 1 V: -131,'),
                ('memory = much\n', 2, f"{config.name}:1: memory: 'much'")):
            config.truncate(0)
            config.seek(0)
            config.write(lines)
            config.flush()
            run = command(LAB, '--check-config', '--config', config.name)
            equal(run.returncode, status)
            if message not in run.stderr:
                raise AssertionError(run.stderr)
    equal(command(LAB, '--commands').stdout.split().count('INPut1:FREQuency?'), 1)
    equal(command(LAB, '--version').stdout[:9], 'skel-lab ')


def start():
    lab = subprocess.Popen([LAB, '--no-card', '--virtual-time', '--listen', '0', '--log-level', 'warning'],
                           stdout=subprocess.PIPE, text=True)
    return lab, int(lab.stdout.readline().rsplit(':', 1)[1])


def run(number, function):
    name = function.__name__.replace('_', ' ')
    begin = time.monotonic()
    try:
        function()
    except Skip as why:
        print(f'ok {number} - {name} # SKIP {why}')
    except Exception as error:      # a test that fails must not hide the others
        print(f'not ok {number} - {name}')
        print(f'# {type(error).__name__}: {error}')
    else:
        print(f'ok {number} - {name}')
    if time.monotonic() - begin > 5:
        print(f'# {name}: {time.monotonic() - begin:.1f} s')
    sys.stdout.flush()


lab, port = start()
print(f'1..{len(tests) + 1}')
for place, function in enumerate(tests, 1):
    run(place, function)
lab.send_signal(signal.SIGTERM)
status = lab.wait(TIMEOUT)
print(f'{"not ok" if status else "ok"} {len(tests) + 1} - ends by SIGTERM')
print(f'# status {status}')
