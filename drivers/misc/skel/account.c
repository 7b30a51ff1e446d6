// SPDX-License-Identifier: GPL-2.0
/*
 * account.c - memory that lives as long as a file counts against RLIMIT_MEMLOCK
 *
 * The same loop is in __io_account_mem() of io_uring and in
 * mm_account_pinned_pages() of the network stack. Neither fits: the former is
 * private to io_uring and leaves CAP_IPC_LOCK to its callers, the latter needs
 * CONFIG_NET, adds two pages to each call, and only takes the struct mmpin of an
 * sk_buff. A helper for all of them belongs in mm/ and is a series of its own.
 */

#include <linux/capability.h>
#include <linux/highmem.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>	/* rlimit() */
#include <linux/sched/user.h>

#include "core.h"

static unsigned int memory_percent = 50;
module_param(memory_percent, uint, 0444);
MODULE_PARM_DESC(memory_percent, "the most that all buffers may take of the machine's memory, 1 to 100 % (default 50)");

static atomic_long_t skel_charged;	/* pages */

/* What all users may be charged with. Some have no RLIMIT_MEMLOCK. */
unsigned long skel_charge_max(void)
{
	return mult_frac(totalram_pages() - totalhigh_pages(),
			 clamp(memory_percent, 1, 100), 100);
}

static int skel_charge_user(struct user_struct *user, unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long old = atomic_long_read(&user->locked_vm);

	do {
		if (old + pages > limit && !capable(CAP_IPC_LOCK))
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, old + pages));
	return 0;
}

int skel_charge(struct user_struct *user, unsigned long pages)
{
	int ret = -ENOMEM;

	if (atomic_long_add_return(pages, &skel_charged) <= skel_charge_max())
		ret = skel_charge_user(user, pages);
	if (ret)
		atomic_long_sub(pages, &skel_charged);
	return ret;
}

void skel_uncharge(struct user_struct *user, unsigned long pages)
{
	atomic_long_sub(pages, &user->locked_vm);
	atomic_long_sub(pages, &skel_charged);
}
