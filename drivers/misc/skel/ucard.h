/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ucard.h - a program plays a card: structures, lifetimes, locks
 *
 * The protocol is documented in the user API, linux/skel_ucard.h. The program is
 * treated like hostile hardware: nothing that it says is trusted, and every wait
 * for it is limited. The DMA engine of the card is this driver: bytes move only
 * within write(), so the card can be stopped without asking the program.
 *
 * Events wait in ucard->events until the program reads them. Their number is
 * bounded: a channel has at most one opening, one closing and one command
 * there, and requests are not accepted while SKEL_UCARD_RESULTS results, or as
 * many granted transfers, are waiting.
 *
 * struct skel_ucard lives from SKEL_UCARD_IOC_CREATE until its card is freed,
 * when the program's file and all files of the card are closed. What belongs to
 * the program's file alone is in struct skel_ucard_file.
 *
 * Locks: ucard->lock is taken within card->ops_sem, by the callbacks, and
 * outside of the core's spinlock. read_lock and write_lock serialize readers and
 * writers; they are taken outside of ucard->lock and held while user memory is
 * touched. No callback takes them.
 */
#ifndef _SKEL_UCARD_PRIVATE_H
#define _SKEL_UCARD_PRIVATE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/skel.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <uapi/linux/skel_ucard.h>

struct faux_device;

#define SKEL_UCARD_RESULTS	1024

/* An event for the program, or a granted transfer that may expire. */
struct skel_ucard_msg {
	struct list_head node;
	u16 type;			/* enum skel_ucard_event */
	u32 channel;
	u32 opening;
	unsigned long deadline;		/* of commands and transfers, jiffies */
	union {
		struct {		/* SKEL_UCARD_COMMAND */
			char *line;
			size_t len;
		};
		struct {		/* SKEL_UCARD_RESULT, _EXPIRED */
			u64 tag;
			u64 id;
			u32 action;
			int error;
		};
	};
};

struct skel_ucard_chan {
	u32 opening;			/* the current or the next one, from 1 */
	struct skel_ucard_msg opened;
	struct skel_ucard_msg closed;
	struct skel_ucard_msg command;
};

struct skel_ucard_file {
	struct skel_ucard *ucard;	/* NULL until it has one */
	wait_queue_head_t wait;		/* for events, and for room for results */
};

struct skel_ucard {
	struct skel_ucard_file *file;	/* until the card is unregistered */
	struct skel_card *card;
	struct faux_device *faux;
	int index;			/* of the faux device */
	u32 channels;
	unsigned long timeout;		/* jiffies */

	struct mutex lock;		/* everything up to the empty line */
	struct list_head events;
	struct list_head granted;	/* struct skel_ucard_msg */
	unsigned int nr_granted;
	unsigned int results;		/* and expiries, in events */
	u64 moving;			/* the transfer that MOVE is copying */
	bool stalled;			/* a command has expired since it last read */
	struct delayed_work watchdog;
	struct skel_ucard_chan *chans;

	/* An event that read() has taken and not been able to copy. */
	struct mutex read_lock;
	size_t out_len;
	char out[ALIGN(SKEL_UCARD_RECORD_MAX, 8)] __aligned(8);

	/* The action that write() carries out. */
	struct mutex write_lock;
	union {
		struct skel_ucard_head head;
		struct skel_ucard_request request;
		struct skel_ucard_transfer transfer;
		char bytes[SKEL_UCARD_RECORD_MAX];
	} in;
};

/* ucard_event.c */
int skel_ucard_open(struct skel_card *card, u32 nr);
void skel_ucard_close(struct skel_card *card, u32 nr);
int skel_ucard_command(struct skel_card *card, u32 nr, char *line, size_t len);
struct skel_ucard_chan *skel_ucard_chan(struct skel_ucard *ucard, u32 nr);
void skel_ucard_drop(struct skel_ucard *ucard, struct skel_ucard_msg *msg);
void skel_ucard_post_result(struct skel_ucard *ucard,
			    struct skel_ucard_msg *msg);
bool skel_ucard_readable(struct skel_ucard *ucard);
ssize_t skel_ucard_copy_events(struct skel_ucard *ucard, char __user *buf,
			       size_t count);
void skel_ucard_forget(struct skel_ucard *ucard, struct skel_ucard_msg *msg);
void skel_ucard_watchdog(struct work_struct *work);

/* ucard_action.c */
ssize_t skel_ucard_copy_actions(struct skel_ucard *ucard,
				const char __user *buf, size_t count);

#endif /* _SKEL_UCARD_PRIVATE_H */
