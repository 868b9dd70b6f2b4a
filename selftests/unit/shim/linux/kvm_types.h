/* SPDX-License-Identifier: GPL-2.0-only */
/* Address kinds, as the kernel's <linux/kvm_types.h> names them. */
#ifndef KL_UNIT_SHIM_KVM_TYPES_H
#define KL_UNIT_SHIM_KVM_TYPES_H

#include <linux/types.h>

typedef unsigned long gva_t;
typedef u64 gpa_t;
typedef u64 gfn_t;
typedef unsigned long hva_t;
typedef u64 hpa_t;
typedef u64 hfn_t;
typedef hfn_t kvm_pfn_t;

#endif /* KL_UNIT_SHIM_KVM_TYPES_H */
