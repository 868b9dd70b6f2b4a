/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events on their way into the guest: exceptions, NMIs, external interrupts.
 */
#ifndef _KL_VMX_INJECT_H
#define _KL_VMX_INJECT_H

#include "../uapi/object.h"

void kl_raise(struct kl_vcpu *vcpu, u8 vector);
void kl_raise_error(struct kl_vcpu *vcpu, u8 vector, u32 error);
void kl_raise_pf(struct kl_vcpu *vcpu, u64 gva, u32 error);
void kl_raise_db(struct kl_vcpu *vcpu, u64 dr6);
void kl_inject_events(struct kl_vcpu *vcpu);
void kl_requeue_vectoring(struct kl_vcpu *vcpu);
void kl_skip_insn(struct kl_vcpu *vcpu);
void kl_insn_done(struct kl_vcpu *vcpu);
int kl_queued_interrupt(struct kl_vcpu *vcpu);
bool kl_interrupts_open(struct kl_vcpu *vcpu);
u64 kl_cr8(struct kl_vcpu *vcpu);
void kl_set_cr8(struct kl_vcpu *vcpu, u64 cr8);

#endif /* _KL_VMX_INJECT_H */
