// SPDX-License-Identifier: GPL-2.0
/*
 * writer_kunit.c - whose turn it is: commands that write() runs, and those that the
 * workqueue runs
 *
 * A command is one letter. The card notes it, and what it does is in the case.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../core.h"

#define CHANNELS	3
#define NOTES		16
#define SOON		(5 * HZ)

struct writer_test {
	struct faux_device *faux;
	struct skel_card *card;
	struct skel_chan *chans[CHANNELS];
	struct mm_struct *mm;
	char __user *page;

	char block;			/* this command waits for @go */
	char busy;			/* this one is put off, once */
	struct completion blocked;
	struct completion go;
	struct completion ran;		/* a command has ended */

	/* Written by one command at a time, as the core promises */
	atomic_t running;
	bool overlap;
	unsigned int count;
	char notes[NOTES];		/* commands that were carried out */
	struct task_struct *task;	/* of the last one */
};

static int test_command(struct skel_card *card, u32 channel, char *line,
			size_t len)
{
	struct writer_test *t = skel_card_priv(card);
	int ret = 0;

	if (atomic_inc_return(&t->running) > 1)
		t->overlap = true;
	if (*line == t->block) {
		complete(&t->blocked);
		wait_for_completion_timeout(&t->go, SOON);
	}
	if (*line == t->busy) {
		t->busy = '\0';
		ret = -EAGAIN;
	} else if (t->count < NOTES - 1) {
		t->notes[t->count++] = *line;
		t->task = current;
		skel_reply(card, channel, "%c", *line);
	}
	atomic_dec(&t->running);
	complete(&t->ran);
	return ret;
}

static int test_quiesce(struct skel_card *card, u32 channel)
{
	return 0;
}

static int test_reset(struct skel_card *card)
{
	return 0;
}

static const struct skel_card_ops test_ops = {
	.command	= test_command,
	.quiesce	= test_quiesce,
	.reset		= test_reset,
};

static int writer_init(struct kunit *test)
{
	struct skel_card_desc desc = {
		.name = "skel_kunit",
		.owner = THIS_MODULE,
		.ops = &test_ops,
		.channels = CHANNELS,
		.transfers = 1,
		.memory = PAGE_SIZE,
		.caps = SKEL_CAP_TOHOST,
		.prompt = true,
	};
	struct writer_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int ret;

	if (!t)
		return -ENOMEM;
	test->priv = t;
	init_completion(&t->blocked);
	init_completion(&t->go);
	init_completion(&t->ran);
	t->page = (void __user *)kunit_vm_mmap(test, NULL, 0, PAGE_SIZE,
					       PROT_READ | PROT_WRITE,
					       MAP_ANONYMOUS | MAP_PRIVATE, 0);
	t->mm = current->mm;
	t->faux = faux_device_create("skel_kunit", NULL, NULL);
	if (!t->page || !t->faux)
		return -ENOMEM;
	ret = dma_coerce_mask_and_coherent(&t->faux->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	t->card = skel_card_alloc(&t->faux->dev, &desc, t);
	if (IS_ERR(t->card))
		return PTR_ERR(t->card);
	guard(rwsem_read)(&t->card->ops_sem);
	for (int i = 0; i < CHANNELS && !ret; i++) {
		t->chans[i] = skel_chan_create(t->card);
		ret = PTR_ERR_OR_ZERO(t->chans[i]);
	}
	return ret;
}

static void writer_exit(struct kunit *test)
{
	struct writer_test *t = test->priv;

	for (int i = 0; t && i < CHANNELS; i++) {
		if (!IS_ERR_OR_NULL(t->chans[i]))
			skel_chan_destroy(t->chans[i]);
	}
	if (t && !IS_ERR_OR_NULL(t->card))
		skel_card_put(t->card);
	if (t && t->faux)
		faux_device_destroy(t->faux);
}

/* Each channel has bytes of its own in the user's page. */
static ssize_t write_line(struct writer_test *t, int nr, const char *line)
{
	struct file file = { .f_flags = O_NONBLOCK, .private_data = t->chans[nr] };
	char __user *at = t->page + nr * 16;
	loff_t pos = 0;

	if (copy_to_user(at, line, strlen(line)))
		return -EFAULT;
	return skel_stream_write(&file, at, strlen(line), &pos);
}

/* Wait until so many commands were carried out; returns which. */
static const char *wait_notes(struct writer_test *t, unsigned int count)
{
	unsigned long end = jiffies + SOON;

	while (READ_ONCE(t->count) < count && time_before(jiffies, end))
		wait_for_completion_timeout(&t->ran, HZ / 10);
	guard(mutex)(&t->card->command_mutex);
	return t->notes;
}

/* One after the other, and the reply is there when write() returns. */
static void alone_test(struct kunit *test)
{
	struct writer_test *t = test->priv;

	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, 2, write_line(t, i, "a\n"));
		KUNIT_EXPECT_EQ(test, i + 1, t->count);
		KUNIT_EXPECT_PTR_EQ(test, t->task, current);
		KUNIT_EXPECT_EQ(test, 2, kfifo_len(&t->chans[i]->replies));
	}
	/* Several lines of one write() */
	KUNIT_EXPECT_EQ(test, 6, write_line(t, 0, "b\nc\ng\n"));
	KUNIT_EXPECT_STREQ(test, t->notes, "aaabcg");
	KUNIT_EXPECT_PTR_EQ(test, t->task, current);
}

static void not_prompt_test(struct kunit *test)
{
	struct writer_test *t = test->priv;

	t->card->desc.prompt = false;
	KUNIT_EXPECT_EQ(test, 2, write_line(t, 0, "a\n"));
	KUNIT_EXPECT_STREQ(test, wait_notes(t, 1), "a");
	KUNIT_EXPECT_PTR_NE(test, t->task, current);
}

/* What follows a command that the card could not take waits behind it. */
static void put_off_test(struct kunit *test)
{
	struct writer_test *t = test->priv;

	t->busy = 'a';
	KUNIT_EXPECT_EQ(test, 4, write_line(t, 0, "a\nb\n"));
	KUNIT_EXPECT_EQ(test, 2, write_line(t, 0, "c\n"));
	KUNIT_EXPECT_STREQ(test, t->notes, "");
	/* Not other channels */
	KUNIT_EXPECT_EQ(test, 2, write_line(t, 1, "x\n"));
	KUNIT_EXPECT_STREQ(test, t->notes, "x");
	skel_command_ready(t->card, 0);
	KUNIT_EXPECT_STREQ(test, wait_notes(t, 4), "xabc");
	/* And then it is as before. */
	flush_workqueue(t->card->wq);
	KUNIT_EXPECT_EQ(test, 2, write_line(t, 0, "d\n"));
	KUNIT_EXPECT_STREQ(test, t->notes, "xabcd");
	KUNIT_EXPECT_PTR_EQ(test, t->task, current);
}

/* The writer of channel 0: one command that blocks, and more at once */
static int write_many(void *data)
{
	struct writer_test *t = data;

	kthread_use_mm(t->mm);
	write_line(t, 0, "a\ng\ne\n");
	kthread_unuse_mm(t->mm);
	return 0;
}

/*
 * Turns do not depend on how quick a writer is. A channel that is closed loses its
 * turn, and only that.
 */
static void fair_test(struct kunit *test)
{
	const bool close = *(const bool *)test->param_value;
	struct writer_test *t = test->priv;
	struct task_struct *thread;

	t->block = 'a';
	thread = kthread_create(write_many, t, "skel_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	get_task_struct(thread);
	wake_up_process(thread);
	KUNIT_EXPECT_NE(test, 0, wait_for_completion_timeout(&t->blocked, SOON));
	/* They do not wait for the command that runs, and run after it. */
	KUNIT_EXPECT_EQ(test, 2, write_line(t, 1, "b\n"));
	KUNIT_EXPECT_EQ(test, 2, write_line(t, 2, "c\n"));
	KUNIT_EXPECT_EQ(test, 0, READ_ONCE(t->count));
	if (close) {
		skel_chan_destroy(t->chans[2]);
		t->chans[2] = NULL;
	}
	complete(&t->go);
	KUNIT_EXPECT_STREQ(test, wait_notes(t, close ? 4 : 5),
			   close ? "abge" : "abcge");
	KUNIT_EXPECT_FALSE(test, t->overlap);
	kthread_stop_put(thread);
	flush_workqueue(t->card->wq);
	KUNIT_EXPECT_EQ(test, 0, t->card->queued);
}

static const bool fair_close[] = { false, true };
KUNIT_ARRAY_PARAM(fair, fair_close, NULL);

/* A command that has no room for its reply waits until the user has read. */
static void room_test(struct kunit *test)
{
	struct writer_test *t = test->priv;
	struct skel_chan *chan = t->chans[0];

	scoped_guard(spinlock_irq, &t->card->lock) {
		while (kfifo_avail(&chan->replies) > SKEL_LINE_MAX)
			kfifo_in(&chan->replies, "x", 1);
	}
	KUNIT_EXPECT_EQ(test, 2, write_line(t, 0, "a\n"));
	flush_workqueue(t->card->wq);
	KUNIT_EXPECT_EQ(test, 0, t->count);
	KUNIT_EXPECT_EQ(test, 2, write_line(t, 1, "b\n"));
	KUNIT_EXPECT_STREQ(test, t->notes, "b");
	scoped_guard(spinlock_irq, &t->card->lock)
		kfifo_reset_out(&chan->replies);
	/* As after read() */
	skel_command_ready(t->card, 0);
	KUNIT_EXPECT_STREQ(test, wait_notes(t, 2), "ba");
}

/* While the card goes, write() neither waits for that nor runs a command. */
static void going_test(struct kunit *test)
{
	struct writer_test *t = test->priv;

	scoped_guard(rwsem_write, &t->card->ops_sem) {
		KUNIT_EXPECT_EQ(test, 2, write_line(t, 0, "a\n"));
		KUNIT_EXPECT_EQ(test, 0, t->count);
	}
	KUNIT_EXPECT_STREQ(test, wait_notes(t, 1), "a");
	KUNIT_EXPECT_PTR_NE(test, t->task, current);
}

static struct kunit_case writer_cases[] = {
	KUNIT_CASE(alone_test),
	KUNIT_CASE(not_prompt_test),
	KUNIT_CASE(put_off_test),
	KUNIT_CASE_PARAM(fair_test, fair_gen_params),
	KUNIT_CASE(room_test),
	KUNIT_CASE(going_test),
	{}
};

static struct kunit_suite writer_suite = {
	.name = "skel_writer",
	.init = writer_init,
	.exit = writer_exit,
	.test_cases = writer_cases,
};

kunit_test_suite(writer_suite);
