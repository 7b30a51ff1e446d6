// SPDX-License-Identifier: GPL-2.0
/*
 * start.c - commands of the configuration
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "log.h"
#include "start.h"

/* No user reads the replies: the last one is kept for the log. */
static void keep_reply(struct session *session, const char *bytes,
		       size_t length)
{
	char *reply = session->owner;

	if (length > SCPI_LINE_MAX)
		length = SCPI_LINE_MAX;
	memcpy(reply, bytes, length - 1);	/* without its '\n' */
	reply[length - 1] = '\0';
}

static int run(struct session *session, const char *line, char *error,
	       size_t size)
{
	static const char ask[] = "SYSTem:ERRor?";
	char reply[SCPI_LINE_MAX] = "";

	session->write = keep_reply;
	session->owner = reply;
	scpi_execute(&session->scpi, line, strlen(line));
	if (scpi_is_suspended(&session->scpi)) {
		scpi_abort(&session->scpi);
		snprintf(error, size, "it waits, which is not possible at the start");
		return -1;
	}
	if (*reply)
		lab_log(LOG_INFO, "%s: %s", line, reply);
	scpi_execute(&session->scpi, ask, strlen(ask));
	if (reply[0] == '0')
		return 0;
	snprintf(error, size, "%s", reply);
	return -1;
}

int lab_start_command(struct lab *lab, const char *line, char *error,
		      size_t size)
{
	struct session *session = session_new(lab, LAB_SESSIONS);
	int ret;

	if (!session) {
		snprintf(error, size, "no memory");
		return -1;
	}
	session->keeps = true;
	ret = run(session, line, error, size);
	session_close(session);
	return ret;
}
