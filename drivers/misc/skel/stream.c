// SPDX-License-Identifier: GPL-2.0
/*
 * stream.c - the command stream of a channel
 *
 * write() collects a line and puts it into the command FIFO; the card's workqueue
 * hands it to the backend. Replies go into the reply FIFO, from any context, and
 * read() takes them out. A command runs only while there is room for the longest
 * reply, so a program that does not read stops its own commands and nothing else.
 *
 * If the backend is prompt and it is nobody else's turn, write() hands the command
 * over itself: that saves two context switches.
 */

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core.h"
#include "parse.h"

#define SKEL_CHUNK		256	/* bytes copied at a time, on the stack */
#define SKEL_LOST_MAX		40	/* longest LOST line, with its NUL */
#define SKEL_COMMAND_FIFO	2048
#define SKEL_REPLY_FIFO		4096

static bool skel_stream_readable(struct skel_chan *chan)
{
	return !kfifo_is_empty(&chan->replies);
}

static bool skel_stream_writable(struct skel_chan *chan)
{
	return kfifo_avail(&chan->commands) >= SKEL_LINE_MAX;
}

/* Is there a command, may it run, and is there room for its reply? */
static bool skel_stream_runnable(struct skel_chan *chan)
{
	lockdep_assert_held(&chan->card->lock);
	return chan->state == SKEL_CHAN_OPEN && !chan->busy && !chan->put_off &&
	       !kfifo_is_empty(&chan->commands) &&
	       kfifo_avail(&chan->replies) >= SKEL_LOST_MAX + SKEL_LINE_MAX;
}

/* Let the workqueue run the next command. */
static void skel_stream_kick(struct skel_chan *chan)
{
	if (skel_stream_runnable(chan) &&
	    queue_work(chan->card->wq, &chan->work))
		chan->card->queued++;
}

/* Run the next command. The caller has found that the card is not gone. */
static void skel_stream_run(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;
	char *line = card->command, *end;
	int ret;

	lockdep_assert_held(&card->command_mutex);
	lockdep_assert_held(&card->ops_sem);
	scoped_guard(spinlock_irq, &card->lock) {
		unsigned int len;

		/* What was so when it was queued need not be so now. */
		if (!skel_stream_runnable(chan))
			return;
		len = kfifo_out_peek(&chan->commands, line, SKEL_LINE_MAX);
		end = memchr(line, '\n', len);
		if (!end)
			return;
		chan->busy = true;
		chan->ready = false;
	}
	*end = '\0';
	ret = card->desc.ops->command(card, chan->nr, line, end - line);

	guard(spinlock_irq)(&card->lock);
	chan->busy = false;
	if (ret == -EAGAIN) {
		/* skel_command_ready() may have been called before this. */
		chan->put_off = !chan->ready;
		skel_stream_kick(chan);
		return;
	}
	kfifo_skip_count(&chan->commands, end - line + 1);
	wake_up_poll(&chan->wait, EPOLLOUT | EPOLLWRNORM);
	skel_stream_kick(chan);
}

static void skel_stream_work(struct work_struct *work)
{
	struct skel_chan *chan = container_of(work, struct skel_chan, work);
	struct skel_card *card = chan->card;

	guard(mutex)(&card->command_mutex);
	guard(rwsem_read)(&card->ops_sem);
	scoped_guard(spinlock_irq, &card->lock)
		card->queued--;
	if (!card->gone)
		skel_stream_run(chan);
}

/* Let go of the channel: no command of it runs after this, or is queued. */
void skel_stream_stop(struct skel_chan *chan)
{
	if (!cancel_work_sync(&chan->work))
		return;
	guard(spinlock_irq)(&chan->card->lock);
	chan->card->queued--;
}

/*
 * Let the writer run a command that it has just added, if it is nobody else's turn:
 * no channel is queued, not even this one, and no command is running.
 */
static bool skel_stream_try_enter(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;

	lockdep_assert_held(&card->lock);
	if (!card->desc.prompt || card->queued || !skel_stream_runnable(chan) ||
	    !mutex_trylock(&card->command_mutex))
		return false;
	/* Not while the card goes: O_NONBLOCK does not wait for that. */
	if (down_read_trylock(&card->ops_sem))
		return true;
	mutex_unlock(&card->command_mutex);
	return false;
}

static void skel_stream_leave(struct skel_card *card)
{
	up_read(&card->ops_sem);
	mutex_unlock(&card->command_mutex);
}

/* Check for room for a reply, or count it as lost. */
static bool skel_stream_reserve(struct skel_chan *chan, size_t len)
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

/* Queue a line of the core, which ends in '\n'. Without room it is lost. */
void skel_stream_push(struct skel_chan *chan, const char *line, size_t len)
{
	if (!skel_stream_reserve(chan, len))
		return;
	kfifo_in(&chan->replies, line, len);
	wake_up_poll(&chan->wait, EPOLLIN | EPOLLRDNORM);
}

/* Queue a reply of the card. None of its lines may look like one of the core. */
static void skel_stream_push_reply(struct skel_chan *chan, const char *reply,
				   size_t len)
{
	const char *end = reply + len, *mark = reply;

	static_assert(sizeof(SKEL_CARD_MARK) == sizeof(SKEL_CORE_MARK));
	if (!skel_stream_reserve(chan, len))
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

static void skel_stream_reply(struct skel_card *card, u32 channel,
			      const char *reply, size_t len)
{
	struct skel_chan *chan;

	guard(spinlock_irqsave)(&card->lock);
	chan = skel_chan_find(card, channel);
	if (chan)
		skel_stream_push_reply(chan, reply, len);
}

void skel_reply(struct skel_card *card, u32 channel, const char *fmt, ...)
{
	char line[SKEL_CHUNK];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	line[len++] = '\n';		/* in place of the NUL */
	skel_stream_reply(card, channel, line, len);
}
EXPORT_SYMBOL_NS_GPL(skel_reply, "SKEL");

void skel_reply_raw(struct skel_card *card, u32 channel, const char *bytes,
		    size_t len)
{
	if (len && bytes[len - 1] == '\n')
		skel_stream_reply(card, channel, bytes, len);
}
EXPORT_SYMBOL_NS_GPL(skel_reply_raw, "SKEL");

/**
 * skel_command_ready - the card can take a command again
 * @card: the card
 * @channel: number of a channel for which skel_card_ops.command has returned
 *           -EAGAIN or is about to; nothing happens for others
 *
 * Context: any, including hard interrupt.
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
	skel_stream_kick(chan);
}
EXPORT_SYMBOL_NS_GPL(skel_command_ready, "SKEL");

/* With O_NONBLOCK, do not wait for another thread that is copying, either. */
static int skel_stream_lock(struct file *file, struct mutex *lock)
{
	if (file->f_flags & O_NONBLOCK)
		return mutex_trylock(lock) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(lock) ? -ERESTARTSYS : 0;
}

/* If this is true, no more replies will come. */
static bool skel_stream_is_over(struct skel_card *card)
{
	if (!READ_ONCE(card->gone))
		return false;
	/* Wait for skel_card_unregister() to report cancelled transfers. */
	guard(rwsem_read)(&card->ops_sem);
	return true;
}

/* Copy the replies that are there; they are consumed once the user has them. */
static ssize_t skel_stream_copy_replies(struct skel_chan *chan, char __user *buf,
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
			skel_stream_kick(chan);
		}
		done += n;
	}
	return done;
}

ssize_t skel_stream_read(struct file *file, char __user *buf, size_t count,
			 loff_t *ppos)
{
	struct skel_chan *chan = file->private_data;
	struct skel_card *card = chan->card;
	ssize_t ret;

	if (!count)
		return 0;
	for (;;) {
		bool over = skel_stream_is_over(card);

		ret = skel_stream_lock(file, &chan->read_lock);
		if (ret)
			return ret;
		ret = skel_stream_copy_replies(chan, buf, count);
		mutex_unlock(&chan->read_lock);
		if (ret)
			return ret;
		if (over)
			return -ENODEV;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(chan->wait,
					       skel_stream_readable(chan) ||
					       READ_ONCE(card->gone));
		if (ret)
			return ret;
	}
}

/* The line is complete: queue it, or run it. Returns false if there is no room. */
static bool skel_stream_end_line(struct skel_chan *chan)
{
	struct skel_card *card = chan->card;
	bool enter;

	scoped_guard(spinlock_irq, &card->lock) {
		if (kfifo_avail(&chan->commands) < chan->line_len + 1)
			return false;
		chan->line[chan->line_len] = '\n';
		kfifo_in(&chan->commands, chan->line, chan->line_len + 1);
		chan->line_len = 0;
		enter = skel_stream_try_enter(chan);
		if (!enter)
			skel_stream_kick(chan);
	}
	if (enter) {
		skel_stream_run(chan);
		skel_stream_leave(card);
	}
	return true;
}

/* Progress of one write(). */
struct skel_write {
	size_t pos;			/* bytes taken */
	size_t lines;			/* bytes of whole lines among them */
	bool too_long;			/* this write() fails */
};

/*
 * Take the bytes of @chunk. Returns 0; -EAGAIN if there is no room for the line that
 * ends at w->pos; -EMSGSIZE if write() ends because a line is too long.
 */
static int skel_stream_take(struct skel_chan *chan, struct skel_write *w,
			    const char *chunk, size_t n)
{
	while (n) {
		const char *end = memchr(chunk, '\n', n);
		size_t len = end ? end - chunk : n;

		if (!chan->discard && chan->line_len + len >= SKEL_LINE_MAX) {
			chan->line_len = 0;
			/* Let the caller see which line it was. */
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

		if (!chan->discard && !skel_stream_end_line(chan))
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

static ssize_t skel_stream_copy_lines(struct skel_chan *chan,
				      const char __user *buf, size_t count)
{
	struct skel_write w = {};
	int ret = 0;

	/* They may run commands, as many as there are lines. */
	while (!ret && w.pos < count && (!w.pos || !signal_pending(current))) {
		char chunk[SKEL_CHUNK];
		size_t n = min(count - w.pos, sizeof(chunk));

		n -= copy_from_user(chunk, buf + w.pos, n);
		ret = n ? skel_stream_take(chan, &w, chunk, n) : -EFAULT;
		cond_resched();
	}
	if (w.too_long)
		return -EMSGSIZE;
	return w.pos ?: ret;
}

/*
 * A line that is too long is discarded up to its '\n', and write() fails with
 * -EMSGSIZE. If it has taken whole lines before, it returns their length instead,
 * and the next write() starts with the long line.
 */
ssize_t skel_stream_write(struct file *file, const char __user *buf,
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
		ret = skel_stream_lock(file, &chan->write_lock);
		if (ret)
			return ret;
		ret = skel_stream_copy_lines(chan, buf, count);
		mutex_unlock(&chan->write_lock);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			return ret;
		ret = wait_event_interruptible(chan->wait,
					       skel_stream_writable(chan) ||
					       READ_ONCE(card->gone));
		if (ret)
			return ret;
	}
}
EXPORT_SYMBOL_IF_KUNIT(skel_stream_write);

__poll_t skel_stream_poll(struct file *file, struct poll_table_struct *wait)
{
	struct skel_chan *chan = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &chan->wait, wait);
	if (skel_stream_readable(chan))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(chan->card->gone))
		return mask | EPOLLHUP | EPOLLERR;
	if (skel_stream_writable(chan))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

int skel_stream_init(struct skel_chan *chan)
{
	mutex_init(&chan->read_lock);
	mutex_init(&chan->write_lock);
	init_waitqueue_head(&chan->wait);
	INIT_WORK(&chan->work, skel_stream_work);

	chan->line = kmalloc(SKEL_LINE_MAX, GFP_KERNEL_ACCOUNT);
	if (!chan->line ||
	    kfifo_alloc(&chan->commands, SKEL_COMMAND_FIFO, GFP_KERNEL_ACCOUNT) ||
	    kfifo_alloc(&chan->replies, SKEL_REPLY_FIFO, GFP_KERNEL_ACCOUNT)) {
		skel_stream_free(chan);
		return -ENOMEM;
	}
	return 0;
}

void skel_stream_free(struct skel_chan *chan)
{
	kfree(chan->line);
	kfifo_free(&chan->commands);
	kfifo_free(&chan->replies);
}
