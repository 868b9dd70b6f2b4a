// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control registers, segments and the state after reset and INIT.
 *
 * SDM, "VMX Support for Address Translation" and "VMX Non-Root Operation":
 * a set bit in a CR guest/host mask belongs to us: the guest reads the shadow and
 * a change exits. Bits left to the guest (cr0_owned, cr4_owned) cost nothing.
 */
#include <linux/kvm.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/mmu.h"
#include "../mmu/request.h"
#include "cpuid.h"
#include "guest_state.h"
#include "vmxon.h"

/* Family 6, for EDX after reset, when the client has given no CPUID yet. */
#define KL_DEFAULT_SIGNATURE 0x600

/* CR0 bits that need no help from us when the guest changes them under EPT. */
#define KL_CR0_OWNED (X86_CR0_TS | X86_CR0_MP | X86_CR0_EM | X86_CR0_WP | X86_CR0_AM)
/* Likewise for CR4, as far as the guest's CPUID has the feature. */
#define KL_CR4_OWNED (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PGE | \
		      X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_FSGSBASE)

#define KL_CR0_RESERVED (~(u64)(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | \
				X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | \
				X86_CR0_PG))

/**
 * kl_proc_ctl - switch primary processor-based controls at run time
 * @vcpu: the vCPU
 * @bits: CPU_BASED_*
 * @on: set them
 */
void kl_proc_ctl(struct kl_vcpu *vcpu, u32 bits, bool on)
{
	u32 word = on ? vcpu->vmx.ctl.proc | bits : vcpu->vmx.ctl.proc & ~bits;

	if (word == vcpu->vmx.ctl.proc)
		return;
	vcpu->vmx.ctl.proc = word;
	vmx_vmwrite(CPU_BASED_VM_EXEC_CONTROL, word);
}

/**
 * kl_entry_ctl - switch VM-entry controls at run time
 * @vcpu: the vCPU
 * @bits: VM_ENTRY_*
 * @on: set them
 */
void kl_entry_ctl(struct kl_vcpu *vcpu, u32 bits, bool on)
{
	u32 word = on ? vcpu->vmx.ctl.entry | bits : vcpu->vmx.ctl.entry & ~bits;

	if (word == vcpu->vmx.ctl.entry)
		return;
	vcpu->vmx.ctl.entry = word;
	vmx_vmwrite(VM_ENTRY_CONTROLS, word);
}

/**
 * kl_update_owned_bits - recompute the CR guest/host masks
 * @vcpu: the vCPU
 *
 * To be called when the guest's CPUID changes: a CR4 bit may be left to the
 * guest only if setting it is legal for this guest.
 */
void kl_update_owned_bits(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	u64 cr0 = kl_cr0(vcpu);
	u64 cr4 = kl_cr4(vcpu);

	v->cr0_owned = KL_CR0_OWNED;
	v->cr4_owned = KL_CR4_OWNED & ~vcpu->vmx.cpuid.features.cr4_reserved;
	vmx_vmwrite(CR0_GUEST_HOST_MASK, ~v->cr0_owned);
	vmx_vmwrite(CR4_GUEST_HOST_MASK, ~v->cr4_owned);
	kl_set_cr0(vcpu, cr0);
	kl_set_cr4(vcpu, cr4);
}

/* IA32_EFER.LMA follows LME and CR0.PG; the VM-entry control follows LMA. */
static void update_lma(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	bool lma = (v->efer & EFER_LME) && (v->cr0 & X86_CR0_PG);
	u64 efer = lma ? v->efer | EFER_LMA : v->efer & ~EFER_LMA;

	kl_entry_ctl(vcpu, VM_ENTRY_IA32E_MODE, lma);
	v->efer = efer;
	vmx_vmwrite(GUEST_IA32_EFER, efer);
}

/**
 * kl_set_cr0 - give the guest a CR0
 * @vcpu: the vCPU
 * @cr0: a value that kl_cr0_valid() accepts
 */
void kl_set_cr0(struct kl_vcpu *vcpu, u64 cr0)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	u64 fixed = kl_caps.cr0_fixed0;
	u64 hw;

	if (v->ctl.proc2 & SECONDARY_EXEC_UNRESTRICTED_GUEST)
		fixed &= ~(u64)(X86_CR0_PE | X86_CR0_PG);
	cr0 |= X86_CR0_ET;
	hw = (cr0 & ~(u64)(X86_CR0_NW | X86_CR0_CD)) | fixed;
	v->cr0 = cr0;
	v->have |= BIT(KL_CACHED_CR0);
	vmx_vmwrite(CR0_READ_SHADOW, cr0);
	vmx_vmwrite(GUEST_CR0, hw);
	update_lma(vcpu);
}

/**
 * kl_set_cr3 - give the guest a CR3
 * @vcpu: the vCPU
 * @cr3: the value, GPA of the top table with its flags
 */
void kl_set_cr3(struct kl_vcpu *vcpu, u64 cr3)
{
	vcpu->vmx.cr3 = cr3;
	vcpu->vmx.have |= BIT(KL_CACHED_CR3);
	vmx_vmwrite(GUEST_CR3, cr3);
}

/**
 * kl_set_cr4 - give the guest a CR4
 * @vcpu: the vCPU
 * @cr4: a value that kl_cr4_valid() accepts
 */
void kl_set_cr4(struct kl_vcpu *vcpu, u64 cr4)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	v->cr4 = cr4;
	v->have |= BIT(KL_CACHED_CR4);
	vmx_vmwrite(CR4_READ_SHADOW, cr4);
	vmx_vmwrite(GUEST_CR4, cr4 | kl_caps.cr4_fixed0);
	kl_cpuid_track_cr4(vcpu, cr4);
}

/**
 * kl_set_efer - give the guest an IA32_EFER
 * @vcpu: the vCPU
 * @efer: a value that kl_efer_valid() accepts; LMA is computed
 */
void kl_set_efer(struct kl_vcpu *vcpu, u64 efer)
{
	kl_cr0(vcpu);
	vcpu->vmx.efer = efer;
	update_lma(vcpu);
}

/**
 * kl_cr0_valid - would a CPU accept this CR0?
 * @vcpu: the vCPU
 * @cr0: the value
 *
 * SDM, "Control Registers". Bits 63:32 and undefined ones are reserved; paging
 * needs protection, not-write-through needs cache-disable.
 *
 * Return: true if it would.
 */
bool kl_cr0_valid(struct kl_vcpu *vcpu, u64 cr0)
{
	if (cr0 & KL_CR0_RESERVED)
		return false;
	if ((cr0 & X86_CR0_NW) && !(cr0 & X86_CR0_CD))
		return false;
	if ((cr0 & X86_CR0_PG) && !(cr0 & X86_CR0_PE))
		return false;
	return true;
}

/**
 * kl_cr4_valid - would this guest's CPU accept this CR4?
 * @vcpu: the vCPU
 * @cr4: the value
 *
 * Return: true if it would.
 */
bool kl_cr4_valid(struct kl_vcpu *vcpu, u64 cr4)
{
	return !(cr4 & vcpu->vmx.cpuid.features.cr4_reserved) &&
	       !(cr4 & ~kl_caps.cr4_fixed1);
}

/**
 * kl_efer_valid - would this guest's CPU accept this IA32_EFER?
 * @vcpu: the vCPU
 * @efer: the value
 *
 * Return: true if it would.
 */
bool kl_efer_valid(struct kl_vcpu *vcpu, u64 efer)
{
	const struct kl_guest_features *f = &vcpu->vmx.cpuid.features;
	u64 allowed = 0;

	if (f->long_mode)
		allowed |= EFER_LME;
	if (f->nx)
		allowed |= EFER_NX;
	if (f->syscall)
		allowed |= EFER_SCE;
	return !(efer & ~allowed);
}

/**
 * kl_load_pdptes - load the four PDPTEs of PAE paging from guest memory
 * @vcpu: the vCPU; memslots readable (kl_mmu_enter())
 * @cr3: where they are
 *
 * With EPT the CPU keeps them in the VMCS; when we emulate the instruction
 * that loads them, we do it. SDM, "PDPTE Registers".
 *
 * Return: false for reserved bits, which is #GP, or if there is no memory.
 */
bool kl_load_pdptes(struct kl_vcpu *vcpu, u64 cr3)
{
	const u64 reserved = vcpu->vmx.cpuid.features.gpa_reserved | GENMASK(8, 5) |
			     GENMASK(2, 1);
	u64 pdpte[4];
	int i;

	if (kl_gpa_read(vcpu->vm, cr3 & GENMASK(31, 5), pdpte, sizeof(pdpte)))
		return false;
	for (i = 0; i < 4; i++)
		if ((pdpte[i] & 1) && (pdpte[i] & reserved))
			return false;
	for (i = 0; i < 4; i++)
		vmx_vmwrite(GUEST_PDPTR0 + 2 * i, pdpte[i]);
	return true;
}

/**
 * kl_seg_get - read a segment register with its hidden part
 * @vcpu: the vCPU
 * @seg: which
 * @out: filled
 */
void kl_seg_get(struct kl_vcpu *vcpu, enum kl_seg seg, struct kvm_segment *out)
{
	u32 ar = vmx_vmread(GUEST_ES_AR_BYTES + 2 * seg);

	memset(out, 0, sizeof(*out));
	out->selector = vmx_vmread(GUEST_ES_SELECTOR + 2 * seg);
	out->base = vmx_vmread(GUEST_ES_BASE + 2 * seg);
	out->limit = vmx_vmread(GUEST_ES_LIMIT + 2 * seg);
	out->type = ar & 15;
	out->s = (ar >> 4) & 1;
	out->dpl = (ar >> 5) & 3;
	out->present = (ar >> 7) & 1;
	out->avl = (ar >> 12) & 1;
	out->l = (ar >> 13) & 1;
	out->db = (ar >> 14) & 1;
	out->g = (ar >> 15) & 1;
	out->unusable = (ar >> 16) & 1;
}

/**
 * kl_seg_set - write a segment register with its hidden part
 * @vcpu: the vCPU
 * @seg: which
 * @in: the value; one that is not present counts as unusable
 *
 * The accessed bit of code and data segments is set: the CPU demands it at VM
 * entry, and clients leave it clear in power-on state.
 */
void kl_seg_set(struct kl_vcpu *vcpu, enum kl_seg seg, const struct kvm_segment *in)
{
	u32 ar = (in->type & 15) | (in->s & 1) << 4 | (in->dpl & 3) << 5 |
		 (in->present & 1) << 7 | (in->avl & 1) << 12 | (in->l & 1) << 13 |
		 (in->db & 1) << 14 | (in->g & 1) << 15 |
		 (in->unusable || !in->present ? BIT(16) : 0);

	if (in->s && seg != KL_LDTR && seg != KL_TR)
		ar |= 1;
	vmx_vmwrite(GUEST_ES_SELECTOR + 2 * seg, in->selector);
	vmx_vmwrite(GUEST_ES_BASE + 2 * seg, in->base);
	vmx_vmwrite(GUEST_ES_LIMIT + 2 * seg, in->limit);
	vmx_vmwrite(GUEST_ES_AR_BYTES + 2 * seg, ar);
	vcpu->vmx.have &= ~(BIT(KL_CACHED_CS_AR) | BIT(KL_CACHED_SS_AR));
}

static void reset_segments(struct kl_vcpu *vcpu)
{
	struct kvm_segment data = {
		.limit = 0xffff, .type = 3, .s = 1, .present = 1,
	};
	struct kvm_segment code = {
		.base = 0xffff0000, .selector = 0xf000, .limit = 0xffff,
		.type = 11, .s = 1, .present = 1,
	};
	struct kvm_segment ldtr = { .limit = 0xffff, .type = 2, .present = 1 };
	struct kvm_segment tr = { .limit = 0xffff, .type = 11, .present = 1 };

	kl_seg_set(vcpu, KL_CS, &code);
	kl_seg_set(vcpu, KL_DS, &data);
	kl_seg_set(vcpu, KL_ES, &data);
	kl_seg_set(vcpu, KL_FS, &data);
	kl_seg_set(vcpu, KL_GS, &data);
	kl_seg_set(vcpu, KL_SS, &data);
	kl_seg_set(vcpu, KL_LDTR, &ldtr);
	kl_seg_set(vcpu, KL_TR, &tr);
	vmx_vmwrite(GUEST_GDTR_BASE, 0);
	vmx_vmwrite(GUEST_GDTR_LIMIT, 0xffff);
	vmx_vmwrite(GUEST_IDTR_BASE, 0);
	vmx_vmwrite(GUEST_IDTR_LIMIT, 0xffff);
}

static void reset_msrs(struct kl_vcpu *vcpu)
{
	vcpu->vmx.star = 0;
	vcpu->vmx.lstar = 0;
	vcpu->vmx.cstar = 0;
	vcpu->vmx.syscall_mask = 0;
	vcpu->vmx.kernel_gs_base = 0;
	vcpu->vmx.tsc_aux = 0;
	vmx_vmwrite(GUEST_SYSENTER_CS, 0);
	vmx_vmwrite(GUEST_SYSENTER_ESP, 0);
	vmx_vmwrite(GUEST_SYSENTER_EIP, 0);
	vmx_vmwrite(GUEST_IA32_DEBUGCTL, 0);
	vmx_vmwrite(GUEST_IA32_PAT, 0x0007040600070406ULL);
}

/**
 * kl_guest_reset - registers as after power-on or INIT
 * @vcpu: the vCPU, loaded
 * @init: INIT: caches and MSRs keep their values
 *
 * SDM, "Processor State After Reset" (table of states following power-up,
 * reset or INIT).
 */
void kl_guest_reset(struct kl_vcpu *vcpu, bool init)
{
	const struct kvm_cpuid_entry2 *leaf1;
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	u64 cr0 = X86_CR0_ET | X86_CR0_NW | X86_CR0_CD;

	if (init)
		cr0 = X86_CR0_ET | (kl_cr0(vcpu) & (X86_CR0_NW | X86_CR0_CD));
	else
		reset_msrs(vcpu);

	memset(v->entry.regs, 0, sizeof(v->entry.regs));
	leaf1 = kl_cpuid_find(vcpu, 1, 0);
	v->entry.regs[KL_REG_RDX] = leaf1 ? leaf1->eax : KL_DEFAULT_SIGNATURE;
	kl_set_rip(vcpu, 0xfff0);
	kl_set_rsp(vcpu, 0);
	kl_set_rflags(vcpu, 0);
	reset_segments(vcpu);
	kl_set_efer(vcpu, 0);
	kl_set_cr0(vcpu, cr0);
	kl_set_cr3(vcpu, 0);
	kl_set_cr4(vcpu, 0);
	v->cr2 = 0;
	memset(v->dr, 0, sizeof(v->dr));
	v->dr6 = 0xffff0ff0;
	v->dr7 = 0x400;
	vmx_vmwrite(GUEST_DR7, v->dr7);
	vmx_vmwrite(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	vmx_vmwrite(GUEST_INTERRUPTIBILITY_INFO, 0);
	vmx_vmwrite(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	vmx_vmwrite(VM_ENTRY_INTR_INFO_FIELD, 0);
	v->entry_event = 0;
	v->exception.pending = false;
	v->nmi_masked = false;
	v->cr8 = 0;
	kl_request(vcpu, KL_REQ_TLB_FLUSH);
}

/**
 * kl_guest_sipi - start at the address a start-up IPI gives
 * @vcpu: the vCPU, after INIT
 * @vector: page number of the first instruction, GPA >> 12
 */
void kl_guest_sipi(struct kl_vcpu *vcpu, u8 vector)
{
	struct kvm_segment cs;

	kl_seg_get(vcpu, KL_CS, &cs);
	cs.selector = vector << 8;
	cs.base = (u64)vector << 12;
	kl_seg_set(vcpu, KL_CS, &cs);
	kl_set_rip(vcpu, 0);
}
