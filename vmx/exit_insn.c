// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions that exit: CPUID, RDMSR, WRMSR, HLT, VMCALL and those that are
 * refused or have no effect (SDM, "Instructions That Cause VM Exits").
 */
#include <linux/kvm.h>
#include <linux/kvm_para.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/request.h"
#include "../uapi/kvmlite.h"
#include "cpuid.h"
#include "exit.h"
#include "guest_state.h"
#include "inject.h"
#include "msr.h"

/**
 * kl_exit_cpuid - CPUID
 * @vcpu: the vCPU; any context
 *
 * Return: KL_RESUME.
 */
enum kl_result kl_exit_cpuid(struct kl_vcpu *vcpu)
{
	u64 *r = vcpu->vmx.entry.regs;
	u32 eax = r[KL_REG_RAX], ebx, ecx = r[KL_REG_RCX], edx;

	kl_cpuid_emulate(vcpu, &eax, &ebx, &ecx, &edx);
	r[KL_REG_RAX] = eax;
	r[KL_REG_RBX] = ebx;
	r[KL_REG_RCX] = ecx;
	r[KL_REG_RDX] = edx;
	kl_insn_done(vcpu);
	return KL_RESUME;
}

/**
 * kl_exit_rdmsr - RDMSR of an intercepted MSR
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME.
 */
enum kl_result kl_exit_rdmsr(struct kl_vcpu *vcpu)
{
	u64 *r = vcpu->vmx.entry.regs;
	u64 data;

	if (kl_msr_get(vcpu, r[KL_REG_RCX], &data, false)) {
		kl_raise_error(vcpu, X86_TRAP_GP, 0);
		return KL_RESUME;
	}
	r[KL_REG_RAX] = (u32)data;
	r[KL_REG_RDX] = data >> 32;
	kl_insn_done(vcpu);
	return KL_RESUME;
}

/**
 * kl_exit_wrmsr - WRMSR of an intercepted MSR
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME.
 */
enum kl_result kl_exit_wrmsr(struct kl_vcpu *vcpu)
{
	u64 *r = vcpu->vmx.entry.regs;
	u64 data = (u32)r[KL_REG_RAX] | r[KL_REG_RDX] << 32;

	if (kl_msr_set(vcpu, r[KL_REG_RCX], data, false)) {
		kl_raise_error(vcpu, X86_TRAP_GP, 0);
		return KL_RESUME;
	}
	kl_insn_done(vcpu);
	/* EOI, TPR, APIC base: something may be deliverable now. */
	kl_request(vcpu, KL_REQ_EVENT);
	return KL_RESUME;
}

/* Halted with interrupts off, and so is, or never started, every other vCPU? */
static bool dead_halt(struct kl_vcpu *vcpu)
{
	struct kl_vcpu *other;
	unsigned int i;

	if ((kl_rflags(vcpu) & X86_EFLAGS_IF) || kl_irq_nmi_pending(vcpu))
		return false;
	/* Pairs with itself: of two vCPUs that halt, the later one sees both. */
	smp_store_mb(vcpu->dead_halt, true);
	if (!(READ_ONCE(vcpu->vm->options) & KVMLITE_OPTION_DEAD_HALT))
		return false;
	kl_for_each_vcpu(i, other, vcpu->vm) {
		u32 state = READ_ONCE(other->mp_state);

		if (!READ_ONCE(other->dead_halt) && state != KVM_MP_STATE_UNINITIALIZED &&
		    state != KVM_MP_STATE_INIT_RECEIVED)
			return false;
	}
	return true;
}

/**
 * kl_exit_hlt - HLT
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME with an interrupt controller in the kernel, where the vCPU
 * sleeps; KL_USER with KVM_EXIT_HLT otherwise, and if nothing could wake any
 * vCPU of the VM and the client wants to know (KVMLITE_OPTION_DEAD_HALT).
 */
enum kl_result kl_exit_hlt(struct kl_vcpu *vcpu)
{
	kl_insn_done(vcpu);
	if (kl_irqchip_in_kernel(vcpu->vm)) {
		WRITE_ONCE(vcpu->mp_state, KVM_MP_STATE_HALTED);
		if (!dead_halt(vcpu))
			return KL_RESUME;
		vcpu->run->exit_reason = KVM_EXIT_HLT;
		return KL_USER;
	}
	/* An interrupt that userspace queued ends the halt at once. */
	if (kl_irq_pending(vcpu) && kl_interrupts_open(vcpu))
		return KL_RESUME;
	vcpu->run->exit_reason = KVM_EXIT_HLT;
	return KL_USER;
}

/**
 * kl_exit_vmcall - VMCALL: hypercalls in KVM's convention
 * @vcpu: the vCPU
 *
 * No hypercall is announced in CPUID, so none is known.
 *
 * Return: KL_RESUME.
 */
enum kl_result kl_exit_vmcall(struct kl_vcpu *vcpu)
{
	s64 ret = kl_cpl(vcpu) ? -KVM_EPERM : -KVM_ENOSYS;

	vcpu->vmx.entry.regs[KL_REG_RAX] = kl_long64(vcpu) ? (u64)ret : (u32)ret;
	kl_insn_done(vcpu);
	return KL_RESUME;
}

/**
 * kl_exit_skip - INVD, WBINVD: guest memory is coherent, nothing to write back
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME.
 */
enum kl_result kl_exit_skip(struct kl_vcpu *vcpu)
{
	kl_insn_done(vcpu);
	return KL_RESUME;
}

/**
 * kl_exit_ud - an instruction that this guest's CPU does not have
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME, with #UD queued.
 */
enum kl_result kl_exit_ud(struct kl_vcpu *vcpu)
{
	kl_raise(vcpu, X86_TRAP_UD);
	return KL_RESUME;
}

/**
 * kl_exit_gp - an instruction with operands that do not exist
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME, with #GP(0) queued.
 */
enum kl_result kl_exit_gp(struct kl_vcpu *vcpu)
{
	kl_raise_error(vcpu, X86_TRAP_GP, 0);
	return KL_RESUME;
}
