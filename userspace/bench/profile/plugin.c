// SPDX-License-Identifier: GPL-2.0
/*
 * plugin.c - a plugin of QEMU that writes the address of each instruction
 *
 * It writes while an operation of skel-bench --marks runs: the marks are calls of fixed
 * addresses, number 0 ends an operation and any other begins it. The file has words of
 * 64 bits; one below 4096, where no code is, is the number of a mark.
 *
 * Debian 12 has QEMU's plugins, but no header for them: this is what is used of it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT	__attribute__((visibility("default")))
#define MARKS	0x5ce10000UL

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;
typedef void translated_fn(plugin_id id, struct qemu_plugin_tb *block);
typedef void executed_fn(unsigned int cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated_fn *fn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, executed_fn *fn,
					    int flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*fn)(plugin_id id, void *data),
				    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = 1;

static FILE *file;
static uint64_t operation;

static void put(uint64_t word)
{
	fwrite(&word, sizeof(word), 1, file);
}

static void executed(unsigned int cpu, void *data)
{
	uint64_t addr = (uint64_t)data;

	(void)cpu;
	if (addr - MARKS < 4096) {
		operation = (addr - MARKS) / 16;
		put(operation);
	} else if (operation) {
		put(addr);
	}
}

static void translated(plugin_id id, struct qemu_plugin_tb *block)
{
	size_t i;

	(void)id;
	for (i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);

		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, 0,
						       (void *)qemu_plugin_insn_vaddr(insn));
	}
}

static void end(plugin_id id, void *data)
{
	(void)id;
	(void)data;
	fclose(file);
}

/* The one argument is out=FILE. */
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4) != 0)
		return -1;
	file = fopen(argv[0] + 4, "w");
	if (!file)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, end, NULL);
	return 0;
}
