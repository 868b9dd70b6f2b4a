// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPUID table of one vCPU: what the hypervisor supports, with the vCPU's
 * own APIC ID, the topology (one package, one thread for each core) and the
 * TSC frequency, so that Linux need not calibrate it.
 */
#include <string.h>

#include "cpuid.h"

#define KL_1C_TSC_DEADLINE BIT(24)
#define KL_1C_HYPERVISOR BIT(31)
#define KL_1D_HTT BIT(28)

static struct kvm_cpuid_entry2 *kl_leaf(struct kl_cpuid *cpuid, uint32_t leaf)
{
	unsigned int i;

	for (i = 0; i < cpuid->head.nent; i++)
		if (cpuid->entries[i].function == leaf)
			return &cpuid->entries[i];
	return NULL;
}

/* APIC ID bits that number the cores. */
static unsigned int kl_core_bits(unsigned int cpus)
{
	unsigned int bits = 0;

	while (1u << bits < cpus)
		bits++;
	return bits;
}

static void kl_leaf_1(struct kvm_cpuid_entry2 *e, unsigned int apic_id,
		      unsigned int cpus, bool deadline)
{
	unsigned int ids = 1u << kl_core_bits(cpus);

	e->ebx = (e->ebx & 0xff00) | apic_id << 24 | ids << 16;
	e->ecx |= KL_1C_HYPERVISOR;
	if (deadline)
		e->ecx |= KL_1C_TSC_DEADLINE;
	if (cpus > 1)
		e->edx |= KL_1D_HTT;
	else
		e->edx &= ~KL_1D_HTT;
}

/*
 * Extended topology: subleaf 0 is the thread, 1 the core, 2 the end. The
 * supported table may have only the first of them: all three are made anew.
 */
static void kl_leaf_topology(struct kl_cpuid *cpuid, uint32_t leaf,
			     unsigned int apic_id, unsigned int cpus)
{
	unsigned int i, n = 0, had = cpuid->head.nent;
	struct kvm_cpuid_entry2 *e;

	for (i = 0; i < had; i++)
		if (cpuid->entries[i].function != leaf)
			cpuid->entries[n++] = cpuid->entries[i];
	cpuid->head.nent = n;
	if (n == had || n + 3 > KL_MAX_CPUID)
		return;
	for (i = 0; i < 3; i++) {
		e = &cpuid->entries[cpuid->head.nent++];
		memset(e, 0, sizeof(*e));
		e->function = leaf;
		e->index = i;
		e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		e->ecx = i;
		e->edx = apic_id;
		if (i == 0) {
			e->ebx = 1;
			e->ecx |= 1 << 8;
		} else if (i == 1) {
			e->eax = kl_core_bits(cpus);
			e->ebx = cpus;
			e->ecx |= 2 << 8;
		}
	}
}

/*
 * Leaf 0x15 says TSC = crystal * EBX / EAX. Here the crystal is the TSC. Linux
 * takes the crystal for the clock of the LAPIC timer too, unless there is the
 * TSC-deadline timer: without that the leaf stays as it is. A guest that knows
 * the frequency need not spend tens of milliseconds measuring it.
 */
static void kl_leaf_tsc(struct kl_cpuid *cpuid, unsigned int tsc_khz)
{
	struct kvm_cpuid_entry2 *base = kl_leaf(cpuid, 0);
	struct kvm_cpuid_entry2 *one = kl_leaf(cpuid, 1);
	struct kvm_cpuid_entry2 *e;
	uint32_t leaf;
	bool deadline;

	if (!base || !one || !tsc_khz || tsc_khz > UINT32_MAX / 1000)
		return;
	if (base->ebx != 0x756e6547 || base->edx != 0x49656e69 ||
	    base->ecx != 0x6c65746e) /* "GenuineIntel" */
		return;
	deadline = one->ecx & KL_1C_TSC_DEADLINE;
	/* The kernel's table may end before; what lies between reads as zero. */
	if (deadline && base->eax < 0x16)
		base->eax = 0x16;
	for (leaf = 0x15; leaf <= 0x16 && leaf <= base->eax; leaf++) {
		if (leaf == 0x15 && !deadline)
			continue;
		e = kl_leaf(cpuid, leaf);
		if (!e) {
			if (cpuid->head.nent == KL_MAX_CPUID)
				return;
			e = &cpuid->entries[cpuid->head.nent++];
			memset(e, 0, sizeof(*e));
			e->function = leaf;
		}
		e->eax = leaf == 0x15 ? 1 : (tsc_khz + 500) / 1000;
		e->ebx = leaf == 0x15 ? 1 : (tsc_khz + 500) / 1000;
		e->ecx = leaf == 0x15 ? tsc_khz * 1000 : 0;
		e->edx = 0;
	}
}

/**
 * kl_cpuid_for_vcpu() - make a vCPU's table out of the supported one
 * @cpuid: what kl_api_supported_cpuid() gave; changed in place
 * @apic_id: APIC ID of the vCPU
 * @cpus: number of vCPUs, 1 to 128
 * @tsc_khz: frequency of its TSC in kHz, 0 if unknown
 * @deadline: the kernel's LAPIC has the TSC-deadline timer, which the
 *	supported table does not say (KVM_CAP_TSC_DEADLINE_TIMER does)
 */
void kl_cpuid_for_vcpu(struct kl_cpuid *cpuid, unsigned int apic_id,
		       unsigned int cpus, unsigned int tsc_khz, bool deadline)
{
	unsigned int i;

	for (i = 0; i < cpuid->head.nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		switch (e->function) {
		case 1:
			kl_leaf_1(e, apic_id, cpus, deadline);
			break;
		case 4: /* every cache is shared by one thread */
			if (e->eax & 31)
				e->eax = (e->eax & 0x3fff) | (cpus - 1) << 26;
			break;
		default:
			break;
		}
	}
	kl_leaf_topology(cpuid, 0xb, apic_id, cpus);
	kl_leaf_topology(cpuid, 0x1f, apic_id, cpus);
	kl_leaf_tsc(cpuid, tsc_khz);
}
