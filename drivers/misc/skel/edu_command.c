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

#include "edu.h"

static const char *edu_idn(struct skel_card *card, u32 channel,
			   const u64 *arg)
{
	struct edu *edu = skel_card_priv(card);
	u32 id = edu_read(edu, EDU_ID);

	if (edu_check_gone(edu))
		return "gone";
	skel_reply(card, channel, "QEMU,edu,%s,%lu.%lu",
		   pci_name(edu->pdev), FIELD_GET(EDU_ID_MAJOR, id),
		   FIELD_GET(EDU_ID_MINOR, id));
	return NULL;
}

static const char *edu_state_name(struct edu *edu)
{
	if (edu->broken)
		return "BROKEN";
	return edu_is_running(edu) ? "BUSY" : "IDLE";
}

static const char *edu_status(struct skel_card *card, u32 channel,
			      const u64 *arg)
{
	struct edu *edu = skel_card_priv(card);

	guard(spinlock_irq)(&edu->lock);
	skel_reply(card, channel, "STATUS %s requests=%u interrupt=%s",
		   edu_state_name(edu), kfifo_len(&edu->requests),
		   edu->pdev->msi_enabled ? "msi" : "intx");
	return NULL;
}

static const char *edu_live(struct skel_card *card, u32 channel,
			    const u64 *arg)
{
	struct edu *edu = skel_card_priv(card);
	u32 inverse;

	edu_write(edu, EDU_LIVE, arg[0]);
	inverse = edu_read(edu, EDU_LIVE);
	if (edu_check_gone(edu))
		return "gone";
	skel_reply(card, channel, "LIVE %#x", inverse);
	return NULL;
}

static bool edu_is_computing(struct edu *edu)
{
	return edu_read(edu, EDU_STATUS) & EDU_STATUS_COMPUTING;
}

/* The interrupt only wakes this up: what counts is the status. */
static const char *edu_factorial(struct skel_card *card, u32 channel,
				 const u64 *arg)
{
	struct edu *edu = skel_card_priv(card);
	u32 factorial;
	bool late;

	if (edu_is_computing(edu))
		return "busy";
	edu_engine_prepare(edu);	/* for the interrupt */
	edu_write(edu, EDU_STATUS, EDU_STATUS_IRQ_FACTORIAL);
	edu_write(edu, EDU_FACTORIAL, arg[0]);
	wait_event_timeout(edu->wait, !edu_is_computing(edu), edu_timeout());
	late = edu_is_computing(edu);
	factorial = edu_read(edu, EDU_FACTORIAL);
	if (edu_check_gone(edu))
		return "gone";
	if (late)
		return "timeout";
	skel_reply(card, channel, "FACT %u", factorial);
	return NULL;
}

static const char *edu_transfer(struct skel_card *card,
				const struct skel_request *req)
{
	struct edu *edu = skel_card_priv(card);

	return edu_engine_prepare(edu) ?: edu_engine_queue(edu, req);
}

static const struct skel_command edu_commands[] = {
	{ "*IDN?", {}, edu_idn },
	{ "STATUS?", {}, edu_status },
	{ "LIVE?", { { "x", 0, U32_MAX } }, edu_live },
	{ "FACT?", { { "n", 0, EDU_FACTORIAL_MAX } }, edu_factorial },
	{ "TOHOST", SKEL_REQUEST_ARGS, .ask = edu_transfer, .dir = SKEL_TOHOST },
	{ "FROMHOST", SKEL_REQUEST_ARGS, .ask = edu_transfer, .dir = SKEL_FROMHOST },
};

int edu_command(struct skel_card *card, u32 channel, char *line, size_t len)
{
	struct edu *edu = skel_card_priv(card);

	if (edu_check_gone(edu))
		skel_reply(card, channel, "ERROR gone");
	else
		skel_command_run(card, channel, line, len, edu_commands,
				 ARRAY_SIZE(edu_commands));
	return 0;
}
