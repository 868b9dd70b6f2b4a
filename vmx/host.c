// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kvm-lite borrows from Linux' CPU code: control registers as Linux
 * caches them, descriptor tables, guest FPU state, NMI and machine-check
 * entry, speculation policy, work before entering a guest.
 *
 * The only file with kernel-version conditionals.
 */
#include <linux/context_tracking.h>
#include <linux/entry-kvm.h>
#include <linux/hw_breakpoint.h>
#include <linux/kvm_host.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/syscore_ops.h>
#include <linux/version.h>
#include <linux/vtime.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/intel_pt.h>
#include <asm/mce.h>
#include <asm/mmu_context.h>
#include <asm/reboot.h>
#include <asm/spec-ctrl.h>
#include <asm/tlbflush.h>
#include <asm/vmx.h>

#include "entry.h"
#include "host.h"

/* 64 KiB are read to push everything else out of a 32 or 48 KiB L1D. */
#define KL_L1D_FLUSH_ORDER 4

/*
 * xfer_to_guest_mode_handle_work() reports a signal in a struct kvm_vcpu, and
 * touches nothing else of it: one for all vCPUs will do.
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
	const u64 need = FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX;
	u64 ctl;

	/*
	 * The boot code clears the VMX flag when the firmware has locked it
	 * off, so ask CPUID itself to tell the two cases apart.
	 */
	if (!(cpuid_ecx(1) & BIT(5))) {
		*why = "this CPU has no VT-x (CPUID.1:ECX.VMX is 0)";
		return -ENODEV;
	}
	if (rdmsrl_safe(MSR_IA32_FEAT_CTL, &ctl) || (ctl & need) != need) {
		*why = "VT-x is locked off by the firmware (IA32_FEATURE_CONTROL): enable it in the BIOS or UEFI setup";
		return -ENODEV;
	}
	if (cr4_read_shadow() & X86_CR4_VMXE) {
		*why = "VT-x is in use by another hypervisor, most likely KVM: run \"modprobe -r kvm_intel\" first";
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
 */
u64 kl_host_gdt_base(int cpu)
{
	return (unsigned long)get_cpu_gdt_ro(cpu);
}

/**
 * kl_host_idt_base - linear address of the IDT
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
 * kl_host_fpu_alloc - allocate a guest's extended state
 * @g: the holder
 *
 * Return: 0 or -ENOMEM.
 */
int kl_host_fpu_alloc(struct kl_host_guest_fpu *g)
{
	g->fpu = kzalloc(sizeof(*g->fpu), GFP_KERNEL_ACCOUNT);
	if (!g->fpu)
		return -ENOMEM;
	if (!fpu_alloc_guest_fpstate(g->fpu)) {
		kfree(g->fpu);
		g->fpu = NULL;
		return -ENOMEM;
	}
	return 0;
}

/**
 * kl_host_fpu_free - free it; a holder that was never allocated is fine
 * @g: the holder
 */
void kl_host_fpu_free(struct kl_host_guest_fpu *g)
{
	if (!g->fpu)
		return;
	fpu_free_guest_fpstate(g->fpu);
	kfree(g->fpu);
	g->fpu = NULL;
}

/**
 * kl_host_fpu_swap - exchange the thread's extended state with the guest's
 * @g: the holder
 * @guest: true on the way into KVM_RUN, false on the way out
 *
 * From then on the scheduler saves and restores the guest's state with the
 * thread.
 */
void kl_host_fpu_swap(struct kl_host_guest_fpu *g, bool guest)
{
	if (g->swapped == guest)
		return;
	fpu_swap_kvm_fpstate(g->fpu, guest);
	g->swapped = guest;
}

/**
 * kl_host_fpu_ensure - have the thread's extended state in the registers
 *
 * Context: Interrupts off, between kl_host_fpu_swap(g, true) and VM entry.
 */
void kl_host_fpu_ensure(void)
{
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
}

/* The header of an XSAVE area: which components it holds. */
static struct xstate_header *xsave_header(void *image)
{
	return &((struct xregs_state *)image)->header;
}

/**
 * kl_host_xsave_get - the guest's extended state in the standard format
 * @g: the holder; not swapped in
 * @buf: out: the image
 * @size: bytes of @buf
 * @xcr0: components to report
 * @pkru: the guest's PKRU
 */
void kl_host_xsave_get(struct kl_host_guest_fpu *g, void *buf, unsigned int size, u64 xcr0,
		       u32 pkru)
{
	memset(buf, 0, size);
	fpu_copy_guest_fpstate_to_uabi(g->fpu, buf, size, xcr0 | XFEATURE_MASK_FPSSE, pkru);
}

/**
 * kl_host_xsave_set - load the guest's extended state
 * @g: the holder; not swapped in
 * @buf: an image in the standard format
 * @supported: components the guest may have
 * @pkru: out: PKRU of the image
 *
 * Return: 0, or -EINVAL for components, MXCSR bits or a format that are not
 * supported.
 */
int kl_host_xsave_set(struct kl_host_guest_fpu *g, const void *buf, u64 supported, u32 *pkru)
{
	return fpu_copy_uabi_to_guest_fpstate(g->fpu, buf, supported, pkru);
}

/**
 * kl_host_fpu_get - x87 and SSE state for KVM_GET_FPU
 * @g: the holder; not swapped in
 * @f: out
 *
 * Return: 0 or -ENOMEM.
 */
int kl_host_fpu_get(struct kl_host_guest_fpu *g, struct kvm_fpu *f)
{
	struct xregs_state *image = kzalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	struct fxregs_state *fx;

	if (!image)
		return -ENOMEM;
	fx = &image->i387;
	kl_host_xsave_get(g, image, PAGE_SIZE, XFEATURE_MASK_FPSSE, 0);
	memset(f, 0, sizeof(*f));
	memcpy(f->fpr, fx->st_space, sizeof(f->fpr));
	memcpy(f->xmm, fx->xmm_space, sizeof(f->xmm));
	f->fcw = fx->cwd;
	f->fsw = fx->swd;
	f->ftwx = fx->twd;
	f->last_opcode = fx->fop;
	f->last_ip = fx->rip;
	f->last_dp = fx->rdp;
	f->mxcsr = fx->mxcsr;
	kfree(image);
	return 0;
}

/**
 * kl_host_fpu_set - x87 and SSE state of KVM_SET_FPU
 * @g: the holder; not swapped in
 * @f: the state
 *
 * Return: 0, -ENOMEM, or -EINVAL for reserved bits of MXCSR.
 */
int kl_host_fpu_set(struct kl_host_guest_fpu *g, const struct kvm_fpu *f)
{
	struct xregs_state *image = kzalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	struct fxregs_state *fx;
	u64 all = kl_host_xfeatures();
	u32 pkru = 0;
	int ret;

	if (!image)
		return -ENOMEM;
	fx = &image->i387;
	kl_host_xsave_get(g, image, PAGE_SIZE, all & ~XFEATURE_MASK_PKRU, 0);
	memcpy(fx->st_space, f->fpr, sizeof(f->fpr));
	memcpy(fx->xmm_space, f->xmm, sizeof(f->xmm));
	fx->cwd = f->fcw;
	fx->swd = f->fsw;
	fx->twd = f->ftwx;
	fx->fop = f->last_opcode;
	fx->rip = f->last_ip;
	fx->rdp = f->last_dp;
	fx->mxcsr = f->mxcsr;
	xsave_header(image)->xfeatures |= XFEATURE_MASK_FPSSE;
	ret = kl_host_xsave_set(g, image, all, &pkru);
	kfree(image);
	return ret;
}

/* Own the FPU registers, with the guest's state in them. */
static void fpu_hold(void)
{
	fpregs_lock();
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
}

#define KL_XMM_CASE(n, insn)						\
	case n:								\
		insn(n);						\
		break

#define KL_XMM_ALL(insn)						\
	KL_XMM_CASE(0, insn); KL_XMM_CASE(1, insn);			\
	KL_XMM_CASE(2, insn); KL_XMM_CASE(3, insn);			\
	KL_XMM_CASE(4, insn); KL_XMM_CASE(5, insn);			\
	KL_XMM_CASE(6, insn); KL_XMM_CASE(7, insn);			\
	KL_XMM_CASE(8, insn); KL_XMM_CASE(9, insn);			\
	KL_XMM_CASE(10, insn); KL_XMM_CASE(11, insn);			\
	KL_XMM_CASE(12, insn); KL_XMM_CASE(13, insn);			\
	KL_XMM_CASE(14, insn); KL_XMM_CASE(15, insn)

#define KL_XMM_STORE(n) asm volatile("movdqu %%xmm" #n ", %0" : "=m" (*v))
#define KL_XMM_LOAD(n) asm volatile("movdqu %0, %%xmm" #n : : "m" (*v))

/**
 * kl_host_xmm_read - read an XMM register of the guest
 * @nr: 0 to 15
 * @val: out: low and high half
 *
 * Context: Between kl_host_fpu_swap(g, true) and (g, false).
 */
void kl_host_xmm_read(unsigned int nr, u64 val[2])
{
	struct { u64 half[2]; } *v = (void *)val;

	fpu_hold();
	switch (nr) {
	KL_XMM_ALL(KL_XMM_STORE);
	}
	fpregs_unlock();
}

/**
 * kl_host_xmm_write - write an XMM register of the guest
 * @nr: 0 to 15
 * @val: low and high half
 *
 * Context: Between kl_host_fpu_swap(g, true) and (g, false).
 */
void kl_host_xmm_write(unsigned int nr, const u64 val[2])
{
	const struct { u64 half[2]; } *v = (const void *)val;

	fpu_hold();
	switch (nr) {
	KL_XMM_ALL(KL_XMM_LOAD);
	}
	fpregs_unlock();
}

/**
 * kl_host_xfeatures - XCR0 components a guest may be given
 *
 * AMX is left out: its state needs a permission and a larger buffer.
 *
 * Return: a mask of XCR0 bits, x87 and SSE only if the host has no XSAVE.
 */
u64 kl_host_xfeatures(void)
{
	const u64 known = XFEATURE_MASK_FPSSE | XFEATURE_MASK_YMM | XFEATURE_MASK_AVX512 |
			  XFEATURE_MASK_PKRU;

	if (!boot_cpu_has(X86_FEATURE_XSAVE) || !boot_cpu_has(X86_FEATURE_OSXSAVE))
		return XFEATURE_MASK_FPSSE;
	return xgetbv(XCR_XFEATURE_ENABLED_MASK) & known;
}

/**
 * kl_host_guest_work_pending - signals, rescheduling or other thread work?
 *
 * Exact with interrupts off, a hint otherwise.
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
	return xfer_to_guest_mode_handle_work(host_work_vcpu);
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
 * Also a quiescent state for RCU. Context: interrupts off.
 */
void kl_host_guest_time_enter(void)
{
	vtime_account_guest_enter();
	if (!context_tracking_guest_enter())
		rcu_virt_note_context_switch();
}

/**
 * kl_host_guest_time_exit - time is the host's again
 *
 * Context: interrupts off.
 */
void kl_host_guest_time_exit(void)
{
	context_tracking_guest_exit();
	vtime_account_guest_exit();
}

/**
 * kl_host_spec_ctrl - IA32_SPEC_CTRL as the host wants it on this CPU
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
		native_wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
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
 * kl_host_hrtimer_init - prepare an hrtimer
 * @timer: the timer
 * @fn: its function
 * @clock: CLOCK_*
 * @mode: HRTIMER_MODE_*
 */
void kl_host_hrtimer_init(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *),
			  clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, fn, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
#endif
}

/**
 * kl_host_tsc_khz - frequency of the TSC in kHz, as Linux calibrated it
 */
u32 kl_host_tsc_khz(void)
{
	return tsc_khz;
}
