/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX operation on every CPU, from module load to unload.
 */
#ifndef _KL_VMX_VMXON_H
#define _KL_VMX_VMXON_H

#include <linux/types.h>

#include "caps.h"

extern struct kl_vmx_caps kl_caps;

int kl_vmx_init(void);
void kl_vmx_exit(void);
u32 kl_vmx_revision(void);
bool kl_vmx_is_on(void);
u16 kl_vpid_alloc(void);
void kl_vpid_free(u16 vpid);

#endif /* _KL_VMX_VMXON_H */
