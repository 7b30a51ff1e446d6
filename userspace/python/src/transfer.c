// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * transfer.c - transfers between card and buffers as Python sees them
 *
 * All of them are submitted to the library, so that the end of one that somebody has
 * given up is not taken for that of the next one. One thread at a time is in
 * skel_dispatch(), for all that wait, and notes each end in on_end(), once. Without the
 * GIL, but with card->ends. Later, one that has the GIL takes the transfer off the list.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "module.h"

#define TRANSFER_S	10	/* for one transfer, unless the caller says otherwise */

struct transfer {
	PyObject_HEAD
	struct card *card;
	struct memory *buffer;
	Py_ssize_t offset;
	struct skel_transfer at;	/* the library's while it is submitted */
	struct transfer *next;		/* of card->submitted */
	bool submitted;			/* on that list: nobody was told of its end */
	bool awaited;			/* by tohost(), fromhost(): not for dispatch() */
	bool abandoned;
	/* with card->ends while it is submitted */
	bool ended;
	struct skel_transfer end;	/* its outcome */
};

int skel_transfers_init(struct card *card)
{
	pthread_condattr_t attr;
	int error;

	error = pthread_condattr_init(&attr);
	if (error)
		goto fail;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	error = pthread_cond_init(&card->ended, &attr);
	pthread_condattr_destroy(&attr);
	if (error)
		goto fail;
	/* without attributes, this cannot fail */
	pthread_mutex_init(&card->ends, NULL);
	return 0;
fail:
	skel_raise_text(error, "no card can be made: no memory", NULL);
	return -1;
}

/* Without the GIL */
static void on_end(struct skel *skel, struct skel_transfer *at, void *data)
{
	struct transfer *t = data;
	struct card *card = t->card;

	pthread_mutex_lock(&card->ends);
	t->end = *at;
	t->ended = true;
	pthread_cond_broadcast(&card->ended);
	pthread_mutex_unlock(&card->ends);
	/* t may be gone now */
}

/* Sleep until something has ended, or the dispatching thread leaves, with the lock */
static void sleep_ms(struct card *card, int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&card->ended, &card->ends, &until);
}

/*
 * Wait until @t, or any if that is NULL, may have ended; without the GIL. @ms is at
 * most a slice. Return: 0: look again; or errno.
 */
static int pump(struct card *card, struct skel *skel, const struct transfer *t, int ms)
{
	int ret;

	pthread_mutex_lock(&card->ends);
	if (t && t->ended) {
		pthread_mutex_unlock(&card->ends);
		return 0;
	}
	if (card->dispatching) {
		sleep_ms(card, ms);
		pthread_mutex_unlock(&card->ends);
		return ETIMEDOUT;
	}
	card->dispatching = true;
	pthread_mutex_unlock(&card->ends);
	ret = skel_dispatch(skel, ms);
	pthread_mutex_lock(&card->ends);
	card->dispatching = false;
	pthread_cond_broadcast(&card->ended);
	pthread_mutex_unlock(&card->ends);
	return ret < 0 ? -ret : 0;
}

static bool has_ended(struct transfer *t)
{
	bool ended;

	pthread_mutex_lock(&t->card->ends);
	ended = t->ended;
	pthread_mutex_unlock(&t->card->ends);
	return ended;
}

/* Take it off the card's list, whose reference it gives up; the caller has another. */
static void take(struct transfer *t)
{
	struct transfer **at = &t->card->submitted;

	if (!t->submitted)
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->submitted = false;
	Py_DECREF(t);
}

void skel_transfers_drop(struct card *card)
{
	while (card->submitted) {
		struct transfer *t = (struct transfer *)SKEL_REF(card->submitted);

		if (card->skel) {
			skel_abandon(card->skel, &t->at);
			t->abandoned = true;
		} else if (!t->ended) {
			t->end.result = SKEL_FAILED;
			strcpy(t->end.reason, "closed");
		}
		take(t);
		Py_DECREF(t);
	}
}

int skel_transfers_traverse(struct card *card, visitproc visit, void *arg)
{
	struct transfer *t;

	for (t = card->submitted; t; t = t->next)
		Py_VISIT(t);
	return 0;
}

static const char *direction(const struct transfer *t)
{
	return t->end.direction == SKEL_TOHOST ? "tohost" : "fromhost";
}

/* Return: a new, submitted transfer, or NULL with an exception */
static struct transfer *submit(struct card *card, struct memory *buffer,
			       Py_ssize_t offset, const struct skel_transfer *at,
			       bool awaited)
{
	struct transfer *t = PyObject_GC_New(struct transfer, skel_module.transfer);
	struct transfer **last = &card->submitted;
	int error = SKEL_RAISED;
	struct skel *skel;

	if (!t)
		return NULL;
	t->card = (struct card *)SKEL_REF(card);
	t->buffer = (struct memory *)SKEL_REF(buffer);
	t->offset = offset;
	t->at = *at;
	t->end = *at;
	t->ended = false;
	t->awaited = awaited;
	t->abandoned = false;
	t->submitted = true;
	t->next = NULL;
	PyObject_GC_Track(t);
	/* before it can end in another thread's dispatch() */
	while (*last)
		last = &(*last)->next;
	*last = (struct transfer *)SKEL_REF(t);
	skel = skel_handle(card);
	if (skel)
		SKEL_CALL(card, error = -skel_submit(skel, &t->at, on_end, t));
	if (!error)
		return t;
	skel_raise(error);
	take(t);
	Py_DECREF(t);
	return NULL;
}

/* Parse what all four functions have in common, and submit */
static struct transfer *parse_and_submit(struct card *card, PyObject *args,
					 PyObject *names, enum skel_direction direction,
					 const char *format, double *end)
{
	static char *keywords[] = {
		"buffer", "card_address", "length", "offset", "timeout", NULL
	};
	static char *keywords_async[] = {
		"buffer", "card_address", "length", "offset", NULL
	};
	struct skel_transfer at = { .direction = direction };
	Py_ssize_t offset = 0, length = -1;
	struct memory *buffer;
	struct skel *skel;

	if (!PyArg_ParseTupleAndKeywords(args, names, format,
					 end ? keywords : keywords_async,
					 skel_module.buffer, &buffer,
					 skel_parse_u64, &at.card_addr,
					 skel_parse_length, &length, &offset,
					 skel_parse_timeout, end))
		return NULL;
	if (buffer->card != card) {
		PyErr_SetString(PyExc_ValueError, "the buffer belongs to another card");
		return NULL;
	}
	skel = skel_memory_handle(buffer);
	if (!skel || !skel_memory_part(buffer, offset, &length))
		return NULL;
	at.length = length;
	at.host_addr = skel_host_addr(skel, buffer->start) + offset;
	return submit(card, buffer, offset, &at, end);
}

/* The exception that an end stands for. Return: NULL, or @t if all is well. */
static PyObject *judge(struct transfer *t)
{
	char text[256];

	if (t->abandoned) {
		PyErr_SetString(PyExc_ValueError, "the transfer was abandoned");
		return NULL;
	}
	if (t->end.result == SKEL_DONE)
		return SKEL_REF(t);
	snprintf(text, sizeof(text),
		 t->end.result == SKEL_REFUSED ? "%s: the kernel refused it: %s" :
						 "%s has failed: %s",
		 direction(t), t->end.reason);
	return skel_raise_text(t->end.result == SKEL_REFUSED ? EACCES : EIO, text,
			       t->end.reason);
}

static PyObject *await(struct transfer *t, double end)
{
	struct card *card = t->card;
	struct skel *skel;
	int error;

	do {
		if (!t->submitted)
			return judge(t);
		error = SKEL_RAISED;
		skel = skel_handle(card);
		if (skel)
			SKEL_CALL(card, error = pump(card, skel, t, skel_slice(end)));
		if (t->submitted && has_ended(t))
			take(t);
		if (!t->submitted && error != SKEL_RAISED)
			return judge(t);
		/* others may have ended, or there was nothing to wait for */
		if (!error)
			error = ETIMEDOUT;
	} while (skel_again(&error, end));
	/* the library's text may be about another call */
	if (error == ETIMEDOUT)
		return skel_raise_text(ETIMEDOUT, "the transfer has not ended in time: the card may not know it, or still works",
				       NULL);
	return skel_raise(error);
}

static void abandon(struct transfer *t)
{
	struct card *card = t->card;

	if (!t->submitted || !card->skel || card->owner != getpid())
		return;
	if (!skel_abandon(card->skel, &t->at)) {
		t->abandoned = true;
		take(t);
		return;
	}
	/* the dispatching thread is about to say how it has ended */
	SKEL_CALL(card, pthread_mutex_lock(&card->ends);
		  while (!t->ended)
			  sleep_ms(card, 1);
		  pthread_mutex_unlock(&card->ends));
	take(t);
}

/* Parse, submit and wait. What is given up is abandoned. */
static PyObject *transfer(struct card *card, PyObject *args, PyObject *names,
			  enum skel_direction direction, const char *format)
{
	double end = skel_timeout_end(TRANSFER_S);
	struct transfer *t = parse_and_submit(card, args, names, direction, format,
					      &end);
	PyObject *result;

	if (!t)
		return NULL;
	result = await(t, end);
	if (!result)
		abandon(t);
	Py_DECREF(t);
	return result;
}

PyObject *skel_card_tohost(struct card *card, PyObject *args, PyObject *names)
{
	return transfer(card, args, names, SKEL_TOHOST, "O!|O&O&nO&:tohost");
}

PyObject *skel_card_fromhost(struct card *card, PyObject *args, PyObject *names)
{
	return transfer(card, args, names, SKEL_FROMHOST, "O!|O&O&nO&:fromhost");
}

PyObject *skel_card_submit_tohost(struct card *card, PyObject *args, PyObject *names)
{
	return (PyObject *)parse_and_submit(card, args, names, SKEL_TOHOST,
					    "O!|O&O&n:submit_tohost", NULL);
}

PyObject *skel_card_submit_fromhost(struct card *card, PyObject *args,
				    PyObject *names)
{
	return (PyObject *)parse_and_submit(card, args, names, SKEL_FROMHOST,
					    "O!|O&O&n:submit_fromhost", NULL);
}

/*
 * Those whose end nobody was told of, in the order in which they were submitted.
 * @running: whether there are others
 */
static PyObject *take_ended(struct card *card, bool *running)
{
	PyObject *list = PyList_New(0);
	struct transfer *t, *next;

	*running = false;
	for (t = card->submitted; t && list; t = next) {
		next = t->next;
		if (t->awaited)
			continue;
		if (!has_ended(t)) {
			*running = true;
			continue;
		}
		if (PyList_Append(list, (PyObject *)t))
			Py_CLEAR(list);
		else
			take(t);
	}
	return list;
}

PyObject *skel_card_dispatch(struct card *card, PyObject *args, PyObject *names)
{
	static char *keywords[] = { "timeout", NULL };
	double end = INFINITY;
	struct skel *skel;
	PyObject *list;
	bool running;
	int error;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|O&:dispatch", keywords,
					 skel_parse_timeout, &end))
		return NULL;
	for (;;) {
		skel = skel_handle(card);
		list = skel ? take_ended(card, &running) : NULL;
		if (!list || PyList_Size(list) || !running)
			return list;
		Py_DECREF(list);
		SKEL_CALL(card, error = pump(card, skel, NULL, skel_slice(end)));
		list = take_ended(card, &running);
		if (!list || PyList_Size(list))
			return list;
		Py_DECREF(list);
		if (!error)
			error = ETIMEDOUT;
		if (!skel_again(&error, end))
			break;
	}
	if (error == ETIMEDOUT)
		return skel_raise_text(ETIMEDOUT, "no transfer has ended in time", NULL);
	return skel_raise(error);
}

static int transfer_traverse(struct transfer *t, visitproc visit, void *arg)
{
	Py_VISIT(SKEL_TYPE(t));
	Py_VISIT(t->card);
	Py_VISIT(t->buffer);
	return 0;
}

static void transfer_dealloc(struct transfer *t)
{
	PyTypeObject *type = SKEL_TYPE(t);

	PyObject_GC_UnTrack(t);
	Py_DECREF(t->buffer);
	Py_DECREF(t->card);
	PyObject_GC_Del(t);
	Py_DECREF(type);
}

static PyObject *transfer_wait(struct transfer *t, PyObject *args, PyObject *names)
{
	static char *keywords[] = { "timeout", NULL };
	double end = INFINITY;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|O&:wait", keywords,
					 skel_parse_timeout, &end))
		return NULL;
	return await(t, end);
}

static PyObject *transfer_abandon(struct transfer *t, PyObject *unused)
{
	abandon(t);
	Py_RETURN_NONE;
}

static PyObject *transfer_get_result(struct transfer *t, void *unused)
{
	static const char *const names[] = {
		[SKEL_PENDING] = "pending",
		[SKEL_DONE] = "done",
		[SKEL_REFUSED] = "refused",
		[SKEL_FAILED] = "failed",
	};

	return PyUnicode_FromString(t->abandoned ? "abandoned" : t->submitted ?
				    "pending" : names[t->end.result]);
}

static PyObject *transfer_get_reason(struct transfer *t, void *unused)
{
	return PyUnicode_FromString(t->submitted ? "" : t->end.reason);
}

static PyObject *transfer_get_direction(struct transfer *t, void *unused)
{
	return PyUnicode_FromString(direction(t));
}

static PyMethodDef methods[] = {
	SKEL_METHOD("wait", transfer_wait, SKEL_NAMED,
		"wait($self, /, timeout=None)\n--\n\n"
		"Wait for its end, return self; timeout in seconds, None waits without end.\n\n"
		"Can be called after its end, too. skel.Refused, skel.Failed: with the reason;\n"
		"skel.Timeout: it still runs; ValueError: it was abandoned, or the card is closed."),
	SKEL_METHOD("abandon", transfer_abandon, METH_NOARGS,
		"abandon($self, /)\n--\n\n"
		"Give it up: what is not started never will be, what runs goes on unseen.\n\n"
		"Does nothing if it has ended. Its buffer cannot be freed while it runs."),
	{ 0 }
};

static PyGetSetDef getters[] = {
	SKEL_GETTER("result", transfer_get_result,
		    "\"pending\", \"done\", \"refused\", \"failed\" or \"abandoned\"."),
	SKEL_GETTER("reason", transfer_get_reason,
		    "Why it was refused or failed, a word of <linux/skel.h>, \"gone\" or\n"
		    "\"closed\"; else \"\"."),
	SKEL_GETTER("direction", transfer_get_direction, "\"tohost\" or \"fromhost\"."),
	{ 0 }
};

static PyMemberDef members[] = {
	SKEL_MEMBER("card_address", T_ULONGLONG, transfer, end.card_addr,
		    "In bytes from the start of the card's memory."),
	SKEL_MEMBER("length", T_ULONGLONG, transfer, end.length, "In bytes."),
	SKEL_MEMBER("offset", T_PYSSIZET, transfer, offset,
		    "In bytes from the start of the buffer."),
	SKEL_MEMBER("buffer", T_OBJECT_EX, transfer, buffer, "Its buffer."),
	{ 0 }
};

static PyType_Slot slots[] = {
	{ Py_tp_dealloc, transfer_dealloc },
	{ Py_tp_traverse, transfer_traverse },
	{ Py_tp_methods, methods },
	{ Py_tp_getset, getters },
	{ Py_tp_members, members },
	{ Py_tp_doc, "A transfer, made by Card.submit_tohost() and Card.submit_fromhost().\n\n"
		     "It holds its buffer. Its result changes in Card.dispatch(), in its own\n"
		     "wait() and when the card is closed." },
	{ 0, NULL }
};

PyType_Spec skel_transfer_spec =
	SKEL_SPEC("skel.Transfer", struct transfer, slots);
