// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives a vCPU a task register that no CPU accepts, runs it, and prints why the
 * CPU refused to enter the guest.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvmlite.h"

/* An ioctl that must not fail. */
static int must(const char *name, int result)
{
	if (result < 0) {
		perror(name);
		exit(1);
	}
	return result;
}

int main(void)
{
	struct kvmlite_death death = { 0 };
	struct kvm_sregs sregs;
	struct kvm_run *run;
	int sys, vm, vcpu, size;

	sys = must("/dev/kvmlite", open("/dev/kvmlite", O_RDWR | O_CLOEXEC));
	vm = must("KVM_CREATE_VM", ioctl(sys, KVM_CREATE_VM, 0ul));
	vcpu = must("KVM_CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 0ul));
	size = must("KVM_GET_VCPU_MMAP_SIZE",
		    ioctl(sys, KVM_GET_VCPU_MMAP_SIZE, 0ul));
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED) {
		perror("mmap");
		return 1;
	}

	must("KVM_GET_SREGS", ioctl(vcpu, KVM_GET_SREGS, &sregs));
	sregs.tr.type = 1; /* an available 16-bit TSS: never the current one */
	must("KVM_SET_SREGS", ioctl(vcpu, KVM_SET_SREGS, &sregs));
	must("KVM_RUN", ioctl(vcpu, KVM_RUN, 0ul));

	if (run->exit_reason != KVM_EXIT_FAIL_ENTRY) {
		printf("exit reason %u: the entry did not fail\n",
		       run->exit_reason);
		return 1;
	}
	must("KVMLITE_GET_DEATH_REASON",
	     ioctl(vm, KVMLITE_GET_DEATH_REASON, &death));
	printf("cause %u, vCPU %u, hardware reason %#llx\n%s", death.cause,
	       death.vcpu_id, (unsigned long long)death.hw_reason, death.text);
	return 0;
}
