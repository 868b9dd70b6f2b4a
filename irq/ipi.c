// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a message to the local APICs it is for (SDM, "Delivery Modes" and
 * "Lowest Priority Delivery Mode").
 */
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <asm/apicdef.h>

#include "../uapi/object.h"
#include "lapic.h"

/* The one vCPU a physical destination names, the usual case, or NULL. */
static struct kl_vcpu *by_id(struct kl_vm *vm, u32 id)
{
	struct kl_vcpu *vcpu;
	unsigned int i;

	/* Most clients number their vCPUs as they create them. */
	if (id < smp_load_acquire(&vm->nr_vcpus)) {
		vcpu = vm->vcpus[array_index_nospec(id, KL_MAX_VCPUS)];
		if (vcpu->id == id)
			return vcpu;
	}
	kl_for_each_vcpu(i, vcpu, vm)
		if (vcpu->id == id)
			return vcpu;
	return NULL;
}

static bool meant(struct kl_vcpu *vcpu, struct kl_vcpu *from, const struct kl_intr *intr)
{
	if (!kl_lapic_enabled(vcpu))
		return false;
	switch (intr->shorthand) {
	case KL_TO_SELF:
		return vcpu == from;
	case KL_TO_OTHERS:
		return vcpu != from;
	case KL_TO_ALL:
		return true;
	default:
		return kl_apic_match(&vcpu->irq.lapic->a, intr->dest, intr->logical);
	}
}

/* One of those that are meant: of those with the lowest priority the next one. */
static int send_lowest(struct kl_vm *vm, struct kl_vcpu *from, const struct kl_intr *intr)
{
	/* Pairs with the release that publishes a vCPU: its slot is filled. */
	unsigned int i, nr = smp_load_acquire(&vm->nr_vcpus);
	struct kl_vcpu *vcpu, *best = NULL;
	unsigned int first = READ_ONCE(vm->irq.next_lowest);
	unsigned int best_ppr = 0x100, at = 0;

	for (i = 0; i < nr; i++) {
		unsigned int place = (first + i) % nr;
		unsigned int ppr;

		vcpu = vm->vcpus[place];
		if (!meant(vcpu, from, intr) ||
		    !(kl_apic_get(&vcpu->irq.lapic->a, APIC_SPIV) & APIC_SPIV_APIC_ENABLED))
			continue;
		ppr = kl_apic_ppr(&vcpu->irq.lapic->a);
		if (ppr < best_ppr) {
			best = vcpu;
			best_ppr = ppr;
			at = place;
		}
	}
	if (!best)
		return -1;
	WRITE_ONCE(vm->irq.next_lowest, at + 1);
	return kl_lapic_accept(best, intr);
}

/**
 * kl_intr_send - deliver a message
 * @vm: the VM
 * @from: the vCPU that sends it, NULL for a device
 * @intr: the message
 *
 * Context: any, hard interrupts included.
 *
 * Return: > 0 how many APICs took it, 0 if it was pending at all of those,
 * -1 if nobody took it.
 */
int kl_intr_send(struct kl_vm *vm, struct kl_vcpu *from, const struct kl_intr *intr)
{
	struct kl_vcpu *vcpu;
	unsigned int i;
	int ret = -1, one;

	if (intr->shorthand == KL_TO_SELF && from)
		return kl_lapic_accept(from, intr);
	if (intr->mode == KL_INTR_LOWEST)
		return send_lowest(vm, from, intr);
	if (intr->shorthand == KL_TO_DEST && !intr->logical && intr->dest != KL_DEST_ALL) {
		vcpu = by_id(vm, intr->dest);
		return vcpu && kl_lapic_enabled(vcpu) ? kl_lapic_accept(vcpu, intr) : -1;
	}
	kl_for_each_vcpu(i, vcpu, vm) {
		if (!meant(vcpu, from, intr))
			continue;
		one = kl_lapic_accept(vcpu, intr);
		if (one >= 0)
			ret = one + max(ret, 0);
	}
	return ret;
}
