// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GSI routing table: made from the client's entries, looked up by GSI.
 *
 * tour 32: one GSI may lead to a PIC line and an IOAPIC pin at once, as an ISA
 * interrupt does on a PC, or to one message.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "ioapic.h"
#include "pic.h"
#include "routing.h"

/**
 * kl_msi_decode - the message that a write of an MSI makes (SDM, "Message
 *	Signalled Interrupts")
 * @address_lo: its address, bits 31:0. The base is not looked at: clients give
 *	addresses relative to it
 * @data: its data
 *
 * Return: the message.
 */
struct kl_intr kl_msi_decode(u32 address_lo, u32 data)
{
	struct kl_intr intr = {
		.dest = address_lo >> 12 & 0xff,
		.vector = data & 0xff,
		.mode = data >> 8 & 7,
		.logical = address_lo & BIT(2),
		.level = data & BIT(15),
	};

	if (!intr.logical && intr.dest == 0xff)
		intr.dest = KL_DEST_ALL;
	/* The redirection hint: one of the processors that are meant. */
	if (intr.logical && (address_lo & BIT(3)) && intr.mode == KL_INTR_FIXED)
		intr.mode = KL_INTR_LOWEST;
	if (intr.mode != KL_INTR_FIXED && intr.mode != KL_INTR_LOWEST)
		intr.level = false;
	return intr;
}

/* Check one entry of the client's and translate it. */
static int translate(struct kl_route *r, const struct kvm_irq_routing_entry *e)
{
	if (e->gsi >= KL_MAX_ROUTES || e->flags)
		return -EINVAL;
	memset(r, 0, sizeof(*r));
	r->gsi = e->gsi;
	switch (e->type) {
	case KVM_IRQ_ROUTING_MSI:
		r->kind = KL_ROUTE_MSI;
		r->intr = kl_msi_decode(e->u.msi.address_lo, e->u.msi.data);
		return 0;
	case KVM_IRQ_ROUTING_IRQCHIP:
		break;
	default:
		return -EINVAL;
	}
	switch (e->u.irqchip.irqchip) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		if (e->u.irqchip.pin >= KL_PIC_PINS / 2)
			return -EINVAL;
		r->kind = KL_ROUTE_PIC;
		r->pin = e->u.irqchip.pin;
		if (e->u.irqchip.irqchip == KVM_IRQCHIP_PIC_SLAVE)
			r->pin += KL_PIC_PINS / 2;
		return 0;
	case KVM_IRQCHIP_IOAPIC:
		if (e->u.irqchip.pin >= KVM_IOAPIC_NUM_PINS)
			return -EINVAL;
		r->kind = KL_ROUTE_IOAPIC;
		r->pin = e->u.irqchip.pin;
		return 0;
	}
	return -EINVAL;
}

/* One GSI leads to each chip once, or to one message and nothing else. */
static bool fits(const struct kl_routing *table, u32 from, u32 to, const struct kl_route *r)
{
	u32 i;

	for (i = from; i < to; i++) {
		const struct kl_route *o = &table->route[i];

		if (o->kind == KL_ROUTE_MSI || r->kind == KL_ROUTE_MSI)
			return false;
		/* Master and slave count as two chips. */
		if (o->kind == r->kind &&
		    (r->kind == KL_ROUTE_IOAPIC || o->pin / 8 == r->pin / 8))
			return false;
	}
	return true;
}

/**
 * kl_routing_fill - make a table
 * @table: out: zeroed, with room for @nr routes
 * @entries: the client's
 * @nr: how many, at most KL_MAX_ROUTES
 *
 * Return: 0; -EINVAL for flags or types we do not know, a GSI, chip or pin that
 * does not exist, or a GSI that leads twice to the same place.
 */
int kl_routing_fill(struct kl_routing *table, const struct kvm_irq_routing_entry *entries,
		    unsigned int nr)
{
	struct kl_route r;
	unsigned int i;
	u32 gsi, at;
	int ret;

	if (nr > KL_MAX_ROUTES)
		return -EINVAL;
	/* Counting sort: how many per GSI, where each begins, put them there. */
	for (i = 0; i < nr; i++) {
		ret = translate(&r, &entries[i]);
		if (ret)
			return ret;
		table->first[r.gsi + 1]++;
		table->nr_gsis = max(table->nr_gsis, r.gsi + 1U);
	}
	for (gsi = 0; gsi < KL_MAX_ROUTES; gsi++)
		table->first[gsi + 1] += table->first[gsi];
	/* Filled places are not all zero: a GSI's routes follow its first. */
	for (i = 0; i < nr; i++)
		table->route[i].kind = KL_ROUTE_NONE;
	for (i = 0; i < nr; i++) {
		ret = translate(&r, &entries[i]);
		if (ret)
			return ret;
		at = table->first[r.gsi];
		/* At most three steps, or it does not fit. */
		while (table->route[at].kind != KL_ROUTE_NONE)
			at++;
		if (!fits(table, table->first[r.gsi], at, &r))
			return -EINVAL;
		table->route[at] = r;
	}
	table->nr = nr;
	return 0;
}

/**
 * kl_routing_find - routes of a GSI
 * @table: the table
 * @gsi: the GSI, any number
 * @nr: out: how many there are
 *
 * Return: the first, or NULL.
 */
const struct kl_route *kl_routing_find(const struct kl_routing *table, u32 gsi,
				       unsigned int *nr)
{
	*nr = 0;
	if (gsi >= table->nr_gsis)
		return NULL;
	gsi = array_index_nospec(gsi, KL_MAX_ROUTES);
	*nr = table->first[gsi + 1] - table->first[gsi];
	return *nr ? &table->route[table->first[gsi]] : NULL;
}
