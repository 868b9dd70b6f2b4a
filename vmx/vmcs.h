/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMCS regions: allocation, which CPU one is active on, lazy VMCLEAR.
 */
#ifndef _KL_VMX_VMCS_H
#define _KL_VMX_VMCS_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct kl_vmcs - one VMCS region and where it is active
 * @va: the region, a page of its own
 * @pa: its HPA
 * @cpu: CPU on which it is active, -1 if on none
 * @launched: its launch state is "launched": enter with VMRESUME
 * @link: in the list of VMCSs active on @cpu
 */
struct kl_vmcs {
	void *va;
	u64 pa;
	int cpu;
	bool launched;
	struct list_head link;
};

int kl_vmcs_alloc(struct kl_vmcs *vmcs);
void kl_vmcs_free(struct kl_vmcs *vmcs);
bool kl_vmcs_load(struct kl_vmcs *vmcs);
void kl_vmcs_clear(struct kl_vmcs *vmcs);
void kl_vmcs_clear_cpu(void);
void kl_vmcs_emergency(void);
void kl_vmcs_init_cpu(int cpu);

#endif /* _KL_VMX_VMCS_H */
