// SPDX-License-Identifier: GPL-2.0
/*
 * Every permission on every kind of mapping by every way in. Mappings of I/O
 * memory are tested where cards have it, by skel_edu and skel_template.
 */
#include "../kselftest_harness.h"
#include "skel_permission.h"
#include "skel_ucard_util.h"

FIXTURE(permission)
{
	struct ucard card;
	struct target target;
};

/* What is mapped, of what file */
FIXTURE_VARIANT(permission)
{
	enum { BUFFER, MEMORY, PROGRAM } what;
	__u32 flags;		/* of the buffer, or of the card that is played */
	int mode;
	bool readonly;
};

FIXTURE_VARIANT_ADD(permission, buffer_tohost)
{
	.what = BUFFER, .flags = SKEL_ALLOC_TOHOST, .mode = O_RDWR,
};

FIXTURE_VARIANT_ADD(permission, buffer_fromhost)
{
	.what = BUFFER, .flags = SKEL_ALLOC_FROMHOST, .mode = O_RDWR,
};

FIXTURE_VARIANT_ADD(permission, buffer_both)
{
	.what = BUFFER, .flags = SKEL_BOTH, .mode = O_RDWR,
};

FIXTURE_VARIANT_ADD(permission, buffer_of_a_reader)
{
	.what = BUFFER, .flags = SKEL_BOTH, .mode = O_RDONLY, .readonly = true,
};

FIXTURE_VARIANT_ADD(permission, memory)
{
	.what = MEMORY, .flags = UCARD_BOTH, .mode = O_RDWR,
};

FIXTURE_VARIANT_ADD(permission, memory_of_a_reader)
{
	.what = MEMORY, .flags = UCARD_BOTH, .mode = O_RDONLY, .readonly = true,
};

FIXTURE_VARIANT_ADD(permission, readonly_memory)
{
	.what = MEMORY, .flags = UCARD_BOTH | SKEL_UCARD_READONLY, .mode = O_RDWR,
	.readonly = true,
};

/* The same memory, for the program that plays the card */
FIXTURE_VARIANT_ADD(permission, program)
{
	.what = PROGRAM, .flags = UCARD_BOTH | SKEL_UCARD_READONLY,
};

FIXTURE_SETUP(permission)
{
	struct target *target = &self->target;
	struct skel_ucard_create create;
	int rc;

	*target = (struct target) {
		.length = 2 * skel_page(),
		.writable = !variant->readonly,
		.debugger = variant->what != PROGRAM,
	};
	self->card.fd = -1;
	if (variant->what == BUFFER) {
		target->fd = skel_open(variant->mode);
		if (target->fd == -ENOENT)
			SKIP(return, "no card, load skel_sim");
		ASSERT_LE(0, target->fd);
		ASSERT_EQ(0, skel_memlock(RLIM_INFINITY));
		ASSERT_EQ(0, skel_alloc(target->fd, variant->flags, target->length,
					&target->offset));
		return;
	}
	ucard_describe(&create);
	create.flags = variant->flags;
	rc = ucard_begin(&self->card, &create);
	if (rc == -ENOENT)
		SKIP(return, "no " UCARD_NODE ", the kernel needs CONFIG_SKEL_UCARD");
	if (rc == -EACCES)
		SKIP(return, "must be root");
	ASSERT_EQ(0, rc);
	target->fd = variant->what == PROGRAM ? self->card.fd :
						ucard_open(&self->card, variant->mode);
	ASSERT_LE(0, target->fd);
}

FIXTURE_TEARDOWN(permission)
{
	ucard_end(&self->card);
	close(self->target.fd);
}

TEST_F(permission, mmap)
{
	check_mmap(_metadata, &self->target);
}

TEST_F(permission, mprotect)
{
	check_mprotect_all(_metadata, &self->target);
}

TEST_F(permission, mremap)
{
	check_mremap(_metadata, &self->target);
}

TEST_F(permission, debugger)
{
	check_debugger_all(_metadata, &self->target);
}

TEST_HARNESS_MAIN
