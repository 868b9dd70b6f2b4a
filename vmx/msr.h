/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's model-specific registers.
 */
#ifndef _KL_VMX_MSR_H
#define _KL_VMX_MSR_H

#include <linux/types.h>

struct kl_vcpu;

int kl_msr_get(struct kl_vcpu *vcpu, u32 msr, u64 *data, bool host);
int kl_msr_set(struct kl_vcpu *vcpu, u32 msr, u64 data, bool host);
int kl_apic_base_set(struct kl_vcpu *vcpu, u64 base, bool host);
const u32 *kl_msr_index_list(unsigned int *nr);
int kl_msr_vcpu_init(struct kl_vcpu *vcpu);
void kl_msr_vcpu_destroy(struct kl_vcpu *vcpu);
u64 kl_guest_tsc(struct kl_vcpu *vcpu);
void kl_tsc_offset_set(struct kl_vcpu *vcpu, s64 offset);

#endif /* _KL_VMX_MSR_H */
