/* SPDX-License-Identifier: GPL-2.0 */
/*
 * edu.h - QEMU's educational PCI device as a laboratory card
 *
 * edu.c          the PCI device: probe, remove, interrupt, suspend, errors
 * edu_command.c  the command language
 * edu_engine.c   the DMA engine and the queue in front of it
 *
 * A transfer is a job. The command queues it and makes the card raise an
 * interrupt, whose handler asks the core. The DMA engine moves what is granted in
 * bursts, in turn with the jobs of other channels. edu->active is the job whose
 * burst is running; it stays in the queue.
 *
 * A busy engine has no command to stop. The only forcible way is to take away its
 * bus (edu_engine_kill()): with bus mastering off, it ends its burst into the
 * void. It gets the bus back (edu_engine_revive()) once it has been seen idle,
 * with the first command that needs it (edu_engine_prepare()), and keeps it while
 * a channel is open. It is therefore off the bus after probe(), too: what an
 * earlier driver has left running does no harm. open() waits for none of this,
 * because open() of all misc devices of the machine would wait with it.
 *
 * edu->mutex is held to kill or revive the engine, and to switch bus mastering in
 * any other way. edu->lock protects the queue and the engine, and is taken last.
 */
#ifndef _SKEL_EDU_H
#define _SKEL_EDU_H

#include <linux/bits.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/skel.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "edu_regs.h"

#define EDU_CHANNELS		8
#define EDU_TRANSFERS		4

struct edu_job;
struct pci_dev;

/* Reasons for a pause, which may overlap */
enum edu_pause {
	EDU_ASLEEP	= BIT(0),
	EDU_ERROR	= BIT(1),	/* PCI error recovery */
	EDU_RESET	= BIT(2),	/* reset of the device */
};

struct edu {
	struct pci_dev *pdev;
	struct skel_card *card;
	void __iomem *regs;
	struct work_struct leave;	/* the card is gone */
	wait_queue_head_t wait;		/* for the engine, or the card's CPU */

	struct mutex mutex;		/* forcing the engine, bus mastering */
	unsigned long paused;		/* enum edu_pause: registers are not read */
	bool left;			/* the card is unregistered */

	spinlock_t lock;		/* open, jobs, engine; taken last */
	unsigned int open;		/* channels */
	struct list_head jobs;
	struct edu_job *active;
	u32 last;			/* channel served last */
	u32 moving;			/* bytes of the running burst */
	unsigned long deadline;		/* of the running burst */
	struct delayed_work watchdog;	/* the engine, and requests in time */
	bool halted;			/* no burst is started */
	bool killed;			/* off the bus: its interrupts mean nothing */
	bool broken;			/* does not stop */
};

static inline u32 edu_read(struct edu *edu, unsigned int reg)
{
	return readl(edu->regs + reg);
}

static inline void edu_write(struct edu *edu, unsigned int reg, u32 value)
{
	writel(value, edu->regs + reg);
}

/* edu_command.c */
int edu_command(struct skel_card *card, u32 channel, char *line, size_t len);

/* edu_engine.c */
bool edu_is_gone(struct edu *edu);
bool edu_check_gone(struct edu *edu);
unsigned long edu_timeout(void);
void edu_engine_init(struct edu *edu);
const char *edu_engine_queue(struct edu *edu, const struct skel_request *req);
const char *edu_engine_prepare(struct edu *edu);
void edu_engine_irq(struct edu *edu, u32 status);
void edu_engine_halt(struct edu *edu);
int edu_engine_kill(struct edu *edu, int error);
int edu_engine_stop(struct edu *edu, int error);
void edu_engine_revive(struct edu *edu);
void edu_engine_leave(struct edu *edu);
void edu_update_master(struct edu *edu);
int edu_quiesce(struct skel_card *card, u32 channel);
int edu_reset(struct skel_card *card);

#endif /* _SKEL_EDU_H */
