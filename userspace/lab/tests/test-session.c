// SPDX-License-Identifier: GPL-2.0
/*
 * test-session.c - users, their lines, and the transfers they ask for
 */
#include <stdio.h>
#include <string.h>

#include "tests/rig.h"
#include "unit.h"

#define LENGTH	256

/* Fill card memory with bytes that depend on their address. */
static void fill_memory(void)
{
	size_t i;

	for (i = 0; i < RIG_MEMORY; i++)
		rig.lab->card->memory[i] = i ^ i >> 8;
}

/* The first buffer of channel 0, of LENGTH bytes, and a transfer of all of it */
#define HOST		"0x100000000"
#define TOHOST_ALL	"TOHOST 0 256 " HOST

static uint8_t *lend_buffer(void)
{
	uint8_t *bytes = NULL;

	check(fake_card_buffer(rig.fake, 0, LENGTH, 0xee, &bytes) == 1ULL << 32);
	return bytes;
}

RIG_TEST(channels_are_checked)
{
	struct session *session;

	check(!session_open(rig.lab, LAB_CHANNELS));
	check(!session_open(rig.lab, UINT32_MAX));
	check(!session_find(rig.lab, LAB_CHANNELS));
	check(!session_find(rig.lab, 1));
	session_close(NULL);
	session = rig_open(LAB_CHANNELS - 1);
	check(session && session_find(rig.lab, LAB_CHANNELS - 1) == session);
	/* opening it again starts from scratch */
	check(say(31, "NONSENSE")[0] == '\0');
	check(rig_open(31));
	asks(31, "SYST:ERR?", "0,\"No error\"");
	fake_card_close(rig.fake, rig.lab, 31);
	check(!session_find(rig.lab, 31));
}

RIG_TEST(lines_are_bounded)
{
	static char line[SESSION_QUEUE_MAX / 4];
	unsigned int answers = 0;
	const char *c;

	send_line(0, "SYST:TIME:ADV 1");
	lab_step(rig.lab);
	send_line(0, "SYST:TIME:ADV 1");
	for (int i = 0; i < 200; i++)
		send_line(0, "*OPC?");
	memset(line, ' ', sizeof(line) - 1);
	for (int i = 0; i < 4; i++)
		send_line(0, line);
	fake_card_run(rig.fake, rig.lab, 1000);
	for (c = fake_card_replies(rig.fake, 0); *c; c++)
		answers += *c == '\n';
	check(answers == 200);
	asks(0, "SYST:ERR:COUN?", "4");
	asks(0, "SYST:ERR?",
	     "-363,\"Input buffer overrun;1048576 bytes of lines wait\"");
}

RIG_TEST(tohost_moves_the_right_bytes)
{
	uint8_t *bytes = lend_buffer();

	fill_memory();
	check(strstr(say(0, "TOHOST 1000 100 0x10000000a"),
		     "skel: DONE TOHOST 0x3e8 0x64 "));
	check(memcmp(bytes + 10, rig.lab->card->memory + 1000, 100) == 0);
	check(bytes[9] == 0xee && bytes[110] == 0xee);
	check(strstr(say(0, "tohost 5,1,4294967296"),
		     "skel: DONE TOHOST 0x5 0x1 "));
	check(bytes[0] == 5 && bytes[1] == 0xee);
	asks(0, "*OPC?;:SYST:ERR?", "1;0,\"No error\"");
}

RIG_TEST(fromhost_moves_the_right_bytes)
{
	const uint8_t *memory = rig.lab->card->memory;

	lend_buffer();
	check(strstr(say(0, "FROMHOST 0x200 256 " HOST),
		     "skel: DONE FROMHOST 0x200 0x100 "));
	check(memory[511] == 0 && memory[512] == 0xee);
	check(memory[767] == 0xee && memory[768] == 0);
}

/* 256 bytes at 1024 bytes per second take 250 ms, and move at the end. */
RIG_TEST(slow_transfers_take_their_time)
{
	uint8_t *bytes = lend_buffer();

	fill_memory();
	asks(0, "SPEED 1024", "OK SPEED");
	asks(0, "SPEED?", "1024");
	send_line(0, TOHOST_ALL);
	send_line(0, "SYST:TIME?");
	send_line(0, "*WAI;:SYST:TIME?");
	fake_card_run(rig.fake, rig.lab, 1);
	check(bytes[1] == 0xee);
	hears(0, "0.003000000\nskel: DONE TOHOST 0x0 0x100 0x100000000\n0.252000000\n");
	check(memcmp(bytes, rig.lab->card->memory, LENGTH) == 0);
	/* no command waits for it: the user waits for the core's line */
	check(strstr(say(0, TOHOST_ALL), "skel: DONE TOHOST"));
	asks(0, "SPEED 0", "OK SPEED");
	asks(0, "SPEED?", "0");
}

/*
 * Input 1 counts frames at 1 kHz into a ring of 32 frames. What is sent is what
 * was there at that time, though time goes on for ten seconds.
 */
RIG_TEST(bytes_move_at_their_time)
{
	const uint16_t *frames = (const uint16_t *)lend_buffer();

	say(0, "INP1:FUNC COUN;:SAMP:LIST (@1);RING 0,64");
	send_line(0, "SAMPLE 1000");
	send_line(0, "SYST:TIME:ADV 0.1005");
	/* at a round time, without a look at the ring before */
	send_line(0, "TOHOST 0 64 " HOST);
	send_line(0, "SYST:TIME:ADV 10");
	fake_card_run(rig.fake, rig.lab, 1000);
	check(frames[101 % 32] == 101);
	check(frames[102 % 32] == 102 - 32);
	say(0, "SPEED 1000");
	send_line(0, "SAMPLE 1000");
	send_line(0, "TOHOST 0 64 " HOST);
	send_line(0, "SYST:TIME:ADV 10");
	fake_card_run(rig.fake, rig.lab, 1000);
	/* the request comes after 1 ms, and 64 bytes take 64 ms */
	check(frames[65 % 32] == 65);
	check(frames[66 % 32] == 66 - 32);
}

/* A waiting user goes on at the time when its operation has ended. */
RIG_TEST(waiting_ends_in_time)
{
	check(rig_open(1));
	lend_buffer();
	say(0, "SAMP:RATE 1000;COUN 100");
	send_line(1, "SYST:TIME:ADV 10");
	send_line(0, "INIT");
	send_line(0, "*WAI;:SYST:TIME?");
	hears(0, "0.101000000\n");
	say(0, "SPEED 64");
	send_line(1, "SYST:TIME:ADV 10");
	send_line(0, "TOHOST 0 64 " HOST);
	send_line(0, "*WAI;:SYST:TIME?");
	fake_card_run(rig.fake, rig.lab, 1000);
	check(strstr(fake_card_replies(rig.fake, 0), "\n11.003000000\n"));
}

RIG_TEST(transfers_expire)
{
	lend_buffer();
	say(0, "SPEED 1");
	send_line(0, TOHOST_ALL);
	send_line(0, "*OPC");
	lab_step(rig.lab);
	fake_card_poll(rig.fake);
	check(rig.lab->slow_transfers == 1);
	check(session_find(rig.lab, 0)->operations == 1);
	fake_card_expire(rig.fake);
	check(strstr(say(0, "*ESR?"), "skel: FAILED TOHOST"));
	check(rig.lab->slow_transfers == 0);
	check(session_find(rig.lab, 0)->operations == 0);
	check(lab_next_timer(rig.lab) == LAB_NEVER);
}

static void send_transfers(const char *line, unsigned int count)
{
	while (count--) {
		send_line(0, line);
		lab_step(rig.lab);
		fake_card_poll(rig.fake);
	}
}

RIG_TEST(transfers_are_bounded)
{
	struct session *session = session_find(rig.lab, 0);

	lend_buffer();
	say(0, "SPEED 1");
	send_transfers(TOHOST_ALL, SESSION_TRANSFERS_MAX);
	check(session->operations == SESSION_TRANSFERS_MAX);
	check(session->scpi.error_count == 0);
	fake_card_replies(rig.fake, 0);
	send_line(0, TOHOST_ALL);
	send_line(0, TOHOST_ALL);
	lab_step(rig.lab);
	check(session->scpi.error_count == 2);
	check(strstr(fake_card_replies(rig.fake, 0),
		     "ERROR memory\nERROR memory\n"));
	say(0, "*WAI");
	check(session->operations == 0 && !session->transfers);
	check(fake_card_granted(rig.fake) == SESSION_TRANSFERS_MAX);
}

/* Whatever is under way when a user goes away, nothing is sent to it. */
RIG_TEST(closing_forgets_all)
{
	lend_buffer();
	send_line(0, TOHOST_ALL);
	lab_step(rig.lab);	/* flushed, not answered */
	check(rig.lab->card->awaited == 1);
	session_close(session_find(rig.lab, 0));
	fake_card_poll(rig.fake);
	check(rig.lab->card->awaited == 0);

	check(rig_open(0));
	say(0, "SPEED 1");
	check(fake_card_buffer(rig.fake, 0, LENGTH, 0xee, NULL) == 0x100002000);
	send_line(0, "TOHOST 0 256 0x100002000");
	lab_step(rig.lab);
	fake_card_poll(rig.fake);	/* granted: it waits for its time */
	send_line(0, "SYST:TIME:ADV 1");
	send_line(0, "*IDN?");
	fake_card_close(rig.fake, rig.lab, 0);
	check(rig.lab->slow_transfers == 0);
	check(lab_next_timer(rig.lab) == LAB_NEVER);
	fake_card_run(rig.fake, rig.lab, 100);
	check(rig_open(0));
	asks(0, "*OPC?", "1");
}

/* --- connections: sessions without a channel ------------------------------- */

static char answer[SESSION_MESSAGE_MAX + 1];
static size_t answered;

static void keep_answer(struct session *session, const char *bytes,
			size_t length)
{
	answered = length;
	memcpy(answer, bytes, length);
	answer[length] = '\0';
}

static struct session *connect_one(void)
{
	struct session *session = session_connect(rig.lab);

	if (session)
		session->write = keep_answer;
	return session;
}

static void tell(struct session *session, const char *line)
{
	answered = 0;
	answer[0] = '\0';
	session_command(session, line, strlen(line));
	fake_card_run(rig.fake, rig.lab, 1000);
}

static bool answers(struct session *session, const char *line, const char *text)
{
	tell(session, line);
	if (strcmp(answer, text) == 0)
		return true;
	printf("# '%.80s' is answered '%.80s'\n", line, answer);
	return false;
}

RIG_TEST(connections_are_bounded)
{
	struct session *session = NULL;
	unsigned int i;

	for (i = 0; i < LAB_CLIENTS; i++) {
		session = connect_one();
		check(session);
	}
	check(!connect_one());
	session_close(session);
	check(connect_one());
}

RIG_TEST(connections_have_no_dma)
{
	static const char * const lines[] = {
		"TOHOST 0 16 0x100000000", "FROMHOST 0 16 0x100000000",
		"STRE:STAR 0x100000000,65536",
	};
	struct session *session;
	size_t i;

	session = connect_one();
	check(answers(session, "SYST:EVEN?", "0\n"));
	for (i = 0; i < SCPI_ARRAY_SIZE(lines); i++) {
		check(answers(session, lines[i],
			      i < 2 ? "ERROR no-channel\n" : ""));
		tell(session, "SYST:ERR?");
		check(strncmp(answer, "-241,", 5) == 0);
		check(answers(session, "SYST:ERR?", "0,\"No error\"\n"));
	}
	check(answers(session, "STRE?", "STREAM STOPPED blocks=0 acknowledged=0 frames=0 lost=0 next=0\n"));
}

/* Over a channel, 1023 bytes and a block of 1000. */
RIG_TEST(connections_have_long_messages)
{
	static char line[SESSION_MESSAGE_MAX + 1];
	struct session *session;

	session = connect_one();
	memset(line, ' ', sizeof(line) - 1);
	memcpy(line + SESSION_MESSAGE_MAX - 6, "*OPC?", 6);
	check(answers(session, line, "1\n"));
	memmove(line + 1, line, SESSION_MESSAGE_MAX - 1);
	check(answers(session, line, ""));
	tell(session, "SYST:ERR?");
	check(strncmp(answer, "-363,", 5) == 0);
	tell(session, "SAMP:LIST (@1);COUN 20000;:READ?");
	tell(session, "DATA? 0,20000");
	check(answered == strlen("#540000\n") + 40000);
	check(memcmp(answer, "#540000", 7) == 0);
	check(memcmp(answer + 7, rig.lab->card->memory, 40000) == 0);
	refuses(0, "DATA? 0,501", SCPI_ERR_TOO_MUCH_DATA);
	check(strncmp(say(0, "DATA? 0,500"), "#41000", 6) == 0);
}
