// SPDX-License-Identifier: GPL-2.0
/*
 * test-buffer.c - DMA buffers and regions
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libskel.h>

#include "fake-card.h"
#include "unit.h"

static struct skel *open_fake(void)
{
	struct skel *skel;

	fake_reset();
	skel = skel_open(FAKE_PATH);
	check(skel);
	return skel;
}

static void open_errors(void)
{
	check(!skel_open("/dev/no-such-card") && errno == ENOENT);
	check(!skel_open("/dev/null") && errno == ENOTTY);
	skel_close(NULL);
}

static void malloc_and_free(void)
{
	struct skel *skel = open_fake();
	char *a = skel_malloc(skel, 1, SKEL_ALLOC_TOHOST);
	char *b = skel_malloc(skel, 4097, SKEL_ALLOC_FROMHOST);
	uint64_t addr = skel_host_addr(skel, a);

	check(a && b && fake.buffers == 2);
	check(addr && !(addr & 4095));
	check(skel_host_addr(skel, a + 4095) == addr + 4095);
	check(skel_host_addr(skel, b + 8191) ==
	      skel_host_addr(skel, b) + 8191);
	check(!skel_host_addr(skel, NULL) && errno == ENOENT);
	check(!skel_host_addr(skel, &skel) && errno == ENOENT);
	b[8191] = 1;
	check(!skel_free(skel, NULL));
	check(skel_free(skel, a + 1) == -1 && errno == EINVAL);
	check(skel_free(skel, &skel) == -1 && errno == EINVAL);
	check(!skel_free(skel, a) && fake.buffers == 1);
	check(skel_free(skel, a) == -1 && errno == EINVAL);
	check(!skel_free(skel, b) && fake.buffers == 0);
	check(!skel_malloc(skel, 0, SKEL_ALLOC_TOHOST) && errno == EINVAL);
	skel_close(skel);
}

static void free_busy_changes_nothing(void)
{
	struct skel *skel = open_fake();
	char *a = skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST);
	uint64_t addr = skel_host_addr(skel, a);

	fake.busy = true;
	check(skel_free(skel, a) == -1 && errno == EBUSY);
	check(skel_host_addr(skel, a) == addr);
	a[0] = 1;
	fake.busy = false;
	check(!skel_free(skel, a));
	skel_close(skel);
}

/* Its address may be something else's in the child, and the parent needs it. */
static void a_child_frees_nothing(void)
{
	struct skel *skel = open_fake();
	char *a = skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST);
	int status = 0;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(skel_free(skel, a) != -1 || errno != EPERM ||
		      fake.buffers != 1);
	check(waitpid(pid, &status, 0) == pid && status == 0);
	check(!skel_free(skel, a) && fake.buffers == 0);
	skel_close(skel);
}

/* A limit of the card's, not one of 32 bits; and the words say which it is. */
static void larger_than_a_card_takes(void)
{
	struct skel *skel = open_fake();
	struct skel_info info;

	check(!skel_get_info(skel, &info) && info.buffer_max == FAKE_BUFFER_MAX);
	if (sizeof(size_t) > 4) {
		check(!skel_malloc(skel, (size_t)FAKE_BUFFER_MAX + 1,
				   SKEL_ALLOC_TOHOST) && errno == EINVAL);
		check(strstr(skel_errmsg(), "at most 8589934592"));
	}
	fake.unguarded = true;
	check(!skel_malloc(skel, (4 << 20) + 1, SKEL_ALLOC_TOHOST) &&
	      errno == EINVAL);
	check(strstr(skel_errmsg(), "at most 4194304"));
	skel_close(skel);
}

/* The struct of a program compiled with version 1.0 is shorter. */
static void info_of_version_1_0(void)
{
	struct skel *skel = open_fake();
	struct skel_info info;

	memset(&info, 0x55, sizeof(info));
	check(!(skel_get_info)(skel, &info) && info.size == 144);
	check(info.buffer_max == FAKE_BUFFER_MAX && info.segments == 0x55555555);
	check(skel_get_info_sized(skel, &info, 143) == -EINVAL && errno == EINVAL);
	skel_close(skel);
}

static void failed_mmap_frees(void)
{
	struct skel *skel = open_fake();

	fake.no_mmap = true;
	check(!skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST));
	check(errno == ENOMEM && fake.buffers == 0);
	skel_close(skel);
}

static void revoked_by_hand(void)
{
	struct skel *skel = open_fake();
	char *a = skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST);
	struct skel_free request = {
		.size = sizeof(request),
		.host_addr = skel_host_addr(skel, a),
	};

	check(!ioctl(skel_fd(skel), SKEL_IOC_FREE, &request));
	check(!skel_free(skel, a));
	check(!skel_host_addr(skel, a));
	skel_close(skel);
}

static void many_in_any_order(void)
{
	struct skel *skel = open_fake();
	char *ptr[FAKE_BUFFERS];
	int i;

	for (i = 0; i < FAKE_BUFFERS; i++) {
		ptr[i] = skel_malloc(skel, 4096 * (1 + i % 3),
				     SKEL_ALLOC_TOHOST);
		check(ptr[i]);
	}
	check(!skel_malloc(skel, 1, SKEL_ALLOC_TOHOST) && errno == ENOSPC);
	for (i = 0; i < FAKE_BUFFERS; i++)
		check(skel_host_addr(skel, ptr[i] + 5) ==
		      skel_host_addr(skel, ptr[i]) + 5);
	for (i = 0; i < FAKE_BUFFERS; i += 2)
		check(!skel_free(skel, ptr[i]));
	for (i = 0; i < FAKE_BUFFERS; i++)
		check(!skel_host_addr(skel, ptr[i]) == !(i % 2));
	/* the rest goes with the handle */
	skel_close(skel);
}

static void regions(void)
{
	struct skel *skel = open_fake();
	struct skel_region_info region;
	size_t length = 0;
	char *memory;

	check(!skel_get_region(skel, 0, &region));
	check(strcmp(region.name, "memory") == 0);
	check(skel_get_region(skel, 1, &region) == -1 && errno == EINVAL);
	memory = skel_map_region(skel, 0, PROT_READ, &length);
	check(memory && length == FAKE_MEMORY && memory[length - 1] == 0);
	check(!skel_host_addr(skel, memory) && errno == ENOENT);
	check(skel_free(skel, memory) == -1 && errno == EINVAL);
	check(!skel_map_region(skel, 1, PROT_READ, NULL) && errno == EINVAL);
	check(!skel_map_region(skel, 0, PROT_EXEC, NULL) && errno == EINVAL);
	check(!skel_map_region(skel, 0, 0, NULL) && errno == EINVAL);
	check(skel_unmap_region(skel, memory + 1) == -1 && errno == EINVAL);
	check(!skel_unmap_region(skel, memory));
	check(!skel_unmap_region(skel, NULL));
	skel_close(skel);
}

struct inherited {
	struct skel *skel;
	char *buffer, *region;
};

/* Of a buffer only its address is left in a child, anything may be there */
static int close_inherited(void *data)
{
	struct inherited *in = data;
	char seen = 0;
	struct iovec to = { &seen, 1 }, from = { in->region, 1 };

	if (mmap(in->buffer, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
		 MAP_FIXED, -1, 0) != in->buffer)
		return 2;
	skel_close(in->skel);
	/* if this fails or reads something else, the region is not there */
	process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	/* not exit(): what the card's thread has allocated looks like a leak */
	_exit(in->buffer[0] == 0 && seen != 'R' ? 0 : 1);
}

static void a_child_unmaps_regions(void)
{
	struct inherited in = { .skel = open_fake() };
	char output[SKEL_LINE_MAX];

	in.buffer = skel_malloc(in.skel, 4096, SKEL_ALLOC_TOHOST);
	in.region = skel_map_region(in.skel, 0, PROT_READ | PROT_WRITE, NULL);
	check(in.buffer && in.region);
	in.region[0] = 'R';
	/* the card's thread holds no lock of malloc() when it waits for a line */
	check(skel_query(in.skel, output, sizeof(output), 1000, "*IDN?") > 0);
	check(!unit_catch(close_inherited, &in, output, sizeof(output)));
	check(!skel_unmap_region(in.skel, in.region));
	check(!skel_free(in.skel, in.buffer));
	skel_close(in.skel);
}

static void sync_ranges(void)
{
	struct skel *skel = open_fake();
	char *a = skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST);

	check(!skel_sync(skel, a, 4096, SKEL_SYNC_FOR_CPU));
	check(!skel_sync(skel, a + 4095, 1, SKEL_SYNC_FOR_DEVICE));
	check(skel_sync(skel, a + 4095, 2, SKEL_SYNC_FOR_CPU) == -1);
	check(errno == ENOENT);
	check(skel_sync(skel, a, 0, SKEL_SYNC_FOR_CPU) == -1);
	check(errno == EINVAL);
	check(skel_sync(skel, &skel, 1, SKEL_SYNC_FOR_CPU) == -1);
	check(errno == ENOENT);
	skel_close(skel);
}

int main(void)
{
	run(open_errors);
	run(malloc_and_free);
	run(free_busy_changes_nothing);
	run(a_child_frees_nothing);
	run(larger_than_a_card_takes);
	run(info_of_version_1_0);
	run(failed_mmap_frees);
	run(revoked_by_hand);
	run(many_in_any_order);
	run(regions);
	run(a_child_unmaps_regions);
	run(sync_ranges);
	fake_reset();
	return unit_end();
}
