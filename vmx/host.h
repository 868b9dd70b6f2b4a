/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything kvm-lite borrows from Linux' CPU code.
 *
 * tour 10: a hypervisor module needs a handful of kernel internals; they all
 * stand in host.c and host_fpu.c, so that a substitute for a kernel that keeps
 * one to itself has one place. No other file has a kernel-version conditional.
 */
#ifndef _KL_VMX_HOST_H
#define _KL_VMX_HOST_H

#include <linux/version.h>

/* In #if: is the kernel of this version or a later one? */
#define KL_LINUX_FROM(major, minor) (KERNEL_VERSION(major, minor, 0) <= LINUX_VERSION_CODE)

#ifdef __ASSEMBLY__

#include <linux/linkage.h>
#include <asm/alternative.h>
#include <asm/cpufeatures.h>
#include <asm/nospec-branch.h>

/* The kernel's entry for NMIs that a VM exit brings. */
#if KL_LINUX_FROM(6, 8)
#define KL_HOST_NMI_ENTRY asm_exc_nmi_kvm_vmx
#else
#define KL_HOST_NMI_ENTRY asm_exc_nmi_noist
#endif

/*
 * Overwrite the buffers that MDS, TAA, RFDS and MMIO stale data leak from, if
 * the host's policy asks for it. VERW changes ZF only.
 */
.macro KL_CLEAR_CPU_BUFFERS
#if defined(VM_CLEAR_CPU_BUFFERS)
	VM_CLEAR_CPU_BUFFERS
#elif defined(__CLEAR_CPU_BUFFERS)
	/* The flag is set whether all guests or only those with MMIO need it. */
	ALTERNATIVE "", __CLEAR_CPU_BUFFERS, X86_FEATURE_CLEAR_CPU_BUF_VM
#else
	CLEAR_CPU_BUFFERS
#endif
.endm

#else /* !__ASSEMBLY__ */

#include <linux/compiler.h>
#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
/* 6.1's does not include what it uses: behind the others. */
#include <asm/debugreg.h>

/* cpuid_count() and the like. */
#if KL_LINUX_FROM(6, 16)
#include <asm/cpuid/api.h>
#endif

struct fpu_guest;
struct kvm_fpu;
struct kvm_xsave;

/*
 * What the callbacks of the MMU notifier for aging return: int, later bool.
 * For users of <linux/mmu_notifier.h>.
 */
#define kl_host_young_t typeof(((struct mmu_notifier_ops *)NULL)->test_young(NULL, NULL, 0))

/**
 * struct kl_host_guest_fpu - the guest's extended state, kept by the kernel
 * @fpu: the kernel's handle
 * @swapped: the guest's state is the current thread's
 */
struct kl_host_guest_fpu {
	struct fpu_guest *fpu;
	bool swapped;
};

/**
 * struct kl_host_power - what to do when the machine sleeps or goes down
 * @suspend: before the last CPU sleeps; interrupts off
 * @resume: after it woke; interrupts off
 * @shutdown: before a reboot or power-off; all CPUs up, interrupts on
 */
struct kl_host_power {
	void (*suspend)(void);
	void (*resume)(void);
	void (*shutdown)(void);
};

/**
 * kl_rdmsr - read an MSR of this CPU that is known to exist
 * @msr: its number
 *
 * Return: the value.
 */
static __always_inline u64 kl_rdmsr(u32 msr)
{
	u32 low, high;

	rdmsr(msr, low, high);
	return (u64)high << 32 | low;
}

/**
 * kl_wrmsr - write an MSR of this CPU that is known to take the value
 * @msr: its number
 * @value: the value
 */
static __always_inline void kl_wrmsr(u32 msr, u64 value)
{
	wrmsr(msr, (u32)value, (u32)(value >> 32));
}

/**
 * kl_wrmsr_raw - kl_wrmsr() without the kernel's tracepoint
 * @msr: its number
 * @value: the value
 */
static __always_inline void kl_wrmsr_raw(u32 msr, u64 value)
{
	native_wrmsr(msr, (u32)value, (u32)(value >> 32));
}

/**
 * kl_host_immediate_exit - does the client want out of KVM_RUN at once?
 * @run: the vCPU's page, which the client may change at any time
 *
 * Return: true if so.
 */
static inline bool kl_host_immediate_exit(const struct kvm_run *run)
{
	/* Newer headers give the kernel another name for the field. */
#ifdef HINT_UNSAFE_IN_KVM
	return READ_ONCE(run->HINT_UNSAFE_IN_KVM(immediate_exit));
#else
	return READ_ONCE(run->immediate_exit);
#endif
}

int kl_host_init(void);
void kl_host_exit(void);
int kl_host_vmx_owner(const char **why);

u64 kl_host_cr3(void);
u64 kl_host_cr4(void);
void kl_host_set_vmxe(bool on);
void kl_host_power_init(const struct kl_host_power *power);
void kl_host_power_exit(void);
bool kl_host_emergency_init(void (*fn)(void));
void kl_host_emergency_exit(void (*fn)(void));

u64 kl_host_gdt_base(int cpu);
u64 kl_host_idt_base(void);
u64 kl_host_tss_base(int cpu);
void kl_host_fix_tables(int cpu);
void kl_host_save_fsgs(void);

int kl_host_fpu_alloc(struct kl_host_guest_fpu *g);
void kl_host_fpu_free(struct kl_host_guest_fpu *g);
void kl_host_fpu_swap(struct kl_host_guest_fpu *g, bool guest);
void kl_host_fpu_ensure(void);
int kl_host_fpu_get(struct kl_host_guest_fpu *g, struct kvm_fpu *f);
int kl_host_fpu_set(struct kl_host_guest_fpu *g, const struct kvm_fpu *f);
void kl_host_xsave_get(struct kl_host_guest_fpu *g, void *buf, unsigned int size, u64 xcr0,
		       u32 pkru);
int kl_host_xsave_set(struct kl_host_guest_fpu *g, const void *buf, u64 supported, u32 *pkru);
u64 kl_host_xfeatures(void);
void kl_host_xmm_read(unsigned int nr, u64 val[2]);
void kl_host_xmm_write(unsigned int nr, const u64 val[2]);

bool kl_host_guest_work_pending(void);
int kl_host_guest_work(void);

void kl_host_nmi(void);
void kl_host_machine_check(void);
void kl_host_guest_time_enter(void);
void kl_host_guest_time_exit(void);

u64 kl_host_spec_ctrl(void);
bool kl_host_spec_ctrl_dirty_on_exit(void);
void kl_host_ibpb(void);
bool kl_host_wants_l1d_flush(bool *always);
void kl_host_l1d_flush(void);
void kl_host_ran_guest(void);
void kl_host_restore_breakpoints(void);
bool kl_host_has_cet(void);

void kl_host_hrtimer_init(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *),
			  clockid_t clock, enum hrtimer_mode mode);
u32 kl_host_tsc_khz(void);

#endif /* __ASSEMBLY__ */
#endif /* _KL_VMX_HOST_H */
