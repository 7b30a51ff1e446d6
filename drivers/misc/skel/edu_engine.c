// SPDX-License-Identifier: GPL-2.0
/*
 * edu_engine.c - the DMA engine of the edu card and the queue in front of it
 *
 * How it works is explained in edu.h.
 */

#include <linux/bitfield.h>
#include <linux/build_bug.h>
#include <linux/cleanup.h>
#include <linux/iopoll.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "edu.h"

/*
 * Jobs of a channel that wait for an interrupt. When the core is asked, it refuses
 * those beyond EDU_TRANSFERS.
 */
#define EDU_JOBS_MAX		(4 * EDU_TRANSFERS)

/* A burst takes 100 ms, even one into the void. */
#define EDU_IDLE_TIMEOUT_US	(1000 * USEC_PER_MSEC)

static unsigned int timeout_ms = 2000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "time after which a burst has failed, in ms (default 2000)");

static unsigned int burst = EDU_MEMORY_SIZE;
module_param(burst, uint, 0644);
MODULE_PARM_DESC(burst, "bytes that the DMA engine moves at a time, 1 to 4095 (default 4095)");

struct edu_job {
	struct list_head node;
	struct skel_request req;
	struct skel_grant grant;
	u64 moved;
	bool cancelled;			/* ends with the burst that is running */
};

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

static bool edu_is_running(struct edu *edu)
{
	return edu_read(edu, EDU_DMA_COMMAND) & EDU_DMA_RUN;
}

/* The oldest job of the channel whose turn it is. */
static struct edu_job *edu_next(struct edu *edu)
{
	struct edu_job *job, *next = NULL;
	u32 first = EDU_CHANNELS;

	BUILD_BUG_ON_NOT_POWER_OF_2(EDU_CHANNELS);
	list_for_each_entry(job, &edu->jobs, node) {
		u32 turn = (job->req.channel - edu->last - 1) % EDU_CHANNELS;

		if (job->grant.id && turn < first) {
			first = turn;
			next = job;
		}
	}
	return next;
}

/* Start the next burst, if there is one. */
static void edu_start(struct edu *edu)
{
	unsigned long timeout = edu_timeout();
	struct edu_job *job;
	bool tohost;
	u32 card;

	lockdep_assert_held(&edu->lock);
	if (edu->active || edu->halted)
		return;
	job = edu_next(edu);
	if (!job)
		return;

	edu->active = job;
	edu->last = job->req.channel;
	edu->moving = min(job->req.length - job->moved,
			  clamp(READ_ONCE(burst), 1, EDU_MEMORY_SIZE));
	tohost = job->req.dir == SKEL_TOHOST;
	card = EDU_MEMORY + job->req.card_addr + job->moved;
	edu_write(edu, tohost ? EDU_DMA_SOURCE : EDU_DMA_DESTINATION, card);
	edu_write(edu, tohost ? EDU_DMA_DESTINATION : EDU_DMA_SOURCE,
		  job->grant.dma + job->moved);
	edu_write(edu, EDU_DMA_COUNT, edu->moving);
	edu_write(edu, EDU_DMA_COMMAND,
		  EDU_DMA_RUN | EDU_DMA_IRQ | (tohost ? EDU_DMA_TO_HOST : 0));
	edu->deadline = jiffies + timeout;
	mod_delayed_work(system_percpu_wq, &edu->watchdog, timeout + 1);
}

/* Without a completion: the core has ended the transfer. */
static void edu_forget(struct edu *edu, struct edu_job *job)
{
	lockdep_assert_held(&edu->lock);
	list_del(&job->node);
	kfree(job);
}

/* With error 0 it is done. */
static void edu_end(struct edu *edu, struct edu_job *job, int error)
{
	skel_complete(edu->card, job->grant.id, job->moved, error);
	edu_forget(edu, job);
}

/* The engine is free again. Returns the job that was active. */
static struct edu_job *edu_take_active(struct edu *edu)
{
	struct edu_job *job = edu->active;

	lockdep_assert_held(&edu->lock);
	edu->active = NULL;
	wake_up_all(&edu->wait);
	return job;
}

/* The interrupt proves nothing; the engine's register counts. */
static void edu_burst_done(struct edu *edu)
{
	struct edu_job *job;

	lockdep_assert_held(&edu->lock);
	if (!edu->active || edu->killed)
		return;
	/* In this order: registers that have just vanished read "not running". */
	if (edu_is_running(edu) || edu_is_gone(edu))
		return;
	job = edu_take_active(edu);
	job->moved += edu->moving;
	if (job->cancelled)
		edu_forget(edu, job);
	else if (job->moved == job->req.length)
		edu_end(edu, job, 0);
	edu_start(edu);
}

/* The card asks for its transfers. */
static void edu_ask(struct edu *edu)
{
	struct edu_job *job, *next;

	lockdep_assert_held(&edu->lock);
	list_for_each_entry_safe(job, next, &edu->jobs, node) {
		if (!job->grant.id &&
		    skel_request(edu->card, &job->req, &job->grant))
			edu_forget(edu, job);
	}
	edu_start(edu);
}

void edu_engine_irq(struct edu *edu, u32 status)
{
	guard(spinlock)(&edu->lock);
	if (status & EDU_IRQ_DMA)
		edu_burst_done(edu);
	if (status & EDU_IRQ_REQUEST)
		edu_ask(edu);
}

static unsigned int edu_count(struct edu *edu, u32 channel)
{
	unsigned int count = 0;
	struct edu_job *job;

	lockdep_assert_held(&edu->lock);
	list_for_each_entry(job, &edu->jobs, node)
		count += job->req.channel == channel;
	return count;
}

/* Queue a transfer. Returns NULL or the reason of an error. */
const char *edu_engine_queue(struct edu *edu, const struct skel_request *req)
{
	struct edu_job *job;

	job = kzalloc_obj(*job);
	if (!job)
		return "memory";
	job->req = *req;

	guard(spinlock_irq)(&edu->lock);
	if (edu->broken) {
		kfree(job);
		return "engine";
	}
	list_add_tail(&job->node, &edu->jobs);
	if (edu_count(edu, req->channel) < EDU_JOBS_MAX)
		edu_write(edu, EDU_IRQ_RAISE, EDU_IRQ_REQUEST);
	else
		edu_ask(edu);	/* the interrupt is late, or lost */
	/* For an interrupt that may not come, unless it is pending already. */
	queue_delayed_work(system_percpu_wq, &edu->watchdog, edu_timeout() + 1);
	return NULL;
}

/* Start nothing any more; a running burst may end. */
void edu_engine_halt(struct edu *edu)
{
	lockdep_assert_held(&edu->mutex);
	guard(spinlock_irq)(&edu->lock);
	edu->halted = true;
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

/*
 * End all jobs but the active one. With error 0 they are only dropped: the core
 * ends them itself. First ask for those that were not, so that users get an
 * answer.
 */
static void edu_end_all(struct edu *edu, int error)
{
	struct edu_job *job, *next;

	guard(spinlock_irq)(&edu->lock);
	edu_ask(edu);
	list_for_each_entry_safe(job, next, &edu->jobs, node) {
		if (job == edu->active)
			continue;
		if (error)
			edu_end(edu, job, error);
		else
			edu_forget(edu, job);
	}
}

/* Take the engine off the bus. */
static int edu_take_bus(struct edu *edu)
{
	u16 command;

	lockdep_assert_held(&edu->mutex);
	scoped_guard(spinlock_irq, &edu->lock) {
		edu->halted = true;
		edu->killed = true;
	}
	edu_update_master(edu);
	/* The read also flushes writes in flight. All ones: there is no card. */
	pci_read_config_word(edu->pdev, PCI_COMMAND, &command);
	if (!PCI_POSSIBLE_ERROR(command) && command & PCI_COMMAND_MASTER) {
		pci_err(edu->pdev, "cannot disable bus mastering\n");
		scoped_guard(spinlock_irq, &edu->lock)
			edu->broken = true;
		/* The other jobs do not wait for it. */
		edu_end_all(edu, -EIO);
		return -EIO;
	}
	return 0;
}

/*
 * Stop the engine by force. If this returns 0, the card does not touch host memory
 * until edu_engine_revive(). The active job is ended as by edu_end_all(), but
 * stays if the engine does not stop.
 */
int edu_engine_kill(struct edu *edu, int error)
{
	int ret = edu_take_bus(edu);

	if (ret)
		return ret;
	guard(spinlock_irq)(&edu->lock);
	if (!edu->active)
		return 0;
	if (error)
		edu_end(edu, edu_take_active(edu), error);
	else
		edu_forget(edu, edu_take_active(edu));
	return 0;
}

/* Stop by force and end all jobs. */
int edu_engine_stop(struct edu *edu, int error)
{
	int ret = edu_engine_kill(edu, error);

	if (!ret)
		edu_end_all(edu, error);
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
		edu_end_all(edu, -EIO);
		return;
	}

	edu_write(edu, EDU_IRQ_ACK, EDU_IRQ_DMA);
	scoped_guard(spinlock_irq, &edu->lock) {
		/* Left by an engine that did not stop, and now has. */
		if (edu->active)
			edu_end(edu, edu_take_active(edu), -EIO);
		edu->killed = false;
	}
	edu_update_master(edu);

	/* Not before it has the bus. */
	guard(spinlock_irq)(&edu->lock);
	edu->halted = false;
	edu->broken = false;
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

static void edu_watchdog(struct work_struct *work)
{
	struct edu *edu = container_of(to_delayed_work(work), struct edu,
				       watchdog);

	guard(mutex)(&edu->mutex);
	if (edu->paused || edu_check_gone(edu))
		return;
	scoped_guard(spinlock_irq, &edu->lock) {
		if (edu->halted)
			return;
		/* In case an interrupt was lost. */
		edu_burst_done(edu);
		edu_ask(edu);
		if (!edu->active || time_before(jiffies, edu->deadline))
			return;
	}
	if (!edu_engine_kill(edu, -ETIMEDOUT))
		edu_engine_revive(edu);
}

static bool edu_serves(struct edu *edu, u32 channel)
{
	guard(spinlock_irq)(&edu->lock);
	return edu->active && edu->active->req.channel == channel;
}

/* Other channels go on. Waits for a running burst of this one. */
int edu_quiesce(struct skel_card *card, u32 channel)
{
	struct edu *edu = skel_card_priv(card);
	struct edu_job *job, *next;

	scoped_guard(spinlock_irq, &edu->lock) {
		list_for_each_entry_safe(job, next, &edu->jobs, node) {
			if (job->req.channel != channel)
				continue;
			if (job == edu->active)
				job->cancelled = true;
			else
				edu_forget(edu, job);
		}
	}
	if (!edu_serves(edu, channel))
		return 0;
	if (edu_check_gone(edu))
		return -ENODEV;
	/* The watchdog is earlier: its timeout stops this job alone. */
	return wait_event_timeout(edu->wait, !edu_serves(edu, channel),
				  edu_timeout() + HZ) ? 0 : -ETIMEDOUT;
}

int edu_reset(struct skel_card *card)
{
	struct edu *edu = skel_card_priv(card);
	int ret;

	guard(mutex)(&edu->mutex);
	ret = edu_engine_stop(edu, 0);
	if (ret)
		return ret;
	edu_engine_revive(edu);
	return 0;
}

/* The card is unregistered: there are no new jobs, and no completions. */
void edu_engine_leave(struct edu *edu)
{
	disable_delayed_work_sync(&edu->watchdog);

	scoped_guard(mutex, &edu->mutex) {
		/* Kept by an engine that did not stop. */
		guard(spinlock_irq)(&edu->lock);
		if (edu->active)
			edu_forget(edu, edu_take_active(edu));
	}
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
	INIT_LIST_HEAD(&edu->jobs);
	INIT_DELAYED_WORK(&edu->watchdog, edu_watchdog);
	/* An earlier driver may have left it running. */
	edu->halted = true;
	edu->killed = true;
}
