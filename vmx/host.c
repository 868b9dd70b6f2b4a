// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kvm-lite borrows from Linux' CPU code: control registers as Linux
 * caches them, descriptor tables, NMI and machine-check entry, speculation
 * policy, work before entering a guest. Extended state is in host_fpu.c.
 *
 * This file and host.h are the only ones that depend on the kernel's version.
 */
#include <linux/context_tracking.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/hw_breakpoint.h>
#include <linux/kvm_host.h>
#include <linux/slab.h>
#include <linux/syscore_ops.h>
#include <asm/desc.h>
#include <asm/intel_pt.h>
#include <asm/mce.h>
#include <asm/mmu_context.h>
#include <asm/reboot.h>
#include <asm/spec-ctrl.h>
#include <asm/tlbflush.h>
#include <asm/vmx.h>

#include "entry.h"
#include "host.h"

#if KL_LINUX_FROM(6, 18)
#include <linux/entry-virt.h>
#else
#include <linux/entry-kvm.h>
#endif
#ifdef KL_HAVE_ASM_VIRT
#include <asm/virt.h>
#define cpu_emergency_register_virt_callback x86_virt_register_emergency_callback
#define cpu_emergency_unregister_virt_callback x86_virt_unregister_emergency_callback
#endif

/* 64 KiB are read to push everything else out of a 32 or 48 KiB L1D. */
#define KL_L1D_FLUSH_ORDER 4

/*
 * Before 6.18 xfer_to_guest_mode_handle_work() reports a signal in a struct
 * kvm_vcpu, and touches nothing else of it: one for all vCPUs will do.
 */
static struct kvm_vcpu *host_work_vcpu;
static void *host_l1d_pages;

/**
 * kl_host_init - allocate what the borrowed interfaces need
 *
 * Return: 0 or -ENOMEM.
 */
int kl_host_init(void)
{
	struct page *page;

	host_work_vcpu = kzalloc(sizeof(*host_work_vcpu), GFP_KERNEL);
	if (!host_work_vcpu)
		return -ENOMEM;
	host_work_vcpu->run = (struct kvm_run *)get_zeroed_page(GFP_KERNEL);
	if (!host_work_vcpu->run)
		goto fail;

	if (boot_cpu_has_bug(X86_BUG_L1TF) && !boot_cpu_has(X86_FEATURE_FLUSH_L1D)) {
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO, KL_L1D_FLUSH_ORDER);
		if (!page)
			goto fail;
		host_l1d_pages = page_address(page);
	}
	return 0;

fail:
	kl_host_exit();
	return -ENOMEM;
}

/**
 * kl_host_exit - undo kl_host_init(), also when it stopped half-way
 */
void kl_host_exit(void)
{
	if (host_l1d_pages)
		free_pages((unsigned long)host_l1d_pages, KL_L1D_FLUSH_ORDER);
	host_l1d_pages = NULL;
	if (host_work_vcpu) {
		free_page((unsigned long)host_work_vcpu->run);
		kfree(host_work_vcpu);
	}
	host_work_vcpu = NULL;
}

/**
 * kl_host_vmx_owner - may this module enter VMX operation?
 * @why: out: one sentence for the user when it may not
 *
 * Looks at the calling CPU. SDM, "Enabling and Entering VMX Operation".
 *
 * Return: 0, -ENODEV without VT-x or locked off by the firmware, -EBUSY if
 * somebody else is in VMX operation.
 */
int kl_host_vmx_owner(const char **why)
{
	const u32 need = FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX;
	u32 ctl, high;

	/*
	 * The boot code clears the VMX flag when the firmware has locked it
	 * off, so ask CPUID itself to tell the two cases apart.
	 */
	if (!(cpuid_ecx(1) & BIT(5))) {
		*why = "this CPU has no VT-x (CPUID.1:ECX.VMX is 0)";
		return -ENODEV;
	}
	if (rdmsr_safe(MSR_IA32_FEAT_CTL, &ctl, &high) || (ctl & need) != need) {
		*why = "VT-x is locked off by the firmware: enable it in the BIOS or UEFI setup";
		return -ENODEV;
	}
	if (cr4_read_shadow() & X86_CR4_VMXE) {
		*why = "VT-x is in use, most likely by KVM: run \"modprobe -r kvm_intel\" first";
		return -EBUSY;
	}
	return 0;
}

/**
 * kl_host_cr3 - CR3 to put into the host-state area
 *
 * Context: Preemption off.
 * Return: the value with PCID, without the no-flush bit.
 */
u64 kl_host_cr3(void)
{
	return __get_current_cr3_fast();
}

/**
 * kl_host_cr4 - CR4 of this CPU, as Linux caches it
 *
 * Context: Preemption off.
 * Return: CR4, with VMXE if it is set.
 */
u64 kl_host_cr4(void)
{
	return cr4_read_shadow();
}

/**
 * kl_host_set_vmxe - set or clear CR4.VMXE on this CPU
 * @on: set it
 *
 * Processor Trace is told first: on some CPUs it cannot run in VMX operation.
 */
void kl_host_set_vmxe(bool on)
{
	if (on) {
		intel_pt_handle_vmx(1);
		cr4_set_bits(X86_CR4_VMXE);
	} else {
		cr4_clear_bits(X86_CR4_VMXE);
		intel_pt_handle_vmx(0);
	}
}

static const struct kl_host_power *host_power;

/*
 * Stable kernels changed the interface in mid-series, so Kbuild looks at the
 * header instead of the version.
 */
#ifdef KL_HAVE_SYSCORE_DATA
#define KL_SYSCORE_ARG void *data
#else
#define KL_SYSCORE_ARG void
#endif

static int host_suspend(KL_SYSCORE_ARG)
{
	host_power->suspend();
	return 0;
}

static void host_resume(KL_SYSCORE_ARG)
{
	host_power->resume();
}

static void host_shutdown(KL_SYSCORE_ARG)
{
	host_power->shutdown();
}

static struct syscore_ops host_syscore_ops = {
	.suspend = host_suspend,
	.resume = host_resume,
	.shutdown = host_shutdown,
};

#ifdef KL_HAVE_SYSCORE_DATA
static struct syscore host_syscore = {
	.ops = &host_syscore_ops,
};
#endif

/**
 * kl_host_power_init - be told when the machine sleeps or goes down
 * @power: what to call; stays where it is
 */
void kl_host_power_init(const struct kl_host_power *power)
{
	host_power = power;
#ifdef KL_HAVE_SYSCORE_DATA
	register_syscore(&host_syscore);
#else
	register_syscore_ops(&host_syscore_ops);
#endif
}

/**
 * kl_host_power_exit - undo kl_host_power_init()
 */
void kl_host_power_exit(void)
{
#ifdef KL_HAVE_SYSCORE_DATA
	unregister_syscore(&host_syscore);
#else
	unregister_syscore_ops(&host_syscore_ops);
#endif
}

/**
 * kl_host_emergency_init - have a function called before a crash or an
 *	emergency reboot takes the CPUs
 * @fn: runs on each CPU with interrupts off, possibly from an NMI; it must
 *	leave VMX operation, which blocks INIT
 *
 * Return: true; a bool so that a substitute may fail.
 */
bool kl_host_emergency_init(void (*fn)(void))
{
	cpu_emergency_register_virt_callback(fn);
	return true;
}

/**
 * kl_host_emergency_exit - undo kl_host_emergency_init()
 * @fn: the same function
 */
void kl_host_emergency_exit(void (*fn)(void))
{
	cpu_emergency_unregister_virt_callback(fn);
}

/**
 * kl_host_gdt_base - linear address of a CPU's read-only GDT
 * @cpu: the CPU
 *
 * Return: the address.
 */
u64 kl_host_gdt_base(int cpu)
{
	return (unsigned long)get_cpu_gdt_ro(cpu);
}

/**
 * kl_host_idt_base - linear address of the IDT
 *
 * Return: the address.
 */
u64 kl_host_idt_base(void)
{
	struct desc_ptr idt;

	store_idt(&idt);
	return idt.address;
}

/**
 * kl_host_tss_base - linear address of a CPU's TSS
 * @cpu: the CPU
 *
 * Return: the address.
 */
u64 kl_host_tss_base(int cpu)
{
	return (unsigned long)&get_cpu_entry_area(cpu)->tss.x86_tss;
}

/**
 * kl_host_fix_tables - repair the limits of GDTR and TR after VM exits
 * @cpu: this CPU
 *
 * A VM exit sets the GDT limit to 64 KiB and the TSS limit to 103, which
 * cuts off the I/O bitmap (SDM, "Loading Host Segment and Descriptor-Table
 * Registers").
 */
void kl_host_fix_tables(int cpu)
{
	invalidate_tss_limit();
	load_fixmap_gdt(cpu);
}

/**
 * kl_host_save_fsgs - save the thread's FS and GS, selectors and bases
 *
 * They then stand in current->thread.
 *
 * Context: Preemption off.
 */
void kl_host_save_fsgs(void)
{
	current_save_fsgs();
}

/**
 * kl_host_guest_work_pending - signals, rescheduling or other thread work?
 *
 * Exact with interrupts off, a hint otherwise.
 *
 * Return: true if kl_host_guest_work() has something to do.
 */
bool kl_host_guest_work_pending(void)
{
	return __xfer_to_guest_mode_work_pending();
}

/**
 * kl_host_guest_work - do the thread's pending work before entering a guest
 *
 * Context: May sleep. No VMCS need be kept loaded by the caller: the preempt
 * notifier follows.
 * Return: 0, or -EINTR if a signal is pending.
 */
int kl_host_guest_work(void)
{
#if KL_LINUX_FROM(6, 18)
	return xfer_to_guest_mode_handle_work();
#else
	return xfer_to_guest_mode_handle_work(host_work_vcpu);
#endif
}

/**
 * kl_host_nmi - run the host's handler for the NMI that caused the last exit
 *
 * Context: Interrupts off since the exit.
 */
void kl_host_nmi(void)
{
	kl_vmx_call_nmi();
}

/**
 * kl_host_machine_check - hand a machine check that hit in guest mode to Linux
 */
void kl_host_machine_check(void)
{
	struct pt_regs regs = {
		.cs = 3, /* as if it had hit user mode: the kernel itself is whole */
		.flags = X86_EFLAGS_IF,
	};

	do_machine_check(&regs);
}

/**
 * kl_host_guest_time_enter - from here on, time is the guest's
 *
 * Also a quiescent state for RCU.
 *
 * Context: Interrupts off.
 */
void kl_host_guest_time_enter(void)
{
	guest_timing_enter_irqoff();
	guest_context_enter_irqoff();
}

/**
 * kl_host_guest_time_exit - time is the host's again
 *
 * Context: Interrupts off.
 */
void kl_host_guest_time_exit(void)
{
	context_tracking_guest_exit();
	guest_timing_exit_irqoff();
}

/**
 * kl_host_spec_ctrl - IA32_SPEC_CTRL as the host wants it on this CPU
 *
 * Return: the value of the MSR.
 */
u64 kl_host_spec_ctrl(void)
{
	return this_cpu_read(x86_spec_ctrl_current);
}

/**
 * kl_host_spec_ctrl_dirty_on_exit - must IA32_SPEC_CTRL be written after each
 *	exit even though the guest cannot change it?
 *
 * With IBRS as the kernel's mitigation, only a write after the exit puts
 * a barrier between guest and host predictions.
 *
 * Return: true if it must.
 */
bool kl_host_spec_ctrl_dirty_on_exit(void)
{
	return boot_cpu_has(X86_FEATURE_KERNEL_IBRS);
}

/**
 * kl_host_ibpb - indirect branch prediction barrier, if the host uses it
 */
void kl_host_ibpb(void)
{
	indirect_branch_prediction_barrier();
}

/**
 * kl_host_wants_l1d_flush - must the L1 data cache be flushed before entry?
 * @always: out: before each entry, not only after code that may have loaded
 *	secrets
 *
 * Return: what the host's L1TF mitigation says (l1tf= on its command line).
 */
bool kl_host_wants_l1d_flush(bool *always)
{
	*always = false;
	if (!boot_cpu_has_bug(X86_BUG_L1TF))
		return false;
	switch (l1tf_mitigation) {
	case L1TF_MITIGATION_OFF:
		return false;
	case L1TF_MITIGATION_FULL:
	case L1TF_MITIGATION_FULL_FORCE:
		*always = true;
		return true;
	default:
		return true;
	}
}

/**
 * kl_host_l1d_flush - empty the L1 data cache
 *
 * Context: Interrupts off, right before VM entry.
 */
void kl_host_l1d_flush(void)
{
	unsigned int i;

	if (boot_cpu_has(X86_FEATURE_FLUSH_L1D)) {
		kl_wrmsr_raw(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
		return;
	}
	if (!host_l1d_pages)
		return;
	for (i = 0; i < PAGE_SIZE << KL_L1D_FLUSH_ORDER; i += 64)
		READ_ONCE(*((u8 *)host_l1d_pages + i));
	/* No load may pass the entry. */
	rmb();
}

/**
 * kl_host_ran_guest - note that this CPU's predictors saw a guest
 *
 * The kernel then issues an IBPB on the way to userspace where it must.
 */
void kl_host_ran_guest(void)
{
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
}

/**
 * kl_host_restore_breakpoints - put the thread's hardware breakpoints back
 *
 * A VM exit disables them (DR7 is loaded with 400H).
 */
void kl_host_restore_breakpoints(void)
{
	if (hw_breakpoint_active())
		hw_breakpoint_restore();
}

/**
 * kl_host_has_cet - does the CPU have control-flow enforcement?
 *
 * Return: true if it does, and the kernel knows.
 */
bool kl_host_has_cet(void)
{
#ifdef X86_FEATURE_SHSTK
	if (boot_cpu_has(X86_FEATURE_SHSTK))
		return true;
#endif
	return boot_cpu_has(X86_FEATURE_IBT);
}

/**
 * kl_host_hrtimer_init - prepare an hrtimer
 * @timer: the timer
 * @fn: its function
 * @clock: CLOCK_*
 * @mode: HRTIMER_MODE_*
 */
void kl_host_hrtimer_init(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *),
			  clockid_t clock, enum hrtimer_mode mode)
{
#if KL_LINUX_FROM(6, 13)
	hrtimer_setup(timer, fn, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
#endif
}

/**
 * kl_host_tsc_khz - frequency of the TSC in kHz, as Linux calibrated it
 *
 * Return: kHz.
 */
u32 kl_host_tsc_khz(void)
{
	return tsc_khz;
}
