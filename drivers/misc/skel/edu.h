/* SPDX-License-Identifier: GPL-2.0 */
/*
 * edu.h - QEMU's educational PCI device as a laboratory card
 *
 * edu.c          the PCI device: probe, remove, interrupt, suspend, errors
 * edu_command.c  the command language
 * edu_engine.c   the DMA engine
 *
 * A command queues a request and makes the card raise an interrupt, whose handler
 * asks the core. The core queues what is granted, and says which burst comes next.
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
 * any other way. edu->lock is taken within it, and outside of the core's.
 */
#ifndef _SKEL_EDU_H
#define _SKEL_EDU_H

#include <linux/bits.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kfifo.h>
#include <linux/mutex.h>
#include <linux/skel.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "edu_regs.h"

#define EDU_CHANNELS		8
#define EDU_TRANSFERS		4
#define EDU_REQUESTS		128	/* that wait for an interrupt */

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

	spinlock_t lock;		/* what follows; not taken by edu_start() */
	unsigned int open;		/* channels */
	DECLARE_KFIFO(requests, struct skel_request, EDU_REQUESTS);
	struct delayed_work watchdog;	/* requests in time, the bus given back */
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
bool edu_is_running(struct edu *edu);
unsigned long edu_timeout(void);
void edu_engine_init(struct edu *edu);
const char *edu_engine_queue(struct edu *edu, const struct skel_request *req);
const char *edu_engine_prepare(struct edu *edu);
void edu_engine_irq(struct edu *edu, u32 status);
int edu_engine_kill(struct edu *edu, int error);
int edu_engine_stop(struct edu *edu, int error);
void edu_engine_revive(struct edu *edu);
void edu_engine_leave(struct edu *edu);
void edu_update_master(struct edu *edu);
void edu_start(struct skel_card *card, u32 engine, struct skel_run *run);
int edu_stop(struct skel_card *card, u32 engine);
int edu_quiesce(struct skel_card *card, u32 channel);
int edu_reset(struct skel_card *card);

#endif /* _SKEL_EDU_H */
