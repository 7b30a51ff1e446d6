// SPDX-License-Identifier: GPL-2.0
/*
 * edu_command.c - the command language of the edu card
 *
 *   *IDN?                    manufacturer,model,serial,firmware (IEEE 488.2)
 *   STATUS?                  what the card is doing
 *   LIVE? x                  the card's inverse of a number of 32 bits
 *   FACT? n                  the card's CPU computes n!, n is 0 to 12
 *   TOHOST card len host     send memory to a buffer
 *   FROMHOST card len host   fetch memory from a buffer
 */

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "edu.h"

static const char *edu_idn(struct edu *edu, u32 channel, u64 arg)
{
	u32 id = edu_read(edu, EDU_ID);

	if (edu_check_gone(edu))
		return "gone";
	skel_reply(edu->card, channel, "QEMU,edu,%s,%lu.%lu",
		   pci_name(edu->pdev), FIELD_GET(EDU_ID_MAJOR, id),
		   FIELD_GET(EDU_ID_MINOR, id));
	return NULL;
}

static const char *edu_state_name(struct edu *edu)
{
	if (edu->broken)
		return "BROKEN";
	return edu->active ? "BUSY" : "IDLE";
}

static const char *edu_status(struct edu *edu, u32 channel, u64 arg)
{
	guard(spinlock_irq)(&edu->lock);
	skel_reply(edu->card, channel, "STATUS %s transfers=%zu interrupt=%s",
		   edu_state_name(edu), list_count_nodes(&edu->jobs),
		   edu->pdev->msi_enabled ? "msi" : "intx");
	return NULL;
}

static const char *edu_live(struct edu *edu, u32 channel, u64 arg)
{
	if (arg > U32_MAX)
		return "range";
	edu_write(edu, EDU_LIVE, arg);
	arg = edu_read(edu, EDU_LIVE);
	if (edu_check_gone(edu))
		return "gone";
	skel_reply(edu->card, channel, "LIVE %#llx", arg);
	return NULL;
}

static bool edu_is_computing(struct edu *edu)
{
	return edu_read(edu, EDU_STATUS) & EDU_STATUS_COMPUTING;
}

/* The interrupt only wakes: what counts is the status. */
static const char *edu_factorial(struct edu *edu, u32 channel, u64 arg)
{
	bool late;

	if (arg > EDU_FACTORIAL_MAX)
		return "range";
	if (edu_is_computing(edu))
		return "busy";
	edu_engine_prepare(edu);	/* for the interrupt */
	edu_write(edu, EDU_STATUS, EDU_STATUS_IRQ_FACTORIAL);
	edu_write(edu, EDU_FACTORIAL, arg);
	wait_event_timeout(edu->wait, !edu_is_computing(edu), edu_timeout());
	late = edu_is_computing(edu);
	arg = edu_read(edu, EDU_FACTORIAL);
	if (edu_check_gone(edu))
		return "gone";
	if (late)
		return "timeout";
	skel_reply(edu->card, channel, "FACT %llu", arg);
	return NULL;
}

static const struct {
	const char *name;
	bool arg;			/* one, a number */
	/* Replies and returns NULL, or returns the reason of an error. */
	const char *(*run)(struct edu *edu, u32 channel, u64 arg);
} edu_commands[] = {
	{ "*IDN?",	false, edu_idn },
	{ "STATUS?",	false, edu_status },
	{ "LIVE?",	true, edu_live },
	{ "FACT?",	true, edu_factorial },
};

static const char *edu_run(struct edu *edu, u32 channel,
			   const struct skel_words *words)
{
	struct skel_request req;
	u64 arg = 0;
	int ret;

	ret = skel_parse_transfer(words, &req);
	if (!ret)
		return edu_engine_prepare(edu) ?:
		       edu_engine_queue(edu, channel, &req);
	if (ret != -ENOENT)
		return skel_parse_error(ret);
	for (int i = 0; i < ARRAY_SIZE(edu_commands); i++) {
		if (strcasecmp(words->word[0], edu_commands[i].name))
			continue;
		if (words->count != (edu_commands[i].arg ? 2 : 1))
			return "parameter-count";
		if (edu_commands[i].arg && skel_parse_u64(words->word[1], &arg))
			return "number";
		return edu_commands[i].run(edu, channel, arg);
	}
	return "unknown-command";
}

int edu_command(struct skel_card *card, u32 channel, char *line, size_t len)
{
	struct edu *edu = skel_card_priv(card);
	const char *error = NULL;
	struct skel_words words;
	int ret;

	ret = skel_parse_words(line, len, &words);
	if (ret)
		error = skel_parse_error(ret);
	else if (words.count)
		error = edu_check_gone(edu) ? "gone" :
			edu_run(edu, channel, &words);
	if (error)
		skel_reply(card, channel, "ERROR %s", error);
	return 0;
}
