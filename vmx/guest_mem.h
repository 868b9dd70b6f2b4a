/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory by linear address, as an instruction of the guest sees it.
 */
#ifndef _KL_VMX_GUEST_MEM_H
#define _KL_VMX_GUEST_MEM_H

#include <linux/types.h>

struct kl_insn_exc;
struct kl_vcpu;

int kl_translate(struct kl_vcpu *vcpu, u64 gva, u32 access, u64 *gpa, struct kl_insn_exc *exc);
void kl_raise_exc(struct kl_vcpu *vcpu, const struct kl_insn_exc *exc);

#endif /* _KL_VMX_GUEST_MEM_H */
