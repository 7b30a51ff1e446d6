// SPDX-License-Identifier: GPL-2.0
/*
 * test-doctor.c - each reason why a card cannot be used, on a made-up machine
 *
 * The files below the root belong to whoever runs the test, so the device belongs
 * to that user and group; the one who wants to use it has the next numbers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../command.h"
#include "../diagnose.h"
#include "../skelctl.h"
#include "fake-root.h"
#include "run.h"

#define DEVICE	"/dev/skel0"
static struct findings findings;

/* A machine with a card that the user "ada" may use */
void unit_setup(void)
{
	char group[256], passwd[256];

	root_make();
	root_put("/proc/sys/kernel/osrelease", "6.12.48+deb13-amd64\n");
	root_put("/proc/self/limits",
		 "Limit                     Soft Limit           Hard Limit           Units     \n"
		 "Max locked memory         8388608              8388608              bytes     \n");
	root_put("/sys/module/skel/refcnt", "1\n");
	root_put("/sys/class/misc/skel0/model", "sim\n");
	root_put("/sys/class/misc/skel0/path", "faux-skel_sim.0\n");
	root_put(DEVICE, "");
	root_mode(DEVICE, 0660);
	root_put("/usr/lib/udev/rules.d/60-skel.rules", "");
	snprintf(passwd, sizeof(passwd), "root:x:0:0:root:/root:/bin/sh\n"
		 "ada:x:%u:%u:Ada:/:/bin/sh\n", getuid() + 1,
		 getgid() + 1);
	root_put("/etc/passwd", passwd);
	snprintf(group, sizeof(group), "cards:x:%u:ada,charles\nplugdev:x:54321:ada\n",
		 getegid());
	root_put("/etc/group", group);
}

static const struct finding *examine_opened(int opened)
{
	struct patient patient;

	check(patient_user(&patient, root, DEVICE, "ada"));
	patient.opened = opened;
	diagnose(&patient, &findings);
	return worst(&findings);
}

static const struct finding *examine(void)
{
	return examine_opened(-1);
}

/* Is the first thing to mend this one, and is this the way? */
static bool is_bad(const struct finding *finding, const char *text,
		   const char *cure)
{
	if (finding && strstr(finding->text, text) &&
	    strstr(finding->cure, cure))
		return true;
	printf("# %s; %s\n", finding ? finding->text : "all is well",
	       finding ? finding->cure : "");
	return false;
}

static bool found(enum verdict verdict, const char *text, const char *cure)
{
	size_t i;

	for (i = 0; i < findings.count; i++) {
		const struct finding *finding = &findings.finding[i];

		if (finding->verdict == verdict &&
		    strstr(finding->text, text) && strstr(finding->cure, cure))
			return true;
	}
	return false;
}

TEST(cards_that_do_not_answer)
{
	struct patient patient;

	check(patient_user(&patient, root, DEVICE, "ada"));
	patient.opened = 0;
	diagnose(&patient, &findings);
	check(!worst(&findings) && found(FINE, "The card answers", ""));
	patient.silent = true;
	diagnose(&patient, &findings);
	check(is_bad(worst(&findings), "does not answer", "driver again"));
	root_put("/sys/class/misc/skel0/path", "faux-skel_ucard.0\n");
	diagnose(&patient, &findings);
	check(is_bad(worst(&findings), "does not answer", "systemctl restart"));
}

TEST(a_healthy_machine)
{
	check(!examine());
	check(found(FINE, "6.12.48+deb13-amd64 has the driver", ""));
	check(found(FINE, "ada may open /dev/skel0", ""));
	check(found(FINE, "8192 KiB", ""));
}

TEST(kernels)
{
	static const struct {
		const char *release;
		bool good;
	} kernels[] = {
		{ "6.1.0-28-amd64", false }, { "6.11.10-amd64", false },
		{ "6.12.9-amd64", true }, { "6.13.0", false },
		{ "7.1.9", false }, { "7.2.0-rc1", true }, { "7.10.0", true },
		{ "8.0.0", true },
	};
	size_t i;

	root_delete("/sys/class/misc/skel0");
	root_delete("/sys/module/skel");
	for (i = 0; i < ARRAY_SIZE(kernels); i++) {
		root_put("/proc/sys/kernel/osrelease", kernels[i].release);
		if (kernels[i].good)
			check(is_bad(examine(), "not installed", "skel-dkms"));
		else
			check(is_bad(examine(), "the driver needs 6.12, or 7.2",
				     "linux-image-6.12-amd64"));
	}
	/* one that has the driver all the same */
	root_put("/proc/sys/kernel/osrelease", "7.1.9");
	root_put("/lib/modules/7.1.9/modules.dep", "kernel/drivers/misc/skel/skel.ko:\n");
	check(is_bad(examine(), "not loaded", "modprobe skel_sim"));
}

TEST(drivers)
{
	root_delete("/sys/class/misc/skel0");
	check(!examine());
	root_delete(DEVICE);
	check(is_bad(examine(), "no card /dev/skel0", "modprobe skel_sim"));

	root_delete("/sys/module/skel");
	check(is_bad(examine(), "not installed", "apt install skel-dkms"));
	root_put("/usr/src/skel-1.0/dkms.conf", "");
	check(is_bad(examine(), "not built for this kernel",
		     "linux-headers-6.12.48+deb13-amd64"));
	root_put("/lib/modules/6.12.48+deb13-amd64/build/Makefile", "");
	check(is_bad(examine(), "not built for this kernel", "dkms autoinstall"));
	check(!found(HINT, "Secure Boot", ""));
	root_put("/lib/modules/6.12.48+deb13-amd64/modules.dep",
		 "kernel/a.ko: kernel/skel.ko\nupdates/dkms/skel.ko.xz:\n");
	check(is_bad(examine(), "installed but not loaded", "modprobe"));
	root_put("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		 "\x06\x01\x01\x01\x01");
	examine();
	check(found(HINT, "Secure Boot is on", "mokutil --import"));
}

TEST(devices)
{
	root_delete(DEVICE);
	check(is_bad(examine(), "/dev/skel0 is missing", "udevadm trigger"));
	root_delete("/sys/class/misc/skel0");
	root_put("/sys/class/misc/skel7/model", "sim");
	root_put("/sys/class/misc/skel-ucard/dev", "");
	check(is_bad(examine(), "no card /dev/skel0", "--device: skel7"));
}

TEST(permissions)
{
	char group[256];

	root_put("/etc/group", "plugdev:x:54321:\n");
	snprintf(group, sizeof(group), "cards:x:%u:charles\n", getegid());
	if (getegid() == 0) {
		/* a device of root's group is the next case */
		check(is_bad(examine(), "permission denied", ""));
	} else {
		root_put("/etc/group", group);
		check(is_bad(examine(), "You are not in group cards.",
			     "sudo adduser ada cards, then log in again"));
	}
	unit_setup();
	root_mode(DEVICE, 0600);
	check(is_bad(examine(), "was not applied", "udevadm control --reload"));
	root_put("/etc/group", "cards:x:99:\n");
	check(is_bad(examine(), "no group plugdev",
		     "addgroup --system plugdev; sudo adduser ada plugdev"));
	root_delete("/usr/lib/udev/rules.d/60-skel.rules");
	check(is_bad(examine(), "rule is not installed", "60-skel.rules"));
	root_mode(DEVICE, 0666);
	check(!examine());
}

/* As a person in the session sees it: the group comes from the process. */
TEST(members_of_the_group)
{
	struct patient patient;
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "%s%s", root, DEVICE);
	if (getuid() || chown(path, 0, 54321) || chmod(path, 0660) ||
	    stat(path, &st)) {
		unit_skip("only root can give files away");
		return;
	}
	check(patient_user(&patient, root, DEVICE, "ada"));
	diagnose(&patient, &findings);
	check(!worst(&findings));
	patient.groups = 1;		/* the session is older than the group */
	diagnose(&patient, &findings);
	check(is_bad(worst(&findings), "not yet in this session",
		     "newgrp plugdev"));
	root_put("/etc/group", "plugdev:x:54321:charles\n");
	diagnose(&patient, &findings);
	check(is_bad(worst(&findings), "You are not in group plugdev.",
		     "sudo adduser ada plugdev, then log in again"));
	check(!patient_user(&patient, root, DEVICE, "nobody-else"));
}

TEST(what_open_says)
{
	check(!examine_opened(0));
	check(is_bad(examine_opened(EBUSY), "all channels", "skelctl list"));
	check(is_bad(examine_opened(EPERM), "does not let", "DeviceAllow"));
	check(is_bad(examine_opened(ENODEV), "gone", "skelctl list"));
	check(is_bad(examine_opened(ENOTTY), "not a card", "skelctl list"));
	check(is_bad(examine_opened(EIO), "Input/output error", ""));
}

TEST(limits)
{
	static const struct {
		const char *limits;
		enum verdict verdict;
		const char *text, *cure;
	} limits[] = {
		{ "unlimited unlimited", FINE, "not limited", "" },
		{ "8388608 8388608", FINE, "8192 KiB", "" },
		{ "65536 unlimited", HINT, "only 64 KiB", "ulimit -l unlimited" },
		{ "65536 1048576", HINT, "only 64 KiB", "ulimit -l 1024" },
		{ "65536 65536", HINT, "only 64 KiB", "limits.d" },
		{ "0 0", BAD, "only 0 KiB", "limits.d" },
	};
	char line[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		snprintf(line, sizeof(line), "Max locked memory  %s  bytes\n",
			 limits[i].limits);
		root_put("/proc/self/limits", line);
		examine();
		check(found(limits[i].verdict, limits[i].text, limits[i].cure));
	}
}

/* What the kernel says of the card, and why that is so: step by step */
TEST(guards)
{
#define PLACE	"/sys/class/misc/skel0/path"
#define GROUP	"/sys/bus/pci/devices/0000:03:00.0/iommu_group/"
	static const struct {
		const char *path, *content;	/* that changes, or NULL */
		enum guard guard;		/* unknown: the card was not opened */
		enum verdict verdict;
		const char *text, *cure;	/* NULL: nothing about the IOMMU */
	} steps[] = {
		{ NULL, NULL, GUARD_UNKNOWN, FINE, NULL, NULL },
		{ NULL, NULL, GUARD_KERNEL, FINE, NULL, NULL },
		{ PLACE, "platform-43c00000.card\n", GUARD_IOMMU, FINE, NULL, NULL },
		{ NULL, NULL, GUARD_NOBODY, HINT, "No IOMMU enforces the grants", "device tree" },
		{ PLACE, "pci-0000:03:00.0\n", GUARD_UNKNOWN, HINT, "No IOMMU", "intel_iommu=on" },
		{ NULL, NULL, GUARD_NOBODY, HINT, "No IOMMU guards", "intel_iommu=on" },
		{ GROUP "type", "identity\n", GUARD_UNKNOWN, HINT, "lets this card pass", "iommu.passthrough=0" },
		{ NULL, NULL, GUARD_NOBODY, HINT, "lets this card pass", "iommu.passthrough=0" },
		{ GROUP "type", "DMA-FQ\n", GUARD_UNKNOWN, FINE, "whether it enforces the grants", "" },
		{ GROUP "devices/0000:03:00.0", "", GUARD_NOBODY, HINT, "(ATS)", "pci=noats" },
		{ NULL, NULL, GUARD_IOMMU, FINE, "only while a transfer to or from it is granted", "" },
		{ GROUP "devices/0000:03:00.1", "", GUARD_NOBODY, HINT,
		  "from 1 other device of its group", "another slot" },
		{ GROUP "devices/0000:03:00.2", "", GUARD_UNKNOWN, HINT,
		  "from 2 other devices", "another slot" },
	};
	struct patient patient;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].path)
			root_put(steps[i].path, steps[i].content);
		check(patient_user(&patient, root, DEVICE, "ada"));
		patient.opened = steps[i].guard == GUARD_UNKNOWN ? -1 : 0;
		patient.guard = steps[i].guard;
		diagnose(&patient, &findings);
		check(!worst(&findings));
		if (steps[i].text)
			check(found(steps[i].verdict, steps[i].text, steps[i].cure));
		else
			check(!found(FINE, "IOMMU", "") && !found(HINT, "IOMMU", ""));
	}
}

TEST(what_is_printed)
{
	prints(0, "doctor --root @ --user ada",
	       "ok    permission  ada may open /dev/skel0.\n");
	root_mode(DEVICE, 0600);
	prints(EXIT_NO_CARD, "doctor --root @ --user ada",
	       "BAD   permission  /dev/skel0: permission denied.", "\n           do: ");
	prints(EXIT_NO_CARD, "doctor --root @ --user ada --json", "\"usable\": false",
	       "\"cure\": \"sudo udevadm control --reload; ");
}
