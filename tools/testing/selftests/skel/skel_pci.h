/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers for the tests of real PCI cards: finding a card, its configuration
 * space, its driver, and the QMP monitor of the virtual machine.
 */
#ifndef SKEL_PCI_H
#define SKEL_PCI_H

#include "skel_util.h"

#define SKEL_PCI_COMMAND	4
#define SKEL_PCI_COMMAND_MASTER	0x4

/* Registers of QEMU's edu device (docs/specs/edu.rst in QEMU), in bytes */
#define SKEL_EDU_ID		0x00
#define SKEL_EDU_VERSION	0x010000ed
#define SKEL_EDU_LIVE		0x04
#define SKEL_EDU_IRQ_STATUS	0x24
#define SKEL_EDU_IRQ_RAISE	0x60
#define SKEL_EDU_IRQ_DMA	0x100
#define SKEL_EDU_DMA_SOURCE	0x80
#define SKEL_EDU_DMA_DESTINATION 0x88
#define SKEL_EDU_DMA_COUNT	0x90
#define SKEL_EDU_DMA_COMMAND	0x98
#define SKEL_EDU_DMA_RUN	0x1
#define SKEL_EDU_DMA_TO_HOST	0x2
#define SKEL_EDU_MEMORY		0x40000

/* A card of a PCI driver, as it is now */
struct skel_pci {
	char node[32];		/* /dev/skelN */
	char address[32];	/* 0000:00:03.0 */
	char driver[32];
};

/* Find the n-th card of that model and address (NULL: any): 0 or -ENOENT. */
int skel_pci_find(const char *model, const char *address, int n, struct skel_pci *pci);
/* The n-th edu device; skel_edu is told about their id if it does not know it. */
int skel_edu_find(int n, struct skel_pci *pci);
int skel_pci_open(const struct skel_pci *pci);

/* Wait, for a bounded time, until the card is (back) there or is gone. */
int skel_pci_wait(struct skel_pci *pci, bool there);
/* Bind or unbind its driver; skel_pci_return() binds and waits for the card. */
int skel_pci_bind(const struct skel_pci *pci, bool bind);
int skel_pci_return(struct skel_pci *pci);

/* The command register of its configuration space */
int skel_pci_command(const struct skel_pci *pci);
int skel_pci_set_command(const struct skel_pci *pci, __u16 command);
/* All of it, for reading and writing */
int skel_pci_open_config(const struct skel_pci *pci);
/* Reset it, as an administrator would; -ENOENT if it cannot be reset */
int skel_pci_reset(const struct skel_pci *pci);
/* Physical address of a BAR, or 0 */
__u64 skel_pci_bar(const struct skel_pci *pci, int bar);
/* Map the first page of a BAR past the driver; NULL on failure */
void *skel_pci_map_bar(const struct skel_pci *pci, int bar);
/* Registers, by their offset in bytes */
__u32 skel_read32(const void *map, size_t reg);
void skel_write32(void *map, size_t reg, __u32 value);

/* A parameter of the module skel_edu; -1 on failure */
long skel_edu_param(const char *name);
int skel_edu_set_param(const char *name, long value);

/*
 * The DMA engine of an edu device, behind the back of its driver: wait until it is
 * idle; have it move bytes between a bus address and an address in its memory. False
 * if it does not become idle.
 */
bool skel_edu_idle(const void *registers);
bool skel_edu_dma(void *registers, __u32 bus, __u32 card, size_t length, bool to_host);

/* Where the last DMA of an edu device began in host memory; 0 if not root */
__u32 skel_edu_bus(int fd, bool to_host);

/* Interrupts by which Intel's IOMMUs have reported faults, or -1 */
long skel_iommu_faults(void);

/*
 * SKEL_TEST_MACHINE is the kind of virtual machine the tests run in: plain,
 * iommu, highmem or intx.
 */
bool skel_machine_is(const char *kind);

/* QMP, if the machine has a port for it: 0 or -errno */
int skel_qmp(const char *command);

#endif /* SKEL_PCI_H */
