/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID: what a guest may be shown, what a client chose to show it, and the
 * answer to the instruction.
 */
#ifndef _KL_VMX_CPUID_H
#define _KL_VMX_CPUID_H

#include <linux/bits.h>
#include <linux/types.h>

struct kl_vcpu;
struct kvm_cpuid2;
struct kvm_cpuid_entry2;

/* Features that exist in a guest only if a VM-execution control is set. */
#define KL_CPUID_CTL_RDTSCP	BIT(0)
#define KL_CPUID_CTL_INVPCID	BIT(1)
#define KL_CPUID_CTL_XSAVES	BIT(2)

void kl_cpuid_init(unsigned int controls);
u64 kl_cpuid_xcr0(void);
bool kl_cpuid_xcr0_valid(struct kl_vcpu *vcpu, u64 xcr0);

long kl_cpuid_get_supported(struct kvm_cpuid2 __user *user);
long kl_cpuid_set(struct kl_vcpu *vcpu, struct kvm_cpuid2 __user *user);
long kl_cpuid_get(struct kl_vcpu *vcpu, struct kvm_cpuid2 __user *user);
void kl_cpuid_vcpu_init(struct kl_vcpu *vcpu);
void kl_cpuid_vcpu_free(struct kl_vcpu *vcpu);

const struct kvm_cpuid_entry2 *kl_cpuid_find(struct kl_vcpu *vcpu, u32 leaf, u32 subleaf);
bool kl_cpuid_emulate(struct kl_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);

void kl_cpuid_track_cr4(struct kl_vcpu *vcpu, u64 cr4);
void kl_cpuid_track_xstate(struct kl_vcpu *vcpu, u64 xcr0, u64 xss);
void kl_cpuid_track_apic(struct kl_vcpu *vcpu, bool enabled);

/* cpuid_host.c */
const struct kvm_cpuid_entry2 *kl_cpuid_host_entry(u32 leaf, u32 subleaf);
u32 kl_cpuid_xsave_size(u64 xfeatures, bool compacted);

#endif /* _KL_VMX_CPUID_H */
