// SPDX-License-Identifier: GPL-2.0
/*
 * stream.c - STREam: blocks of frames into a buffer of the host
 */

#include "commands/tables.h"
#include "parts/sampler.h"
#include "parts/stream.h"

static int start(struct scpi *scpi, const struct scpi_call *call)
{
	return stream_start(scpi_lab(scpi), scpi_session(scpi),
			    call->arg[0].address, call->arg[1].address,
			    call->arg[2].given ? call->arg[2].address : 0);
}

/* Only the user that started it may stop it or acknowledge. */
static bool is_owner(struct scpi *scpi)
{
	return scpi_lab(scpi)->streams->owner == scpi_session(scpi);
}

static int stop(struct scpi *scpi, const struct scpi_call *call)
{
	if (!is_owner(scpi))
		return SCPI_ERR_SETTINGS_CONFLICT;
	streams_stop(scpi_lab(scpi));
	return SCPI_OK;
}

static int acknowledge(struct scpi *scpi, const struct scpi_call *call)
{
	if (!is_owner(scpi))
		return SCPI_ERR_SETTINGS_CONFLICT;
	return stream_acknowledge(scpi_lab(scpi), call->arg[0].address);
}

static int get_status(struct scpi *scpi, const struct scpi_call *call)
{
	const struct lab *lab = scpi_lab(scpi);
	const struct streams *s = lab->streams;
	unsigned long long next = 0;

	sampler_catch_up(scpi_lab(scpi));
	if (s->flows)
		next = s->next - lab->sampler->first;
	return scpi_reply_last(scpi,
			       "STREAM %s blocks=%llu acknowledged=%llu frames=%llu lost=%llu next=%llu",
			       s->owner ? "RUNNING" : "STOPPED",
			       (unsigned long long)s->sent,
			       (unsigned long long)s->acknowledged,
			       (unsigned long long)s->frames_sent,
			       (unsigned long long)s->lost, next);
}

static const struct scpi_command commands[] = {
	{
		.header = "STREam:STARt", .set = start,
		.params = {
			{ PARAM(ADDRESS, "host-address") },
			{ PARAM(ADDRESS, "length") },
			{ PARAM(ADDRESS, "block"), OPTIONAL },
		},
		.help = "Send what is sampled, now or after INITiate, to a buffer that is a ring of blocks: block k goes to place k modulo length/block by DMA, announced by the core's line skel: DONE, or two of them if it wraps around in the card's ring. As many blocks are sent as the buffer holds; for more, see STREam:ACKnowledge. The last block may be shorter. If frames are lost, a line event: OVERRUN <lost frames> <number of the next frame> comes before the next block, and error -363; after a refused transfer, event: STREAM STOPPED <reason> and error -300. Default block: 65536 bytes or less, whole frames.",
		.errors = "-221 another user has a stream, -222 no block fits into the buffer or two into the ring, -224 no whole frames, -241 this user has no channel: a connection of the network",
		.example = "STRE:STAR 0x100000000,1048576",
	}, {
		.header = "STREam:STOP", .set = stop,
		.help = "End the stream; sampling goes on.",
		.errors = "-221 this user has no stream",
		.example = "STRE:STAR 0x100000000,1048576;STOP",
	}, {
		.header = "STREam:ACKnowledge", .set = acknowledge,
		.params = { { PARAM(ADDRESS, "blocks") } },
		.help = "How many blocks since the start have been read: their places may be filled again. Virtual time waits for this; in real time, frames are lost once the card's ring is full, too.",
		.errors = "-221 this user has no stream, -224 fewer than before, or more than were sent",
		.example = "STRE:STAR 0x100000000,1048576;ACK 0",
	}, {
		.header = "STREam", .query = get_status,
		.help = "State of the stream: blocks sent, blocks acknowledged, frames sent, frames lost, number of the next frame to send.",
		.reply = "STREAM RUNNING|STOPPED blocks=.. acknowledged=.. frames=.. lost=.. next=..",
		.example = "STRE?",
	},
};

const struct scpi_table lab_stream_table = SCPI_TABLE("Streams", commands);
