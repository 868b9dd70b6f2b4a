// SPDX-License-Identifier: GPL-2.0-only
/*
 * VM exits: one table by basic exit reason (SDM, appendix "VMX Basic Exit
 * Reasons").
 *
 * tour 44: every handler gives one of three results: enter again, go to
 * userspace, or this VM is dead. A reason without a handler kills the VM, never
 * the host.
 */
#include <linux/nospec.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>
#include <asm/vmx.h>

#include "../mmu/mmu.h"
#include "../mmu/request.h"
#include "../uapi/trace.h"
#include "cpuid.h"
#include "exit.h"
#include "explain.h"
#include "guest_state.h"
#include "inject.h"
#include "kill.h"
#include "msr.h"
#include "vcpu.h"

typedef enum kl_result (*kl_exit_fn)(struct kl_vcpu *vcpu);

static enum kl_result exit_resume(struct kl_vcpu *vcpu)
{
	return KL_RESUME;
}

static const kl_exit_fn handlers[KL_EXIT_REASONS] = {
	[EXIT_REASON_EXCEPTION_NMI] = kl_exit_exception,
	[EXIT_REASON_EXTERNAL_INTERRUPT] = exit_resume,
	[EXIT_REASON_TRIPLE_FAULT] = kl_exit_triple_fault,
	[EXIT_REASON_INTERRUPT_WINDOW] = kl_exit_window,
	[EXIT_REASON_NMI_WINDOW] = exit_resume,
	[EXIT_REASON_TASK_SWITCH] = kl_exit_task_switch,
	[EXIT_REASON_CPUID] = kl_exit_cpuid,
	[EXIT_REASON_HLT] = kl_exit_hlt,
	[EXIT_REASON_INVD] = kl_exit_skip,
	[EXIT_REASON_RDPMC] = kl_exit_gp,
	[EXIT_REASON_VMCALL] = kl_exit_vmcall,
	[EXIT_REASON_VMCLEAR] = kl_exit_ud,
	[EXIT_REASON_VMLAUNCH] = kl_exit_ud,
	[EXIT_REASON_VMPTRLD] = kl_exit_ud,
	[EXIT_REASON_VMPTRST] = kl_exit_ud,
	[EXIT_REASON_VMREAD] = kl_exit_ud,
	[EXIT_REASON_VMRESUME] = kl_exit_ud,
	[EXIT_REASON_VMWRITE] = kl_exit_ud,
	[EXIT_REASON_VMOFF] = kl_exit_ud,
	[EXIT_REASON_VMON] = kl_exit_ud,
	[EXIT_REASON_CR_ACCESS] = kl_exit_cr,
	[EXIT_REASON_DR_ACCESS] = kl_exit_dr,
	[EXIT_REASON_IO_INSTRUCTION] = kl_exit_io,
	[EXIT_REASON_MSR_READ] = kl_exit_rdmsr,
	[EXIT_REASON_MSR_WRITE] = kl_exit_wrmsr,
	[EXIT_REASON_MWAIT_INSTRUCTION] = kl_exit_ud,
	[EXIT_REASON_MONITOR_INSTRUCTION] = kl_exit_ud,
	[EXIT_REASON_EPT_VIOLATION] = kl_exit_ept_violation,
	[EXIT_REASON_EPT_MISCONFIG] = kl_exit_ept_misconfig,
	[EXIT_REASON_INVEPT] = kl_exit_ud,
	[EXIT_REASON_PREEMPTION_TIMER] = exit_resume,
	[EXIT_REASON_INVVPID] = kl_exit_ud,
	[EXIT_REASON_WBINVD] = kl_exit_skip,
	[EXIT_REASON_XSETBV] = kl_exit_xsetbv,
	[EXIT_REASON_INVPCID] = kl_exit_ud,
	[EXIT_REASON_ENCLS] = kl_exit_ud,
};

/**
 * kl_user_error - have KVM_RUN return an error
 * @vcpu: the vCPU
 * @error: -errno
 *
 * Return: KL_USER.
 */
enum kl_result kl_user_error(struct kl_vcpu *vcpu, int error)
{
	vcpu->run_ret = error;
	return KL_USER;
}

/**
 * kl_internal_error - KVM_EXIT_INTERNAL_ERROR: something the module cannot do
 *	for this guest
 * @vcpu: the vCPU
 * @suberror: KVM_INTERNAL_ERROR_*
 *
 * The data words are: exit reason, qualification, RIP, host CPU.
 *
 * Return: KL_USER.
 */
enum kl_result kl_internal_error(struct kl_vcpu *vcpu, u32 suberror)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = suberror;
	run->internal.ndata = 4;
	run->internal.data[0] = vcpu->vmx.exit_reason;
	run->internal.data[1] = kl_qualification(vcpu);
	run->internal.data[2] = kl_rip(vcpu);
	run->internal.data[3] = raw_smp_processor_id();
	return KL_USER;
}

/* The VM entry did not happen. */
static enum kl_result entry_failed(struct kl_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	u32 reason = vcpu->vmx.exit_reason;

	vcpu->vmx.failed_entries++;
	if (reason == ~0U)
		reason = vmx_vmread(VM_INSTRUCTION_ERROR);
	kl_entry_failed(vcpu, reason);
	run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	run->fail_entry.hardware_entry_failure_reason = reason;
	run->fail_entry.cpu = raw_smp_processor_id();
	return KL_USER;
}

/**
 * kl_handle_exit - do what the last exit asks for
 * @vcpu: the vCPU, loaded
 *
 * Context: Interrupts and preemption on; memslots are readable throughout.
 * Return: what to do next.
 */
enum kl_result kl_handle_exit(struct kl_vcpu *vcpu)
{
	u32 reason = vcpu->vmx.exit_reason;
	enum kl_result result;
	int idx;

	if (unlikely(reason & VMX_EXIT_REASONS_FAILED_VMENTRY))
		return entry_failed(vcpu);
	if (trace_kvmlite_exit_enabled())
		trace_kvmlite_exit(vcpu->id, reason, kl_rip(vcpu), kl_qualification(vcpu));
	/* The commonest exit that leaves the inner loop needs nothing more. */
	if (reason == EXIT_REASON_EXTERNAL_INTERRUPT)
		return KL_RESUME;
	if (unlikely(reason >= KL_EXIT_REASONS || !handlers[reason])) {
		kl_kill_vcpu(vcpu, reason,
			     "unexpected VM exit, reason %u (%s), qualification %#llx, RIP %#llx",
			     reason, kl_exit_reason_name(reason), kl_qualification(vcpu),
			     kl_rip(vcpu));
		return KL_KILL;
	}
	idx = kl_mmu_enter(vcpu->vm);
	result = handlers[array_index_nospec(reason, KL_EXIT_REASONS)](vcpu);
	kl_mmu_exit(vcpu->vm, idx);
	return result;
}

/* WRMSR of the registers a guest writes all the time. */
static bool fast_wrmsr(struct kl_vcpu *vcpu)
{
	u32 msr = vcpu->vmx.entry.regs[KL_REG_RCX];
	u64 data = (u32)vcpu->vmx.entry.regs[KL_REG_RAX] |
		   vcpu->vmx.entry.regs[KL_REG_RDX] << 32;

	switch (msr) {
	case MSR_IA32_TSC_DEADLINE:
	case APIC_BASE_MSR + (APIC_EOI >> 4):
	case APIC_BASE_MSR + (APIC_ICR >> 4):
	case APIC_BASE_MSR + (APIC_SELF_IPI >> 4):
		if (kl_msr_set(vcpu, msr, data, false))
			return false;
		kl_insn_done(vcpu);
		return true;
	}
	return false;
}

/**
 * kl_handle_exit_fast - handle the last exit without leaving the inner loop
 * @vcpu: the vCPU, loaded
 *
 * Context: Interrupts off, and guest state in the FPU and XCR0.
 * Return: true if the exit is done with and the guest may be entered again.
 */
bool kl_handle_exit_fast(struct kl_vcpu *vcpu)
{
	switch (vcpu->vmx.exit_reason) {
	case EXIT_REASON_CPUID:
		kl_exit_cpuid(vcpu);
		break;
	case EXIT_REASON_MSR_WRITE:
		if (!fast_wrmsr(vcpu))
			return false;
		break;
	case EXIT_REASON_MSR_READ:
		if ((u32)vcpu->vmx.entry.regs[KL_REG_RCX] != MSR_IA32_TSC_ADJUST)
			return false;
		kl_exit_rdmsr(vcpu);
		break;
	default:
		return false;
	}
	/* The exit ended whatever event the entry had delivered. */
	vcpu->vmx.entry_event = 0;
	vcpu->vmx.fast_exits++;
	if (trace_kvmlite_exit_enabled())
		trace_kvmlite_exit(vcpu->id, vcpu->vmx.exit_reason, kl_rip(vcpu), 0);
	return true;
}
