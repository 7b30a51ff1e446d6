// SPDX-License-Identifier: GPL-2.0
/*
 * fake-card.c - a card that is plain memory, for tests and fuzzing
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/skel.h>

#include "card/fake-card.h"
#include "card/slots.h"

struct fake_buffer {
	uint64_t host_addr;	/* 0: none */
	size_t length;
	uint8_t *bytes;
	bool lent;		/* bytes are not to be freed here */
};

struct fake_channel {
	bool open;
	struct fake_buffer buffer[FAKE_CARD_BUFFERS];
	char *out;		/* FAKE_CARD_OUTPUT + 1 bytes */
	size_t out_length;
	bool out_read;
};

/* It waits for flush(), then for fake_card_poll(). */
struct fake_action {
	uint64_t tag;
	bool finish;		/* else it is a request */
	bool flushed;
	int error;
};

struct fake_card {
	struct lab_card card;
	struct card_slots slots;
	struct fake_channel channel[LAB_CHANNELS];
	struct fake_action action[2 * CARD_SLOTS];
	unsigned int actions;
	uint64_t next_addr;
	unsigned int granted;
};

static struct fake_card *of(struct lab_card *card)
{
	return lab_container_of(card, struct fake_card, card);
}

static void fake_reply(struct lab_card *card, unsigned int channel,
		       const char *bytes, size_t length)
{
	struct fake_channel *to;

	if (channel >= LAB_CHANNELS || !of(card)->channel[channel].open)
		return;
	to = &of(card)->channel[channel];
	/* what the kernel would refuse is a bug of the instrument */
	if (!length || length > SCPI_LINE_MAX || bytes[length - 1] != '\n')
		abort();
	if (to->out_read)
		to->out_length = 0;
	to->out_read = false;
	if (length > FAKE_CARD_OUTPUT - to->out_length)
		return;
	memcpy(to->out + to->out_length, bytes, length);
	to->out_length += length;
	to->out[to->out_length] = '\0';
}

static int add_action(struct fake_card *fake, uint64_t tag, bool finish)
{
	if (fake->actions == SCPI_ARRAY_SIZE(fake->action))
		return -ENOMEM;
	fake->action[fake->actions++] = (struct fake_action){
		.tag = tag, .finish = finish,
	};
	fake->card.queued++;
	return 0;
}

static int fake_transfer(struct lab_card *card,
			 const struct lab_transfer *transfer)
{
	struct fake_card *fake = of(card);
	struct card_slot *slot;
	uint64_t tag;

	slot = card_slot_take(&fake->slots, transfer, &tag);
	if (!slot)
		return -ENOMEM;
	if (add_action(fake, tag, false)) {
		slot->used = false;
		return -ENOMEM;
	}
	return 0;
}

static void fake_finish(struct lab_card *card, uint64_t grant)
{
	struct fake_card *fake = of(card);
	struct card_slot *slot = card_slot_find(&fake->slots, grant);

	if (!slot || !slot->id || slot->finished)
		return;
	slot->finished = true;
	add_action(fake, grant, true);
}

static void fake_forget(struct lab_card *card, void *arg)
{
	card_slots_forget(&of(card)->slots, arg);
}

static struct fake_buffer *find_buffer(struct fake_channel *channel,
				       uint64_t host_addr, uint64_t length)
{
	unsigned int i;

	for (i = 0; i < FAKE_CARD_BUFFERS; i++) {
		struct fake_buffer *buffer = &channel->buffer[i];

		if (buffer->host_addr && host_addr >= buffer->host_addr &&
		    host_addr - buffer->host_addr < buffer->length &&
		    length <= buffer->length - (host_addr - buffer->host_addr))
			return buffer;
	}
	return NULL;
}

/* What the core checks, see linux/skel_ucard.h */
static int check_request(struct fake_card *fake, const struct lab_transfer *t)
{
	if (t->channel >= LAB_CHANNELS || !fake->channel[t->channel].open)
		return -ENOTCONN;
	if (!t->length)
		return -EINVAL;
	if (t->card_addr > fake->card.size ||
	    t->length > fake->card.size - t->card_addr)
		return -ERANGE;
	if (!find_buffer(&fake->channel[t->channel], t->host_addr, t->length))
		return -EFAULT;
	return 0;
}

static void move(struct fake_card *fake, const struct lab_transfer *t)
{
	struct fake_buffer *buffer = find_buffer(&fake->channel[t->channel],
						 t->host_addr, t->length);
	uint8_t *host = buffer->bytes + (t->host_addr - buffer->host_addr);
	uint8_t *card = fake->card.memory + t->card_addr;

	if (t->dir == LAB_TOHOST)
		memcpy(host, card, t->length);
	else
		memcpy(card, host, t->length);
}

static void tell_end(struct fake_card *fake, const struct lab_transfer *t,
		     const char *end, const char *reason)
{
	char line[160];
	int n = snprintf(line, sizeof(line),
			 SKEL_CORE_MARK "%s %s 0x%llx 0x%llx 0x%llx%s%s\n", end,
			 t->dir == LAB_TOHOST ? "TOHOST" : "FROMHOST",
			 (unsigned long long)t->card_addr,
			 (unsigned long long)t->length,
			 (unsigned long long)t->host_addr,
			 *reason ? " " : "", reason);

	fake_reply(&fake->card, t->channel, line, n);
}

static const char *reason_of(int error)
{
	return error == -EFAULT ? "host-address" :
	       error == -ERANGE ? "card-address" : "length";
}

static void carry_out(struct fake_card *fake, struct fake_action *action)
{
	struct card_slot *slot = card_slot_find(&fake->slots, action->tag);
	const struct lab_transfer *t;

	action->flushed = true;
	fake->card.queued--;
	fake->card.awaited++;
	if (!slot)
		return;
	t = &slot->transfer;
	if (!action->finish) {
		action->error = check_request(fake, t);
		if (action->error) {
			if (action->error == -ENOTCONN)
				return;
			fake->card.refused++;
			tell_end(fake, t, "REFUSED", reason_of(action->error));
			return;
		}
		fake->granted++;
		if (t->granted)
			return;
	}
	move(fake, t);
	tell_end(fake, t, "DONE", "");
}

static void fake_flush(struct lab_card *card)
{
	struct fake_card *fake = of(card);
	unsigned int i;

	for (i = 0; i < fake->actions; i++) {
		if (!fake->action[i].flushed)
			carry_out(fake, &fake->action[i]);
	}
}

static const struct lab_card_ops fake_ops = {
	.reply = fake_reply,
	.transfer = fake_transfer,
	.finish = fake_finish,
	.forget = fake_forget,
	.flush = fake_flush,
};

static void answer(struct fake_card *fake, const struct fake_action *action)
{
	struct card_slot *slot = card_slot_find(&fake->slots, action->tag);

	fake->card.awaited--;
	if (!slot)
		return;
	if (action->finish || action->error || !slot->transfer.granted) {
		card_slot_end(slot, action->error);
		return;
	}
	slot->id = action->tag;
	slot->transfer.granted(slot->transfer.arg, action->tag);
}

unsigned int fake_card_poll(struct fake_card *fake)
{
	unsigned int count = 0;

	fake_flush(&fake->card);
	/* an answer may lead to new actions: they are appended */
	while (fake->actions && fake->action[0].flushed) {
		struct fake_action action = fake->action[0];

		fake->actions--;
		memmove(fake->action, fake->action + 1,
			fake->actions * sizeof(action));
		answer(fake, &action);
		count++;
	}
	return count;
}

void fake_card_expire(struct fake_card *fake)
{
	unsigned int i;

	for (i = 0; i < CARD_SLOTS; i++) {
		struct card_slot *slot = &fake->slots.slot[i];

		if (slot->used && slot->id && !slot->finished) {
			tell_end(fake, &slot->transfer, "FAILED", "timeout");
			card_slot_end(slot, -ETIMEDOUT);
		}
	}
}

struct session *fake_card_open(struct fake_card *fake, struct lab *lab,
			       unsigned int channel)
{
	struct fake_channel *c = &fake->channel[channel];

	if (!c->out)
		c->out = calloc(1, FAKE_CARD_OUTPUT + 1);
	if (!c->out)
		return NULL;
	c->open = true;
	return session_open(lab, channel);
}

/* Its buffers and its replies */
static void empty(struct fake_channel *channel)
{
	for (unsigned int i = 0; i < FAKE_CARD_BUFFERS; i++)
		if (!channel->buffer[i].lent)
			free(channel->buffer[i].bytes);
	free(channel->out);
	*channel = (struct fake_channel){ 0 };
}

void fake_card_close(struct fake_card *fake, struct lab *lab,
		     unsigned int channel)
{
	fake->channel[channel].open = false;
	card_slots_close(&fake->slots, channel);
	session_close(session_find(lab, channel));
	empty(&fake->channel[channel]);
}

/* The buffer with this host address, 0: a free place. NULL: there is none */
static struct fake_buffer *buffer_at(struct fake_card *fake,
				     unsigned int channel, uint64_t host_addr)
{
	struct fake_buffer *buffer = fake->channel[channel].buffer;

	for (unsigned int i = 0; i < FAKE_CARD_BUFFERS; i++)
		if (buffer[i].host_addr == host_addr)
			return &buffer[i];
	return NULL;
}

uint64_t fake_card_buffer(struct fake_card *fake, unsigned int channel,
			  size_t length, uint8_t fill, uint8_t **bytes)
{
	struct fake_buffer *buffer = buffer_at(fake, channel, 0);

	if (!buffer)
		return 0;
	buffer->bytes = malloc(length);
	if (!buffer->bytes)
		return 0;
	memset(buffer->bytes, fill, length);
	buffer->length = length;
	buffer->host_addr = fake->next_addr;
	fake->next_addr += (length + 8191) / 4096 * 4096;
	if (bytes)
		*bytes = buffer->bytes;
	return buffer->host_addr;
}

bool fake_card_lend(struct fake_card *fake, unsigned int channel,
		    uint64_t host_addr, uint8_t *bytes, size_t length)
{
	struct fake_buffer *buffer = buffer_at(fake, channel, 0);

	if (!buffer)
		return false;
	*buffer = (struct fake_buffer){
		.host_addr = host_addr, .bytes = bytes,
		.length = length, .lent = true,
	};
	return true;
}

void fake_card_return(struct fake_card *fake, unsigned int channel,
		      uint64_t host_addr)
{
	struct fake_buffer *buffer = buffer_at(fake, channel, host_addr);

	if (buffer && buffer->lent)
		*buffer = (struct fake_buffer){ 0 };
}

const char *fake_card_replies(struct fake_card *fake, unsigned int channel)
{
	struct fake_channel *c = &fake->channel[channel];

	if (!c->open || c->out_read || !c->out_length)
		return "";
	c->out_read = true;
	return c->out;
}

unsigned int fake_card_granted(const struct fake_card *fake)
{
	return fake->granted;
}

void fake_card_run(struct fake_card *fake, struct lab *lab, unsigned int steps)
{
	bool more;

	do {
		more = lab_step(lab);
		more |= fake_card_poll(fake) > 0;
	} while (more && steps-- > 1);
}

struct fake_card *fake_card_create(size_t memory)
{
	struct fake_card *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return NULL;
	fake->card.memory = calloc(1, memory);
	if (!fake->card.memory) {
		free(fake);
		return NULL;
	}
	fake->card.size = memory;
	fake->card.ops = &fake_ops;
	fake->next_addr = UINT64_C(1) << 32;
	return fake;
}

struct lab_card *fake_card_card(struct fake_card *fake)
{
	return &fake->card;
}

void fake_card_destroy(struct fake_card *fake)
{
	for (unsigned int i = 0; i < LAB_CHANNELS; i++)
		empty(&fake->channel[i]);
	free(fake->card.memory);
	free(fake);
}
