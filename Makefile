# SPDX-License-Identifier: GPL-2.0-only
#
# kvm-lite: everything a person does here is a target of this file; `make` lists
# them. The work is done by the scripts in selftests/testbench/.

TB := selftests/testbench

# Handed to the scripts by the environment: HOST, MODEL, CPUS, MODARGS, ...
export HOST MODEL CPUS MODARGS MITIGATIONS TIMEOUT ONLY

# Each goal is one script that runs its own jobs and steps; goals are not mixed.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

help:
	@echo 'kvm-lite: a small VT-x hypervisor as a Linux module. As root, on Debian 12 or 13:'
	@echo
	@echo '  make demo            build all, boot a stock Linux as a guest, show what it cost'
	@echo '  make check           every check and test; build/results/check.tap'
	@echo '  make selftest T=NAME one kselftest on the bench (T="A B" several, T=all all)'
	@echo '  make bench           costs of exits and ioctls beside stock KVM'
	@echo '  make shell           a shell in the emulated host, the module loaded'
	@echo
	@echo '  make testbench       the Debian 13 folder build/bench with emulator and compiler'
	@echo '  make module          build/module/kvmlite.ko, for the bench'\''s kernel'
	@echo '  make runner          build/userspace/kvmlite, static'
	@echo '  make tests           build/kselftests/, static'
	@echo '  make unit            unit tests of pure code, ASAN and UBSAN'
	@echo '  make build-matrix    build the module for Linux 6.1, 6.12 and the newest backport'
	@echo '  make tour            write Documentation/tour.rst from the tour comments'
	@echo '  make clean           remove what was built; make distclean: build/ altogether'
	@echo
	@echo 'Options: HOST=auto|native|bochs  where the hypervisor runs (demo)'
	@echo '         MODEL=corei7_icelake_u  the emulated CPU; also: core2_penryn_t9600'
	@echo '           corei5_lynnfield_750 corei7_sandy_bridge_2600k corei7_haswell_4770'
	@echo '           corei7_skylake_x arrow_lake'
	@echo '         CPUS=N emulated CPUs, MODARGS="..." module parameters (selftest)'
	@echo '         MITIGATIONS=on (bench), ONLY="step ..." (check)'
	@echo 'Any command in the emulated host: $(TB)/run.sh --help'

demo:
	@$(TB)/demo.sh

check:
	@$(TB)/check.sh

selftest:
	@[ -n "$(T)" ] || { echo 'kvm-lite: say which test: make selftest T=NAME, or T=all' >&2; exit 2; }
	@$(TB)/selftest.sh $(filter-out all,$(T))

bench:
	@$(TB)/bench_run.sh

shell:
	@$(TB)/shell.sh

testbench:
	@$(TB)/bench.sh

module runner: testbench
	@$(TB)/build.sh $@

tests: testbench
	@$(TB)/build.sh kselftests

unit: testbench
	@$(TB)/check.sh unit

build-matrix:
	@$(TB)/matrix.sh

tour:
	@selftests/tour.sh write

clean:
	@find build -mindepth 1 -maxdepth 1 ! -name bench ! -name lock ! -name log \
		! -name linux-source -exec rm -rf {} + 2>/dev/null || true

distclean:
	@rm -rf --one-file-system build

.PHONY: help demo check selftest bench shell testbench module runner tests unit \
	build-matrix tour clean distclean
