// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: the loop that enters the guest, handles what made it exit, and
 * enters it again.
 *
 * tour 43: read kl_vcpu_run(), run_loop(), enter_guest() and enter_once(), from
 * the ioctl inwards. enter_once() is all that an exit costs at least.
 */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcuwait.h>
#include <asm/fpu/xcr.h>
#include <asm/special_insns.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/mmu.h"
#include "../mmu/request.h"
#include "../uapi/trace.h"
#include "exit.h"
#include "guest_state.h"
#include "host.h"
#include "inject.h"
#include "kill.h"
#include "run.h"
#include "vcpu.h"
#include "vmxon.h"

/*
 * A CPU leaves the guest when an interrupt arrives, whatever the guest's IF.
 * An emulated one may not: this bounds each entry by the VMX-preemption timer.
 */
static uint entry_ticks;
module_param(entry_ticks, uint, 0444);
MODULE_PARM_DESC(entry_ticks,
		 "Leave the guest after this many TSC ticks at the latest; 0: no bound (default)");

/**
 * kl_entry_bounded - is each VM entry to be bounded by the preemption timer?
 *
 * Return: true if the module parameter entry_ticks says so.
 */
bool kl_entry_bounded(void)
{
	return entry_ticks;
}

/* Exits that can interrupt the delivery of an event through the IDT. */
static bool may_vector(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
	case EXIT_REASON_TRIPLE_FAULT:
	case EXIT_REASON_TASK_SWITCH:
	case EXIT_REASON_EPT_VIOLATION:
	case EXIT_REASON_EPT_MISCONFIG:
	case EXIT_REASON_APIC_ACCESS:
	case EXIT_REASON_PML_FULL:
		return true;
	}
	return false;
}

static void flush_tlb(struct kl_vcpu *vcpu)
{
	u64 eptp = kl_mmu_eptp(vcpu->vm);

	if (kl_caps_invept_single(&kl_caps))
		vmx_invept(VMX_EPT_EXTENT_CONTEXT, eptp);
	else
		vmx_invept(VMX_EPT_EXTENT_GLOBAL, 0);
	if (!vcpu->vmx.vpid)
		return;
	if (kl_caps_invvpid(&kl_caps, VMX_VPID_EXTENT_SINGLE_CONTEXT))
		vmx_invvpid(VMX_VPID_EXTENT_SINGLE_CONTEXT, vcpu->vmx.vpid, 0);
	else
		vmx_invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0, 0);
}

/* Do what others asked for. Preemption off, the VMCS is current. */
static enum kl_result handle_requests(struct kl_vcpu *vcpu)
{
	if (kl_request_check(vcpu, KL_REQ_DEAD))
		return KL_KILL;
	if (kl_request_check(vcpu, KL_REQ_TRIPLE_FAULT)) {
		vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
		vcpu->run_ret = 0;
		return KL_USER;
	}
	if (kl_request_check(vcpu, KL_REQ_TLB_FLUSH))
		flush_tlb(vcpu);
	return KL_RESUME;
}

static void load_debug_registers(struct kl_vcpu *vcpu)
{
	const struct kl_vcpu_vmx *v = &vcpu->vmx;

	set_debugreg(v->dr[0], 0);
	set_debugreg(v->dr[1], 1);
	set_debugreg(v->dr[2], 2);
	set_debugreg(v->dr[3], 3);
	set_debugreg(v->dr6, 6);
}

/* One VM entry and the exit after it. Interrupts off. */
static __always_inline int enter_once(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	unsigned int flags = v->vmcs.launched ? KL_ENTER_RESUME : 0;
	int failed;

	kl_flush_cached(vcpu);
	if (unlikely(v->spec_ctrl_used || kl_host_spec_ctrl_dirty_on_exit())) {
		flags |= KL_ENTER_SPEC;
		if (v->entry.guest_spec_ctrl != v->entry.host_spec_ctrl)
			kl_wrmsr_raw(MSR_IA32_SPEC_CTRL, v->entry.guest_spec_ctrl);
	}
	if (v->cr2 != native_read_cr2())
		native_write_cr2(v->cr2);

	failed = kl_vmx_enter(&v->entry, flags);

	v->cr2 = native_read_cr2();
	v->have = 0;
	if (unlikely(failed)) {
		v->exit_reason = ~0U;
		return -EIO;
	}
	v->exit_reason = vmx_vmread(VM_EXIT_REASON);
	if (unlikely(v->exit_reason >= KL_EXIT_REASONS))
		return -EIO;
	v->vmcs.launched = true;
	v->exits[v->exit_reason]++;
	return 0;
}

/* What must be seen to before interrupts come on again. */
static void after_exit_irqoff(struct kl_vcpu *vcpu)
{
	u32 info;

	switch (vcpu->vmx.exit_reason & 0xffff) {
	case EXIT_REASON_EXCEPTION_NMI:
		info = kl_intr_info(vcpu);
		if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
			kl_host_nmi();
		else if ((info & INTR_INFO_VECTOR_MASK) == X86_TRAP_MC)
			kl_host_machine_check();
		break;
	case EXIT_REASON_MCE_DURING_VMENTRY:
		kl_host_machine_check();
		break;
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		/* Take it while time still counts as the guest's. */
		local_irq_enable();
		asm volatile("nop"); /* STI holds interrupts off for one instruction */
		local_irq_disable();
		break;
	}
}

/*
 * The part of an entry that is not repeated for exits handled at once. Returns
 * true if the last exit was one of those.
 */
static bool enter_inner(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	bool breakpoints = v->dr7 & DR_GLOBAL_ENABLE_MASK ||
			   v->dr7 & DR_LOCAL_ENABLE_MASK;
	bool handled = false;
	u64 host_xcr0 = 0;

	kl_host_fpu_ensure();
	if (v->cr4 & X86_CR4_OSXSAVE) {
		host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
		if (host_xcr0 != v->xcr0)
			xsetbv(XCR_XFEATURE_ENABLED_MASK, v->xcr0);
	}
	if (unlikely(breakpoints))
		load_debug_registers(vcpu);
	if (v->l1d_flush) {
		bool always;

		if (kl_host_wants_l1d_flush(&always)) {
			kl_host_l1d_flush();
			v->l1d_flush = always;
		}
	}
	if (v->host.cr3 != kl_host_cr3()) {
		v->host.cr3 = kl_host_cr3();
		vmx_vmwrite(HOST_CR3, v->host.cr3);
	}
	if (v->host.cr4 != kl_host_cr4()) {
		v->host.cr4 = kl_host_cr4();
		vmx_vmwrite(HOST_CR4, v->host.cr4);
	}
	if (v->ctl.pin & PIN_BASED_VMX_PREEMPTION_TIMER)
		vmx_vmwrite(VMX_PREEMPTION_TIMER_VALUE,
			    entry_ticks >> kl_caps_timer_shift(&kl_caps));

	kl_host_guest_time_enter();
	do {
		handled = !enter_once(vcpu) && kl_handle_exit_fast(vcpu);
	} while (handled && !kl_request_pending(vcpu) && !v->exception.pending &&
		 !kl_host_guest_work_pending());
	v->entry_event = 0;
	WRITE_ONCE(vcpu->state, KL_VCPU_HOST);
	after_exit_irqoff(vcpu);
	kl_host_guest_time_exit();
	kl_host_ran_guest();

	if (unlikely(breakpoints)) {
		get_debugreg(v->dr6, 6);
		kl_host_restore_breakpoints();
	}
	if (host_xcr0 && host_xcr0 != v->xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, host_xcr0);
	return handled;
}

/* Enter the guest if nothing speaks against it. */
static enum kl_result enter_guest(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	enum kl_result result;
	bool events, handled;

	preempt_disable();
	if (kl_request_pending(vcpu)) {
		result = handle_requests(vcpu);
		if (result != KL_RESUME) {
			preempt_enable();
			return result;
		}
	}
	events = kl_request_check(vcpu, KL_REQ_EVENT) || v->exception.pending ||
		 (v->ctl.proc & (CPU_BASED_INTR_WINDOW_EXITING | CPU_BASED_NMI_WINDOW_EXITING)) ||
		 vcpu->run->request_interrupt_window;
	kl_host_state_load(vcpu);
	if (events)
		kl_inject_events(vcpu);

	local_irq_disable();
	/* Pairs with kl_vcpu_kick(): either it sees the state or we the request. */
	smp_store_mb(vcpu->state, KL_VCPU_GUEST);
	if (READ_ONCE(vcpu->requests) || kl_host_guest_work_pending() || !kl_vmx_is_on()) {
		WRITE_ONCE(vcpu->state, KL_VCPU_HOST);
		local_irq_enable();
		preempt_enable();
		return kl_vmx_is_on() ? KL_RESUME : kl_user_error(vcpu, -EIO);
	}
	trace_kvmlite_entry(vcpu->id);
	handled = enter_inner(vcpu);
	local_irq_enable();
	vcpu->ran = true;
	if (!handled && may_vector(v->exit_reason))
		kl_requeue_vectoring(vcpu);
	preempt_enable();
	return handled ? KL_RESUME : kl_handle_exit(vcpu);
}

/* INIT and start-up IPIs that arrived. */
static void accept_init_sipi(struct kl_vcpu *vcpu)
{
	u8 vector;
	unsigned int events = kl_irq_take_init_sipi(vcpu, &vector);

	if (events & KL_IRQ_INIT) {
		kl_irq_vcpu_reset(vcpu, true);
		kl_guest_reset(vcpu, true);
		vcpu->mp_state = vcpu->id ? KVM_MP_STATE_INIT_RECEIVED : KVM_MP_STATE_RUNNABLE;
	}
	if ((events & KL_IRQ_SIPI) && vcpu->mp_state == KVM_MP_STATE_INIT_RECEIVED) {
		kl_guest_sipi(vcpu, vector);
		vcpu->mp_state = KVM_MP_STATE_RUNNABLE;
	}
}

/* Can the vCPU go on executing instructions? */
static bool runnable(struct kl_vcpu *vcpu)
{
	if (kl_irq_init_sipi_pending(vcpu))
		accept_init_sipi(vcpu);
	if (vcpu->mp_state == KVM_MP_STATE_HALTED &&
	    (vcpu->vmx.exception.pending || kl_irq_nmi_pending(vcpu) ||
	     (kl_irq_pending(vcpu) && kl_interrupts_open(vcpu))))
		vcpu->mp_state = KVM_MP_STATE_RUNNABLE;
	return vcpu->mp_state == KVM_MP_STATE_RUNNABLE;
}

/* Sleep until the vCPU may be runnable, a signal, or a request. */
static enum kl_result block(struct kl_vcpu *vcpu)
{
	int ret = 0;

	if (runnable(vcpu))
		return KL_RESUME;
	kl_vcpu_move(vcpu, KL_VCPU_HOST, KL_VCPU_BLOCKED);
	/* Woken by kl_vcpu_kick(), which sets a request first. */
	ret = rcuwait_wait_event(&vcpu->wait, kl_request_pending(vcpu), TASK_INTERRUPTIBLE);
	kl_vcpu_move(vcpu, KL_VCPU_BLOCKED, KL_VCPU_HOST);
	if (kl_request_check(vcpu, KL_REQ_DEAD))
		return KL_KILL;
	if (!ret) {
		/* Leave it set for the entry if it makes the vCPU runnable. */
		if (kl_request_check(vcpu, KL_REQ_EVENT) && runnable(vcpu))
			kl_request(vcpu, KL_REQ_EVENT);
		if (kl_request_check(vcpu, KL_REQ_TLB_FLUSH)) {
			preempt_disable();
			flush_tlb(vcpu);
			preempt_enable();
		}
	}
	return KL_RESUME;
}

/* Until userspace is needed. */
static enum kl_result run_loop(struct kl_vcpu *vcpu)
{
	enum kl_result result = KL_RESUME;

	while (result == KL_RESUME) {
		if (unlikely(kl_irq_init_sipi_pending(vcpu)))
			accept_init_sipi(vcpu);
		if (vcpu->mp_state != KVM_MP_STATE_RUNNABLE) {
			result = block(vcpu);
		} else {
			if (unlikely(vcpu->dead_halt))
				WRITE_ONCE(vcpu->dead_halt, false);
			result = enter_guest(vcpu);
		}
		if (result == KL_RESUME && kl_host_guest_work_pending() &&
		    kl_host_guest_work()) {
			vcpu->run->exit_reason = KVM_EXIT_INTR;
			result = kl_user_error(vcpu, -EINTR);
		}
	}
	return result;
}

/* What every return to userspace tells. */
static void fill_run(struct kl_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	bool user_irqchip = !kl_irqchip_in_kernel(vcpu->vm);

	run->if_flag = !!(kl_rflags(vcpu) & X86_EFLAGS_IF);
	run->cr8 = kl_cr8(vcpu);
	run->apic_base = kl_lapic_base_get(vcpu);
	run->flags = 0;
	run->ready_for_interrupt_injection =
		!user_irqchip || (kl_interrupts_open(vcpu) && !kl_irq_pending(vcpu) &&
				  !vcpu->vmx.entry_event);
}

/* Everything of KVM_RUN between load and put. */
static enum kl_result run_loaded(struct kl_vcpu *vcpu)
{
	enum kl_result (*complete)(struct kl_vcpu *vcpu) = vcpu->complete;
	enum kl_result result = KL_RESUME;

	if (!kl_irqchip_in_kernel(vcpu->vm))
		kl_set_cr8(vcpu, vcpu->run->cr8 & 15);
	/* What userspace answered must reach the guest even if it wants out at once. */
	if (complete) {
		vcpu->complete = NULL;
		result = complete(vcpu);
		if (result != KL_RESUME)
			return result;
	}
	if (kl_host_immediate_exit(vcpu->run)) {
		vcpu->run->exit_reason = KVM_EXIT_INTR;
		return kl_user_error(vcpu, -EINTR);
	}
	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	if (vcpu->mp_state == KVM_MP_STATE_UNINITIALIZED ||
	    vcpu->mp_state == KVM_MP_STATE_INIT_RECEIVED) {
		result = block(vcpu);
		/* The client is told that the wait is over and calls again. */
		if (result == KL_RESUME)
			return kl_user_error(vcpu, signal_pending(current) ? -EINTR : -EAGAIN);
		return result;
	}
	return run_loop(vcpu);
}

/**
 * kl_vcpu_run - KVM_RUN
 * @vcpu: the vCPU; vcpu->mutex held, not loaded
 *
 * Return: 0 with kvm_run filled; -EINTR for a signal or immediate_exit,
 * -EAGAIN when an application processor left its wait for a start-up IPI,
 * -EFAULT if guest memory is not backed, -EIO if the VM is dead.
 */
int kl_vcpu_run(struct kl_vcpu *vcpu)
{
	enum kl_result result;

	if (READ_ONCE(vcpu->vm->dead))
		return -EIO;
	if (kl_vcpu_move(vcpu, KL_VCPU_IDLE, KL_VCPU_HOST)) {
		kl_kill_vcpu(vcpu, 0, "KVM_RUN found the vCPU in state %d", vcpu->state);
		return -EIO;
	}
	kl_vcpu_load(vcpu);
	kl_host_fpu_swap(&vcpu->vmx.fpu, true);
	vcpu->vmx.l1d_flush = true;
	vcpu->run_ret = 0;

	result = run_loaded(vcpu);

	fill_run(vcpu);
	kl_host_fpu_swap(&vcpu->vmx.fpu, false);
	kl_vcpu_put(vcpu);
	if (kl_vcpu_move(vcpu, KL_VCPU_HOST, KL_VCPU_IDLE))
		kl_kill_vcpu(vcpu, 0, "KVM_RUN left the vCPU in state %d", vcpu->state);
	return result == KL_KILL ? -EIO : vcpu->run_ret;
}
