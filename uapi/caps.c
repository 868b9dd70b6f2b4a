// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CHECK_EXTENSION: which parts of the /dev/kvm ABI are here.
 *
 * tour 63: a capability stands in this table only if all that it promises works;
 * whatever is not in it is answered with 0.
 */
#include <linux/cpumask.h>
#include <linux/kvm.h>

#include "../vmx/cpuid.h"
#include "internal.h"
#include "object.h"

/**
 * struct kl_cap - one capability
 * @cap: KVM_CAP_*
 * @value: what KVM_CHECK_EXTENSION returns
 */
struct kl_cap {
	u32 cap;
	int value;
};

/* Ascending by number, for the search and for the reader with kvm.h beside. */
static const struct kl_cap kl_caps_table[] = {
	{ KVM_CAP_IRQCHIP, 1 },
	{ KVM_CAP_HLT, 1 },
	{ KVM_CAP_USER_MEMORY, 1 },
	{ KVM_CAP_SET_TSS_ADDR, 1 },
	{ KVM_CAP_EXT_CPUID, 1 },
	{ KVM_CAP_NR_VCPUS, KL_MAX_VCPUS },
	{ KVM_CAP_NR_MEMSLOTS, KL_MAX_MEMSLOTS },
	{ KVM_CAP_MP_STATE, 1 },
	{ KVM_CAP_SYNC_MMU, 1 },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1 },
	{ KVM_CAP_USER_NMI, 1 },
	{ KVM_CAP_REINJECT_CONTROL, 1 },
	{ KVM_CAP_IRQ_ROUTING, KL_MAX_IRQ_ROUTES },
	{ KVM_CAP_IRQ_INJECT_STATUS, 1 },
	{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1 },
	{ KVM_CAP_PIT2, 1 },
	{ KVM_CAP_PIT_STATE2, 1 },
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, 1 },
	{ KVM_CAP_INTERNAL_ERROR_DATA, 1 },
	{ KVM_CAP_XSAVE, 1 },
	{ KVM_CAP_XCRS, 1 },
	{ KVM_CAP_GET_TSC_KHZ, 1 },
	{ KVM_CAP_MAX_VCPUS, KL_MAX_VCPUS },
	{ KVM_CAP_TSC_DEADLINE_TIMER, 1 },
	{ KVM_CAP_SIGNAL_MSI, 1 },
	{ KVM_CAP_READONLY_MEM, 1 },
	{ KVM_CAP_CHECK_EXTENSION_VM, 1 },
	{ KVM_CAP_MAX_VCPU_ID, KL_MAX_VCPU_ID },
	{ KVM_CAP_IMMEDIATE_EXIT, 1 },
	{ KVM_CAP_BINARY_STATS_FD, 1 },
	{ KVM_CAP_XSAVE2, sizeof(struct kvm_xsave) },
#ifdef KVM_CAP_USER_MEMORY2
	{ KVM_CAP_USER_MEMORY2, 1 },
#endif
};

/**
 * kl_caps_table_ok - is the table of capabilities fit to be searched?
 *
 * Return: true if it is sorted and has no number twice.
 */
bool kl_caps_table_ok(void)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(kl_caps_table); i++)
		if (kl_caps_table[i - 1].cap >= kl_caps_table[i].cap) {
			pr_err("capability %u stands after %u\n", kl_caps_table[i].cap,
			       kl_caps_table[i - 1].cap);
			return false;
		}
	return true;
}

/* The value of a capability on this machine. */
static long kl_cap_here(const struct kl_cap *cap)
{
	switch (cap->cap) {
	case KVM_CAP_NR_VCPUS:
		return min_t(long, cap->value, num_online_cpus());
	case KVM_CAP_XCRS:
		return kl_cpuid_xcr0() ? cap->value : 0;
	default:
		return cap->value;
	}
}

/**
 * kl_check_extension - KVM_CHECK_EXTENSION, on /dev/kvmlite and on a VM
 * @call: arg: KVM_CAP_*
 *
 * Return: the value of the capability, 0 for any that is not there.
 */
long kl_check_extension(struct kl_call *call)
{
	unsigned int lo = 0, hi = ARRAY_SIZE(kl_caps_table);

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (kl_caps_table[mid].cap == call->arg)
			return kl_cap_here(&kl_caps_table[mid]);
		if (kl_caps_table[mid].cap < call->arg)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}
