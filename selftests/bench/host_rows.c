// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows measured by the client: what making things costs, in ticks of the
 * host's TSC; the median of the samples after a warm-up.
 */
#include "bench.h"

#define WARM	4
#define SAMPLES	21

/* The first instruction of a guest in real mode: HLT. */
asm(".pushsection .rodata\n"
	"kl_bench_first: hlt\n"
	"kl_bench_first_end:\n"
	".popsection\n");

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t middle(uint64_t *s)
{
	qsort(s, SAMPLES, sizeof(*s), compare);
	return s[SAMPLES / 2];
}

static int64_t row_memslot(void)
{
	struct kl_vm *vm = kl_vm_bare();
	uint64_t t, s[SAMPLES];
	void *mem;
	int i;

	mem = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kl_check(mem != MAP_FAILED);
	kl_vcpu_new(vm, 0);
	for (i = -WARM; i < SAMPLES; i++) {
		t = g_rdtsc();
		kl_slot(vm, 1, 0, KL_MMIO, 1 << 20, mem);
		kl_slot(vm, 1, 0, KL_MMIO, 0, mem);
		t = g_rdtsc() - t;
		if (i >= 0)
			s[i] = t;
	}
	kl_vm_free(vm);
	return middle(s);
}

/* CREATE_VM, a page of memory, a vCPU, and its first instruction's exit. */
static int64_t row_vm_create_run(void)
{
	uint64_t t, s[SAMPLES];
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct kvm_run *run;
	int i, sys, fd, vcpu;
	size_t size;
	void *mem;

	mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kl_check(mem != MAP_FAILED);
	memcpy(mem, kl_bench_first, kl_bench_first_end - kl_bench_first);
	sys = kl_open();
	size = kl_ok(ioctl(sys, KVM_GET_VCPU_MMAP_SIZE, 0));
	for (i = -WARM; i < SAMPLES; i++) {
		struct kvm_userspace_memory_region r = {
			.memory_size = 4096,
			.userspace_addr = (uintptr_t)mem,
		};

		t = g_rdtsc();
		fd = kl_ok(ioctl(sys, KVM_CREATE_VM, 0));
		kl_ok(ioctl(fd, KVM_SET_USER_MEMORY_REGION, &r));
		vcpu = kl_ok(ioctl(fd, KVM_CREATE_VCPU, 0));
		run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu,
			   0);
		kl_check(run != MAP_FAILED);
		kl_ok(ioctl(vcpu, KVM_GET_SREGS, &sregs));
		sregs.cs.base = 0;
		sregs.cs.selector = 0;
		kl_ok(ioctl(vcpu, KVM_SET_SREGS, &sregs));
		memset(&regs, 0, sizeof(regs));
		regs.rflags = 2;
		kl_ok(ioctl(vcpu, KVM_SET_REGS, &regs));
		kl_ok(ioctl(vcpu, KVM_RUN, 0));
		t = g_rdtsc() - t;
		kl_eq(run->exit_reason, KVM_EXIT_HLT);
		munmap(run, size);
		close(vcpu);
		close(fd);
		if (i >= 0)
			s[i] = t;
	}
	close(sys);
	return middle(s);
}

static int64_t row_vcpu_create(void)
{
	uint64_t t, s[SAMPLES];
	int i, sys, fd, vcpu;

	sys = kl_open();
	for (i = -WARM; i < SAMPLES; i++) {
		fd = kl_ok(ioctl(sys, KVM_CREATE_VM, 0));
		t = g_rdtsc();
		vcpu = kl_ok(ioctl(fd, KVM_CREATE_VCPU, 0));
		t = g_rdtsc() - t;
		close(vcpu);
		close(fd);
		if (i >= 0)
			s[i] = t;
	}
	close(sys);
	return middle(s);
}

const struct kl_row kl_host_rows[] = {
	{ "memslot_add_del", "ticks", row_memslot },
	{ "vm_create_run", "ticks", row_vm_create_run },
	{ "vcpu_create", "ticks", row_vcpu_create },
	{ NULL, NULL, NULL },
};
