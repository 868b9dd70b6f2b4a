/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM_RUN.
 */
#ifndef _KL_VMX_RUN_H
#define _KL_VMX_RUN_H

#include <linux/types.h>

struct kl_vcpu;

bool kl_entry_bounded(void);
int kl_vcpu_run(struct kl_vcpu *vcpu);

#endif /* _KL_VMX_RUN_H */
