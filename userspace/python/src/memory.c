// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * memory.c - DMA buffers and mapped regions as Python sees them
 *
 * Both offer their bytes by the buffer protocol, without a copy, and are not given
 * back while anybody looks at them: free() then raises BufferError, as bytearray
 * and mmap do.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module.h"

/*
 * The object for what a call has mapped just now. If it cannot be made, that stays
 * mapped until the card is closed.
 */
static PyObject *memory_new(PyTypeObject *type, struct card *card, void *start,
			    size_t length, bool readonly)
{
	struct memory *memory = PyObject_GC_New(struct memory, type);

	if (!memory)
		return NULL;
	memory->card = (struct card *)SKEL_REF(card);
	memory->start = start;
	memory->length = length;
	memory->views = 0;
	memory->region = type == skel_module.region;
	memory->readonly = readonly;
	memory->leaving = false;
	PyObject_GC_Track(memory);
	return (PyObject *)memory;
}

PyObject *skel_card_malloc(struct card *card, PyObject *args, PyObject *names)
{
	static char *keywords[] = { "length", "flags", NULL };
	uint32_t flags = SKEL_ALLOC_TOHOST;
	struct skel *skel;
	Py_ssize_t length;
	void *start;
	int error;

	if (!PyArg_ParseTupleAndKeywords(args, names, "n|O&:malloc", keywords,
					 &length, skel_parse_u32, &flags))
		return NULL;
	if (length < 1)
		return PyErr_Format(PyExc_ValueError, "a buffer has at least 1 byte");
	skel = skel_handle(card);
	if (!skel)
		return NULL;
	SKEL_CALL(card, start = skel_malloc(skel, length, flags); error = errno);
	return start ? memory_new(skel_module.buffer, card, start, length, false) :
		       skel_raise(error);
}

PyObject *skel_card_map(struct card *card, PyObject *args, PyObject *names)
{
	static char *keywords[] = { "index", "writable", NULL };
	uint32_t index = 0;
	int writable = 0, error;
	size_t length = 0;
	struct skel *skel;
	void *start;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|O&p:map", keywords,
					 skel_parse_u32, &index, &writable))
		return NULL;
	skel = skel_handle(card);
	if (!skel)
		return NULL;
	SKEL_CALL(card, start = skel_map_region(skel, index, PROT_READ |
						(writable ? PROT_WRITE : 0), &length);
		  error = errno);
	return start ? memory_new(skel_module.region, card, start, length, !writable) :
		       skel_raise(error);
}

struct skel *skel_memory_handle(struct memory *memory)
{
	if (memory->start && !memory->leaving)
		return skel_handle(memory->card);
	PyErr_SetString(PyExc_ValueError, memory->region ?
			"the region was unmapped" : "the buffer was freed");
	return NULL;
}

/* Give the memory back. Return: 0 or errno; then it is as it was. */
static int give_back(struct memory *memory, struct skel *skel)
{
	void *start = memory->start;
	int error, (*give)(struct skel *skel, void *ptr) =
		memory->region ? skel_unmap_region : skel_free;

	/* Before the GIL goes: nobody may start to look now. */
	memory->start = NULL;
	SKEL_CALL(memory->card, error = give(skel, start) ? errno : 0);
	if (error)
		memory->start = start;
	return error;
}

/* What a transfer still uses stays until the card is closed. */
static void give_back_quietly(struct memory *memory)
{
	struct card *card = memory->card;

	if (memory->start && card->skel && card->owner == getpid())
		give_back(memory, card->skel);
}

static int memory_traverse(struct memory *memory, visitproc visit, void *arg)
{
	Py_VISIT(SKEL_TYPE(memory));
	Py_VISIT(memory->card);
	return 0;
}

static void memory_dealloc(struct memory *memory)
{
	PyTypeObject *type = SKEL_TYPE(memory);

	PyObject_GC_UnTrack(memory);
	give_back_quietly(memory);
	Py_DECREF(memory->card);
	PyObject_GC_Del(memory);
	Py_DECREF(type);
}

static int memory_getbuffer(struct memory *memory, Py_buffer *view, int flags)
{
	view->obj = NULL;
	if (!skel_memory_handle(memory) ||
	    PyBuffer_FillInfo(view, (PyObject *)memory, memory->start,
			      memory->length, memory->readonly, flags))
		return -1;
	memory->views++;
	memory->card->views++;
	return 0;
}

static void memory_releasebuffer(struct memory *memory, Py_buffer *view)
{
	memory->views--;
	memory->card->views--;
	if (memory->leaving && !memory->views)
		give_back_quietly(memory);
	skel_card_settle(memory->card);
}

static PyObject *memory_free(struct memory *memory, PyObject *unused)
{
	struct skel *skel;
	int error;

	if (!memory->start || memory->leaving || !memory->card->skel)
		Py_RETURN_NONE;
	if (memory->views)
		return PyErr_Format(PyExc_BufferError,
				    "%zd views of this memory exist: delete them first (arrays, memoryviews), or leave it to 'with'",
				    memory->views);
	skel = skel_memory_handle(memory);
	if (!skel)
		return NULL;
	error = give_back(memory, skel);
	if (error)
		return skel_raise(error);
	Py_RETURN_NONE;
}

static PyObject *memory_exit(struct memory *memory, PyObject *args)
{
	if (!memory->views && !memory->card->closing)
		return memory_free(memory, NULL);
	memory->leaving = true;
	Py_RETURN_NONE;
}

static PyObject *memory_enter(struct memory *memory, PyObject *unused)
{
	return skel_memory_handle(memory) ? SKEL_REF(memory) : NULL;
}

int skel_parse_length(PyObject *object, void *length)
{
	Py_ssize_t number = -1;

	if (object != Py_None) {
		number = PyNumber_AsSsize_t(object, PyExc_OverflowError);
		if (PyErr_Occurred())
			return 0;
		if (number == -1)
			number = -2;	/* the caller's -1 is no length */
	}
	*(Py_ssize_t *)length = number;
	return 1;
}

bool skel_memory_part(const struct memory *memory, Py_ssize_t from,
		      Py_ssize_t *length)
{
	if (from >= 0 && (size_t)from <= memory->length) {
		if (*length == -1)
			*length = memory->length - from;
		if (*length >= 0 && (size_t)*length <= memory->length - from)
			return true;
	}
	PyErr_Format(PyExc_ValueError,
		     "offset and length are not inside the memory, which has %zu bytes",
		     memory->length);
	return false;
}

/* Parse (offset=0, length=None), a part of the memory. Return: the handle or NULL. */
static struct skel *parse_part(struct memory *memory, PyObject *args,
			       PyObject *names, Py_ssize_t *from,
			       Py_ssize_t *length)
{
	static char *keywords[] = { "offset", "length", NULL };

	*from = 0;
	*length = -1;
	if (!PyArg_ParseTupleAndKeywords(args, names, "|nO&", keywords, from,
					 skel_parse_length, length))
		return NULL;
	return skel_memory_part(memory, *from, length) ?
	       skel_memory_handle(memory) : NULL;
}

static PyObject *memory_view(struct memory *memory, PyObject *args,
			     PyObject *names)
{
	PyObject *whole, *start, *end, *slice = NULL, *part = NULL;
	Py_ssize_t from, length;

	if (!parse_part(memory, args, names, &from, &length))
		return NULL;
	whole = PyMemoryView_FromObject((PyObject *)memory);
	start = PyLong_FromSsize_t(from);
	end = PyLong_FromSsize_t(from + length);
	if (whole && start && end)
		slice = PySlice_New(start, end, NULL);
	if (slice)
		part = PyObject_GetItem(whole, slice);
	Py_XDECREF(slice);
	Py_XDECREF(end);
	Py_XDECREF(start);
	Py_XDECREF(whole);
	return part;
}

static PyObject *buffer_sync(struct memory *memory, PyObject *args,
			     PyObject *names, uint32_t flags)
{
	Py_ssize_t from, length;
	struct skel *skel = parse_part(memory, args, names, &from, &length);
	char *start = memory->start;
	int error;

	if (!skel)
		return NULL;
	SKEL_CALL(memory->card, error = skel_sync(skel, start + from, length, flags) ?
		  errno : 0);
	if (error)
		return skel_raise(error);
	Py_RETURN_NONE;
}

static PyObject *buffer_sync_for_cpu(struct memory *memory, PyObject *args,
				     PyObject *names)
{
	return buffer_sync(memory, args, names, SKEL_SYNC_FOR_CPU);
}

static PyObject *buffer_sync_for_device(struct memory *memory, PyObject *args,
					PyObject *names)
{
	return buffer_sync(memory, args, names, SKEL_SYNC_FOR_DEVICE);
}

static Py_ssize_t memory_length(struct memory *memory)
{
	return memory->length;
}

static PyObject *memory_get_freed(struct memory *memory, void *unused)
{
	const struct card *card = memory->card;

	return PyBool_FromLong(!memory->start || memory->leaving ||
			       !card->skel || card->closing);
}

static PyObject *buffer_get_address(struct memory *memory, void *unused)
{
	struct skel *skel = skel_memory_handle(memory);

	if (!skel)
		return NULL;
	return PyLong_FromUnsignedLongLong(skel_host_addr(skel, memory->start));
}

#define VIEW_DOC \
	"view($self, /, offset=0, length=None)\n--\n\n" \
	"A memoryview of length bytes from offset on, of all by default.\n\n" \
	"No copy: it shows the memory itself. ValueError: not inside."
#define ENTER_DOC "__enter__($self, /)\n--\n\nReturn self."

static PyMethodDef buffer_methods[] = {
	SKEL_METHOD("free", memory_free, METH_NOARGS,
		"free($self, /)\n--\n\n"
		"Give the buffer back. A second call does nothing.\n\n"
		"BufferError: views of it exist. skel.Error: EBUSY a transfer uses it;\n"
		"EPERM it belongs to the process that forked this one. In all these\n"
		"cases the buffer stays as it was."),
	SKEL_METHOD("view", memory_view, SKEL_NAMED, VIEW_DOC),
	SKEL_METHOD("sync_for_cpu", buffer_sync_for_cpu, SKEL_NAMED,
		"sync_for_cpu($self, /, offset=0, length=None)\n--\n\n"
		"Make visible what the card has written while a transfer still runs.\n\n"
		"Not needed otherwise: at its end the kernel does it."),
	SKEL_METHOD("sync_for_device", buffer_sync_for_device, SKEL_NAMED,
		"sync_for_device($self, /, offset=0, length=None)\n--\n\n"
		"Make visible to the card what was written while a transfer runs."),
	SKEL_METHOD("__enter__", memory_enter, METH_NOARGS, ENTER_DOC),
	SKEL_METHOD("__exit__", memory_exit, METH_VARARGS,
		"__exit__($self, /, *args)\n--\n\n"
		"Free the buffer; if there are views, with the last of them."),
	{ 0 }
};

static PyMethodDef region_methods[] = {
	SKEL_METHOD("unmap", memory_free, METH_NOARGS,
		"unmap($self, /)\n--\n\n"
		"Unmap the region. A second call does nothing.\n\n"
		"BufferError: views of it exist; it stays mapped."),
	SKEL_METHOD("view", memory_view, SKEL_NAMED, VIEW_DOC),
	SKEL_METHOD("__enter__", memory_enter, METH_NOARGS, ENTER_DOC),
	SKEL_METHOD("__exit__", memory_exit, METH_VARARGS,
		"__exit__($self, /, *args)\n--\n\n"
		"Unmap the region; if there are views, with the last of them."),
	{ 0 }
};

static PyGetSetDef buffer_getters[] = {
	SKEL_GETTER("address", buffer_get_address,
		    "The host address of its first byte, by which the card knows it."),
	SKEL_GETTER("freed", memory_get_freed, "Whether it was given back."),
	{ 0 }
};

static PyGetSetDef region_getters[] = {
	SKEL_GETTER("unmapped", memory_get_freed, "Whether it was given back."),
	{ 0 }
};

static PyMemberDef members[] = {
	SKEL_MEMBER("card", T_OBJECT_EX, memory, card, "The card that it belongs to."),
	{ 0 }
};

#define SLOTS(methods, getters, doc) { \
	{ Py_tp_dealloc, memory_dealloc }, \
	{ Py_tp_traverse, memory_traverse }, \
	{ Py_tp_methods, methods }, \
	{ Py_tp_getset, getters }, \
	{ Py_tp_members, members }, \
	{ Py_tp_doc, (void *)(doc) }, \
	{ Py_sq_length, memory_length }, \
	{ Py_bf_getbuffer, memory_getbuffer }, \
	{ Py_bf_releasebuffer, memory_releasebuffer }, \
	{ 0, NULL } }

static PyType_Slot buffer_slots[] = SLOTS(buffer_methods, buffer_getters,
	"A DMA buffer, made by Card.malloc().\n\n"
	"It offers its bytes by the buffer protocol: memoryview(buffer) and\n"
	"numpy.frombuffer(buffer, dtype) show the memory that the card writes to,\n"
	"without a copy. While such views exist, it is not freed. It belongs to the\n"
	"process that allocated it: in a child of fork(), views must not be touched,\n"
	"as the memory is not there.");

static PyType_Slot region_slots[] = SLOTS(region_methods, region_getters,
	"A region of the card, mapped by Card.map().\n\n"
	"It offers its bytes by the buffer protocol. If the card is unplugged, access\n"
	"raises SIGBUS, which ends the process: faulthandler says where.");

PyType_Spec skel_buffer_spec =
	SKEL_SPEC("skel.Buffer", struct memory, buffer_slots);

PyType_Spec skel_region_spec =
	SKEL_SPEC("skel.Region", struct memory, region_slots);
