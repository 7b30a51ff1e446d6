// SPDX-License-Identifier: GPL-2.0
/*
 * scpi-commands.c - the table of the commands that each instrument has
 */
#include "scpi-internal.h"

#define BYTE_OF_BITS							\
	{ { .type = SCPI_INTEGER, .name = "bits", .max = 255 } }

#define WORD_OF_BITS							\
	{ { .type = SCPI_INTEGER, .name = "bits", .max = 65535 } }

static const struct scpi_command commands[] = {
	{
		.header = "*IDN",
		.query = scpi_idn,
		.help = "What the instrument is.",
		.reply = "manufacturer,model,serial number,version",
		.example = "*IDN?",
	}, {
		.header = "*RST",
		.set = scpi_rst,
		.help = "Set the instrument to the state it has after its start, for\n"
			"all users. Error queue and status registers stay as they\n"
			"are. A pending *OPC is forgotten.",
		.example = "*RST",
	}, {
		.header = "*TST",
		.query = scpi_tst,
		.help = "Self-test.",
		.reply = "0: passed, otherwise what failed",
		.example = "*TST?",
	}, {
		.header = "*CLS",
		.set = scpi_cls,
		.help = "Clear the error queue and the event registers of this user.\n"
			"A pending *OPC is forgotten.",
		.example = "*CLS",
	}, {
		.header = "*OPC",
		.set = scpi_set_opc,
		.query = scpi_get_opc,
		.help = "Set bit 0 of the event status register when all operations\n"
			"of this user have ended. The query answers only then; this\n"
			"user's later commands wait for it.",
		.reply = "1",
		.example = "*OPC?",
	}, {
		.header = "*WAI",
		.set = scpi_wai,
		.help = "Later commands of this user wait until all operations of\n"
			"this user have ended.",
		.example = "*WAI",
	}, {
		.header = "*ESR",
		.query = scpi_get_esr,
		.help = "Event status register: 1 operation complete, 4 query error,\n"
			"8 device error, 16 execution error, 32 command error, 128\n"
			"power on. Reading clears it.",
		.reply = "0 to 255",
		.example = "*ESR?",
	}, {
		.header = "*ESE",
		.set = scpi_set_ese,
		.query = scpi_get_ese,
		.params = BYTE_OF_BITS,
		.help = "Which bits of the event status register are summed up in bit\n"
			"5 of the status byte.",
		.reply = "0 to 255",
		.example = "*ESE 60",
	}, {
		.header = "*STB",
		.query = scpi_get_stb,
		.help = "Status byte: 4 there are errors in the queue, 8 questionable\n"
			"status, 16 a response is being made, 32 event status, 64 any\n"
			"of those that *SRE enables, 128 operation status.",
		.reply = "0 to 255",
		.example = "*STB?",
	}, {
		.header = "*SRE",
		.set = scpi_set_sre,
		.query = scpi_get_sre,
		.params = BYTE_OF_BITS,
		.help = "Which bits of the status byte are summed up in its bit 6.\n"
			"Bit 6 itself is ignored.",
		.reply = "0 to 191",
		.example = "*SRE 36",
	}, {
		.header = "HELP",
		.query = scpi_help,
		.query_params = {
			{ .type = SCPI_HEADER, .name = "command",
			  .optional = true },
		},
		.help = "Explain a command. With the number of a page, list its\n"
			"commands; without a parameter, list the pages.",
		.reply = "one line of text",
		.errors = "-224 no such command or page",
		.example = "HELP? *OPC",
	}, {
		.header = "SYSTem:ERRor[:NEXT]",
		.query = scpi_next_error,
		.help = "Take the oldest error from the queue of this user. The queue\n"
			"holds 20; if there are more, the last one becomes -350.",
		.reply = "number,\"text;where\"; 0,\"No error\" if there is none",
		.example = "SYST:ERR?",
	}, {
		.header = "SYSTem:ERRor:ALL",
		.query = scpi_all_errors,
		.help = "Take all errors from the queue. Those that do not fit into\n"
			"the response stay there.",
		.reply = "as SYSTem:ERRor?, separated by commas",
		.example = "SYST:ERR:ALL?",
	}, {
		.header = "SYSTem:ERRor:COUNt",
		.query = scpi_count_errors,
		.help = "Number of errors in the queue.",
		.reply = "0 to 20",
		.example = "SYST:ERR:COUN?",
	}, {
		.header = "SYSTem:VERSion",
		.query = scpi_version,
		.help = "Version of SCPI that the instrument complies with.",
		.reply = "1999.0",
		.example = "SYST:VERS?",
	}, {
		.header = "STATus:OPERation[:EVENt]",
		.query = scpi_get_event,
		.help = "What began since the last reading: 16 sampling, 32 waiting\n"
			"for a trigger, 16384 a program runs. Reading clears it.",
		.reply = "0 to 32767",
		.example = "STAT:OPER?",
	}, {
		.header = "STATus:OPERation:CONDition",
		.query = scpi_get_condition,
		.help = "What the instrument is doing, bits as in STATus:OPERation?.",
		.reply = "0 to 32767",
		.example = "STAT:OPER:COND?",
	}, {
		.header = "STATus:OPERation:ENABle",
		.set = scpi_set_enable,
		.query = scpi_get_enable,
		.params = WORD_OF_BITS,
		.help = "Which bits of the operation events are summed up in bit 7 of\n"
			"the status byte. Bit 15 is ignored.",
		.reply = "0 to 32767",
		.example = "STAT:OPER:ENAB 16",
	}, {
		.header = "STATus:QUEStionable[:EVENt]",
		.query = scpi_get_event,
		.help = "Events of the questionable status. No bit of it is used.",
		.reply = "0",
		.example = "STAT:QUES?",
	}, {
		.header = "STATus:QUEStionable:CONDition",
		.query = scpi_get_condition,
		.help = "Questionable status. No bit of it is used.",
		.reply = "0",
		.example = "STAT:QUES:COND?",
	}, {
		.header = "STATus:QUEStionable:ENABle",
		.set = scpi_set_enable,
		.query = scpi_get_enable,
		.params = WORD_OF_BITS,
		.help = "Which bits of the questionable events are summed up in bit 3\n"
			"of the status byte. Bit 15 is ignored.",
		.reply = "0 to 32767",
		.example = "STAT:QUES:ENAB 0",
	}, {
		.header = "STATus:PRESet",
		.set = scpi_preset,
		.help = "Enable no operation and no questionable events.",
		.example = "STAT:PRES",
	},
};

const struct scpi_table scpi_common_table = {
	.title = "Common commands",
	.commands = commands,
	.count = SCPI_ARRAY_SIZE(commands),
};
