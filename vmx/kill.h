/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Giving a VM up, with a reason.
 */
#ifndef _KL_VMX_KILL_H
#define _KL_VMX_KILL_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

struct kl_vcpu;
struct kl_vm;
struct kvmlite_death;

__printf(2, 3) void kl_kill(struct kl_vm *vm, const char *fmt, ...);
__printf(3, 4) void kl_kill_vcpu(struct kl_vcpu *vcpu, u64 hw_reason, const char *fmt, ...);
void kl_death_entry(struct kl_vcpu *vcpu, u64 hw_reason, const char *text);
void kl_death_get(struct kl_vm *vm, struct kvmlite_death *out);

#endif /* _KL_VMX_KILL_H */
