/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's VMCS from creation to destruction, and which CPU it is loaded on.
 */
#ifndef _KL_VMX_VCPU_H
#define _KL_VMX_VCPU_H

#include <linux/types.h>

struct kl_vcpu;
struct kl_vm;
struct kl_policy;

int kl_vmx_setup(void);
void kl_vmx_teardown(void);
int kl_vmx_vm_init(struct kl_vm *vm);
int kl_vmx_vcpu_init(struct kl_vcpu *vcpu);
void kl_vmx_vcpu_destroy(struct kl_vcpu *vcpu);
void kl_vcpu_load(struct kl_vcpu *vcpu);
void kl_vcpu_put(struct kl_vcpu *vcpu);

/* host_state.c */
void kl_host_state_init(void);
void kl_host_state_constant(void);
void kl_host_state_percpu(int cpu);
void kl_host_state_load(struct kl_vcpu *vcpu);
void kl_host_state_put(struct kl_vcpu *vcpu);

/* vmcs_dump.c */
void kl_entry_failed(struct kl_vcpu *vcpu, u64 hw_reason);

#endif /* _KL_VMX_VCPU_H */
