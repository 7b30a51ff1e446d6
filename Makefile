# SPDX-License-Identifier: GPL-2.0
#
# The front door: every target is a script in scripts/, which has --help.

.DEFAULT_GOAL := help
.PHONY: help demo tour shell check check-series check-static check-user check-libskel check-boot check-kunit \
	check-vm check-lab check-arch check-lts check-long check-kcsan check-coverage \
	check-mutants check-steps check-stress-ng check-checks check-bench deb distro check-deb bench profile \
	series-edit series rebase submit clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: ## fetch, patch, build, boot and show the driver at work (DEMO_ARGS='...')
	@scripts/demo

tour: ## pages, page faults and /dev/mem, shown in a virtual machine
	@scripts/tour

shell: ## a shell in a virtual machine with the driver, on your terminal
	@scripts/shell

check: ## user, libskel, series, static, kunit, vm, edu and lab of what follows
	@scripts/check

check-user: ## userspace/: builds, unit tests, fuzzers, without a virtual machine
	@scripts/check-user

check-libskel: ## the library: ABI, static analysis, threads, programs of 32 bits
	@scripts/check-libskel

check-series: ## the patches: apply, equal the source, build one by one, style, size
	@scripts/check-series

check-static: ## sparse, warnings of gcc and clang, kernel-doc, coccinelle, docs, ...
	@scripts/check-static

check-kunit: ## KUnit suites in the debug kernel
	@scripts/check-kunit

check-vm: ## kselftests in the debug kernel (CARD=edu MACHINE=..., MACHINE=arm64|rt)
	@scripts/check-vm

check-lab: ## the instrument with real clients, in the debug kernel
	@scripts/check-lab

check-long: ## the checks that count, at full length, and the next six; most of a day
	@scripts/check-long

check-boot: ## the virtual machine with a KVM that fails in every way
	@scripts/check-boot

check-kcsan: ## the tests that race under the detector of data races
	@scripts/check-kcsan

check-coverage: ## which lines of the driver the tests reach
	@scripts/check-coverage

check-mutants: ## plant faults in the driver and see the tests find them
	@scripts/check-mutants

check-steps: ## every patch booted, with the tests it has by then
	@scripts/check-steps

check-stress-ng: ## stress-ng --dev on the nodes, in the debug kernel
	@scripts/check-stress-ng

check-arch: ## compile the driver for other architectures and configurations
	@scripts/check-arch

check-bench: ## the limits of ratios and growth, a short make bench
	@scripts/check-bench

check-checks: ## plant a fault for each static check and see it found
	@scripts/check-checks

check-lts: ## the backport to 6.12: applies, builds, passes the selftests in Debian's kernel
	@scripts/check-lts

deb: ## Debian packages, in out/deb
	@scripts/deb

distro: ## patches and symbols for a distribution's kernel package, in out/debian-kernel
	@scripts/distro-kernel

check-deb: ## the packages in a clean Debian 12 that runs its own 6.12 kernel (root)
	@scripts/check-deb

bench: ## what it costs, beside others, in instructions (ARGS='--again')
	@scripts/bench $(ARGS)

profile: ## where the instructions of each operation go
	@scripts/profile

series-edit: ## make linux/, a git tree to edit the series in
	@scripts/series-edit $(if $(KERNEL),--kernel $(KERNEL))

series: ## write linux/ back to patches/ and the source view
	@scripts/series $(if $(KERNEL),--kernel $(KERNEL))

rebase: ## put the series on a newer kernel, KERNEL=DIR or KERNEL=newest
	@scripts/rebase "$(KERNEL)"

submit: ## put your name to the series and write the mails (ARGS='--first')
	@scripts/submit $(ARGS)

clean: ## remove out/; linux/ and the cache stay
	@rm -rf out
