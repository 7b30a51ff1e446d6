// SPDX-License-Identifier: GPL-2.0
/*
 * commands.c - the table of the commands of all instruments
 */
#include "scpi/internal.h"

#define BYTE_OF_BITS	{ { INTEGER("bits", 0, 255, 0) } }
#define WORD_OF_BITS	{ { INTEGER("bits", 0, 65535, 0) } }
#define KEPT(member)							\
	.object = &scpi_registers, SCPI_KEPT(struct scpi, member)

static const struct scpi_command commands[] = {
	{
		.header = "*IDN", .query = scpi_idn,
		.help = "What the instrument is. No other query may follow in the same line: -440.",
		.reply = "manufacturer,model,serial number,version",
		.example = "*IDN?",
	}, {
		.header = "*RST", .set = scpi_rst,
		.help = "Set the instrument to its initial state, for all users. Error queue and status registers stay as they are. A pending *OPC is cancelled.",
		.example = "*RST",
	}, {
		.header = "*TST", .query = scpi_tst,
		.help = "Self-test.",
		.reply = "0: passed, otherwise what failed", .example = "*TST?",
	}, {
		.header = "*CLS", .set = scpi_cls,
		.help = "Clear the error queue and the event registers of this user. A pending *OPC is cancelled.",
		.example = "*CLS",
	}, {
		.header = "*OPC", .set = scpi_set_opc, .query = scpi_get_opc,
		.help = "Set bit 0 of the event status register when all operations of this user have ended. The query answers only then; later commands of this user wait for it.",
		.reply = "1", .example = "*OPC?",
	}, {
		.header = "*WAI", .set = scpi_wai,
		.help = "Later commands of this user wait until all operations of this user have ended.",
		.example = "*WAI",
	}, {
		.header = "*ESR", .query = scpi_get_esr,
		.help = "Event status register: 1 operation complete, 4 query error, 8 device error, 16 execution error, 32 command error, 128 power on. Reading clears it.",
		.reply = "0 to 255", .example = "*ESR?",
	}, {
		.header = "*ESE", KEPT(ese),
		.params = BYTE_OF_BITS,
		.help = "Which bits of the event status register set bit 5 of the status byte.",
		.reply = "0 to 255", .example = "*ESE 60",
	}, {
		.header = "*STB", .query = scpi_get_stb,
		.help = "Status byte: 4 errors in the queue, 8 questionable status, 16 a response before this one, 32 event status, 64 any of those that *SRE enables, 128 operation status.",
		.reply = "0 to 255", .example = "*STB?",
	}, {
		.header = "*SRE", KEPT(sre),
		.params = BYTE_OF_BITS,
		.help = "Which bits of the status byte set its bit 6. Bit 6 itself is ignored.",
		.reply = "0 to 191", .example = "*SRE 36",
	}, {
		.header = "HELP", .query = scpi_help,
		.query_params = { { PARAM(HEADER, "command"), OPTIONAL } },
		.help = "Explain a command, or list those that begin so: HELP? INPut. With the number of a page, list the commands on it; without a parameter, list the pages.",
		.reply = "one line of text",
		.errors = "-224 no such command or page: HELP? lists them",
		.example = "HELP? *OPC",
	}, {
		.header = "SYSTem:ERRor[:NEXT]", .query = scpi_next_error,
		.help = "Remove the oldest error from the queue of this user. The queue holds 20; if there are more, the last one becomes -350.",
		.reply = "number,\"text;where\"; 0,\"No error\" if there is none",
		.example = "SYST:ERR?",
	}, {
		.header = "SYSTem:ERRor:ALL", .query = scpi_all_errors,
		.help = "Remove all errors from the queue. Those that do not fit into the response stay there.",
		.reply = "as SYSTem:ERRor?, separated by commas",
		.example = "SYST:ERR:ALL?",
	}, {
		.header = "SYSTem:ERRor:COUNt", .query = scpi_count_errors,
		.help = "Number of errors in the queue.",
		.reply = "0 to 20", .example = "SYST:ERR:COUN?",
	}, {
		.header = "SYSTem:VERSion", .query = scpi_version,
		.help = "The version of SCPI that the instrument complies with.",
		.reply = "1999.0", .example = "SYST:VERS?",
	}, {
		.header = "SYSTem:EVENts", KEPT(events),
		.params = { { PARAM(BOOL, "on") } },
		.help = "Whether this user gets lines that it has not asked for. They begin with \"event: \", no answer does. What they say is in the error queue, too. ON for the users of /dev/skelN, OFF over the network. *RST does not change it.",
		.reply = "0 or 1", .example = "SYST:EVEN ON",
	}, {
		.header = "STATus:OPERation[:EVENt]", .query = scpi_get_event,
		.help = "What has begun since the last query: 16 sampling, 32 waiting for a trigger, 16384 running a program. Reading clears it.",
		.reply = "0 to 32767", .example = "STAT:OPER?",
	}, {
		.header = "STATus:OPERation:CONDition", .object = &scpi_registers,
		SCPI_SEEN(struct scpi, operation.condition),
		.help = "What the instrument is doing, bits as in STATus:OPERation?.",
		.reply = "0 to 32767", .example = "STAT:OPER:COND?",
	}, {
		.header = "STATus:OPERation:ENABle", KEPT(operation.enable),
		.params = WORD_OF_BITS,
		.help = "Which bits of the operation events set bit 7 of the status byte. Bit 15 is ignored.",
		.reply = "0 to 32767", .example = "STAT:OPER:ENAB 16",
	}, {
		.header = "STATus:QUEStionable[:EVENt]", .query = scpi_get_event,
		.help = "Events of the questionable status. No bit is used.",
		.reply = "0", .example = "STAT:QUES?",
	}, {
		.header = "STATus:QUEStionable:CONDition", .object = &scpi_registers,
		SCPI_SEEN(struct scpi, questionable.condition),
		.help = "Questionable status. No bit is used.",
		.reply = "0", .example = "STAT:QUES:COND?",
	}, {
		.header = "STATus:QUEStionable:ENABle", KEPT(questionable.enable),
		.params = WORD_OF_BITS,
		.help = "Which bits of the questionable events set bit 3 of the status byte. Bit 15 is ignored.",
		.reply = "0 to 32767", .example = "STAT:QUES:ENAB 0",
	}, {
		.header = "STATus:PRESet", .set = scpi_preset,
		.help = "Disable all operation and questionable events.",
		.example = "STAT:PRES",
	},
};

const struct scpi_table scpi_common_table = SCPI_TABLE("Common commands", commands);
