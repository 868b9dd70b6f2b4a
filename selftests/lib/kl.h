/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host side of the kselftest library: VMs and vCPUs over the /dev/kvm ABI.
 *
 * tour 81: a test is an ordinary C program whose image is copied into the
 * guest at its own link address, so a guest is a C function of the test and a
 * pointer means the same on both sides.
 *
 * Functions here end the test with a diagnostic when the device refuses what
 * every device must do; those named kl_try_* hand the errno back as -errno.
 */
#ifndef _KL_SELFTEST_KL_H
#define _KL_SELFTEST_KL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#include "kselftest.h"
#include "guest.h"

#define BIT(n) (1UL << (n))

/* The linker's names for this program's image. */
extern char __executable_start[], _end[];

/* Guest physical layout, identity mapped in every mode. */
#define KL_GDT		0x1000ULL
#define KL_IDT		0x2000ULL
#define KL_TSS		0x3000ULL
#define KL_REAL		0x8000ULL	/* real mode code, SIPI vector 8 */
#define KL_PT		0x10000ULL	/* PML4, PDPT, four PDs */
#define KL_STACKS	0x20000ULL	/* one of KL_STACK bytes a vCPU, RSP0 */
#define KL_STACK	0x4000ULL
#define KL_SCRATCH	0x100000ULL	/* 3 MB for the test's own data */
#define KL_BIG		0x800000ULL	/* 2 MB aligned, up to the end of memory */
#define KL_MEM		0x1000000ULL	/* 16 MB: slot 0 */
#define KL_MMIO		0x40000000ULL	/* nothing is here */

#define KL_CS64		0x08
#define KL_DS		0x10
#define KL_USER_DS	0x23
#define KL_USER_CS	0x2b
#define KL_TR		0x30
#define KL_CS32		0x40

#define KL_MAX_VCPUS	4
#define KL_CPUID_MAX	256

/* Result of kl_run() beside KVM_EXIT_*: the guest reported something. */
#define KL_REPORT	0x1000

struct kl_vm;

/**
 * struct kl_vcpu - one vCPU of a test
 * @vm: its VM
 * @fd: vCPU descriptor
 * @id: its id
 * @run: the mapped kvm_run
 * @run_size: bytes mapped
 * @exits: KVM_RUN returns by exit reason, stopped counting at 63
 */
struct kl_vcpu {
	struct kl_vm *vm;
	int fd;
	unsigned int id;
	struct kvm_run *run;
	size_t run_size;
	uint64_t exits[64];
};

/**
 * struct kl_vm - one VM of a test
 * @sys: device descriptor
 * @fd: VM descriptor
 * @mem: HVA of slot 0, NULL if bare
 * @size: bytes of slot 0
 * @vcpu: vCPUs by creation order
 * @nr: how many
 */
struct kl_vm {
	int sys;
	int fd;
	uint8_t *mem;
	size_t size;
	struct kl_vcpu *vcpu[KL_MAX_VCPUS];
	unsigned int nr;
};

extern const char *kl_dev;

void kl_init(int *argc, char **argv);
noreturn __printf(3, 4) void kl_die(const char *file, int line,
				    const char *fmt, ...);
noreturn __printf(1, 2) void kl_skip(const char *fmt, ...);

#define kl_fail(fmt, ...) kl_die(__FILE__, __LINE__, fmt, ##__VA_ARGS__)

#define kl_check(cond)							\
	do {								\
		if (!(cond))						\
			kl_fail("expected: %s", #cond);			\
	} while (0)

#define kl_eq(a, b)							\
	do {								\
		unsigned long long _a = (unsigned long long)(a);	\
		unsigned long long _b = (unsigned long long)(b);	\
									\
		if (_a != _b)						\
			kl_fail("%s = %#llx, expected %s = %#llx",	\
				#a, _a, #b, _b);			\
	} while (0)

/* The call must fail with -1 and this errno. */
#define kl_errno(call, err)						\
	do {								\
		long _r = (long)(call);					\
		int _e = _r < 0 ? errno : 0;				\
									\
		if (_e != (err))					\
			kl_fail("%s: returned %ld (%s), expected %s",	\
				#call, _r, strerror(_e), strerror(err)); \
	} while (0)

#define kl_ok(call)							\
	({								\
		long _r = (long)(call);					\
									\
		if (_r < 0)						\
			kl_fail("%s: %s", #call, strerror(errno));	\
		_r;							\
	})

int kl_open(void);
bool kl_is_kvmlite(void);
int kl_cap(struct kl_vm *vm, int cap);
void kl_need(struct kl_vm *vm, int cap, const char *name);
#define kl_need_cap(vm, cap) kl_need(vm, cap, #cap)

struct kl_vm *kl_vm_bare(void);
struct kl_vm *kl_vm_new(void);
struct kl_vm *kl_vm_irqchip(void);
void kl_vm_free(struct kl_vm *vm);
struct kl_vcpu *kl_vcpu_new(struct kl_vm *vm, unsigned int id);

int kl_try_slot(struct kl_vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
		uint64_t size, void *hva);
void kl_slot(struct kl_vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
	     uint64_t size, void *hva);
void *kl_huge(size_t size);
void *kl_hva(struct kl_vm *vm, const volatile void *guest);

/* The guest's copy of a variable of this program. */
#define kl_guest(vm, var) (*(typeof(var) *)kl_hva(vm, &(var)))

void kl_long(struct kl_vcpu *vcpu, void (*fn)(void));
void kl_prot32(struct kl_vcpu *vcpu, const void *code);
void kl_real(struct kl_vcpu *vcpu, const void *code, const void *end);

int kl_try_run(struct kl_vcpu *vcpu);
int kl_run(struct kl_vcpu *vcpu);
struct kl_report *kl_report(struct kl_vcpu *vcpu);
uint64_t kl_sync(struct kl_vcpu *vcpu);
void kl_done(struct kl_vcpu *vcpu);
void kl_expect(struct kl_vcpu *vcpu, int reason);
const char *kl_exit_name(int reason);

void kl_get_regs(struct kl_vcpu *vcpu, struct kvm_regs *regs);
void kl_set_regs(struct kl_vcpu *vcpu, const struct kvm_regs *regs);
void kl_get_sregs(struct kl_vcpu *vcpu, struct kvm_sregs *sregs);
void kl_set_sregs(struct kl_vcpu *vcpu, const struct kvm_sregs *sregs);

struct kvm_cpuid2 *kl_supported_cpuid(void);
struct kvm_cpuid_entry2 *kl_cpuid_find(struct kvm_cpuid2 *cpuid, uint32_t fn,
				       uint32_t index);
bool kl_cpu_has(uint32_t fn, uint32_t index, int reg, int bit);
enum { KL_EAX, KL_EBX, KL_ECX, KL_EDX };

bool kl_stat(int fd, const char *name, uint64_t *value);

#endif /* _KL_SELFTEST_KL_H */
