// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT violations and misconfigurations (SDM, "Exit Qualification for EPT
 * Violations").
 *
 * tour 48: a violation is memory to be mapped, a device to be emulated, or the
 * client's mistake; mmu/ tells which.
 */
#include <asm/vmx.h>

#include "../mmu/mmu.h"
#include "../uapi/trace.h"
#include "exit.h"
#include "guest_state.h"
#include "inject.h"
#include "kill.h"

/* No memory there: a device, or nothing. */
static enum kl_result no_memory(struct kl_vcpu *vcpu, gpa_t gpa, u32 access)
{
	enum kl_result result;

	/* The IDT, GDT, TSS or stack lies in a device: the event cannot be delivered. */
	if (vcpu->vmx.entry_event)
		return kl_internal_error(vcpu, KVM_INTERNAL_ERROR_DELIVERY_EV);
	if (!(access & KL_ACCESS_EXEC))
		return kl_emulate(vcpu);
	/* Instructions are not fetched from devices: the guest has lost its way. */
	result = kl_internal_error(vcpu, KVM_INTERNAL_ERROR_EMULATION);
	vcpu->run->internal.data[vcpu->run->internal.ndata++] = gpa;
	return result;
}

/**
 * kl_exit_ept_violation - an access that EPT does not allow (yet)
 * @vcpu: the vCPU; memslots readable
 *
 * Return: KL_RESUME if the page is mapped now or a device in the kernel took
 * the access; KL_USER with KVM_EXIT_MMIO, KVM_EXIT_INTERNAL_ERROR, or an error.
 */
enum kl_result kl_exit_ept_violation(struct kl_vcpu *vcpu)
{
	u64 qual = kl_qualification(vcpu);
	gpa_t gpa = vmx_vmread(GUEST_PHYSICAL_ADDRESS);
	u32 access = qual & (KL_ACCESS_READ | KL_ACCESS_WRITE | KL_ACCESS_EXEC);

	trace_kvmlite_fault(vcpu->id, gpa, qual, kl_rip(vcpu));
	/* The IRET that caused this had unblocked NMIs already; it will run again. */
	if ((qual & INTR_INFO_UNBLOCK_NMI) && !vcpu->vmx.entry_event)
		vmx_vmwrite(GUEST_INTERRUPTIBILITY_INFO,
			    vmx_vmread(GUEST_INTERRUPTIBILITY_INFO) | GUEST_INTR_STATE_NMI);

	switch (kl_mmu_fault(vcpu, gpa, access)) {
	case KL_FAULT_MAPPED:
	case KL_FAULT_RETRY:
		return KL_RESUME;
	case KL_FAULT_MMIO:
		return no_memory(vcpu, gpa, access);
	case KL_FAULT_OOM:
		return kl_user_error(vcpu, -ENOMEM);
	case KL_FAULT_HVA:
		break;
	}
	return kl_user_error(vcpu, -EFAULT);
}

/**
 * kl_exit_ept_misconfig - an EPT entry the CPU finds wrong: a bug of ours
 * @vcpu: the vCPU
 *
 * Return: KL_KILL.
 */
enum kl_result kl_exit_ept_misconfig(struct kl_vcpu *vcpu)
{
	kl_kill_vcpu(vcpu, EXIT_REASON_EPT_MISCONFIG, "EPT misconfiguration at GPA %#llx",
		     vmx_vmread(GUEST_PHYSICAL_ADDRESS));
	return KL_KILL;
}
