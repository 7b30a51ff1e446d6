/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log.h - how much lab_log() tells
 */
#ifndef _LAB_LOG_H
#define _LAB_LOG_H

/* Say what is as important as @level (LOG_INFO of syslog(3)) or more. */
void lab_log_setup(int level);

#endif /* _LAB_LOG_H */
