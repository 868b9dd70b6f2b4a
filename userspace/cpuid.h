/* SPDX-License-Identifier: GPL-2.0-only */
/* What CPUID tells a guest about itself. */
#ifndef KL_USER_CPUID_H
#define KL_USER_CPUID_H

#include "libkvmlite/api.h"

void kl_cpuid_for_vcpu(struct kl_cpuid *cpuid, unsigned int apic_id,
		       unsigned int cpus, unsigned int tsc_khz, bool deadline);

#endif /* KL_USER_CPUID_H */
