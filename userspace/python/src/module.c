// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * module.c - the module skel._skel: its types, constants and errors
 */
#include <errno.h>
#include <string.h>

#include "module.h"

struct module skel_module;

PyObject *skel_raise_text(int error, const char *text, const char *reason)
{
	PyObject *errors, *raised = NULL;

	if (!skel_module.make_error) {
		errors = PyImport_ImportModule("skel.errors");
		if (!errors)
			return NULL;
		skel_module.make_error = PyObject_GetAttrString(errors, "make");
		Py_DECREF(errors);
	}
	if (skel_module.make_error)
		raised = PyObject_CallFunction(skel_module.make_error, "iNz", error,
					       skel_text(text, strlen(text)), reason);
	if (raised) {
		PyErr_SetObject((PyObject *)SKEL_TYPE(raised), raised);
		Py_DECREF(raised);
	}
	return NULL;
}

PyObject *skel_raise(int error)
{
	char text[256];

	if (error == SKEL_RAISED)
		return NULL;
	/* what Python does meanwhile may fail in the library, too */
	snprintf(text, sizeof(text), "%s", skel_errmsg());
	return skel_raise_text(error, text, NULL);
}

PyObject *skel_named_tuple(PyTypeObject *type, PyObject **values, int count)
{
	PyObject *tuple = PyStructSequence_New(type);
	int i;

	for (i = 0; i < count; i++) {
		if (!values[i])
			Py_CLEAR(tuple);
		if (tuple)
			PyStructSequence_SetItem(tuple, i, values[i]);
		else
			Py_XDECREF(values[i]);
	}
	return tuple;
}

int skel_parse_u64(PyObject *object, void *number)
{
	PyObject *index = PyNumber_Index(object);
	unsigned long long value;

	if (!index)
		return 0;
	value = PyLong_AsUnsignedLongLong(index);
	Py_DECREF(index);
	if (PyErr_Occurred()) {
		if (PyErr_ExceptionMatches(PyExc_OverflowError))
			PyErr_Format(PyExc_ValueError, "%R is not a number of 0 to 2**64 - 1",
				     object);
		return 0;
	}
	*(uint64_t *)number = value;
	return 1;
}

int skel_parse_u32(PyObject *object, void *number)
{
	uint64_t value;

	if (!skel_parse_u64(object, &value))
		return 0;
	if (value > UINT32_MAX) {
		PyErr_Format(PyExc_ValueError, "%R is not a number of 0 to 2**32 - 1",
			     object);
		return 0;
	}
	*(uint32_t *)number = (uint32_t)value;
	return 1;
}

static int add_types(PyObject *module)
{
	const struct {
		PyTypeObject **type;
		PyType_Spec *spec;
	} types[] = {
		{ &skel_module.card, &skel_card_spec },
		{ &skel_module.buffer, &skel_buffer_spec },
		{ &skel_module.region, &skel_region_spec },
		{ &skel_module.transfer, &skel_transfer_spec },
		{ &skel_module.stream, &skel_stream_spec },
		{ &skel_module.block, &skel_block_spec },
	};
	size_t i;

	for (i = 0; i < SKEL_COUNT(types); i++) {
		PyObject *type = PyType_FromModuleAndSpec(module, types[i].spec, NULL);

		*types[i].type = (PyTypeObject *)type;
		if (!type || PyModule_AddType(module, *types[i].type))
			return -1;
	}
	return 0;
}

static int add_tuples(PyObject *module)
{
	const struct {
		PyTypeObject **type;
		PyStructSequence_Desc *desc;
		const char *name;
	} types[] = {
		{ &skel_module.info, &skel_info_desc, "Info" },
		{ &skel_module.region_info, &skel_region_info_desc, "RegionInfo" },
		{ &skel_module.stream_info, &skel_stream_info_desc, "StreamInfo" },
		{ &skel_module.report, &skel_report_desc, "TransferReport" },
	};
	size_t i;

	for (i = 0; i < SKEL_COUNT(types); i++) {
		*types[i].type = PyStructSequence_NewType(types[i].desc);
		if (!*types[i].type ||
		    PyModule_AddObjectRef(module, types[i].name,
					  (PyObject *)*types[i].type))
			return -1;
	}
	return 0;
}

static const struct {
	const char *name;
	long value;
} constants[] = {
	{ "LINE_MAX", SKEL_LINE_MAX },
	{ "TOHOST", SKEL_ALLOC_TOHOST },
	{ "FROMHOST", SKEL_ALLOC_FROMHOST },
	{ "CAP_TOHOST", SKEL_CAP_TOHOST },
	{ "CAP_FROMHOST", SKEL_CAP_FROMHOST },
	{ "CAP_ENFORCED", SKEL_CAP_ENFORCED },
	{ "REGION_RAM", SKEL_REGION_RAM },
	{ "REGION_READONLY", SKEL_REGION_READONLY },
	{ "REGION_WC", SKEL_REGION_WC },
	{ "REGION_RAWIO", SKEL_REGION_RAWIO },
	{ "STREAM_AUTO", SKEL_STREAM_AUTO },
	{ "STREAM_CARD", SKEL_STREAM_CARD },
	{ "STREAM_RING", SKEL_STREAM_RING },
	{ "STREAM_MEMORY", SKEL_STREAM_MEMORY },
};

static int fill(PyObject *module)
{
	size_t i;

	if (add_types(module) || add_tuples(module) ||
	    PyModule_AddStringConstant(module, "DEFAULT_PATH", SKEL_DEFAULT_PATH) ||
	    PyModule_AddStringConstant(module, "CORE_MARK", SKEL_CORE_MARK) ||
	    PyModule_AddStringConstant(module, "EVENT_MARK", SKEL_EVENT_MARK))
		return -1;
	for (i = 0; i < SKEL_COUNT(constants); i++) {
		if (PyModule_AddIntConstant(module, constants[i].name,
					    constants[i].value))
			return -1;
	}
	return 0;
}

static PyMethodDef functions[] = {
	SKEL_METHOD("find_blocks", skel_find_blocks, METH_O,
		    "find_blocks($module, answer, /)\n--\n\n"
		    "The data of all blocks of definite length (IEEE 488.2: #15abcde) in an\n"
		    "answer of Card.query_bytes(), a list of bytes; empty if there are none."),
	SKEL_METHOD("parse_transfer", skel_parse_report, METH_VARARGS,
		    "parse_transfer($module, line, /)\n--\n\n"
		    "What a line of Card.readline() reports of a transfer that the card was told\n"
		    "to make by a command of its own: a TransferReport, or None if it is another\n"
		    "line. Transfers of Card.submit_tohost() and the like report by themselves."),
	{ 0 }
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "skel._skel",
	.m_doc = "The part of the package skel that is C; import skel instead.",
	.m_size = -1,
	.m_methods = functions,
};

PyMODINIT_FUNC PyInit__skel(void);
PyMODINIT_FUNC PyInit__skel(void)
{
	PyObject *module = PyModule_Create(&definition);

	if (module && fill(module))
		Py_CLEAR(module);
	return module;
}
