// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * line.c - commands, answers and events as Python sees them
 *
 * Text is UTF-8; bytes that are none come as lone surrogates ("surrogateescape"),
 * and go out as they came.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "module.h"

#define ANSWER_S	5	/* for an answer, unless the caller says otherwise */

int skel_parse_line(PyObject *object, void *bytes)
{
	PyObject **line = bytes;
	const char *text;
	Py_ssize_t length;

	if (!object) {
		Py_CLEAR(*line);
		return 1;
	}
	if (PyUnicode_Check(object)) {
		*line = PyUnicode_AsEncodedString(object, "utf-8", "surrogateescape");
	} else if (PyBytes_Check(object)) {
		*line = SKEL_REF(object);
	} else {
		PyErr_Format(PyExc_TypeError, "a line is str or bytes, not %S",
			     SKEL_TYPE(object));
		*line = NULL;
	}
	if (!*line)
		return 0;
	text = PyBytes_AsString(*line);
	length = PyBytes_Size(*line);
	if (!memchr(text, '\0', length) && !memchr(text, '\n', length))
		return Py_CLEANUP_SUPPORTED;
	PyErr_SetString(PyExc_ValueError,
			"a line has neither a NUL nor a newline in it: send one line at a time, without its newline");
	Py_CLEAR(*line);
	return 0;
}

PyObject *skel_text(const char *line, int length)
{
	return PyUnicode_DecodeUTF8(line, length, "surrogateescape");
}

PyObject *skel_card_send(struct card *card, PyObject *args)
{
	PyObject *line = NULL;
	struct skel *skel;
	int error;

	if (!PyArg_ParseTuple(args, "O&:send", skel_parse_line, &line))
		return NULL;
	do {
		error = SKEL_RAISED;
		skel = skel_handle(card);
		if (skel)
			SKEL_CALL(card, error = skel_send(skel, "%s", PyBytes_AsString(line)) ?
				  errno : 0);
	} while (skel_again(&error, -INFINITY));
	Py_DECREF(line);
	if (error)
		return skel_raise(error);
	Py_RETURN_NONE;
}

typedef int read_fn(struct skel *skel, char *line, size_t size, int timeout);

static PyObject *receive(struct card *card, PyObject *args, PyObject *names,
			 const char *format, read_fn *read)
{
	static char *keywords[] = { "timeout", NULL };
	char line[SKEL_LINE_MAX];
	double end = INFINITY;
	int error, length = 0;
	struct skel *skel;

	if (!PyArg_ParseTupleAndKeywords(args, names, format, keywords,
					 skel_parse_timeout, &end))
		return NULL;
	do {
		error = SKEL_RAISED;
		skel = skel_handle(card);
		if (skel)
			SKEL_CALL(card, length = read(skel, line, sizeof(line), skel_slice(end));
				  error = length < 0 ? errno : 0);
	} while (skel_again(&error, end));
	return error ? skel_raise(error) : skel_text(line, length);
}

PyObject *skel_card_readline(struct card *card, PyObject *args, PyObject *names)
{
	return receive(card, args, names, "|O&:readline", skel_readline);
}

PyObject *skel_card_read_event(struct card *card, PyObject *args, PyObject *names)
{
	return receive(card, args, names, "|O&:read_event", skel_read_event);
}

/*
 * In one go: a query that is interrupted cannot be continued, and sending it again is
 * for the caller to decide.
 */
static int query(struct card *card, PyObject *args, PyObject *names,
		 char *reply, size_t size)
{
	static char *keywords[] = { "line", "timeout", NULL };
	double end = skel_timeout_end(ANSWER_S);
	PyObject *line = NULL;
	struct skel *skel;
	int error = SKEL_RAISED, length = -1;

	if (!PyArg_ParseTupleAndKeywords(args, names, "O&|O&:query", keywords,
					 skel_parse_line, &line,
					 skel_parse_timeout, &end))
		return -1;
	skel = skel_handle(card);
	if (skel)
		SKEL_CALL(card, length = skel_query(skel, reply, size,
						    skel_timeout_ms(end), "%s",
						    PyBytes_AsString(line));
			  error = length < 0 ? errno : 0);
	Py_DECREF(line);
	if (error == EINTR && PyErr_CheckSignals())
		error = SKEL_RAISED;
	if (error)
		skel_raise(error);
	return error ? -1 : length;
}

PyObject *skel_card_query(struct card *card, PyObject *args, PyObject *names)
{
	char reply[SKEL_LINE_MAX];
	int length = query(card, args, names, reply, sizeof(reply));

	return length < 0 ? NULL : skel_text(reply, length);
}

PyObject *skel_card_query_bytes(struct card *card, PyObject *args,
				PyObject *names)
{
	char reply[SKEL_LINE_MAX];
	int length = query(card, args, names, reply, sizeof(reply));

	return length < 0 ? NULL : PyBytes_FromStringAndSize(reply, length);
}

PyObject *skel_card_clear(struct card *card, PyObject *args, PyObject *names)
{
	static char *keywords[] = { "timeout", NULL };
	double end = skel_timeout_end(ANSWER_S);
	struct skel *skel;
	int error;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|O&:clear", keywords,
					 skel_parse_timeout, &end))
		return NULL;
	/* a slice too short would only make more fences */
	do {
		error = SKEL_RAISED;
		skel = skel_handle(card);
		if (skel)
			SKEL_CALL(card, error = -skel_clear(skel, skel_timeout_ms(end)));
	} while (error == EINTR && skel_again(&error, end));
	if (error)
		return skel_raise(error);
	Py_RETURN_NONE;
}

PyObject *skel_find_blocks(PyObject *module, PyObject *answer)
{
	PyObject *list = NULL;
	const char *at, *stop;
	const void *data;
	Py_buffer bytes;
	size_t size;

	if (PyObject_GetBuffer(answer, &bytes, PyBUF_SIMPLE))
		return NULL;
	at = bytes.buf;
	stop = at + bytes.len;
	list = PyList_New(0);
	while (list && !skel_find_block(at, stop - at, &data, &size)) {
		PyObject *block = PyBytes_FromStringAndSize(data, size);

		if (!block || PyList_Append(list, block))
			Py_CLEAR(list);
		Py_XDECREF(block);
		at = (const char *)data + size;
	}
	PyBuffer_Release(&bytes);
	return list;
}

static PyStructSequence_Field report_fields[] = {
	{ "result", "\"done\", \"refused\" or \"failed\"" },
	{ "direction", "\"tohost\" or \"fromhost\"" },
	{ "card_address", "in bytes from the start of the card's memory" },
	{ "length", "number of bytes" },
	{ "host_address", "Buffer.address, and the offset in the buffer" },
	{ "reason", "why it was refused or failed: a word, or \"\"" },
	{ 0 }
};

PyStructSequence_Desc skel_report_desc = {
	.name = "skel.TransferReport",
	.doc = "What the core reports of a transfer: struct skel_transfer.",
	.fields = report_fields,
	.n_in_sequence = SKEL_COUNT(report_fields) - 1,
};

PyObject *skel_parse_report(PyObject *module, PyObject *args)
{
	static const char *const results[] = {
		[SKEL_PENDING] = "pending", [SKEL_DONE] = "done",
		[SKEL_REFUSED] = "refused", [SKEL_FAILED] = "failed",
	};
	struct skel_transfer transfer;
	PyObject *line = NULL;
	int error;

	if (!PyArg_ParseTuple(args, "O&:parse_transfer", skel_parse_line, &line))
		return NULL;
	error = skel_parse_transfer(PyBytes_AsString(line), &transfer);
	Py_DECREF(line);
	if (error)
		Py_RETURN_NONE;
	PyObject *values[] = {
		PyUnicode_FromString(results[transfer.result]),
		PyUnicode_FromString(transfer.direction == SKEL_TOHOST ?
				     "tohost" : "fromhost"),
		PyLong_FromUnsignedLongLong(transfer.card_addr),
		PyLong_FromUnsignedLongLong(transfer.length),
		PyLong_FromUnsignedLongLong(transfer.host_addr),
		skel_text(transfer.reason, strlen(transfer.reason)),
	};
	return skel_named_tuple(skel_module.report, values, SKEL_COUNT(values));
}
