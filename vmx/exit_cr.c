// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control-register, debug-register and XCR0 accesses that exit (SDM, "Exit
 * Qualification for Control-Register Accesses", "... for MOV DR").
 */
#include <linux/nospec.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/mmu.h"
#include "../mmu/request.h"
#include "cpuid.h"
#include "exit.h"
#include "guest_state.h"
#include "host.h"
#include "inject.h"

static enum kl_result gp(struct kl_vcpu *vcpu)
{
	kl_raise_error(vcpu, X86_TRAP_GP, 0);
	return KL_RESUME;
}

static bool pae_paging(u64 cr0, u64 cr4, u64 efer)
{
	return (cr0 & X86_CR0_PG) && (cr4 & X86_CR4_PAE) && !(efer & EFER_LME);
}

static enum kl_result guest_write_cr0(struct kl_vcpu *vcpu, u64 cr0)
{
	u64 old = kl_cr0(vcpu);
	u64 cr4 = kl_cr4(vcpu);
	u64 efer = vcpu->vmx.efer;

	cr0 |= X86_CR0_ET;
	if (!kl_cr0_valid(vcpu, cr0))
		return gp(vcpu);
	if ((cr0 & X86_CR0_PG) && !(old & X86_CR0_PG)) {
		/* IA-32e mode is entered with PAE on and from a segment that is not 64-bit. */
		if ((efer & EFER_LME) && (!(cr4 & X86_CR4_PAE) || (kl_cs_ar(vcpu) & BIT(13))))
			return gp(vcpu);
	}
	/* Paging is not left from a 64-bit segment. */
	if (!(cr0 & X86_CR0_PG) && (old & X86_CR0_PG) && kl_long64(vcpu))
		return gp(vcpu);
	if (pae_paging(cr0, cr4, efer) && ((cr0 ^ old) & (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW)) &&
	    !kl_load_pdptes(vcpu, kl_cr3(vcpu)))
		return gp(vcpu);
	kl_set_cr0(vcpu, cr0);
	/* Linear translations of the old mode do not hold in the new. */
	if ((cr0 ^ old) & X86_CR0_PG)
		kl_request(vcpu, KL_REQ_TLB_FLUSH);
	kl_insn_done(vcpu);
	return KL_RESUME;
}

static enum kl_result guest_write_cr4(struct kl_vcpu *vcpu, u64 cr4)
{
	const u64 paging = X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP;
	u64 old = kl_cr4(vcpu);
	u64 efer = vcpu->vmx.efer;

	if (!kl_cr4_valid(vcpu, cr4))
		return gp(vcpu);
	if ((efer & EFER_LMA) && (!(cr4 & X86_CR4_PAE) || ((cr4 ^ old) & X86_CR4_LA57)))
		return gp(vcpu);
	/* PCIDs need IA-32e mode and a CR3 whose PCID is 0. */
	if ((cr4 & X86_CR4_PCIDE) && !(old & X86_CR4_PCIDE) &&
	    (!(efer & EFER_LMA) || (kl_cr3(vcpu) & 0xfff)))
		return gp(vcpu);
	if (pae_paging(kl_cr0(vcpu), cr4, efer) && ((cr4 ^ old) & paging) &&
	    !kl_load_pdptes(vcpu, kl_cr3(vcpu)))
		return gp(vcpu);
	kl_set_cr4(vcpu, cr4);
	if ((cr4 ^ old) & (paging | X86_CR4_SMAP | X86_CR4_PCIDE))
		kl_request(vcpu, KL_REQ_TLB_FLUSH);
	kl_insn_done(vcpu);
	return KL_RESUME;
}

static enum kl_result guest_write_cr8(struct kl_vcpu *vcpu, u64 value)
{
	u64 old = kl_cr8(vcpu);

	if (value & ~0xfULL)
		return gp(vcpu);
	kl_set_cr8(vcpu, value);
	kl_insn_done(vcpu);
	kl_request(vcpu, KL_REQ_EVENT);
	/* A userspace APIC must hear of a lower priority. */
	if (!kl_irqchip_in_kernel(vcpu->vm) && value < old) {
		vcpu->run->exit_reason = KVM_EXIT_SET_TPR;
		return KL_USER;
	}
	return KL_RESUME;
}

static enum kl_result mov_to_cr(struct kl_vcpu *vcpu, unsigned int cr, u64 value)
{
	if (!kl_long64(vcpu))
		value = (u32)value;
	switch (cr) {
	case 0:
		return guest_write_cr0(vcpu, value);
	case 4:
		return guest_write_cr4(vcpu, value);
	case 8:
		return guest_write_cr8(vcpu, value);
	}
	return kl_internal_error(vcpu, KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON);
}

static enum kl_result mov_from_cr(struct kl_vcpu *vcpu, unsigned int cr, unsigned int reg)
{
	if (cr != 8)
		return kl_internal_error(vcpu, KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON);
	kl_set_reg(vcpu, reg, kl_cr8(vcpu));
	kl_insn_done(vcpu);
	return KL_RESUME;
}

/**
 * kl_exit_cr - MOV to or from a control register, CLTS or LMSW
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME; KL_USER with KVM_EXIT_SET_TPR for a userspace APIC.
 */
enum kl_result kl_exit_cr(struct kl_vcpu *vcpu)
{
	u64 qual = kl_qualification(vcpu);
	unsigned int cr = qual & 15;
	unsigned int reg = (qual >> 8) & 15;
	u64 cr0;

	switch ((qual >> 4) & 3) {
	case 0:
		return mov_to_cr(vcpu, cr, kl_reg(vcpu, reg));
	case 1:
		return mov_from_cr(vcpu, cr, reg);
	case 2: /* CLTS; TS is the guest's own, but a shadow may differ */
		kl_set_cr0(vcpu, kl_cr0(vcpu) & ~(u64)X86_CR0_TS);
		kl_insn_done(vcpu);
		return KL_RESUME;
	default: /* LMSW: PE can be set but not cleared */
		cr0 = kl_cr0(vcpu);
		cr0 = (cr0 & ~0xeULL) | ((qual >> 16) & 0xf);
		return guest_write_cr0(vcpu, cr0);
	}
}

static u64 guest_read_dr(struct kl_vcpu *vcpu, unsigned int dr)
{
	switch (dr) {
	case 0 ... 3:
		return vcpu->vmx.dr[array_index_nospec(dr, 4)];
	case 6:
		return vcpu->vmx.dr6;
	default:
		return vcpu->vmx.dr7;
	}
}

static enum kl_result guest_write_dr(struct kl_vcpu *vcpu, unsigned int dr, u64 value)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	if (dr >= 6 && (value >> 32))
		return gp(vcpu);
	switch (dr) {
	case 0 ... 3:
		v->dr[array_index_nospec(dr, 4)] = value;
		break;
	case 6:
		v->dr6 = (value & (KL_DR6_BITS)) | 0xffff0ff0;
		break;
	default:
		v->dr7 = (value & 0xffff2bff) | 0x400;
		vmx_vmwrite(GUEST_DR7, v->dr7);
		break;
	}
	kl_insn_done(vcpu);
	return KL_RESUME;
}

/**
 * kl_exit_dr - MOV to or from a debug register
 * @vcpu: the vCPU
 *
 * Return: KL_RESUME.
 */
enum kl_result kl_exit_dr(struct kl_vcpu *vcpu)
{
	u64 qual = kl_qualification(vcpu);
	unsigned int dr = qual & 7;
	unsigned int reg = (qual >> 8) & 15;
	u64 value;

	/* The exit takes priority over these (SDM, "Relative Priority of Faults and VM Exits"). */
	if (kl_cpl(vcpu))
		return gp(vcpu);
	if (dr == 4 || dr == 5) {
		if (kl_cr4(vcpu) & X86_CR4_DE) {
			kl_raise(vcpu, X86_TRAP_UD);
			return KL_RESUME;
		}
		dr += 2;
	}
	if (vcpu->vmx.dr7 & BIT(13)) {
		kl_raise_db(vcpu, KL_DR6_BD);
		return KL_RESUME;
	}
	if (qual & BIT(4)) {
		kl_set_reg(vcpu, reg, guest_read_dr(vcpu, dr));
		kl_insn_done(vcpu);
		return KL_RESUME;
	}
	value = kl_reg(vcpu, reg);
	return guest_write_dr(vcpu, dr, kl_long64(vcpu) ? value : (u32)value);
}

/**
 * kl_exit_xsetbv - XSETBV
 * @vcpu: the vCPU
 *
 * #UD without CR4.OSXSAVE comes before the exit.
 *
 * Return: KL_RESUME.
 */
enum kl_result kl_exit_xsetbv(struct kl_vcpu *vcpu)
{
	const u64 *r = vcpu->vmx.entry.regs;
	u64 xcr0 = (u32)r[KL_REG_RAX] | r[KL_REG_RDX] << 32;

	if (kl_cpl(vcpu) || (u32)r[KL_REG_RCX] || !kl_cpuid_xcr0_valid(vcpu, xcr0))
		return gp(vcpu);
	vcpu->vmx.xcr0 = xcr0;
	kl_cpuid_track_xstate(vcpu, xcr0, 0);
	kl_insn_done(vcpu);
	return KL_RESUME;
}
