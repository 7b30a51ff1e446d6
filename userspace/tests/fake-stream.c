// SPDX-License-Identifier: GPL-2.0
/*
 * fake-stream.c - STREam: of the fake card, as of the instrument
 *
 * Its blocks go out while there are free places; frames for which the card's ring
 * has no room until then are lost.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake-card.h"

static struct {
	unsigned long long host, blocks, block;
	unsigned long long sent, acknowledged;	/* blocks */
	unsigned long long next, frames, lost;	/* frames */
	bool runs;
} stream;

__attribute__((__format__(__printf__, 1, 2)))
static void say(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fake_say(text);
}

void fake_stream_rewind(void)
{
	stream.next = 0;
}

uint64_t fake_stream_next(void)
{
	return stream.next;
}

/* In two pieces if it wraps around in the card's ring */
static void send_block(unsigned long long bytes)
{
	unsigned long long ring = fake_memory() - fake.base;
	unsigned long long from = stream.next * 4 % ring;
	unsigned long long part = ring - from < bytes ? ring - from : bytes;
	unsigned long long host = stream.host +
				  stream.sent % stream.blocks * stream.block;

	fake_tohost(fake.base + from, part, host);
	if (part < bytes)
		fake_tohost(fake.base, bytes - part, host + part);
	stream.sent++;
	stream.frames += bytes / 4;
	stream.next += bytes / 4;
}

void fake_stream_push(void)
{
	unsigned long long ring = (fake_memory() - fake.base) / 4, gone;

	if (stream.runs && fake.frames - stream.next > ring) {
		gone = fake.frames - ring / 2 - stream.next;
		stream.next += gone;
		stream.lost += gone;
		say("event: OVERRUN %llu %llu\n", gone, stream.next);
	}
	while (stream.runs && stream.sent - stream.acknowledged < stream.blocks) {
		unsigned long long bytes = (fake.frames - stream.next) * 4;

		if (bytes > stream.block)
			bytes = stream.block;
		if (!bytes || (bytes < stream.block && fake.sampling))
			break;
		send_block(bytes);
	}
}

void fake_stream_break(const char *reason)
{
	if (stream.runs)
		say("event: STREAM STOPPED %s\n", reason);
	stream.runs = false;
}

static void start(void)
{
	if (!stream.block || stream.block % 4)
		return;
	stream.blocks /= stream.block;
	stream.sent = 0;
	stream.acknowledged = 0;
	stream.frames = 0;
	stream.lost = 0;
	stream.next = fake.sampling ? fake.frames : 0;
	stream.runs = true;
}

bool fake_stream_obey(const char *line)
{
	bool flows = stream.runs && stream.next < fake.frames + fake.sampling;

	if (sscanf(line, "STREam:STARt %llx,%llu,%llu", &stream.host,
		   &stream.blocks, &stream.block) == 3)
		start();
	else if (sscanf(line, "STREam:ACKnowledge %llu",
			&stream.acknowledged) == 1)
		fake_sample();
	else if (strcmp(line, "STREam:STOP") == 0)
		stream.runs = false;
	else if (strcmp(line, "STREam?") == 0)
		say("STREAM %s blocks=%llu acknowledged=%llu frames=%llu lost=%llu next=%llu\n",
			   stream.runs ? "RUNNING" : "STOPPED", stream.sent,
			   stream.acknowledged, stream.frames, stream.lost,
			   flows ? stream.next : 0);
	else
		return false;
	return true;
}
