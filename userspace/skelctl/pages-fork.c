// SPDX-License-Identifier: GPL-2.0
/*
 * pages-fork.c - a page that two processes have, until one of them writes
 */
#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pages.h"
#include "skelctl.h"

enum { READS, WRITES, WRITES_AGAIN, CHILD_STEPS };

/*
 * The child: it prints nothing and sends what it did. It waits until the parent has
 * seen the page as fork() left it. Return: exit status.
 */
static int act(char *page, int go, int out)
{
	struct access did[CHILD_STEPS];
	char c;

	if (read(go, &c, 1) != 0)
		return EXIT_CARD;
	did[READS] = page_read(page);
	did[WRITES] = page_write(page, 2);
	did[WRITES_AGAIN] = page_write(page, 3);
	return write(out, did, sizeof(did)) != sizeof(did);
}

/* Return: whether the child did its steps. It has ended then. */
static bool run_child(char *page, struct access *forked,
		      struct access did[CHILD_STEPS])
{
	const ssize_t size = CHILD_STEPS * sizeof(*did);
	int go[2], out[2], status = -1;
	ssize_t got;
	pid_t pid;

	if (pipe(go) || pipe(out))
		return false;
	pid = fork();
	if (!pid) {
		close(go[1]);
		_exit(act(page, go[0], out[1]));
	}
	close(go[0]);
	close(out[1]);
	*forked = page_look(page);
	close(go[1]);		/* go */
	got = read(out[0], did, size);
	close(out[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status &&
	       got == size;
}

int pages_fork(struct report *report)
{
	struct access forked, did[CHILD_STEPS];
	char *page = lone_page();
	int ret = EXIT_CARD;

	report_section(report, "Copy on write: a page after fork()",
"fork() copies no memory. It copies the page table, and write-protects each private "
"page in both processes: they share the frame for reading. The first to write gets a "
"copy, the other keeps the old frame. Once nobody else has the frame, a write still "
"faults, but nothing is copied: the page just becomes writable again. To root, the "
"number of the frame and how often it is mapped show which of the two happened.");
	if (page)
		report_step(report, "mmap(), write a byte", page_write(page, 1));
	if (page && run_child(page, &forked, did)) {
		report_step(report, "fork(); the parent's page", forked);
		report_step(report, "the child reads", did[READS]);
		report_step(report, "the child writes: a copy", did[WRITES]);
		report_step(report, "the child writes again", did[WRITES_AGAIN]);
		report_step(report, "the child ends; the parent's page",
			    page_look(page));
		report_note("the child has written 3, the parent still reads %d",
			    *page);
		report_step(report, "the parent writes: no copy",
			    page_write(page, 4));
		ret = 0;
	} else {
		warn("no page of memory or no child process");
	}
	if (page)
		lone_page_free(page);
	return ret;
}
