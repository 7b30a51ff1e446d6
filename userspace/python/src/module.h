/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * module.h - the C part of the Python package skel
 *
 * C, as the buffer protocol must count who looks at memory; cffi and ctypes cannot. The
 * limited API, so that one file serves all later Pythons.
 *
 * Lifetimes: memory, transfers and streams hold a reference to their card, blocks one
 * to their stream, a view (numpy's, a memoryview) one to its memory or block. A card
 * holds its submitted transfers, which hold their buffers. So a card goes last, and the
 * mapping below a view stays.
 *
 * Fields are protected by the GIL, but for the ends of transfers. A call that gives it up counts itself in card->calls,
 * and while that is not 0 the handle is not closed. What runs after such a call must
 * expect that the card was closed, and everything freed.
 */
#ifndef _SKEL_PYTHON_MODULE_H
#define _SKEL_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000	/* for all Pythons from 3.11 on */
#include <Python.h>
#include <structmember.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include <libskel.h>

struct transfer;
struct stream;

/* A channel of a card: card.c */
struct card {
	PyObject_HEAD
	struct skel *skel;		/* NULL: closed */
	pid_t owner;			/* children have no use of it */
	unsigned long calls;		/* running without the GIL */
	Py_ssize_t views;		/* of all its memory */
	bool closing;			/* when there are neither calls nor views */
	struct transfer *submitted;	/* a list that holds references */
	pthread_mutex_t ends;		/* see transfer.c */
	pthread_cond_t ended;
	bool dispatching;
	struct stream *stream;		/* the open one; holds no reference */
};

/* A buffer or a region, mapped: memory.c */
struct memory {
	PyObject_HEAD
	struct card *card;
	void *start;			/* NULL: given back */
	size_t length;			/* in bytes, as asked for */
	Py_ssize_t views;
	bool region;
	bool readonly;
	bool leaving;			/* is given back with the last view */
};

/* Types of the module, made once, and what it needs of others: module.c */
struct module {
	PyTypeObject *card, *buffer, *region, *transfer, *stream, *block;
	PyTypeObject *info, *region_info, *stream_info, *report;
	PyObject *make_error;		/* skel.errors.make */
};

extern struct module skel_module;

extern PyType_Spec skel_card_spec, skel_buffer_spec, skel_region_spec,
		   skel_transfer_spec, skel_stream_spec, skel_block_spec;
extern PyStructSequence_Desc skel_info_desc, skel_region_info_desc,
			     skel_stream_info_desc, skel_report_desc;

/* Errors: module.c */

#define SKEL_RAISED	-1	/* instead of an errno: the exception is there already */

/* Raise skel.Error with the library's text, unless it is SKEL_RAISED. Return: NULL. */
PyObject *skel_raise(int error);
/* The same with another text, and the reason of a transfer or NULL */
PyObject *skel_raise_text(int error, const char *text, const char *reason);

/* Fill a named tuple with @values, whose references go to it. NULL among them fails. */
PyObject *skel_named_tuple(PyTypeObject *type, PyObject **values, int count);

/* Arguments: for "O&", with checks that "I" and "K" do not have */
int skel_parse_u32(PyObject *object, void *number);
int skel_parse_u64(PyObject *object, void *number);

/* The card: card.c */

/* The handle for a call, or NULL with an exception: closed, or after fork() */
struct skel *skel_handle(struct card *card);
/* Close the handle if that is due and nobody uses it any more. */
void skel_card_settle(struct card *card);

/* Run a statement, which sets @error, without the GIL */
#define SKEL_CALL(card, statement) do {		\
	(card)->calls++;			\
	Py_BEGIN_ALLOW_THREADS			\
	statement;				\
	Py_END_ALLOW_THREADS			\
	(card)->calls--;			\
	skel_card_settle(card);			\
} while (0)

/* Lines: line.c */
PyObject *skel_text(const char *line, int length);	/* the str of any bytes */
PyObject *skel_find_blocks(PyObject *module, PyObject *answer);
PyObject *skel_parse_report(PyObject *module, PyObject *args);
/* for "O&": str or bytes to bytes of one line; its reference is cleaned up by "O&" */
int skel_parse_line(PyObject *object, void *bytes);
PyObject *skel_card_send(struct card *card, PyObject *args);
PyObject *skel_card_readline(struct card *card, PyObject *args, PyObject *names);
PyObject *skel_card_read_event(struct card *card, PyObject *args, PyObject *names);
PyObject *skel_card_query(struct card *card, PyObject *args, PyObject *names);
PyObject *skel_card_query_bytes(struct card *card, PyObject *args, PyObject *names);
PyObject *skel_card_clear(struct card *card, PyObject *args, PyObject *names);

/* Memory: memory.c */
PyObject *skel_card_malloc(struct card *card, PyObject *args, PyObject *names);
PyObject *skel_card_map(struct card *card, PyObject *args, PyObject *names);
/* for "O&": a length, -1 for None */
int skel_parse_length(PyObject *object, void *length);
/* Whether @length (-1: the rest) bytes from @from on are inside; else an exception */
bool skel_memory_part(const struct memory *memory, Py_ssize_t from,
		      Py_ssize_t *length);
/* The handle, or NULL with an exception: given back, card closed */
struct skel *skel_memory_handle(struct memory *memory);

/* Transfers: transfer.c */
PyObject *skel_card_tohost(struct card *card, PyObject *args, PyObject *names);
PyObject *skel_card_fromhost(struct card *card, PyObject *args, PyObject *names);
PyObject *skel_card_submit_tohost(struct card *card, PyObject *args, PyObject *names);
PyObject *skel_card_submit_fromhost(struct card *card, PyObject *args,
				    PyObject *names);
PyObject *skel_card_dispatch(struct card *card, PyObject *args, PyObject *names);
int skel_transfers_init(struct card *card);	/* Return: 0 or -1 with an exception */
/* Let go of all submitted transfers of a card that was closed, or is garbage. */
void skel_transfers_drop(struct card *card);
int skel_transfers_traverse(struct card *card, visitproc visit, void *arg);

/* Streams: stream.c */
PyObject *skel_card_stream(struct card *card, PyObject *args, PyObject *names);
/* The library's stream, which is the caller's to close now */
struct skel_stream *skel_stream_take(struct stream *stream);

/*
 * Calls that wait: wait.c. Their end is a time of the monotonic clock in seconds, or
 * infinite. They wait in slices, so that Ctrl-C and close() in other threads end them:
 *
 *	do {
 *		skel = skel_handle(card);
 *		error = SKEL_RAISED;
 *		if (skel)
 *			SKEL_CALL(card, error = ... skel_slice(end) ...);
 *	} while (skel_again(&error, end));
 */
int skel_parse_timeout(PyObject *object, void *end);	/* for "O&" */
double skel_timeout_end(double seconds);
int skel_timeout_ms(double end);
int skel_slice(double end);
bool skel_again(int *error, double end);

/* In the limited API, these take nothing but a PyObject */
#define SKEL_REF(object) Py_NewRef((PyObject *)(object))
#define SKEL_TYPE(object) Py_TYPE((PyObject *)(object))

/* Tables of methods and attributes */
#define SKEL_METHOD(name, function, flags, doc) \
	{ name, (PyCFunction)(void (*)(void))(function), flags, doc }
#define SKEL_NAMED (METH_VARARGS | METH_KEYWORDS)
#define SKEL_GETTER(name, function, doc) { name, (getter)(function), NULL, doc, NULL }
#define SKEL_MEMBER(name, type, object, member, doc) \
	{ name, type, offsetof(struct object, member), READONLY, doc }
/* A type whose objects are made by methods of others only */
#define SKEL_SPEC(type, object, type_slots) { \
	.name = type, \
	.basicsize = sizeof(object), \
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | \
		 Py_TPFLAGS_DISALLOW_INSTANTIATION, \
	.slots = type_slots, \
}
#define SKEL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif /* _SKEL_PYTHON_MODULE_H */
