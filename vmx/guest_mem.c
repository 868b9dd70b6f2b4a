// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory by linear address: a walk of the guest's own page tables, with
 * the registers of the moment.
 */
#include <linux/string.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "../mmu/guest_walk.h"
#include "../mmu/insn/insn.h"
#include "../mmu/mmu.h"
#include "guest_mem.h"
#include "guest_state.h"

static int walk_read(void *ctx, u64 gpa, unsigned int len, u64 *val)
{
	struct kl_vcpu *vcpu = ctx;

	*val = 0;
	return kl_gpa_read(vcpu->vm, gpa, val, len);
}

static int walk_update(void *ctx, u64 gpa, unsigned int len, u64 old, u64 new)
{
	struct kl_vcpu *vcpu = ctx;
	bool exchanged;
	int ret = kl_gpa_cmpxchg(vcpu->vm, gpa, &old, &new, len, &exchanged);

	if (ret)
		return ret;
	return exchanged ? 0 : -EAGAIN;
}

static const struct kl_walk_ops walk_ops = {
	.read = walk_read,
	.update = walk_update,
};

/**
 * kl_translate - GVA to GPA, as an access by the guest's current code
 * @vcpu: the vCPU, loaded; memslots readable
 * @gva: the address, canonical
 * @access: KL_ACCESS_*
 * @gpa: out
 * @exc: out, if it faults: the #PF to raise
 *
 * Sets accessed and dirty flags in the guest's tables.
 *
 * Return: 0, or -EFAULT with @exc filled.
 */
int kl_translate(struct kl_vcpu *vcpu, u64 gva, u32 access, u64 *gpa, struct kl_insn_exc *exc)
{
	const struct kl_guest_features *f = &vcpu->vmx.cpuid.features;
	struct kl_walk_env env = {
		.cr0 = kl_cr0(vcpu),
		.cr3 = kl_cr3(vcpu),
		.cr4 = kl_cr4(vcpu),
		.efer = vcpu->vmx.efer,
		.rflags = kl_rflags(vcpu),
		.cpl = kl_cpl(vcpu),
		.maxphyaddr = f->maxphyaddr,
		.gbpages = f->gbpages,
	};
	struct kl_walk_result walk;
	u64 pdpte[4];
	int i;

	if ((env.cr0 & X86_CR0_PG) && (env.cr4 & X86_CR4_PAE) && !(env.efer & EFER_LMA)) {
		for (i = 0; i < 4; i++)
			pdpte[i] = vmx_vmread(GUEST_PDPTR0 + 2 * i);
		env.pdpte = pdpte;
	}
	if (!kl_guest_walk(&env, &walk_ops, vcpu, gva, access, &walk) && !walk.fault) {
		*gpa = walk.gpa;
		return 0;
	}
	*exc = (struct kl_insn_exc){
		.vector = X86_TRAP_PF,
		.has_error = true,
		.error_code = walk.error_code,
		.cr2 = gva,
	};
	return -EFAULT;
}
