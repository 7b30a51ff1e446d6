/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log.h - messages for the owner of the instrument
 */
#ifndef _LAB_LOG_H
#define _LAB_LOG_H

/* Log what is as important as @level (LOG_INFO of syslog(3)) or more. */
void lab_log_setup(int level);
/* One line to stderr; if that is the journal, with its priority as a prefix */
__attribute__((__format__(__printf__, 2, 3)))
void lab_log(int priority, const char *format, ...);

#endif /* _LAB_LOG_H */
