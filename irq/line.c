// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt lines and messages from userspace and devices, through the routing
 * table to PIC, IOAPIC and local APICs.
 *
 * tour 31: kl_irq_line() is the whole path of an interrupt on one page: look up
 * the GSI, do what each of its routes says.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "../uapi/object.h"
#include "irqchip.h"
#include "lapic.h"
#include "routing.h"

static int follow(struct kl_vm *vm, const struct kl_route *route, bool level, u32 source)
{
	switch (route->kind) {
	case KL_ROUTE_PIC:
		return kl_irqchip_pic_line(vm, route->pin, level, source);
	case KL_ROUTE_IOAPIC:
		return kl_irqchip_ioapic_line(vm, route->pin, level, source);
	case KL_ROUTE_MSI:
		return level ? kl_intr_send(vm, NULL, &route->intr) : -1;
	}
	return -1;
}

/**
 * kl_irq_line - change a global system interrupt's line
 * @vm: the VM
 * @gsi: the GSI; one without a route is ignored
 * @level: what @source wants: not 0 is active. A message is sent for active only
 * @source: KL_IRQ_SOURCE_*
 * @status: out, may be NULL: above 0 delivered to so many, 0 merged with a
 *	pending one, below 0 masked or without a route
 *
 * Context: any, hard interrupts included.
 *
 * Return: 0; -ENXIO without an irqchip in the kernel; -EINVAL for @source.
 */
int kl_irq_line(struct kl_vm *vm, u32 gsi, int level, u32 source, int *status)
{
	const struct kl_routing *table;
	const struct kl_route *route;
	int idx, one, sum = -1;
	unsigned int nr;

	if (!kl_irqchip_in_kernel(vm))
		return -ENXIO;
	if (source >= KL_IRQ_SOURCES)
		return -EINVAL;
	idx = srcu_read_lock(&vm->irq.srcu);
	table = srcu_dereference(vm->irq.routing, &vm->irq.srcu);
	for (route = kl_routing_find(table, gsi, &nr); nr; nr--, route++) {
		one = follow(vm, route, level, source);
		if (one >= 0)
			sum = one + max(sum, 0);
	}
	srcu_read_unlock(&vm->irq.srcu, idx);
	if (status)
		*status = sum;
	return 0;
}

/**
 * kl_irq_msi - KVM_SIGNAL_MSI
 * @vm: the VM
 * @msi: the message
 *
 * Return: above 0 if the guest got it, 0 if the guest blocked it; -ENXIO without
 * an irqchip in the kernel; -EINVAL for flags.
 */
int kl_irq_msi(struct kl_vm *vm, const struct kvm_msi *msi)
{
	struct kl_intr intr;

	if (!kl_irqchip_in_kernel(vm))
		return -ENXIO;
	if (msi->flags)
		return -EINVAL;
	intr = kl_msi_decode(msi->address_lo, msi->data);
	/* One that is pending already reaches the guest all the same. */
	return kl_intr_send(vm, NULL, &intr) >= 0;
}

/**
 * kl_routing_set - KVM_SET_GSI_ROUTING: replace the table
 * @vm: the VM, vm->lock held
 * @entries: the new table
 * @nr: entries in it, 0 for none
 *
 * Interrupts on their way by the old table have arrived when this returns.
 *
 * Return: 0; -EINVAL for a table that kl_routing_fill() refuses; -ENOMEM.
 */
int kl_routing_set(struct kl_vm *vm, const struct kvm_irq_routing_entry *entries,
		   unsigned int nr)
{
	struct kl_routing *table, *old;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (nr > KL_MAX_ROUTES)
		return -EINVAL;
	table = kvzalloc(struct_size(table, route, nr), GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	ret = kl_routing_fill(table, entries, nr);
	if (ret) {
		kvfree(table);
		return ret;
	}
	old = rcu_replace_pointer(vm->irq.routing, table, lockdep_is_held(&vm->lock));
	synchronize_srcu_expedited(&vm->irq.srcu);
	kvfree(old);
	return 0;
}

static void add_route(struct kvm_irq_routing_entry *e, u32 gsi, u32 chip, u32 pin)
{
	e->gsi = gsi;
	e->type = KVM_IRQ_ROUTING_IRQCHIP;
	e->u.irqchip.irqchip = chip;
	e->u.irqchip.pin = pin;
}

/**
 * kl_routing_default - the routing that KVM_CREATE_IRQCHIP makes
 * @vm: the VM, vm->lock held
 *
 * GSI 0 to 15 lead to the PIC line and the IOAPIC pin of the same number, 16 to
 * 23 to the IOAPIC. A PC has the timer, GSI 0, on pin 2: clients that tell the
 * guest so set a table of their own, as they do with /dev/kvm.
 *
 * Return: as kl_routing_set().
 */
int kl_routing_default(struct kl_vm *vm)
{
	struct kvm_irq_routing_entry *e;
	unsigned int nr = 0;
	u32 gsi;
	int ret;

	e = kcalloc(KL_PIC_PINS + KVM_IOAPIC_NUM_PINS, sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	for (gsi = 0; gsi < KVM_IOAPIC_NUM_PINS; gsi++) {
		if (gsi < KL_PIC_PINS)
			add_route(&e[nr++], gsi,
				  gsi < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE,
				  gsi % 8);
		add_route(&e[nr++], gsi, KVM_IRQCHIP_IOAPIC, gsi);
	}
	ret = kl_routing_set(vm, e, nr);
	kfree(e);
	return ret;
}
