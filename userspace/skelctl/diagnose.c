// SPDX-License-Identifier: GPL-2.0
/*
 * diagnose.c - why a user can or cannot use a card, and what helps
 *
 * What open() says is the most certain. Then comes what must work: kernel, driver,
 * card, device, permission. Each is looked at only if it can matter.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diagnose.h"
#include "skelctl.h"
#include "system.h"

#define CARD_GROUP	"plugdev"	/* of the udev rule */
#define MEMLOCK_GOOD	(8ULL << 20)	/* bytes: what the kernel gives everybody */
#define TRIGGER		"sudo udevadm trigger --subsystem-match=misc"

__attribute__((__format__(__printf__, 4, 5)))
static void add(struct findings *findings, enum verdict verdict,
			   const char *subject, const char *format, ...)
{
	struct finding *finding = &findings->finding[findings->count];
	va_list args;

	if (findings->count < FINDINGS_MAX - 1)
		findings->count++;
	finding->verdict = verdict;
	finding->subject = subject;
	finding->cure[0] = '\0';
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

/* Of what was added last */
__attribute__((__format__(__printf__, 2, 3)))
static void cure(struct findings *findings, const char *format, ...)
{
	struct finding *finding = &findings->finding[findings->count - 1];
	va_list args;

	va_start(args, format);
	vsnprintf(finding->cure, sizeof(finding->cure), format, args);
	va_end(args);
}

/* Users and groups, by the files: a static program has no name services */

/* A group by its name or, without that, by its id */
struct group_facts {
	char name[64];
	gid_t gid;
	bool member;		/* the user, by the file */
};

static bool find_group(const struct patient *patient, const char *name,
		       gid_t gid, struct group_facts *facts)
{
	FILE *file CLOSED = system_open(patient->root, "/etc/group");
	const struct group *entry;
	char **member;

	while (file && (entry = fgetgrent(file))) {
		if (name ? strcmp(entry->gr_name, name) != 0 : entry->gr_gid != gid)
			continue;
		snprintf(facts->name, sizeof(facts->name), "%s", entry->gr_name);
		facts->gid = entry->gr_gid;
		facts->member = false;
		for (member = entry->gr_mem; *member; member++)
			facts->member |= strcmp(*member, patient->user) == 0;
		return true;
	}
	return false;
}

void patient_self(struct patient *patient, const char *root, const char *device)
{
	int groups;

	*patient = (struct patient) {
		.root = root, .device = device, .uid = geteuid(), .opened = -1,
	};
	groups = getgroups(GROUPS_MAX - 1, patient->group);
	patient->groups = groups < 0 ? 0 : groups;
	patient->group[patient->groups++] = getegid();
	system_user_name(root, patient->uid, patient->user);
}

bool patient_user(struct patient *patient, const char *root, const char *device,
		  const char *name)
{
	FILE *passwd CLOSED = system_open(root, "/etc/passwd");
	FILE *groups CLOSED = system_open(root, "/etc/group");
	const struct passwd *user = NULL;
	const struct group *group;
	char **member;

	*patient = (struct patient) {
		.root = root, .device = device, .opened = -1,
	};
	while (passwd && (user = fgetpwent(passwd)) &&
	       strcmp(user->pw_name, name) != 0)
		;
	if (!user)
		return false;
	snprintf(patient->user, sizeof(patient->user), "%s", name);
	patient->uid = user->pw_uid;
	patient->group[patient->groups++] = user->pw_gid;
	while (groups && (group = fgetgrent(groups))) {
		for (member = group->gr_mem; *member; member++) {
			if (strcmp(*member, name) == 0 &&
			    patient->groups < GROUPS_MAX)
				patient->group[patient->groups++] = group->gr_gid;
		}
	}
	return true;
}

static const char *who(const struct patient *patient)
{
	return *patient->user ? patient->user : "$USER";
}

/* What there is */

/* Has one of the lists of a kernel's modules the core? */
static bool module_exists(const char *root, const char *release)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };
	char line[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		FILE *file CLOSED = system_open(root, "/lib/modules/%s/%s",
						release, lists[i]);

		while (file && fgets(line, sizeof(line), file)) {
			line[strcspn(line, ":\n")] = '\0';
			if (strstr(line, "/skel.ko"))
				return true;
		}
	}
	return false;
}

static bool any(const char *root, const char *pattern)
{
	char path[PATH_MAX];
	glob_t found;
	bool is;

	snprintf(path, sizeof(path), "%s%s", root, pattern);
	is = glob(path, 0, NULL, &found) == 0;
	if (is)
		globfree(&found);
	return is;
}

static bool secure_boot(const char *root)
{
	FILE *file CLOSED = system_open(root, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
	unsigned char value[5];	/* 4 bytes of attributes, then 0 or 1 */

	return file && fread(value, 1, 5, file) == 5 && value[4] == 1;
}

static void no_driver(const struct patient *patient, struct findings *findings,
		      const char *release)
{
	const char *root = patient->root;

	if (module_exists(root, release)) {
		add(findings, BAD, "driver",
			      "The driver is installed but not loaded.");
		cure(findings, "sudo modprobe skel_sim for a simulated card, sudo modprobe skel_ucard for cards that programs play, or the driver of your card");
	} else if (any(root, "/usr/src/skel-[0-9]*")) {
		add(findings, BAD, "driver",
			      "The driver is installed as source, but not built for this kernel, %s.",
			      release);
		if (system_has(root, "/lib/modules/%s/build", release))
			cure(findings, "sudo dkms autoinstall; what goes wrong is in /var/lib/dkms/skel/*/build/make.log");
		else
			cure(findings, "sudo apt install linux-headers-%s",
			     release);
	} else {
		add(findings, BAD, "driver",
			      "The driver is not installed.");
		cure(findings, "sudo apt install skel-dkms, or a kernel with CONFIG_SKEL");
	}
	if (secure_boot(root)) {
		add(findings, HINT, "Secure Boot",
			      "Secure Boot is on: the kernel loads only modules that are signed with a key it knows.");
		cure(findings, "if modprobe says 'Key was rejected by service': sudo mokutil --import /var/lib/dkms/mok.pub, restart, and confirm the key");
	}
}

/* 6.12, and 7.2 and later; packaging/dkms/dkms.conf has the same rule */
static bool kernel_is_supported(unsigned int major, unsigned int minor)
{
	return (major == 6 && minor == 12) || (major == 7 && minor >= 2) ||
	       major > 7;
}

/* As in the names of Debian's kernel packages, from "6.1.0-28-amd64" */
static const char *architecture(const char *release)
{
	static const char *const names[] = {
		"amd64", "arm64", "armmp", "686-pae", "ppc64el", "riscv64",
		"s390x",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strstr(release, names[i]))
			return names[i];
	}
	return "amd64";
}

/* Return: whether the driver is there */
static bool find_driver(const struct patient *patient, struct findings *findings,
			bool cards)
{
	unsigned int major = 0, minor = 0;
	char release[128];

	system_line(patient->root, release, sizeof(release),
		    "/proc/sys/kernel/osrelease");
	sscanf(release, "%u.%u", &major, &minor);
	if (cards || system_has(patient->root, "/sys/module/skel")) {
		add(findings, FINE, "kernel", "Linux %s has the driver.",
		    release);
		return true;
	}
	if (kernel_is_supported(major, minor) ||
	    module_exists(patient->root, release)) {
		add(findings, FINE, "kernel", "The driver works with Linux %s.",
		    release);
		no_driver(patient, findings, release);
		return false;
	}
	add(findings, BAD, "kernel",
		      "This is Linux %u.%u; the driver needs 6.12, or 7.2 or later.",
		      major, minor);
	cure(findings, "install such a kernel, on Debian linux-image-6.12-%s and linux-headers-6.12-%s, and restart",
	     architecture(release), architecture(release));
	return false;
}

static void no_node(const struct patient *patient, struct findings *findings,
		    const struct system_card *card,
		    const struct system_card *cards, size_t count)
{
	char names[200] = "";
	size_t i, length = 0;

	if (card) {
		add(findings, BAD, "device",
			      "The kernel has the card %s, but the device %s is missing.",
			      card->name, patient->device);
		cure(findings, TRIGGER "; a container must be started with --device %s",
		     patient->device);
		return;
	}
	for (i = 0; i < count && length < sizeof(names); i++)
		length += snprintf(names + length, sizeof(names) - length,
				   " %s", cards[i].name);
	add(findings, BAD, "card", "There is no card %s.",
		      patient->device);
	if (count)
		cure(findings, "take one of those that are there by --device:%s",
		     names);
	else
		cure(findings, "sudo modprobe skel_sim for a simulated one; sudo modprobe skel_ucard and sudo skel-lab for an instrument; for hardware, lspci -k shows which driver it has");
}

static bool in_group(const struct patient *patient, gid_t gid)
{
	size_t i;

	for (i = 0; i < patient->groups; i++) {
		if (patient->group[i] == gid)
			return true;
	}
	return false;
}

/* By the mode; on the machine itself, by access control lists, too */
static bool may_open(const struct patient *patient, const struct stat *st)
{
	mode_t need = st->st_uid == patient->uid ? 0600 :
		      in_group(patient, st->st_gid) ? 0060 : 0006;

	if (patient->uid == 0 || (st->st_mode & need) == need)
		return true;
	return !*patient->root && patient->uid == geteuid() &&
	       faccessat(AT_FDCWD, patient->device, R_OK | W_OK, AT_EACCESS) == 0;
}

static void not_in_group(const struct patient *patient,
			 struct findings *findings,
			 const struct group_facts *group)
{
	if (group->member) {
		add(findings, BAD, "permission",
			      "%s: permission denied. You are in group %s, but not yet in this session.",
			      patient->device, group->name);
		cure(findings, "log in again; for this shell: newgrp %s",
		     group->name);
		return;
	}
	add(findings, BAD, "permission",
		      "%s: permission denied. You are not in group %s.",
		      patient->device, group->name);
	cure(findings, "sudo adduser %s %s, then log in again", who(patient),
	     group->name);
}

static bool rule_exists(const char *root)
{
	return any(root, "/usr/lib/udev/rules.d/*skel.rules") ||
	       any(root, "/lib/udev/rules.d/*skel.rules") ||
	       any(root, "/etc/udev/rules.d/*skel.rules");
}

/* Of a device that its group cannot open */
static void no_rule(const struct patient *patient, struct findings *findings)
{
	static const char text[] = "%s: permission denied. The owner and mode of the device do not let you in: %s.";
	struct group_facts group;

	if (!rule_exists(patient->root)) {
		add(findings, BAD, "permission", text,
			      patient->device, "the udev rule is not installed");
		cure(findings, "install the package skelctl, or copy 60-skel.rules to /etc/udev/rules.d; then sudo udevadm control --reload; "
		     TRIGGER);
	} else if (!find_group(patient, CARD_GROUP, 0, &group)) {
		add(findings, BAD, "permission", text,
			      patient->device,
			      "there is no group " CARD_GROUP ", which the udev rule gives it to");
		cure(findings, "sudo addgroup --system " CARD_GROUP "; sudo adduser %s " CARD_GROUP "; "
		     TRIGGER "; then log in again", who(patient));
	} else {
		add(findings, BAD, "permission", text,
			      patient->device,
			      "the udev rule is installed, but was not applied");
		cure(findings, "sudo udevadm control --reload; " TRIGGER);
	}
}

static void find_permission(const struct patient *patient,
			    struct findings *findings, const struct stat *st)
{
	struct group_facts group;

	if (may_open(patient, st))
		add(findings, FINE, "permission", "%s may open %s.",
		    *patient->user ? patient->user : "You", patient->device);
	else if (st->st_gid != 0 && (st->st_mode & 0060) == 0060 &&
		 find_group(patient, NULL, st->st_gid, &group))
		not_in_group(patient, findings, &group);
	else
		no_rule(patient, findings);
}

/* What only opening it shows */
static void find_opened(const struct patient *patient, struct findings *findings)
{
	switch (patient->opened) {
	case -1:
	case 0:
	case ENOENT:
	case EACCES:
		break;		/* the others see more */
	case EBUSY:
		add(findings, BAD, "channels",
			      "%s: all channels of the card are in use.",
			      patient->device);
		cure(findings, "end one of the programs that skelctl list shows");
		break;
	case EPERM:
		add(findings, BAD, "device",
			      "%s: the system does not let this program use the device, though its permissions would.",
			      patient->device);
		cure(findings, "start the container with --device %s, or give the systemd unit DeviceAllow=%s rw",
		     patient->device, patient->device);
		break;
	case ENODEV:
	case ENXIO:
		add(findings, BAD, "device",
			      "%s: the card of this device is gone.",
			      patient->device);
		cure(findings, "skelctl list shows what is there");
		break;
	case ENOTTY:
		add(findings, BAD, "device",
			      "%s: not a card of the skel core.",
			      patient->device);
		cure(findings, "skelctl list shows what is there");
		break;
	default:
		add(findings, BAD, "device", "%s: %s.", patient->device,
		    strerror(patient->opened));
	}
}

/* Limits of a process: "Max locked memory  8388608  8388608  bytes" */
static void find_memory(const struct patient *patient, struct findings *findings)
{
	static const char key[] = "Max locked memory";
	FILE *file CLOSED = system_open(patient->root, "/proc/self/limits");
	char line[256], soft[32] = "unlimited", hard[32] = "unlimited";
	uint64_t bytes;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, sizeof(key) - 1) == 0)
			sscanf(line + sizeof(key) - 1, "%31s %31s", soft, hard);
	}
	bytes = strtoull(soft, NULL, 10);
	if (patient->uid == 0 || strcmp(soft, "unlimited") == 0) {
		add(findings, FINE, "memory",
		    "DMA buffers are not limited by ulimit -l.");
		return;
	}
	if (bytes >= MEMLOCK_GOOD) {
		add(findings, FINE, "memory",
		    "DMA buffers of all your programs can have %" PRIu64 " KiB together (ulimit -l).",
		    bytes / 1024);
		return;
	}
	add(findings, bytes < 4096 ? BAD : HINT, "memory",
		      "DMA buffers of all your programs can have only %" PRIu64 " KiB together (ulimit -l).",
		      bytes / 1024);
	if (strcmp(hard, soft) != 0 && strcmp(hard, "unlimited") == 0)
		cure(findings, "ulimit -l unlimited");
	else if (strtoull(hard, NULL, 10) > bytes)
		cure(findings, "ulimit -l %" PRIu64,
		     (uint64_t)strtoull(hard, NULL, 10) / 1024);
	else
		cure(findings, "echo '@" CARD_GROUP " - memlock 65536' | sudo tee /etc/security/limits.d/skel.conf, then log in again");
}

/* Of a PCI device. Return: how many others the IOMMU does not tell from it. */
static size_t others_in_group(const char *root, const char *name)
{
	char path[PATH_MAX];
	size_t count = 0;
	glob_t found;

	snprintf(path, sizeof(path),
		 "%s/sys/bus/pci/devices/%s/iommu_group/devices/*", root, name);
	if (glob(path, 0, NULL, &found) == 0) {
		count = found.gl_pathc - 1;
		globfree(&found);
	}
	return count;
}

/* Of a PCI card that the IOMMU does not let pass */
static void find_translated(const struct patient *patient,
			    struct findings *findings, const char *name)
{
	size_t others = others_in_group(patient->root, name);

	if (others) {
		add(findings, HINT, "IOMMU",
			      "The IOMMU does not tell the card from %zu other %s of its group: each reaches what the kernel has mapped for the others.",
			      others, others == 1 ? "device" : "devices");
		cure(findings, "put the card into another slot; ls /sys/bus/pci/devices/%s/iommu_group/devices shows the group",
		     name);
	} else if (patient->guard == GUARD_NOBODY) {
		add(findings, HINT, "IOMMU",
			      "The IOMMU does not enforce the grants of this card: the card translates addresses itself (ATS), or the driver is the one for older kernels.");
		cure(findings, "the kernel parameter pci=noats");
	} else if (patient->guard == GUARD_IOMMU) {
		add(findings, FINE, "IOMMU",
		    "The IOMMU lets the card reach memory only while a transfer to or from it is granted.");
	} else {
		add(findings, FINE, "IOMMU",
		    "An IOMMU is between the card and memory; skelctl info says whether it enforces the grants.");
	}
}

#define UNGUARDED	"only its driver keeps the card from reaching all memory."

/* Of cards on a bus: the bytes of the others are moved by the kernel */
static void find_iommu(const struct patient *patient, struct findings *findings,
		       const struct system_card *card)
{
	static const char prefix[] = "pci-";
	const char *name = card->place + sizeof(prefix) - 1;
	char type[32];

	if (strncmp(card->place, prefix, sizeof(prefix) - 1) != 0) {
		if (patient->guard != GUARD_NOBODY)
			return;
		add(findings, HINT, "IOMMU",
			      "No IOMMU enforces the grants of this card: " UNGUARDED);
		cure(findings, "if the machine has an IOMMU, name it for the card in the device tree (iommus)");
		return;
	}
	if (!system_has(patient->root, "/sys/bus/pci/devices/%s/iommu_group",
			name)) {
		add(findings, HINT, "IOMMU",
			      "No IOMMU guards the memory of this machine: " UNGUARDED);
		cure(findings, "switch on VT-d or AMD-Vi in the firmware; on Intel, also the kernel parameter intel_iommu=on");
		return;
	}
	system_line(patient->root, type, sizeof(type),
		    "/sys/bus/pci/devices/%s/iommu_group/type", name);
	if (strcmp(type, "identity") == 0) {
		add(findings, HINT, "IOMMU",
			      "The IOMMU lets this card pass: " UNGUARDED);
		cure(findings, "the kernel parameter iommu.passthrough=0");
		return;
	}
	find_translated(patient, findings, name);
}

static void find_answer(const struct patient *patient, struct findings *findings,
			const struct system_card *card)
{
	if (patient->opened)
		return;
	if (!patient->silent) {
		add(findings, FINE, "answers", "The card answers.");
		return;
	}
	add(findings, BAD, "answers", "%s: the card does not answer.",
		      patient->device);
	if (card && strstr(card->place, "skel_ucard"))
		cure(findings, "a program plays this card: end it and start it again, for example by sudo systemctl restart 'skel-lab@*'");
	else
		cure(findings, "switch the card off and on, or load its driver again");
}

/* @path: of the device; a link of /dev/skel/by-path leads to it */
static const struct system_card *card_of(const char *path,
					 const struct system_card *cards,
					 size_t count)
{
	char real[PATH_MAX];
	const char *name = strrchr(realpath(path, real) ? real : path, '/');
	size_t i;

	for (i = 0; name && i < count; i++) {
		if (strcmp(cards[i].name, name + 1) == 0)
			return &cards[i];
	}
	return NULL;
}

void diagnose(const struct patient *patient, struct findings *findings)
{
	const struct system_card *card;
	struct system_card *cards;
	char path[PATH_MAX];
	struct stat st;
	size_t count;

	findings->count = 0;
	cards = system_cards(patient->root, &count);
	snprintf(path, sizeof(path), "%s%s", patient->root, patient->device);
	card = card_of(path, cards, count);
	find_opened(patient, findings);
	if (find_driver(patient, findings, count)) {
		if (stat(path, &st)) {
			no_node(patient, findings, card, cards, count);
		} else {
			if (card)
				add(findings, FINE, "card", "%s is a card of model %s.",
				    patient->device, card->model);
			find_permission(patient, findings, &st);
			find_answer(patient, findings, card);
		}
		find_memory(patient, findings);
		if (card)
			find_iommu(patient, findings, card);
	}
	free(cards);
}

const struct finding *worst(const struct findings *findings)
{
	size_t i;

	for (i = 0; i < findings->count; i++) {
		if (findings->finding[i].verdict == BAD)
			return &findings->finding[i];
	}
	return NULL;
}
