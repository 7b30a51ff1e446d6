// SPDX-License-Identifier: GPL-2.0
/*
 * edu_engine.c - the DMA engine of the edu card
 *
 * How it works is explained in edu.h.
 */

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/iopoll.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "edu.h"

/* A burst takes 100 ms, even one into the void. */
#define EDU_IDLE_TIMEOUT_US	(1000 * USEC_PER_MSEC)

static unsigned int timeout_ms = 2000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "time after which a burst has failed, in ms (default 2000)");

static unsigned int burst = EDU_MEMORY_SIZE;
module_param(burst, uint, 0644);
MODULE_PARM_DESC(burst, "bytes that the DMA engine moves at a time, 1 to 4095 (default 4095)");

unsigned long edu_timeout(void)
{
	return msecs_to_jiffies(READ_ONCE(timeout_ms));
}

/* It reads as all ones, or as zeros if only memory decoding was disabled. */
bool edu_is_gone(struct edu *edu)
{
	return FIELD_GET(EDU_ID_MARK, edu_read(edu, EDU_ID)) != EDU_ID_MARK_VALUE;
}

/* Registers cannot be read during PCI error recovery, or for good. */
bool edu_check_gone(struct edu *edu)
{
	if (!edu_is_gone(edu))
		return false;
	if (!READ_ONCE(edu->paused) && !pci_channel_offline(edu->pdev))
		schedule_work(&edu->leave);
	return true;
}

bool edu_is_running(struct edu *edu)
{
	return edu_read(edu, EDU_DMA_COMMAND) & EDU_DMA_RUN;
}

/* The core has chosen the transfer; a burst of it is moved now. */
void edu_start(struct skel_card *card, u32 engine, struct skel_run *run)
{
	bool tohost = run->dir == SKEL_TOHOST;
	struct edu *edu = skel_card_priv(card);
	u32 memory = EDU_MEMORY + run->card_addr;

	run->length = min(run->length, clamp(READ_ONCE(burst), 1, EDU_MEMORY_SIZE));
	run->timeout_ms = READ_ONCE(timeout_ms);
	edu_write(edu, tohost ? EDU_DMA_SOURCE : EDU_DMA_DESTINATION, memory);
	edu_write(edu, tohost ? EDU_DMA_DESTINATION : EDU_DMA_SOURCE, run->dma);
	edu_write(edu, EDU_DMA_COUNT, run->length);
	edu_write(edu, EDU_DMA_COMMAND,
		  EDU_DMA_RUN | EDU_DMA_IRQ | (tohost ? EDU_DMA_TO_HOST : 0));
}

/* In this order: registers that have just vanished read "not running". */
static bool edu_has_ended(struct edu *edu)
{
	return !edu_is_running(edu) && !edu_is_gone(edu);
}

/* The card asks for its transfers. */
static void edu_ask(struct edu *edu)
{
	struct skel_request req;

	lockdep_assert_held(&edu->lock);
	while (kfifo_get(&edu->requests, &req))
		skel_submit(edu->card, &req);
}

/* The interrupt proves nothing; the engine's register counts. */
void edu_engine_irq(struct edu *edu, u32 status)
{
	guard(spinlock_irqsave)(&edu->lock);
	if (status & EDU_IRQ_DMA && !edu->killed && edu_has_ended(edu))
		skel_engine_done(edu->card, 0, 0);
	if (status & EDU_IRQ_REQUEST)
		edu_ask(edu);
}

/* Queue a request. Returns NULL or the reason of an error. */
const char *edu_engine_queue(struct edu *edu, const struct skel_request *req)
{
	guard(spinlock_irq)(&edu->lock);
	if (edu->broken)
		return "engine";
	if (kfifo_is_full(&edu->requests))
		edu_ask(edu);	/* the interrupt is late, or lost */
	kfifo_put(&edu->requests, *req);
	edu_write(edu, EDU_IRQ_RAISE, EDU_IRQ_REQUEST);
	/* For an interrupt that may not come, unless it is pending already. */
	queue_delayed_work(system_percpu_wq, &edu->watchdog, edu_timeout() + 1);
	return NULL;
}

/* Give the card the bus if a channel is open. */
void edu_update_master(struct edu *edu)
{
	lockdep_assert_held(&edu->mutex);
	if (READ_ONCE(edu->open) && !edu->killed)
		pci_set_master(edu->pdev);
	else
		pci_clear_master(edu->pdev);
}

/* What was not asked for is asked for first, so that users get an answer. */
static void edu_fail_all(struct edu *edu, int error)
{
	scoped_guard(spinlock_irq, &edu->lock)
		edu_ask(edu);
	skel_card_abort(edu->card, error);
}

/* Take the engine off the bus. */
static int edu_take_bus(struct edu *edu)
{
	u16 command;

	lockdep_assert_held(&edu->mutex);
	skel_card_pause(edu->card, 0);
	scoped_guard(spinlock_irq, &edu->lock)
		edu->killed = true;
	edu_update_master(edu);
	/* The read also flushes writes in flight. All ones: there is no card. */
	pci_read_config_word(edu->pdev, PCI_COMMAND, &command);
	if (!PCI_POSSIBLE_ERROR(command) && command & PCI_COMMAND_MASTER) {
		pci_err(edu->pdev, "cannot disable bus mastering\n");
		guard(spinlock_irq)(&edu->lock);
		edu->broken = true;
		return -EIO;
	}
	return 0;
}

/*
 * Stop the engine by force, and fail its transfer. If this returns 0, the card does
 * not touch host memory until edu_engine_revive().
 */
int edu_engine_kill(struct edu *edu, int error)
{
	int ret = edu_take_bus(edu);

	if (!ret)
		skel_engine_done(edu->card, 0, error);
	return ret;
}

/* Stop by force and fail all transfers. */
int edu_engine_stop(struct edu *edu, int error)
{
	int ret = edu_take_bus(edu);

	if (!ret)
		edu_fail_all(edu, error);
	return ret;
}

/* Returns 0, -ETIMEDOUT, or -ENODEV if the card does not respond. */
static int edu_wait_idle(struct edu *edu)
{
	u32 command;

	if (read_poll_timeout(edu_read, command,
			      !(command & EDU_DMA_RUN) ||
			      PCI_POSSIBLE_ERROR(command),
			      USEC_PER_MSEC, EDU_IDLE_TIMEOUT_US, false, edu,
			      EDU_DMA_COMMAND))
		return -ETIMEDOUT;
	return edu_is_gone(edu) ? -ENODEV : 0;
}

/* Back to work, unless it is paused: edu_continue() does this later. */
void edu_engine_revive(struct edu *edu)
{
	lockdep_assert_held(&edu->mutex);
	if (edu->paused || edu->left)
		return;
	/* A running engine would go on as soon as it has the bus. */
	switch (edu_wait_idle(edu)) {
	case -ENODEV:
		edu_check_gone(edu);
		return;
	case -ETIMEDOUT:
		if (!edu->broken)
			pci_err(edu->pdev, "the DMA engine does not stop, keeping it off the bus\n");
		scoped_guard(spinlock_irq, &edu->lock)
			edu->broken = true;
		edu_fail_all(edu, -EIO);
		return;
	}

	edu_write(edu, EDU_IRQ_ACK, EDU_IRQ_DMA);
	/* Left by an engine that did not stop, and now has. */
	skel_engine_done(edu->card, 0, -EIO);
	scoped_guard(spinlock_irq, &edu->lock) {
		edu->killed = false;
		edu->broken = false;
	}
	edu_update_master(edu);

	/* Under the lock, so that no handler takes the engine for one that has ended. */
	guard(spinlock_irq)(&edu->lock);
	skel_card_resume(edu->card);
	/* Interrupts that were raised without the bus are lost. */
	edu_ask(edu);
}

/*
 * Give the card the bus, for DMA and interrupts; may wait until the engine is idle.
 * Returns NULL or the reason of an error.
 */
const char *edu_engine_prepare(struct edu *edu)
{
	guard(mutex)(&edu->mutex);
	/* If the engine has not stopped in time, do not wait again. */
	if (edu->killed && !(edu->broken && edu_is_running(edu)))
		edu_engine_revive(edu);
	if (!edu->pdev->is_busmaster)
		edu_update_master(edu);
	return edu->killed && !edu->paused ? "engine" : NULL;
}

/* An interrupt was lost, or the engine was cut off and others wait for it. */
static void edu_watchdog(struct work_struct *work)
{
	struct edu *edu = container_of(to_delayed_work(work), struct edu,
				       watchdog);

	guard(mutex)(&edu->mutex);
	if (edu->paused || edu_check_gone(edu))
		return;
	if (edu->killed && !edu->broken)
		edu_engine_revive(edu);
	guard(spinlock_irq)(&edu->lock);
	if (!edu->killed)
		edu_ask(edu);
}

/* A handler that has read the status of this burst does not end the next one. */
static void edu_forget_irq(struct edu *edu)
{
	edu_write(edu, EDU_IRQ_ACK, EDU_IRQ_DMA);
	synchronize_irq(pci_irq_vector(edu->pdev, 0));
}

/* Was only the interrupt lost? */
static bool edu_end_late(struct edu *edu)
{
	guard(spinlock_irq)(&edu->lock);
	if (edu->killed || !edu_has_ended(edu))
		return false;
	skel_engine_done(edu->card, 0, 0);
	return true;
}

/* A burst takes too long. The engine gets the bus back once it has ended. */
int edu_stop(struct skel_card *card, u32 engine)
{
	struct edu *edu = skel_card_priv(card);
	int ret;

	guard(mutex)(&edu->mutex);
	if (edu_end_late(edu)) {
		edu_forget_irq(edu);
		return 0;
	}
	ret = edu_take_bus(edu);
	if (!ret)
		mod_delayed_work(system_percpu_wq, &edu->watchdog, 0);
	return ret;
}

/* The core has ended the transfers of the channel: only drop its requests. */
int edu_quiesce(struct skel_card *card, u32 channel)
{
	struct edu *edu = skel_card_priv(card);
	struct skel_request req;

	guard(spinlock_irq)(&edu->lock);
	for (unsigned int n = kfifo_len(&edu->requests); n; n--) {
		if (kfifo_get(&edu->requests, &req) && req.channel != channel)
			kfifo_put(&edu->requests, req);
	}
	return 0;
}

int edu_reset(struct skel_card *card)
{
	struct edu *edu = skel_card_priv(card);
	int ret;

	guard(mutex)(&edu->mutex);
	ret = edu_take_bus(edu);
	scoped_guard(spinlock_irq, &edu->lock)
		edu_ask(edu);
	if (!ret)
		mod_delayed_work(system_percpu_wq, &edu->watchdog, 0);
	return ret;
}

/* The card is unregistered: there are no new jobs, and no completions. */
void edu_engine_leave(struct edu *edu)
{
	disable_delayed_work_sync(&edu->watchdog);
	/*
	 * The interrupt of a burst without the bus would come when there is no
	 * handler any more, and on a shared line never be acknowledged.
	 */
	if (edu_wait_idle(edu)) {
		pci_warn(edu->pdev, "the DMA engine is still busy on removal\n");
		return;
	}
	edu_write(edu, EDU_STATUS, 0);
	edu_write(edu, EDU_IRQ_ACK, ~0);
	edu_read(edu, EDU_IRQ_STATUS);
}

void edu_engine_init(struct edu *edu)
{
	mutex_init(&edu->mutex);
	spin_lock_init(&edu->lock);
	init_waitqueue_head(&edu->wait);
	INIT_KFIFO(edu->requests);
	INIT_DELAYED_WORK(&edu->watchdog, edu_watchdog);
	/* An earlier driver may have left it running. */
	edu->killed = true;
}
