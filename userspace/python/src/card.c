// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * card.c - a channel of a card as Python sees it
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "module.h"

#define CLOSE_POLL_NS	1000000

struct skel *skel_handle(struct card *card)
{
	if (!card->skel || card->closing) {
		PyErr_SetString(PyExc_ValueError, "the card is closed");
		return NULL;
	}
	if (card->owner != getpid()) {
		skel_raise_text(EPERM, "the card was opened before fork(): open it again in this process",
				NULL);
		return NULL;
	}
	return card->skel;
}

void skel_card_settle(struct card *card)
{
	struct skel *skel = card->skel;
	struct skel_stream *stream;

	if (!card->closing || card->calls || card->views || !skel)
		return;
	stream = card->stream ? skel_stream_take(card->stream) : NULL;
	/* in a child, the stream is the parent's, and its locks may be held */
	if (card->owner != getpid())
		stream = NULL;
	card->skel = NULL;
	Py_BEGIN_ALLOW_THREADS
	skel_stream_close(stream);
	skel_close(skel);
	Py_END_ALLOW_THREADS
	skel_transfers_drop(card);
}

static PyObject *card_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
	PyObject *card = PyType_GenericNew(type, args, names);

	if (card && skel_transfers_init((struct card *)card))
		Py_CLEAR(card);
	return card;
}

/* What was made of a closed card would have to do with another handle. */
static bool card_is_new(struct card *card)
{
	if (!card->skel && !card->closing)
		return true;
	PyErr_SetString(PyExc_ValueError,
			"the card is open already, or was closed: make another Card");
	return false;
}

static int card_init(struct card *card, PyObject *args, PyObject *names)
{
	static char *keywords[] = { "path", NULL };
	PyObject *given = Py_None, *path = NULL;
	const char *name = NULL;
	struct skel *skel;
	int error;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|O:Card", keywords, &given))
		return -1;
	if (!card_is_new(card))
		return -1;
	if (given != Py_None) {
		if (!PyUnicode_FSConverter(given, &path))
			return -1;
		name = PyBytes_AsString(path);
	}
	Py_BEGIN_ALLOW_THREADS
	skel = skel_open(name);
	error = errno;
	Py_END_ALLOW_THREADS
	Py_XDECREF(path);
	if (skel && !card_is_new(card)) {	/* by another thread, meanwhile */
		skel_close(skel);
		return -1;
	}
	if (!skel) {
		skel_raise(error);
		return -1;
	}
	card->skel = skel;
	card->owner = getpid();
	return 0;
}

static int card_traverse(struct card *card, visitproc visit, void *arg)
{
	Py_VISIT(SKEL_TYPE(card));
	return skel_transfers_traverse(card, visit, arg);
}

static int card_clear(struct card *card)
{
	skel_transfers_drop(card);
	return 0;
}

static void card_dealloc(struct card *card)
{
	PyTypeObject *type = SKEL_TYPE(card);
	freefunc release = PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(card);
	/* Calls and views would hold references: there are none. */
	card->closing = true;
	skel_card_settle(card);
	pthread_cond_destroy(&card->ended);
	pthread_mutex_destroy(&card->ends);
	release(card);
	Py_DECREF(type);
}

/*
 * Threads that are in a call go on until it is over; those that wait notice at once,
 * but for queries. In a child of fork(), the threads of the parent do not exist.
 */
static PyObject *card_close(struct card *card, PyObject *unused)
{
	const struct timespec poll = { .tv_nsec = CLOSE_POLL_NS };

	if (!card->skel)
		Py_RETURN_NONE;
	if (card->views)
		return PyErr_Format(PyExc_BufferError,
				    "%zd views of the card's memory exist: delete them first (arrays, memoryviews), or leave it to 'with'",
				    card->views);
	card->closing = true;
	if (card->owner != getpid() && card->calls) {
		/* its locks may be held for ever */
		close(skel_fd(card->skel));
		card->skel = NULL;
		Py_RETURN_NONE;
	}
	skel_card_settle(card);
	while (card->skel && card->calls) {
		Py_BEGIN_ALLOW_THREADS
		nanosleep(&poll, NULL);
		Py_END_ALLOW_THREADS
		if (PyErr_CheckSignals())
			return NULL;
	}
	Py_RETURN_NONE;
}

static PyObject *card_enter(struct card *card, PyObject *unused)
{
	return skel_handle(card) ? SKEL_REF(card) : NULL;
}

static PyObject *card_exit(struct card *card, PyObject *args)
{
	if (!card->views)
		return card_close(card, NULL);
	card->closing = true;
	Py_RETURN_NONE;
}

static PyObject *card_get_closed(struct card *card, void *unused)
{
	return PyBool_FromLong(!card->skel || card->closing);
}

static PyObject *card_fileno(struct card *card, PyObject *unused)
{
	struct skel *skel = skel_handle(card);

	return skel ? PyLong_FromLong(skel_fd(skel)) : NULL;
}

static PyStructSequence_Field info_fields[] = {
	{ "name", "model of the card" },
	{ "channel", "number of this channel, as the card knows it" },
	{ "channels", "number of channels, which can be open at once" },
	{ "regions", "number of regions that can be mapped" },
	{ "line_max", "longest line in bytes, with its newline" },
	{ "caps", "CAP_TOHOST, CAP_FROMHOST: what the card can do" },
	{ "transfers", "number of this channel's transfers at once" },
	{ "dma_mask", "highest bus address that the card reaches" },
	{ "buffer_max", "largest buffer in bytes" },
	{ "buffers", "number of buffers of this channel" },
	{ "pending", "number of its running transfers" },
	{ "buffer_bytes", "memory in bytes that its buffers are charged with" },
	{ "granted", "number of its requests that were granted" },
	{ "refused", "number of its requests that were refused" },
	{ "failed", "number of its transfers that failed" },
	{ "bytes_tohost", "bytes moved from the card to buffers" },
	{ "bytes_fromhost", "bytes moved from buffers to the card" },
	{ "replies_lost", "lines dropped because nobody read them in time" },
	{ "segments", "pieces of memory that a transfer can have at most, 0: any number" },
	{ 0 }
};

PyStructSequence_Desc skel_info_desc = {
	.name = "skel.Info",
	.doc = "The card, and the counters of the channel: struct skel_info.",
	.fields = info_fields,
	.n_in_sequence = SKEL_COUNT(info_fields) - 1,
};

static PyObject *card_info(struct card *card, PyObject *unused)
{
	struct skel *skel = skel_handle(card);
	struct skel_info info;
	int error;

	if (!skel)
		return NULL;
	SKEL_CALL(card, error = skel_get_info(skel, &info) ? errno : 0);
	if (error)
		return skel_raise(error);
	PyObject *values[] = {
		PyUnicode_FromString(info.name),
		PyLong_FromUnsignedLong(info.channel),
		PyLong_FromUnsignedLong(info.channels),
		PyLong_FromUnsignedLong(info.regions),
		PyLong_FromUnsignedLong(info.line_max),
		PyLong_FromUnsignedLong(info.caps),
		PyLong_FromUnsignedLong(info.transfers),
		PyLong_FromUnsignedLongLong(info.dma_mask),
		PyLong_FromUnsignedLongLong(info.buffer_max),
		PyLong_FromUnsignedLong(info.buffers),
		PyLong_FromUnsignedLong(info.pending),
		PyLong_FromUnsignedLongLong(info.buffer_bytes),
		PyLong_FromUnsignedLongLong(info.granted),
		PyLong_FromUnsignedLongLong(info.refused),
		PyLong_FromUnsignedLongLong(info.failed),
		PyLong_FromUnsignedLongLong(info.bytes_tohost),
		PyLong_FromUnsignedLongLong(info.bytes_fromhost),
		PyLong_FromUnsignedLongLong(info.replies_lost),
		PyLong_FromUnsignedLong(info.segments),
	};
	return skel_named_tuple(skel_module.info, values, SKEL_COUNT(values));
}

static PyStructSequence_Field region_info_fields[] = {
	{ "name", "name of the region" },
	{ "flags", "REGION_RAM, REGION_READONLY, REGION_WC, REGION_RAWIO" },
	{ "offset", "offset for mmap()" },
	{ "length", "length in bytes" },
	{ 0 }
};

PyStructSequence_Desc skel_region_info_desc = {
	.name = "skel.RegionInfo",
	.doc = "A region of the card: struct skel_region_info.",
	.fields = region_info_fields,
	.n_in_sequence = SKEL_COUNT(region_info_fields) - 1,
};

static PyObject *card_region_info(struct card *card, PyObject *args)
{
	struct skel_region_info region;
	uint32_t index = 0;
	struct skel *skel;
	int error;

	if (!PyArg_ParseTuple(args, "|O&:region_info", skel_parse_u32, &index))
		return NULL;
	skel = skel_handle(card);
	if (!skel)
		return NULL;
	SKEL_CALL(card, error = skel_get_region(skel, index, &region) ? errno : 0);
	if (error)
		return skel_raise(error);
	PyObject *values[] = {
		PyUnicode_FromString(region.name),
		PyLong_FromUnsignedLong(region.flags),
		PyLong_FromUnsignedLongLong(region.offset),
		PyLong_FromUnsignedLongLong(region.length),
	};
	return skel_named_tuple(skel_module.region_info, values, SKEL_COUNT(values));
}

#define TIMEOUT_DOC "timeout in seconds, None waits without end.\n\n"
#define WHERE_DOC \
	"buffer is one of this card's, card_address and offset are in bytes from the\n" \
	"start of the card's memory and of the buffer, length in bytes; None takes the\n" \
	"rest of the buffer.\n\n"

static PyMethodDef methods[] = {
	SKEL_METHOD("close", card_close, METH_NOARGS,
		"close($self, /)\n--\n\n"
		"End all transfers, free all buffers, unmap all regions, close the channel.\n\n"
		"A second call does nothing. Threads that wait get ValueError; for queries of\n"
		"other threads it waits. BufferError: views of the card's memory exist; it\n"
		"stays open."),
	SKEL_METHOD("__enter__", card_enter, METH_NOARGS,
		"__enter__($self, /)\n--\n\nReturn self."),
	SKEL_METHOD("__exit__", card_exit, METH_VARARGS,
		"__exit__($self, /, *args)\n--\n\n"
		"Close the card; if views of its memory exist, with the last of them."),
	SKEL_METHOD("fileno", card_fileno, METH_NOARGS,
		"fileno($self, /)\n--\n\n"
		"The file descriptor, to wait for lines by select() or poll().\n\n"
		"The library may have read lines already: before waiting, call readline(0)\n"
		"until it raises skel.Timeout. Do not read from it, do not close it."),
	SKEL_METHOD("info", card_info, METH_NOARGS,
		"info($self, /)\n--\n\nDescribe the card and the counters of this channel."),
	SKEL_METHOD("region_info", card_region_info, METH_VARARGS,
		"region_info($self, index=0, /)\n--\n\n"
		"Describe a region, 0 to info().regions - 1; region 0 is the card's memory.\n\n"
		"skel.Error: EINVAL there is no such region."),
	SKEL_METHOD("malloc", skel_card_malloc, SKEL_NAMED,
		"malloc($self, /, length, flags=1)\n--\n\n"
		"Get a DMA buffer of length bytes, 1 to info().buffer_max, zeroed.\n\n"
		"flags: TOHOST (1), FROMHOST (2) or both: which way transfers go. skel.Error:\n"
		"EINVAL length or flags; ENOMEM no memory, or a limit ('ulimit -l');\n"
		"ENOSPC no host addresses left."),
	SKEL_METHOD("map", skel_card_map, SKEL_NAMED,
		"map($self, /, index=0, writable=False)\n--\n\n"
		"Map a region of the card, such as its memory (0).\n\n"
		"skel.Error: EINVAL there is no such region; EACCES, EPERM it cannot be\n"
		"mapped like this."),
	SKEL_METHOD("send", skel_card_send, METH_VARARGS,
		"send($self, line, /)\n--\n\n"
		"Send a command, a str or bytes without newline, at most LINE_MAX - 1 bytes.\n\n"
		"Waits while the card has no room for it. The card has not carried it out\n"
		"yet when this returns: see clear()."),
	SKEL_METHOD("readline", skel_card_readline, SKEL_NAMED,
		"readline($self, /, timeout=None)\n--\n\n"
		"The next line of the card, of whatever kind; " TIMEOUT_DOC
		"Answers belong to query() while a thread is in that. skel.Timeout: none came."),
	SKEL_METHOD("read_event", skel_card_read_event, SKEL_NAMED,
		"read_event($self, /, timeout=None)\n--\n\n"
		"The next event, which the card sends unasked; " TIMEOUT_DOC
		"It comes without its mark, such as 'PROGRAM ramp STOPPED error'.\n"
		"skel.Timeout: none came."),
	SKEL_METHOD("query", skel_card_query, SKEL_NAMED,
		"query($self, /, line, timeout=5.0)\n--\n\n"
		"Send a command and return its answer, a str; " TIMEOUT_DOC
		"Events and lines of the kernel are never taken for an answer. An answer that\n"
		"comes after the timeout is not taken for that of the next query. skel.Timeout:\n"
		"none came: ask an SCPI card SYSTem:ERRor? why. InterruptedError (a\n"
		"skel.Error): a signal handler ran, the answer will be dropped."),
	SKEL_METHOD("query_bytes", skel_card_query_bytes, SKEL_NAMED,
		"query_bytes($self, /, line, timeout=5.0)\n--\n\n"
		"query() with the answer as bytes. It may contain blocks of definite length\n"
		"(IEEE 488.2) with any bytes, see find_blocks()."),
	SKEL_METHOD("clear", skel_card_clear, SKEL_NAMED,
		"clear($self, /, timeout=5.0)\n--\n\n"
		"Wait until all commands have run, and drop their answers; events stay.\n\n"
		"skel.Timeout: the card still works on one; skel.Error: EOPNOTSUPP the card\n"
		"knows no transfers, which this needs."),
	SKEL_METHOD("tohost", skel_card_tohost, SKEL_NAMED,
		"tohost($self, /, buffer, card_address=0, length=None, offset=0, timeout=10.0)\n--\n\n"
		"Let the card send bytes to a buffer, and wait until they are there.\n\n"
		WHERE_DOC
		"skel.Refused, skel.Failed: with the reason; skel.Timeout: it may still run,\n"
		"and then free() of the buffer fails with EBUSY."),
	SKEL_METHOD("fromhost", skel_card_fromhost, SKEL_NAMED,
		"fromhost($self, /, buffer, card_address=0, length=None, offset=0, timeout=10.0)\n--\n\n"
		"Let the card fetch bytes from a buffer, and wait; else like tohost()."),
	SKEL_METHOD("submit_tohost", skel_card_submit_tohost, SKEL_NAMED,
		"submit_tohost($self, /, buffer, card_address=0, length=None, offset=0)\n--\n\n"
		"Like tohost(), but return a Transfer at once. Any number can be submitted:\n"
		"those that the card cannot run at once follow in their order. dispatch() or\n"
		"Transfer.wait() tell of their end.\n\n" WHERE_DOC),
	SKEL_METHOD("submit_fromhost", skel_card_submit_fromhost, SKEL_NAMED,
		"submit_fromhost($self, /, buffer, card_address=0, length=None, offset=0)\n--\n\n"
		"Like fromhost(), but return a Transfer at once; see submit_tohost()."),
	SKEL_METHOD("dispatch", skel_card_dispatch, SKEL_NAMED,
		"dispatch($self, /, timeout=None)\n--\n\n"
		"Wait until submitted transfers have ended, return them, a list; " TIMEOUT_DOC
		"Empty if none is submitted. Each is returned once, and not if\n"
		"Transfer.wait() has told of it. skel.Timeout: none has ended."),
	SKEL_METHOD("stream", skel_card_stream, SKEL_NAMED,
		"stream($self, /, blocks=0, block=0, source=0, card_address=0)\n--\n\n"
		"Prepare a stream of steady data, one at a time for each Card.\n\n"
		"blocks: places in its ring, 2 to 65536, 0: 16. block: bytes of a block, a\n"
		"multiple of a frame, 0: 64 KiB or a quarter of the card's ring. source:\n"
		"STREAM_CARD the card sends by itself, STREAM_RING it samples into a ring in its\n"
		"memory, STREAM_MEMORY block bytes at card_address are fetched again and again,\n"
		"STREAM_AUTO (0) what the card has. Set what is sampled before: a frame follows from\n"
		"it. skel.Error: EINVAL, EBUSY there is a stream, EOPNOTSUPP, EPROTO, ENOMEM."),
	{ 0 }
};

static PyGetSetDef getters[] = {
	SKEL_GETTER("closed", card_get_closed, "Whether it was closed."),
	{ 0 }
};

static PyType_Slot slots[] = {
	{ Py_tp_new, card_new },
	{ Py_tp_init, card_init },
	{ Py_tp_dealloc, card_dealloc },
	{ Py_tp_traverse, card_traverse },
	{ Py_tp_clear, card_clear },
	{ Py_tp_methods, methods },
	{ Py_tp_getset, getters },
	{ Py_tp_doc,
	  "Card(path=None)\n--\n\n"
	  "A channel of a card, such as \"/dev/skel0\", which is the default.\n\n"
	  "All methods may be called by any thread, and let other threads run while they\n"
	  "wait. It belongs to the process that opened it: a child of fork() can only close\n"
	  "it. ValueError: it is closed. skel.Error: what the library says; CardGone: it was\n"
	  "unplugged. Opening: FileNotFoundError, PermissionError (both are skel.Error,\n"
	  "too); EBUSY all channels are in use; ENOTTY it is not a card." },
	{ 0, NULL }
};

PyType_Spec skel_card_spec = {
	.name = "skel.Card",
	.basicsize = sizeof(struct card),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
	.slots = slots,
};
