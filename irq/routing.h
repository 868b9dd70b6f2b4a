/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The GSI routing table: what a global system interrupt is connected to. Pure
 * code: line.c publishes tables and follows them.
 */
#ifndef _KL_IRQ_ROUTING_H
#define _KL_IRQ_ROUTING_H

#include <linux/kvm.h>
#include <linux/types.h>

#include "intr.h"

/* Both the entries of a table and the GSIs in it stay below this. */
#define KL_MAX_ROUTES 4096

/* What a GSI can be connected to. */
enum kl_route_kind {
	KL_ROUTE_PIC,
	KL_ROUTE_IOAPIC,
	KL_ROUTE_MSI,
	KL_ROUTE_NONE,
};

/**
 * struct kl_route - one connection
 * @gsi: of this GSI
 * @kind: to what
 * @pin: line of the PIC pair (0 to 15) or pin of the IOAPIC (0 to 23)
 * @intr: message of an MSI
 */
struct kl_route {
	u16 gsi;
	u8 kind;
	u8 pin;
	struct kl_intr intr;
};

/**
 * struct kl_routing - a table, immutable once published
 * @nr_gsis: GSIs at and above this have no route
 * @first: routes of GSI g are those from first[g] up to first[g + 1]
 * @nr: number of routes
 * @route: the routes in order of GSI
 */
struct kl_routing {
	u32 nr_gsis;
	u16 first[KL_MAX_ROUTES + 1];
	u32 nr;
	struct kl_route route[];
};

struct kl_intr kl_msi_decode(u32 address_lo, u32 data);
int kl_routing_fill(struct kl_routing *table, const struct kvm_irq_routing_entry *entries,
		    unsigned int nr);
const struct kl_route *kl_routing_find(const struct kl_routing *table, u32 gsi,
				       unsigned int *nr);

#endif /* _KL_IRQ_ROUTING_H */
