// SPDX-License-Identifier: GPL-2.0
/*
 * test-thread.c - several threads with one handle
 *
 * Worth most with -Db_sanitize=thread.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../internal.h"
#include "fake-card.h"
#include "unit.h"

#define THREADS	6
#define ROUNDS	200

static struct skel *skel;

static bool ask(const char *question, const char *answer)
{
	char line[SKEL_LINE_MAX];

	return skel_query(skel, line, sizeof(line), 10000, "%s", question) > 0 &&
	       strncmp(line, answer, strlen(answer)) == 0;
}

/* Each gets the answer to its own question. */
static void *ask_often(void *data)
{
	static const char * const talk[][2] = {
		{ "*IDN?", "skel,fake" }, { "INPUTS?", "INPUTS 2" },
		{ "STATUS?", "STATUS" },
	};
	size_t i, n = (size_t)data % ARRAY_SIZE(talk), right = 0;

	for (i = 0; i < ROUNDS; i++)
		right += ask(talk[n][0], talk[n][1]);
	return (void *)right;
}

static void *transfer_often(void *data)
{
	char *buffer = skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST);
	size_t i, right = 0;

	(void)data;
	for (i = 0; buffer && i < ROUNDS; i++) {
		struct skel_transfer t = {
			.direction = SKEL_TOHOST, .length = 8,
			.host_addr = skel_host_addr(skel, buffer),
		};

		if (i % 2 ? skel_submit(skel, &t, NULL, NULL) :
			    skel_tohost(skel, &t, 0, 8, t.host_addr))
			break;
		right += !skel_wait(skel, &t, 10000);
		/* the list of mappings changes all the time */
		if (skel_free(skel, buffer))
			break;
		buffer = skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST);
	}
	skel_free(skel, buffer);
	return (void *)right;
}

static void threads_share_a_handle(void)
{
	pthread_t thread[THREADS];
	void *right;
	size_t i;

	fake_reset();
	skel = skel_open(FAKE_PATH);
	check(skel);
	for (i = 0; i < THREADS; i++)
		check(!pthread_create(&thread[i], NULL, i < 4 ? ask_often :
				      transfer_often, (void *)i));
	for (i = 0; i < THREADS; i++) {
		check(!pthread_join(thread[i], &right));
		check((size_t)right == ROUNDS);
	}
	check(fake.buffers == 0);
	skel_close(skel);
}

static void *wait_for_an_event(void *data)
{
	char line[SKEL_LINE_MAX];

	(void)data;
	return (void *)(size_t)(skel_read_event(skel, line, sizeof(line),
						10000) > 0);
}

/* One that waits long does not hold up the others. */
static void waiting_holds_up_nobody(void)
{
	pthread_t thread;
	void *right;
	size_t i;

	fake_reset();
	skel = skel_open(FAKE_PATH);
	check(!pthread_create(&thread, NULL, wait_for_an_event, NULL));
	for (i = 0; i < 20; i++)
		check(ask("*IDN?", "skel,fake"));
	/* an event comes with the second look */
	fake.lose = 1;
	check(ask("STATUS?", "STATUS"));
	check(ask("STATUS?", "STATUS"));
	check(!pthread_join(thread, &right) && right);
	skel_close(skel);
}

static void *release_blocks(void *data)
{
	struct skel_stream *stream = data;
	struct skel_stream_info info;
	struct skel_block block = { 0 };
	size_t released = 0;

	while (released < ROUNDS) {
		skel_stream_get_info(stream, &info);
		while (block.index < info.acquired) {
			released += !skel_stream_release(stream, &block);
			block.index++;
		}
	}
	skel_stream_stop(stream);
	return (void *)released;
}

static void one_acquires_another_releases(bool streams)
{
	struct skel_stream_options options = { .blocks = 4, .block = 400 };
	struct skel_stream *stream;
	struct skel_block block;
	pthread_t thread;
	size_t blocks = 0;
	void *released;
	int ret;

	fake_reset();
	fake.streams = streams;
	skel = skel_open(FAKE_PATH);
	stream = skel_stream_open(skel, &options);
	check(stream && !skel_stream_start(stream, "SAMPLE 1000"));
	check(!pthread_create(&thread, NULL, release_blocks, stream));
	while ((ret = skel_stream_acquire(stream, &block, 10000))) {
		if (ret != 1 && ret != -ENOBUFS)
			break;
		if (ret == 1 && ++blocks > ROUNDS)
			skel_stream_release(stream, &block);
	}
	if (ret)
		printf("# %s\n", skel_errmsg());
	check(ret == 0 && blocks >= ROUNDS);
	check(!pthread_join(thread, &released));
	check((size_t)released >= ROUNDS);
	skel_stream_close(stream);
	check(!skel_clear(skel, 1000));
	skel_close(skel);
}

static void a_stream_of_two_threads(void)
{
	one_acquires_another_releases(false);
}

static void a_stream_of_the_card_and_two_threads(void)
{
	one_acquires_another_releases(true);
}

static void *fail_to_open(void *data)
{
	(void)data;
	if (skel_open("/nonexistent") || errno != ENOENT)
		return NULL;
	return strstr(skel_errmsg(), "/nonexistent: there is no such card") ?
	       skel : NULL;
}

/* Each thread has its own last error. */
static void errors_belong_to_threads(void)
{
	struct skel_transfer t;
	pthread_t thread;
	void *right;

	skel = (struct skel *)&t;	/* anything but NULL */
	check(skel_parse_transfer("x", &t) == -1);
	check(!pthread_create(&thread, NULL, fail_to_open, NULL));
	check(!pthread_join(thread, &right) && right);
	check(strstr(skel_errmsg(), "not the core's"));
}

int main(void)
{
	run(threads_share_a_handle);
	run(waiting_holds_up_nobody);
	run(a_stream_of_two_threads);
	run(a_stream_of_the_card_and_two_threads);
	run(errors_belong_to_threads);
	fake_reset();
	return unit_end();
}
