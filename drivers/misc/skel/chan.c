// SPDX-License-Identifier: GPL-2.0
/*
 * chan.c - the command stream of a channel
 *
 * write() collects a line, puts it into the command FIFO, and the card's
 * workqueue hands it to the backend. Replies go into the reply FIFO, from any
 * context, and read() takes them out. A command is run only while there is room
 * for the longest reply, so a program that does not read stops its own commands
 * and nothing else.
 */

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "parse.h"
#include "skel.h"

/* Bytes copied from and to user memory at a time, on the stack. */
#define SKEL_CHUNK	256

/* Longest LOST line, with its NUL. */
#define SKEL_LOST_MAX	40

static bool skel_chan_readable(struct skel_chan *chan)
{
	return !kfifo_is_empty(&chan->replies);
}

static bool skel_chan_writable(struct skel_chan *chan)
{
	return kfifo_avail(&chan->commands) >= SKEL_LINE_MAX;
}

/* Run the next command, if there is one and its reply has room. */
static void skel_chan_kick(struct skel_chan *chan)
{
	lockdep_assert_held(&chan->card->lock);
	if (chan->state == SKEL_CHAN_OPEN && !chan->put_off &&
	    !kfifo_is_empty(&chan->commands) &&
	    kfifo_avail(&chan->replies) >= SKEL_LOST_MAX + SKEL_LINE_MAX)
		queue_work(chan->card->wq, &chan->work);
}

static void skel_chan_run(struct work_struct *work)
{
	struct skel_chan *chan = container_of(work, struct skel_chan, work);
	struct skel_card *card = chan->card;
	char *line = card->command, *end;
	int ret;

	/* card->wq is ordered: this is the only user of card->command. */
	guard(rwsem_read)(&card->ops_sem);
	if (card->gone)
		return;

	scoped_guard(spinlock_irq, &card->lock) {
		unsigned int len = kfifo_out_peek(&chan->commands, line,
						  SKEL_LINE_MAX);

		end = memchr(line, '\n', len);
		chan->ready = false;
	}
	if (!end)
		return;
	*end = '\0';
	ret = card->desc.ops->command(card, chan->nr, line, end - line);

	guard(spinlock_irq)(&card->lock);
	if (ret == -EAGAIN) {
		/* It may have become ready before it is seen to wait. */
		chan->put_off = !chan->ready;
		skel_chan_kick(chan);
		return;
	}
	kfifo_skip_count(&chan->commands, end - line + 1);
	wake_up_poll(&chan->wait, EPOLLOUT | EPOLLWRNORM);
	skel_chan_kick(chan);
}

/* The open channel of that number, or NULL. Any number may be asked for. */
struct skel_chan *skel_chan_find(struct skel_card *card, u32 nr)
{
	lockdep_assert_held(&card->lock);
	if (nr >= card->desc.channels)
		return NULL;
	return card->chans[array_index_nospec(nr, card->desc.channels)];
}

/* Make room for a reply, or count it as lost. */
static bool skel_chan_reserve(struct skel_chan *chan, size_t len)
{
	char lost[SKEL_LOST_MAX];
	size_t lost_len = 0;

	lockdep_assert_held(&chan->card->lock);

	if (chan->lost)
		lost_len = scnprintf(lost, sizeof(lost),
				     SKEL_CORE_MARK "LOST %llu\n", chan->lost);
	if (kfifo_avail(&chan->replies) < lost_len + len) {
		chan->lost++;
		chan->stats.replies_lost++;
		return false;
	}
	kfifo_in(&chan->replies, lost, lost_len);
	chan->lost = 0;
	return true;
}

/* Queue a line of the core, with its '\n'. Without room it is lost. */
void skel_chan_push(struct skel_chan *chan, const char *line, size_t len)
{
	if (!skel_chan_reserve(chan, len))
		return;
	kfifo_in(&chan->replies, line, len);
	wake_up_poll(&chan->wait, EPOLLIN | EPOLLRDNORM);
}

/* Queue a reply of the card. No line of it shall begin as those of the core do. */
static void skel_chan_push_reply(struct skel_chan *chan, const char *reply,
				 size_t len)
{
	const char *end = reply + len, *mark = reply;

	static_assert(sizeof(SKEL_CARD_MARK) == sizeof(SKEL_CORE_MARK));
	if (!skel_chan_reserve(chan, len))
		return;
	while ((mark = skel_find_mark(mark, end))) {
		kfifo_in(&chan->replies, reply, mark - reply);
		kfifo_in(&chan->replies, SKEL_CARD_MARK, strlen(SKEL_CARD_MARK));
		reply = mark + strlen(SKEL_CARD_MARK);
		mark = skel_next_line(mark, end);
	}
	kfifo_in(&chan->replies, reply, end - reply);
	wake_up_poll(&chan->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * skel_reply - send a reply line to the user of a channel
 * @card: the card
 * @channel: number of the channel; nothing happens if it is not open
 * @fmt: the line without its newline, as for printf(); cut to 255 bytes
 *
 * If the user has not read earlier replies and there is no room, the line is
 * lost; a LOST line and a counter tell the user.
 *
 * Context: any, also hard interrupt.
 */
void skel_reply(struct skel_card *card, u32 channel, const char *fmt, ...)
{
	char line[SKEL_CHUNK];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	line[len++] = '\n';		/* in the place of the NUL */
	skel_reply_raw(card, channel, line, len);
}
EXPORT_SYMBOL_NS_GPL(skel_reply, "SKEL");

/**
 * skel_reply_raw - send bytes to the user of a channel
 * @card: the card
 * @channel: number of the channel; nothing happens if it is not open
 * @bytes: any bytes, the last one is '\n'; otherwise nothing happens
 * @len: how many, at most %SKEL_LINE_MAX
 *
 * For cards whose replies are not always text. Without room all of them are
 * lost, as by skel_reply(). Of a line in them that begins with %SKEL_CORE_MARK
 * this is replaced by %SKEL_CARD_MARK; all else arrives as it is. Nothing may
 * change @bytes meanwhile: memory that the card can write is to be copied first.
 *
 * Context: any, also hard interrupt.
 */
void skel_reply_raw(struct skel_card *card, u32 channel, const char *bytes,
		    size_t len)
{
	struct skel_chan *chan;

	if (!len || bytes[len - 1] != '\n')
		return;
	guard(spinlock_irqsave)(&card->lock);
	chan = skel_chan_find(card, channel);
	if (chan)
		skel_chan_push_reply(chan, bytes, len);
}
EXPORT_SYMBOL_NS_GPL(skel_reply_raw, "SKEL");

/**
 * skel_command_ready - the card can take a command again
 * @card: the card
 * @channel: number of a channel, for which skel_card_ops.command has said
 *           -EAGAIN, or is about to; of others nothing happens
 *
 * Context: any, also hard interrupt.
 */
void skel_command_ready(struct skel_card *card, u32 channel)
{
	struct skel_chan *chan;

	guard(spinlock_irqsave)(&card->lock);
	chan = skel_chan_find(card, channel);
	if (!chan)
		return;
	chan->ready = true;
	chan->put_off = false;
	skel_chan_kick(chan);
}
EXPORT_SYMBOL_NS_GPL(skel_command_ready, "SKEL");

/* A reader that may not block does not wait for one that is copying, either. */
static int skel_chan_lock(struct file *file, struct mutex *lock)
{
	if (file->f_flags & O_NONBLOCK)
		return mutex_trylock(lock) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(lock) ? -ERESTARTSYS : 0;
}

/* If it is gone, all that it had to say has been said. */
static bool skel_card_is_gone(struct skel_card *card)
{
	if (!READ_ONCE(card->gone))
		return false;
	/* skel_card_unregister() may still be reporting cancelled transfers. */
	guard(rwsem_read)(&card->ops_sem);
	return true;
}

/* Copy what replies there are; they are consumed once the user has them. */
static ssize_t skel_chan_copy_replies(struct skel_chan *chan, char __user *buf,
				      size_t count)
{
	struct skel_card *card = chan->card;
	size_t done = 0;

	while (done < count) {
		char chunk[SKEL_CHUNK];
		unsigned int n = min(count - done, sizeof(chunk));

		scoped_guard(spinlock_irq, &card->lock)
			n = kfifo_out_peek(&chan->replies, chunk, n);
		if (!n)
			break;
		if (copy_to_user(buf + done, chunk, n))
			return done ?: -EFAULT;
		scoped_guard(spinlock_irq, &card->lock) {
			kfifo_skip_count(&chan->replies, n);
			skel_chan_kick(chan);
		}
		done += n;
	}
	return done;
}

ssize_t skel_chan_read(struct file *file, char __user *buf, size_t count,
		       loff_t *ppos)
{
	struct skel_chan *chan = file->private_data;
	struct skel_card *card = chan->card;
	ssize_t ret;

	if (!count)
		return 0;
	for (;;) {
		bool gone = skel_card_is_gone(card);

		ret = skel_chan_lock(file, &chan->read_lock);
		if (ret)
			return ret;
		ret = skel_chan_copy_replies(chan, buf, count);
		mutex_unlock(&chan->read_lock);
		if (ret)
			return ret;
		if (gone)
			return -ENODEV;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(chan->wait,
					       skel_chan_readable(chan) ||
					       READ_ONCE(card->gone));
		if (ret)
			return ret;
	}
}

/* The line is complete: queue it. False if there is no room. */
static bool skel_chan_end_line(struct skel_chan *chan)
{
	guard(spinlock_irq)(&chan->card->lock);

	if (kfifo_avail(&chan->commands) < chan->line_len + 1)
		return false;
	chan->line[chan->line_len] = '\n';
	kfifo_in(&chan->commands, chan->line, chan->line_len + 1);
	chan->line_len = 0;
	skel_chan_kick(chan);
	return true;
}

/* How far one write() has got. */
struct skel_write {
	size_t pos;			/* bytes taken */
	size_t lines;			/* of them, up to the last whole line */
	bool too_long;			/* this write() is to fail */
};

/*
 * Take the bytes of @chunk. Returns 0 if all were taken; -EAGAIN if the line
 * that ends at w->pos finds no room; -EMSGSIZE if write() ends here because of
 * a line that is too long.
 */
static int skel_chan_take(struct skel_chan *chan, struct skel_write *w,
			  const char *chunk, size_t n)
{
	while (n) {
		const char *end = memchr(chunk, '\n', n);
		size_t len = end ? end - chunk : n;

		if (!chan->discard && chan->line_len + len >= SKEL_LINE_MAX) {
			chan->line_len = 0;
			/* The caller shall see which line it was. */
			if (w->lines) {
				w->pos = w->lines;
				return -EMSGSIZE;
			}
			w->too_long = true;
			chan->discard = true;
		}
		if (!chan->discard) {
			memcpy(chan->line + chan->line_len, chunk, len);
			chan->line_len += len;
		}
		w->pos += len;
		if (!end)
			return 0;

		if (!chan->discard && !skel_chan_end_line(chan))
			return -EAGAIN;
		chan->discard = false;
		w->pos++;
		if (w->too_long)
			return -EMSGSIZE;
		w->lines = w->pos;
		chunk = end + 1;
		n -= len + 1;
	}
	return 0;
}

static ssize_t skel_chan_copy_lines(struct skel_chan *chan,
				    const char __user *buf, size_t count)
{
	struct skel_write w = {};
	int ret = 0;

	while (!ret && w.pos < count) {
		char chunk[SKEL_CHUNK];
		size_t n = min(count - w.pos, sizeof(chunk));

		n -= copy_from_user(chunk, buf + w.pos, n);
		ret = n ? skel_chan_take(chan, &w, chunk, n) : -EFAULT;
	}
	if (w.too_long)
		return -EMSGSIZE;
	return w.pos ?: ret;
}

/*
 * A line that is too long is thrown away up to its '\n', be it in this write()
 * or in a later one, and this write() fails with -EMSGSIZE: it takes nothing
 * after that line. If it has taken whole lines before, it returns their length
 * instead, takes no more, and the next write() starts with the long line.
 */
ssize_t skel_chan_write(struct file *file, const char __user *buf,
			size_t count, loff_t *ppos)
{
	struct skel_chan *chan = file->private_data;
	struct skel_card *card = chan->card;
	ssize_t ret;

	if (!count)
		return 0;
	for (;;) {
		if (READ_ONCE(card->gone))
			return -ENODEV;
		ret = skel_chan_lock(file, &chan->write_lock);
		if (ret)
			return ret;
		ret = skel_chan_copy_lines(chan, buf, count);
		mutex_unlock(&chan->write_lock);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			return ret;
		ret = wait_event_interruptible(chan->wait,
					       skel_chan_writable(chan) ||
					       READ_ONCE(card->gone));
		if (ret)
			return ret;
	}
}

__poll_t skel_chan_poll(struct file *file, struct poll_table_struct *wait)
{
	struct skel_chan *chan = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &chan->wait, wait);
	if (skel_chan_readable(chan))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(chan->card->gone))
		return mask | EPOLLHUP | EPOLLERR;
	if (skel_chan_writable(chan))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static void skel_chan_free(struct skel_chan *chan)
{
	xa_destroy(&chan->bufs);
	kfree(chan->line);
	kfifo_free(&chan->commands);
	kfifo_free(&chan->replies);
	kfree(chan);
}

static struct skel_chan *skel_chan_alloc(struct skel_card *card)
{
	struct skel_chan *chan;

	chan = kzalloc_flex(*chan, xfers, card->desc.transfers,
			    GFP_KERNEL_ACCOUNT);
	if (!chan)
		return NULL;
	chan->card = card;
	chan->state = SKEL_CHAN_OPENING;
	mutex_init(&chan->read_lock);
	mutex_init(&chan->write_lock);
	init_waitqueue_head(&chan->wait);
	INIT_WORK(&chan->work, skel_chan_run);
	xa_init_flags(&chan->bufs, XA_FLAGS_ACCOUNT);

	chan->line = kmalloc(SKEL_LINE_MAX, GFP_KERNEL_ACCOUNT);
	if (!chan->line ||
	    kfifo_alloc(&chan->commands, SKEL_COMMAND_FIFO, GFP_KERNEL_ACCOUNT) ||
	    kfifo_alloc(&chan->replies, SKEL_REPLY_FIFO, GFP_KERNEL_ACCOUNT)) {
		skel_chan_free(chan);
		return NULL;
	}
	return chan;
}

/* Take the lowest free number. */
static int skel_chan_insert(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;

	guard(spinlock_irq)(&card->lock);
	while (skel_chan_find(card, chan->nr))
		chan->nr++;
	if (chan->nr == card->desc.channels)
		return -EBUSY;
	card->chans[chan->nr] = chan;
	return 0;
}

static void skel_chan_remove(struct skel_chan *chan)
{
	guard(spinlock_irq)(&chan->card->lock);
	chan->card->chans[chan->nr] = NULL;
}

static void skel_chan_set_state(struct skel_chan *chan,
				enum skel_chan_state state)
{
	guard(spinlock_irq)(&chan->card->lock);
	chan->state = state;
}

struct skel_chan *skel_chan_create(struct skel_card *card)
{
	const struct skel_card_ops *ops = card->desc.ops;
	struct skel_chan *chan;
	int ret;

	lockdep_assert_held(&card->ops_sem);
	chan = skel_chan_alloc(card);
	if (!chan)
		return ERR_PTR(-ENOMEM);
	ret = skel_chan_insert(chan);
	if (ret)
		goto free;
	ret = ops->open ? ops->open(card, chan->nr) : 0;
	if (ret)
		goto remove;
	skel_chan_set_state(chan, SKEL_CHAN_OPEN);
	return chan;

remove:
	skel_chan_remove(chan);
free:
	skel_chan_free(chan);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_IF_KUNIT(skel_chan_create);

/* Returns false if the card did not stop: then the channel is never freed. */
bool skel_chan_destroy(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;
	bool quiet;

	skel_chan_set_state(chan, SKEL_CHAN_CLOSING);
	cancel_work_sync(&chan->work);

	guard(rwsem_read)(&card->ops_sem);
	quiet = skel_xfer_stop(chan);
	skel_buf_free_all(chan);
	if (!card->gone && card->desc.ops->close)
		card->desc.ops->close(card, chan->nr);
	/* This also waits for the last skel_buf_unpin() to leave. */
	skel_chan_remove(chan);
	if (quiet)
		skel_chan_free(chan);
	return quiet;
}
EXPORT_SYMBOL_IF_KUNIT(skel_chan_destroy);
