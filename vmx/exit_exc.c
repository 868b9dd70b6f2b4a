// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits by exceptions, window exits, triple faults and task switches.
 */
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/request.h"
#include "exit.h"
#include "guest_state.h"
#include "host.h"
#include "inject.h"
#include "kill.h"

/**
 * kl_exit_exception - an exception in the exception bitmap, or an NMI
 * @vcpu: the vCPU
 *
 * NMIs and machine checks are the host's and were handled with interrupts off.
 *
 * Return: KL_RESUME.
 */
enum kl_result kl_exit_exception(struct kl_vcpu *vcpu)
{
	u32 info = kl_intr_info(vcpu);
	u8 vector = info & INTR_INFO_VECTOR_MASK;

	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR || vector == X86_TRAP_MC)
		return KL_RESUME;

	/* The IRET that this exception interrupted had unblocked NMIs: undo it. */
	if ((info & INTR_INFO_UNBLOCK_NMI) && !vcpu->vmx.entry_event)
		vmx_vmwrite(GUEST_INTERRUPTIBILITY_INFO,
			    vmx_vmread(GUEST_INTERRUPTIBILITY_INFO) | GUEST_INTR_STATE_NMI);

	switch (vector) {
	case X86_TRAP_DB:
		kl_raise_db(vcpu, kl_qualification(vcpu) & (KL_DR6_BITS));
		/* ICEBP is a trap: the instruction is over. */
		if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_PRIV_SW_EXCEPTION)
			kl_skip_insn(vcpu);
		return KL_RESUME;
	case X86_TRAP_AC:
		/* Exits so that a fault loop in delivery cannot hold the CPU. */
		kl_raise_error(vcpu, X86_TRAP_AC, vmx_vmread(VM_EXIT_INTR_ERROR_CODE));
		return KL_RESUME;
	}
	kl_kill_vcpu(vcpu, info, "unexpected exception, vector %u, RIP %#llx", vector,
		     kl_rip(vcpu));
	return KL_KILL;
}

/**
 * kl_exit_window - the guest can take an interrupt now
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME; KL_USER if the client asked to be told and has none queued.
 */
enum kl_result kl_exit_window(struct kl_vcpu *vcpu)
{
	kl_proc_ctl(vcpu, CPU_BASED_INTR_WINDOW_EXITING, false);
	kl_request(vcpu, KL_REQ_EVENT);
	if (vcpu->run->request_interrupt_window && !kl_irqchip_in_kernel(vcpu->vm) &&
	    !kl_irq_pending(vcpu)) {
		vcpu->run->exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
		return KL_USER;
	}
	return KL_RESUME;
}

/**
 * kl_exit_triple_fault - the guest shut down
 * @vcpu: the vCPU
 *
 * Return: KL_USER with KVM_EXIT_SHUTDOWN.
 */
enum kl_result kl_exit_triple_fault(struct kl_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
	return KL_USER;
}

/**
 * kl_exit_task_switch - a hardware task switch
 * @vcpu: the vCPU
 *
 * Return: KL_USER with KVM_EXIT_INTERNAL_ERROR: no 32-bit task switching.
 */
enum kl_result kl_exit_task_switch(struct kl_vcpu *vcpu)
{
	return kl_internal_error(vcpu, KVM_INTERNAL_ERROR_EMULATION);
}
