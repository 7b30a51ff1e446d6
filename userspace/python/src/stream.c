// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream.c - streams and their blocks as Python sees them
 *
 * A block shows its place in the ring of blocks by the buffer protocol. Its place is
 * given back with the object, or earlier by release(), but not while it has views.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "module.h"

struct stream {
	PyObject_HEAD
	struct card *card;
	struct skel_stream *handle;	/* NULL: closed */
	Py_ssize_t views;		/* of all its blocks */
	unsigned long calls;		/* running without the GIL; in card->calls, too */
	bool started;
	bool closing;			/* when there are neither calls nor views */
};

struct block {
	PyObject_HEAD
	struct stream *stream;
	struct skel_block at;
	Py_ssize_t views;
	bool released;
	bool leaving;			/* is released with the last view */
};

struct skel_stream *skel_stream_take(struct stream *stream)
{
	struct skel_stream *handle = stream->handle;

	stream->handle = NULL;
	if (stream->card->stream == stream)
		stream->card->stream = NULL;
	return handle;
}

/* Close it if that is due and nobody uses it any more. */
static void settle(struct stream *stream)
{
	struct card *card = stream->card;
	struct skel_stream *handle;

	if (!stream->closing || stream->calls || stream->views || !stream->handle)
		return;
	handle = skel_stream_take(stream);
	/* a child of fork() must not stop what the parent follows */
	if (card->owner == getpid())
		SKEL_CALL(card, skel_stream_close(handle));
}

/* The handle for a call, or NULL with an exception */
static struct skel_stream *stream_handle(struct stream *stream)
{
	if (!skel_handle(stream->card))
		return NULL;
	if (stream->handle && !stream->closing)
		return stream->handle;
	PyErr_SetString(PyExc_ValueError, "the stream is closed");
	return NULL;
}

#define STREAM_CALL(stream, statement) do {	\
	(stream)->calls++;			\
	SKEL_CALL((stream)->card, statement);	\
	(stream)->calls--;			\
	settle(stream);				\
} while (0)

PyObject *skel_card_stream(struct card *card, PyObject *args, PyObject *names)
{
	static char *keywords[] = { "blocks", "block", "source", "card_address", NULL };
	struct skel_stream_options options = { 0 };
	struct stream *stream;
	struct skel *skel;
	uint32_t source = SKEL_STREAM_AUTO;
	int error;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|O&O&O&O&:stream", keywords,
					 skel_parse_u32, &options.blocks,
					 skel_parse_u64, &options.block,
					 skel_parse_u32, &source,
					 skel_parse_u64, &options.card_addr))
		return NULL;
	options.source = source;
	skel = skel_handle(card);
	if (!skel)
		return NULL;
	stream = PyObject_GC_New(struct stream, skel_module.stream);
	if (!stream)
		return NULL;
	stream->card = (struct card *)SKEL_REF(card);
	stream->handle = NULL;
	stream->views = 0;
	stream->calls = 0;
	stream->started = false;
	stream->closing = false;
	PyObject_GC_Track(stream);
	/* by hand: it is entered before the card may be closed */
	card->calls++;
	Py_BEGIN_ALLOW_THREADS
	stream->handle = skel_stream_open(skel, &options);
	error = errno;
	Py_END_ALLOW_THREADS
	card->calls--;
	if (stream->handle)
		card->stream = stream;
	skel_card_settle(card);
	if (stream->handle || card->closing)
		return (PyObject *)stream;
	if (error == EINTR && PyErr_CheckSignals())
		error = SKEL_RAISED;
	skel_raise(error);
	Py_DECREF(stream);
	return NULL;
}

static int stream_traverse(struct stream *stream, visitproc visit, void *arg)
{
	Py_VISIT(SKEL_TYPE(stream));
	Py_VISIT(stream->card);
	return 0;
}

static void stream_dealloc(struct stream *stream)
{
	PyTypeObject *type = SKEL_TYPE(stream);

	PyObject_GC_UnTrack(stream);
	/* blocks would hold references: there are none */
	stream->closing = true;
	settle(stream);
	Py_DECREF(stream->card);
	PyObject_GC_Del(stream);
	Py_DECREF(type);
}

static PyObject *stream_close(struct stream *stream, PyObject *unused)
{
	if (!stream->handle)
		Py_RETURN_NONE;
	if (stream->views)
		return PyErr_Format(PyExc_BufferError,
				    "%zd views of blocks exist: delete them first (arrays, memoryviews), or leave it to 'with'",
				    stream->views);
	stream->closing = true;
	settle(stream);
	Py_RETURN_NONE;
}

static PyObject *stream_enter(struct stream *stream, PyObject *unused)
{
	return stream_handle(stream) ? SKEL_REF(stream) : NULL;
}

static PyObject *stream_stop(struct stream *stream, PyObject *unused)
{
	struct skel_stream *handle;
	int error;

	do {
		error = SKEL_RAISED;
		handle = stream_handle(stream);
		if (handle)
			STREAM_CALL(stream, error = -skel_stream_stop(handle));
	} while (error == EINTR && skel_again(&error, -INFINITY));
	if (error)
		return skel_raise(error);
	Py_RETURN_NONE;
}

/* With views, it can only be stopped now, and what that fails with is of no use. */
static PyObject *stream_exit(struct stream *stream, PyObject *args)
{
	struct skel_stream *handle = stream->handle;

	if (handle && stream->views && !stream->closing && !stream->card->closing &&
	    stream->card->owner == getpid())
		STREAM_CALL(stream, skel_stream_stop(handle));
	stream->closing = true;
	settle(stream);
	Py_RETURN_NONE;
}

static PyObject *stream_start(struct stream *stream, PyObject *args, PyObject *names)
{
	static char *keywords[] = { "command", NULL };
	PyObject *given = Py_None, *line = NULL;
	struct skel_stream *handle;
	int error = SKEL_RAISED;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|O:start", keywords, &given))
		return NULL;
	if (given != Py_None && !skel_parse_line(given, &line))
		return NULL;
	handle = stream_handle(stream);
	if (handle)
		STREAM_CALL(stream, error = -skel_stream_start(handle, line ?
							       PyBytes_AsString(line) :
							       NULL));
	Py_XDECREF(line);
	if (error == EINTR && PyErr_CheckSignals())
		error = SKEL_RAISED;
	if (error)
		return skel_raise(error);
	stream->started = true;
	Py_RETURN_NONE;
}

static PyObject *block_new(struct stream *stream, const struct skel_block *at)
{
	struct block *block = PyObject_GC_New(struct block, skel_module.block);

	if (!block) {
		STREAM_CALL(stream, skel_stream_release(stream->handle, at));
		return NULL;
	}
	block->stream = (struct stream *)SKEL_REF(stream);
	block->at = *at;
	block->views = 0;
	block->released = false;
	block->leaving = false;
	PyObject_GC_Track(block);
	return (PyObject *)block;
}

/* Return: a block, or NULL with an exception, or without one: the end */
static PyObject *acquire(struct stream *stream, double end)
{
	struct skel_stream *handle;
	struct skel_block at;
	PyObject *block;
	int error, ret;

	do {
		handle = stream_handle(stream);
		if (!handle)
			return NULL;
		if (!stream->started) {
			PyErr_SetString(PyExc_ValueError,
					"the stream is not started: call start()");
			return NULL;
		}
		block = NULL;
		/* by hand: the block is made before the stream may be closed */
		stream->calls++;
		stream->card->calls++;
		Py_BEGIN_ALLOW_THREADS
		ret = skel_stream_acquire(handle, &at, skel_slice(end));
		Py_END_ALLOW_THREADS
		error = ret < 0 ? -ret : 0;
		if (ret > 0)
			block = block_new(stream, &at);
		else if (error && error != ETIMEDOUT && error != EINTR)
			skel_raise(error);
		stream->calls--;
		stream->card->calls--;
		settle(stream);
		skel_card_settle(stream->card);
	} while (skel_again(&error, end));
	if (error == ETIMEDOUT)
		skel_raise(error);
	return block;
}

static PyObject *stream_acquire(struct stream *stream, PyObject *args,
				PyObject *names)
{
	static char *keywords[] = { "timeout", NULL };
	double end = INFINITY;
	PyObject *block;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|O&:acquire", keywords,
					 skel_parse_timeout, &end))
		return NULL;
	block = acquire(stream, end);
	if (block || PyErr_Occurred())
		return block;
	Py_RETURN_NONE;
}

static PyObject *stream_next(struct stream *stream)
{
	return acquire(stream, INFINITY);
}

static PyStructSequence_Field info_fields[] = {
	{ "source", "STREAM_CARD, STREAM_RING or STREAM_MEMORY" },
	{ "blocks", "places in the ring of blocks" },
	{ "block", "bytes of a full block" },
	{ "frame", "bytes of a frame, one sample of each input; 1: there are no frames" },
	{ "period_ns", "ns from frame to frame, 0.0: unknown; from start() on" },
	{ "received", "blocks that have arrived" },
	{ "acquired", "blocks that were acquired" },
	{ "released", "blocks that were released" },
	{ "bytes", "bytes of the blocks acquired" },
	{ "lost", "bytes lost so far" },
	{ 0 }
};

PyStructSequence_Desc skel_stream_info_desc = {
	.name = "skel.StreamInfo",
	.doc = "What a stream is like, and how far it has come: struct skel_stream_info.",
	.fields = info_fields,
	.n_in_sequence = SKEL_COUNT(info_fields) - 1,
};

static PyObject *stream_info(struct stream *stream, PyObject *unused)
{
	struct skel_stream *handle = stream_handle(stream);
	struct skel_stream_info info;

	if (!handle)
		return NULL;
	STREAM_CALL(stream, skel_stream_get_info(handle, &info));
	PyObject *values[] = {
		PyLong_FromLong(info.source),
		PyLong_FromUnsignedLong(info.blocks),
		PyLong_FromUnsignedLongLong(info.block),
		PyLong_FromUnsignedLongLong(info.frame),
		PyFloat_FromDouble(info.period_ns),
		PyLong_FromUnsignedLongLong(info.received),
		PyLong_FromUnsignedLongLong(info.acquired),
		PyLong_FromUnsignedLongLong(info.released),
		PyLong_FromUnsignedLongLong(info.bytes),
		PyLong_FromUnsignedLongLong(info.lost),
	};
	return skel_named_tuple(skel_module.stream_info, values, SKEL_COUNT(values));
}

static PyObject *stream_get_closed(struct stream *stream, void *unused)
{
	return PyBool_FromLong(!stream->handle || stream->closing ||
			       stream->card->closing);
}

/* --- blocks ------------------------------------------------------------------ */

static bool block_is_valid(const struct block *block)
{
	const struct stream *stream = block->stream;

	return !block->released && !block->leaving && stream->handle &&
	       !stream->closing && stream->card->skel && !stream->card->closing;
}

static void release(struct block *block)
{
	struct stream *stream = block->stream;
	struct skel_stream *handle = stream->handle;

	if (block->released)
		return;
	block->released = true;
	/* what the card does not take is reported by the next acquire() */
	if (handle && stream->card->owner == getpid())
		STREAM_CALL(stream, skel_stream_release(handle, &block->at));
}

static int block_traverse(struct block *block, visitproc visit, void *arg)
{
	Py_VISIT(SKEL_TYPE(block));
	Py_VISIT(block->stream);
	return 0;
}

static void block_dealloc(struct block *block)
{
	PyTypeObject *type = SKEL_TYPE(block);

	PyObject_GC_UnTrack(block);
	release(block);
	Py_DECREF(block->stream);
	PyObject_GC_Del(block);
	Py_DECREF(type);
}

static int block_getbuffer(struct block *block, Py_buffer *view, int flags)
{
	view->obj = NULL;
	if (!block_is_valid(block)) {
		PyErr_SetString(PyExc_ValueError, "the block was released");
		return -1;
	}
	if (!skel_handle(block->stream->card) ||
	    PyBuffer_FillInfo(view, (PyObject *)block, (void *)block->at.data,
			      block->at.length, 1, flags))
		return -1;
	block->views++;
	block->stream->views++;
	block->stream->card->views++;
	return 0;
}

static void block_releasebuffer(struct block *block, Py_buffer *view)
{
	struct stream *stream = block->stream;

	block->views--;
	stream->views--;
	stream->card->views--;
	if (block->leaving && !block->views)
		release(block);
	settle(stream);
	skel_card_settle(stream->card);
}

static PyObject *block_release(struct block *block, PyObject *unused)
{
	if (block->views)
		return PyErr_Format(PyExc_BufferError,
				    "%zd views of this block exist: delete them first (arrays, memoryviews), or leave it to 'with'",
				    block->views);
	release(block);
	Py_RETURN_NONE;
}

static PyObject *block_enter(struct block *block, PyObject *unused)
{
	if (block_is_valid(block))
		return SKEL_REF(block);
	PyErr_SetString(PyExc_ValueError, "the block was released");
	return NULL;
}

static PyObject *block_exit(struct block *block, PyObject *args)
{
	if (block->views)
		block->leaving = true;
	else
		release(block);
	Py_RETURN_NONE;
}

static Py_ssize_t block_length(struct block *block)
{
	return block->at.length;
}

static PyObject *block_get_released(struct block *block, void *unused)
{
	return PyBool_FromLong(!block_is_valid(block));
}

static PyMethodDef stream_methods[] = {
	SKEL_METHOD("start", stream_start, SKEL_NAMED,
		"start($self, /, command=None)\n--\n\n"
		"Let the blocks come.\n\n"
		"command makes the card sample, such as 'SAMPLE 10000' or 'INITiate'; the first\n"
		"byte of the stream is then the first one sampled. None: follow what the card\n"
		"samples. skel.Error: EALREADY it was started; EIO the card refused; skel.Stale:\n"
		"another program has started sampling at the same moment."),
	SKEL_METHOD("stop", stream_stop, METH_NOARGS,
		"stop($self, /)\n--\n\n"
		"Stop the card's sampling if start() has begun it. What was sampled until then\n"
		"still comes. A second call does nothing."),
	SKEL_METHOD("acquire", stream_acquire, SKEL_NAMED,
		"acquire($self, /, timeout=None)\n--\n\n"
		"The next Block, or None: the end, no more will come.\n\n"
		"timeout in seconds, None waits without end. Iterating over the stream does the\n"
		"same, without a timeout. Several blocks can be held at once. skel.Timeout: call\n"
		"it again; skel.Error: ENOBUFS all places are held; EIO the card has ended it;\n"
		"skel.Stale: another program has started or changed the sampling."),
	SKEL_METHOD("info", stream_info, METH_NOARGS,
		"info($self, /)\n--\n\nWhat the stream is like, and how far it has come."),
	SKEL_METHOD("close", stream_close, METH_NOARGS,
		"close($self, /)\n--\n\n"
		"Stop the sampling if start() has begun it, and free the ring of blocks.\n\n"
		"All blocks are invalid then. A thread in acquire() gets ValueError.\n"
		"BufferError: views of blocks exist; it stays open."),
	SKEL_METHOD("__enter__", stream_enter, METH_NOARGS,
		"__enter__($self, /)\n--\n\nReturn self."),
	SKEL_METHOD("__exit__", stream_exit, METH_VARARGS,
		"__exit__($self, /, *args)\n--\n\n"
		"Close the stream; if views of blocks exist, stop it, and close it with the last\n"
		"of them."),
	{ 0 }
};

static PyGetSetDef stream_getters[] = {
	SKEL_GETTER("closed", stream_get_closed, "Whether it was closed."),
	{ 0 }
};

static PyMemberDef stream_members[] = {
	SKEL_MEMBER("card", T_OBJECT_EX, stream, card, "The card that it comes from."),
	{ 0 }
};

static PyType_Slot stream_slots[] = {
	{ Py_tp_dealloc, stream_dealloc },
	{ Py_tp_traverse, stream_traverse },
	{ Py_tp_iter, PyObject_SelfIter },
	{ Py_tp_iternext, stream_next },
	{ Py_tp_methods, stream_methods },
	{ Py_tp_getset, stream_getters },
	{ Py_tp_members, stream_members },
	{ Py_tp_doc, "Steady data from a card, in blocks, made by Card.stream().\n\n"
		     "An iterator: 'for block in stream' yields Blocks as they come. Block.lost\n"
		     "says where bytes were lost." },
	{ 0, NULL }
};

static PyMethodDef block_methods[] = {
	SKEL_METHOD("release", block_release, METH_NOARGS,
		"release($self, /)\n--\n\n"
		"Give its place in the ring back. A second call does nothing.\n\n"
		"It is also done when the object goes. BufferError: views of it exist."),
	SKEL_METHOD("__enter__", block_enter, METH_NOARGS,
		"__enter__($self, /)\n--\n\nReturn self."),
	SKEL_METHOD("__exit__", block_exit, METH_VARARGS,
		"__exit__($self, /, *args)\n--\n\n"
		"Release the block; if there are views, with the last of them."),
	{ 0 }
};

static PyGetSetDef block_getters[] = {
	SKEL_GETTER("released", block_get_released, "Whether its place was given back."),
	{ 0 }
};

static PyMemberDef block_members[] = {
	SKEL_MEMBER("offset", T_ULONGLONG, block, at.offset,
		    "Bytes of the stream before this block, with those lost."),
	SKEL_MEMBER("lost", T_ULONGLONG, block, at.lost,
		    "Bytes lost between the previous block and this one; 0: none."),
	SKEL_MEMBER("index", T_ULONGLONG, block, at.index,
		    "Its number, 0, 1, 2 ... without gaps."),
	{ 0 }
};

static PyType_Slot block_slots[] = {
	{ Py_tp_dealloc, block_dealloc },
	{ Py_tp_traverse, block_traverse },
	{ Py_tp_methods, block_methods },
	{ Py_tp_getset, block_getters },
	{ Py_tp_members, block_members },
	{ Py_tp_doc, "A block of a stream, which offers its bytes by the buffer protocol.\n\n"
		     "memoryview(block) and numpy.frombuffer(block, dtype) do not copy; they keep\n"
		     "its place occupied. bytes(block) copies." },
	{ Py_sq_length, block_length },
	{ Py_bf_getbuffer, block_getbuffer },
	{ Py_bf_releasebuffer, block_releasebuffer },
	{ 0, NULL }
};

PyType_Spec skel_stream_spec =
	SKEL_SPEC("skel.Stream", struct stream, stream_slots);

PyType_Spec skel_block_spec =
	SKEL_SPEC("skel.Block", struct block, block_slots);
