// SPDX-License-Identifier: GPL-2.0
/*
 * monitor-table.c - channels and their rates as a table that fits a terminal
 */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "list.h"
#include "monitor-table.h"
#include "quantity.h"
#include "rates.h"
#include "skelctl.h"
#include "text.h"

#define CELL_MAX	128

struct row {
	const struct system_card *card;
	const struct system_user *user;	/* NULL: nobody uses the card */
	const char *root;
	struct rates rates;
};

enum content {
	CARD, CHANNEL, USER, PROGRAM, PID, BUFFERS, MEMORY, RUNNING, GRANTED, TOHOST,
	FROMHOST, REFUSED, FAILED, LOST,
};

static const struct column {
	const char *title;
	int width;	/* negative: to the left */
	int rank;	/* the last ones are left out first */
} columns[] = {
	[CARD] = { "card", -5, 1 },
	[CHANNEL] = { "chan", 4, 2 },
	[USER] = { "user", -8, 11 },
	[PROGRAM] = { "program", -10, 4 },
	[PID] = { "pid", 7, 10 },
	[BUFFERS] = { "bufs", 4, 9 },
	[MEMORY] = { "memory", 8, 8 },
	[RUNNING] = { "run", 3, 7 },
	[GRANTED] = { "xfers/s", 7, 6 },
	[TOHOST] = { "to host", 9, 3 },
	[FROMHOST] = { "from host", 9, 7 },
	[REFUSED] = { "refused", 7, 5 },
	[FAILED] = { "failed", 6, 12 },
	[LOST] = { "lost", 4, 13 },
};

static void put_number(char *text, bool known, uint64_t value)
{
	if (known)
		snprintf(text, CELL_MAX, "%" PRIu64, value);
}

static void put_rate(char *text, bool known, enum quantity quantity, double rate)
{
	char number[QUANTITY_MAX];

	if (known)
		snprintf(text, CELL_MAX, "%s%s",
			 quantity_format(number, quantity, rate, 3),
			 quantity == QUANTITY_BYTE ? "/s" : "");
}

/* @text: CELL_MAX bytes, "" if it is not known */
static void put_cell(const struct row *row, enum content content, char *text)
{
	const struct system_user *user = row->user;
	const struct rates *rates = &row->rates;
	char name[SYSTEM_NAME_MAX];

	*text = '\0';
	if (content == CARD)
		snprintf(text, CELL_MAX, "%s", row->card->name);
	if (!user)
		return;
	switch (content) {
	case CARD:
		break;
	case CHANNEL:
		put_number(text, true, user->channel);
		break;
	case USER:
		snprintf(text, CELL_MAX, "%s", user_name(row->root, user->uid, name));
		break;
	case PROGRAM:
		snprintf(text, CELL_MAX, "%s", user->program);
		break;
	case PID:
		put_number(text, true, user->pid);
		break;
	case BUFFERS:
		put_number(text, true, user->buffers);
		break;
	case MEMORY:
		text_size(text, user->memory);
		break;
	case RUNNING:
		put_number(text, true, user->pending);
		break;
	case GRANTED:
		put_rate(text, rates->known, QUANTITY_COUNT, rates->granted);
		break;
	case TOHOST:
		put_rate(text, rates->known, QUANTITY_BYTE, rates->bytes_tohost);
		break;
	case FROMHOST:
		put_rate(text, rates->known, QUANTITY_BYTE, rates->bytes_fromhost);
		break;
	case REFUSED:
		put_number(text, user->counted, user->refused);
		break;
	case FAILED:
		put_number(text, user->counted, user->failed);
		break;
	case LOST:
		put_number(text, user->counted, user->replies_lost);
		break;
	}
}

struct table {
	FILE *file;
	int width, lines;	/* that are left */
	const char *end;
	bool shown[ARRAY_SIZE(columns)];
	bool last;		/* no line behind this one */
};

static int width_of(const struct column *column)
{
	return column->width < 0 ? -column->width : column->width;
}

static void choose_columns(struct table *table)
{
	int left = table->width, rank;
	size_t i;

	for (rank = 1; rank <= 13; rank++) {
		for (i = 0; i < ARRAY_SIZE(columns); i++) {
			int width = width_of(&columns[i]) + (rank > 1);

			if (columns[i].rank != rank || width > left)
				continue;
			table->shown[i] = true;
			left -= width;
		}
	}
}

/* Bytes of UTF-8 in front of the first character that does not fit */
static int cut(const char *text, int width)
{
	int bytes = 0;

	for (; text[bytes]; bytes++) {
		if ((text[bytes] & 0xc0) != 0x80 && --width < 0)
			break;
	}
	return bytes;
}

static void line(struct table *table, const char *text)
{
	if (table->lines-- > 0)
		fprintf(table->file, "%.*s%s", cut(text, table->width), text,
			table->end);
}

/* A row, or with NULL the titles */
static void show_row(struct table *table, const struct row *row)
{
	char text[ARRAY_SIZE(columns) * (CELL_MAX + 2)] = "", cell[CELL_MAX];
	size_t length = 0, i;

	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct column *column = &columns[i];
		int width = width_of(column), bytes;

		if (!table->shown[i])
			continue;
		if (row)
			put_cell(row, i, cell);
		else
			snprintf(cell, sizeof(cell), "%s", column->title);
		if (!*cell)
			strcpy(cell, "-");
		bytes = cut(cell, width);
		/* a number that does not fit is no other number */
		if (cell[bytes] && column->width > 0)
			strcpy(cell, "+");
		cell[bytes] = '\0';
		length += sprintf(text + length, "%s%*s", length ? " " : "",
				  column->width, cell);
	}
	while (length && text[length - 1] == ' ')
		text[--length] = '\0';
	line(table, text);
}

/* The @n-th row. Return: whether there is one. */
static bool find_row(const struct monitor *monitor, size_t n, struct row *row)
{
	const struct system_view *view = &monitor->now;
	size_t card, user, count = 0;

	*row = (struct row) { .root = view->root };
	for (card = 0; card < view->cards; card++) {
		bool used = false;

		row->card = &view->card[card];
		for (user = 0; user < view->users; user++) {
			if (view->user[user].card != row->card->number)
				continue;
			used = true;
			if (count++ != n)
				continue;
			row->user = &view->user[user];
			row->rates = rates_of(row->user, monitor->looked ?
					      &monitor->before : NULL,
					      monitor->seconds);
			return true;
		}
		if (!used && count++ == n)
			return true;
	}
	return false;
}

void monitor_table(FILE *file, const struct monitor *monitor, int width,
		   int height, const char *end)
{
	struct table table = {
		.file = file, .width = width, .lines = height, .end = end,
	};
	const struct system_view *view = &monitor->now;
	char text[200], interval[QUANTITY_MAX];
	bool counted = true;
	struct row row;
	size_t n, rows = 0;

	while (find_row(monitor, rows, &row)) {
		counted &= !row.user || row.user->counted;
		rows++;
	}
	snprintf(text, sizeof(text), "%zu card%s, every %s%s", view->cards,
		 view->cards == 1 ? "" : "s",
		 quantity_format(interval, QUANTITY_SECOND, monitor->interval, 3),
		 monitor->unprivileged && (view->hidden || !counted) ?
		 "; all is shown by sudo skelctl monitor" : "");
	line(&table, text);
	if (!rows) {
		line(&table, "no card; skelctl doctor says why");
		return;
	}
	choose_columns(&table);
	show_row(&table, NULL);
	for (n = 0; find_row(monitor, n, &row); n++) {
		if (table.lines == 1 && n + 1 < rows) {
			snprintf(text, sizeof(text), "%zu more", rows - n);
			line(&table, text);
			break;
		}
		show_row(&table, &row);
	}
}
