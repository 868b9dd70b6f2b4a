// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOAPIC's pins and registers, MSIs, and the GSI routing table.
 */
#include <irq/ioapic.h>
#include <irq/routing.h>
#include "kt.h"

#define LEVEL 0x8000
#define MASKED 0x10000
#define REMOTE_IRR 0x4000
#define LOGICAL 0x800

static struct kl_ioapic io;
static struct kl_intr last;
static unsigned int sent;
static int answer;

static int deliver(void *ctx, const struct kl_intr *intr)
{
	last = *intr;
	sent++;
	return answer;
}

static void setup(void)
{
	kl_ioapic_init(&io, deliver, NULL);
	memset(&last, 0, sizeof(last));
	sent = 0;
	answer = 1;
}

static u32 rd(u32 index)
{
	kl_ioapic_write(&io, 0x00, index);
	return kl_ioapic_read(&io, 0x10);
}

static void wr(u32 index, u32 value)
{
	kl_ioapic_write(&io, 0x00, index);
	kl_ioapic_write(&io, 0x10, value);
}

static void redir(unsigned int pin, u32 low, u8 dest)
{
	wr(0x11 + 2 * pin, (u32)dest << 24);
	wr(0x10 + 2 * pin, low);
}

KT_TEST(registers)
{
	setup();
	EXPECT_EQ(rd(1), 0x170011);
	wr(0, 0xffffffff);
	EXPECT_EQ(rd(0), 0x0f000000);
	EXPECT_EQ(rd(2), 0x0f000000);
	wr(1, 0);
	EXPECT_EQ(rd(1), 0x170011);
	EXPECT_EQ(rd(0x10), MASKED);
	wr(0x10, 0xffffffff);
	EXPECT_EQ(rd(0x10), 0x1afff);
	wr(0x11, 0xffffffff);
	EXPECT_EQ(rd(0x11), 0xff000000);
	EXPECT_EQ(rd(0x40), 0);
	wr(0x40, 1);
	EXPECT_EQ(rd(0xff), 0);
	EXPECT_EQ(kl_ioapic_read(&io, 0x40), 0);
	EXPECT_EQ(kl_ioapic_read(&io, 0x00), 0xff);
}

KT_TEST(edge)
{
	setup();
	EXPECT_EQ(kl_ioapic_line(&io, 4, true), -1); /* masked */
	kl_ioapic_line(&io, 4, false);
	redir(4, 0x31, 2);
	EXPECT_EQ(sent, 0);
	EXPECT_EQ(kl_ioapic_line(&io, 4, true), 1);
	EXPECT_EQ(sent, 1);
	EXPECT_EQ(last.vector, 0x31);
	EXPECT_EQ(last.dest, 2);
	EXPECT_EQ(last.mode, KL_INTR_FIXED);
	EXPECT(!last.level && !last.logical);
	/* High is not an edge. */
	EXPECT_EQ(kl_ioapic_line(&io, 4, true), 0);
	EXPECT_EQ(sent, 1);
	EXPECT_EQ(kl_ioapic_line(&io, 4, false), 1);
	EXPECT_EQ(kl_ioapic_line(&io, 4, true), 1);
	EXPECT_EQ(sent, 2);
	EXPECT(!(io.redir[4] & REMOTE_IRR));
	EXPECT_EQ(kl_ioapic_line(&io, 24, true), -1);
}

/* An edge while masked is lost; a level is not. */
KT_TEST(unmask)
{
	setup();
	redir(3, 0x40 | MASKED, 0);
	kl_ioapic_line(&io, 3, true);
	redir(3, 0x40, 0);
	EXPECT_EQ(sent, 0);
	redir(5, 0x41 | LEVEL | MASKED, 0);
	kl_ioapic_line(&io, 5, true);
	EXPECT_EQ(sent, 0);
	redir(5, 0x41 | LEVEL, 0);
	EXPECT_EQ(sent, 1);
	EXPECT_EQ(last.vector, 0x41);
}

KT_TEST(level_and_eoi)
{
	setup();
	redir(9, 0x51 | LEVEL | LOGICAL, 3);
	EXPECT_EQ(kl_ioapic_line(&io, 9, true), 1);
	EXPECT(last.level && last.logical);
	EXPECT_EQ(rd(0x22) & REMOTE_IRR, REMOTE_IRR);
	/* Sent once until its end. */
	EXPECT_EQ(kl_ioapic_line(&io, 9, true), 0);
	kl_ioapic_eoi(&io, 0x52);
	EXPECT_EQ(sent, 1);
	kl_ioapic_eoi(&io, 0x51);
	EXPECT_EQ(sent, 2);
	EXPECT_EQ(rd(0x22) & REMOTE_IRR, REMOTE_IRR);
	kl_ioapic_line(&io, 9, false);
	kl_ioapic_eoi(&io, 0x51);
	EXPECT_EQ(sent, 2);
	EXPECT_EQ(rd(0x22) & REMOTE_IRR, 0);
	/* Masked at its end: sent when it is unmasked. */
	kl_ioapic_line(&io, 9, true);
	redir(9, 0x51 | LEVEL | LOGICAL | MASKED, 3);
	EXPECT_EQ(rd(0x22) & REMOTE_IRR, REMOTE_IRR);
	kl_ioapic_eoi(&io, 0x51);
	EXPECT_EQ(sent, 3);
	redir(9, 0x51 | LEVEL | LOGICAL, 3);
	EXPECT_EQ(sent, 4);
}

KT_TEST(eoi_reaches_all_pins_of_a_vector)
{
	setup();
	redir(6, 0x60 | LEVEL, 0);
	redir(7, 0x60 | LEVEL, 0);
	kl_ioapic_line(&io, 6, true);
	kl_ioapic_line(&io, 7, true);
	EXPECT_EQ(sent, 2);
	kl_ioapic_eoi(&io, 0x60);
	EXPECT_EQ(sent, 4);
}

KT_TEST(edge_mode_clears_remote_irr)
{
	setup();
	redir(10, 0x55 | LEVEL, 0);
	kl_ioapic_line(&io, 10, true);
	redir(10, 0x55 | MASKED, 0);
	EXPECT_EQ(rd(0x24) & REMOTE_IRR, 0);
	redir(10, 0x55 | LEVEL | MASKED, 0);
	EXPECT_EQ(rd(0x24) & REMOTE_IRR, 0);
}

KT_TEST(nobody_there)
{
	setup();
	answer = -1;
	redir(11, 0x66 | LEVEL, 9);
	EXPECT_EQ(kl_ioapic_line(&io, 11, true), -1);
	EXPECT_EQ(rd(0x26) & REMOTE_IRR, 0);
	/* Pending there already is as good as taken. */
	answer = 0;
	EXPECT_EQ(kl_ioapic_line(&io, 11, true), 0);
	EXPECT_EQ(rd(0x26) & REMOTE_IRR, REMOTE_IRR);
}

KT_TEST(delivery_modes)
{
	static const struct {
		u8 mode;
		bool sends;
		bool level;
	} rows[] = {
		{ KL_INTR_FIXED, true, true }, { KL_INTR_LOWEST, true, true },
		{ KL_INTR_SMI, true, false }, { KL_INTR_RESERVED, false, false },
		{ KL_INTR_NMI, true, false }, { KL_INTR_INIT, true, false },
		{ KL_INTR_SIPI, false, false }, { KL_INTR_EXTINT, true, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		setup();
		redir(1, 0x70 | rows[i].mode << 8 | LEVEL, 0xff);
		kl_ioapic_line(&io, 1, true);
		EXPECT_EQ(sent, rows[i].sends);
		EXPECT_EQ(last.level, rows[i].level);
		EXPECT_EQ(!!(rd(0x12) & REMOTE_IRR), rows[i].level);
		if (rows[i].sends) {
			EXPECT_EQ(last.mode, rows[i].mode);
			EXPECT_EQ(last.dest, KL_DEST_ALL);
		}
	}
}

KT_TEST(state)
{
	struct kvm_ioapic_state s, t;

	setup();
	wr(0, 0x05000000);
	redir(9, 0x51 | LEVEL, 3);
	kl_ioapic_line(&io, 9, true);
	kl_ioapic_get(&io, &s);
	EXPECT_EQ(s.base_address, 0xfec00000);
	EXPECT_EQ(s.id, 5);
	EXPECT_EQ(s.irr, 1 << 9);
	EXPECT_EQ(s.redirtbl[9].fields.vector, 0x51);
	EXPECT_EQ(s.redirtbl[9].fields.remote_irr, 1);
	EXPECT_EQ(s.redirtbl[9].fields.dest_id, 3);
	setup();
	EXPECT_EQ(kl_ioapic_set(&io, &s), 0);
	EXPECT_EQ(sent, 0); /* it is in service */
	kl_ioapic_get(&io, &t);
	EXPECT(!memcmp(&s, &t, sizeof(s)));
	kl_ioapic_eoi(&io, 0x51);
	EXPECT_EQ(sent, 1);
	/* One that was not yet sent is. */
	s.redirtbl[9].fields.remote_irr = 0;
	EXPECT_EQ(kl_ioapic_set(&io, &s), 0);
	EXPECT_EQ(sent, 2);
	s.base_address += 0x1000;
	EXPECT_EQ(kl_ioapic_set(&io, &s), -EINVAL);
}

KT_TEST(msi)
{
	struct kl_intr i = kl_msi_decode(0xfee03000, 0x41);

	EXPECT_EQ(i.dest, 3);
	EXPECT_EQ(i.vector, 0x41);
	EXPECT(i.mode == KL_INTR_FIXED && !i.logical && !i.level);
	/* Relative addresses, broadcast. */
	EXPECT_EQ(kl_msi_decode(0x1000, 0x41).dest, 1);
	EXPECT_EQ(kl_msi_decode(0xfeeff000, 0x41).dest, KL_DEST_ALL);
	i = kl_msi_decode(0xfeeff00c, 0x8041);
	EXPECT_EQ(i.dest, 0xff);
	EXPECT(i.mode == KL_INTR_LOWEST && i.logical && i.level);
	i = kl_msi_decode(0xfee00008, 0x8441);
	EXPECT(i.mode == KL_INTR_NMI && !i.level);
}

static struct kvm_irq_routing_entry entry(u32 gsi, u32 chip, u32 pin)
{
	struct kvm_irq_routing_entry e = { .gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP };

	e.u.irqchip.irqchip = chip;
	e.u.irqchip.pin = pin;
	return e;
}

static struct kvm_irq_routing_entry msi_entry(u32 gsi, u32 data)
{
	struct kvm_irq_routing_entry e = { .gsi = gsi, .type = KVM_IRQ_ROUTING_MSI };

	e.u.msi.address_lo = 0xfee00000;
	e.u.msi.data = data;
	return e;
}

static int fill(struct kl_routing **table, const struct kvm_irq_routing_entry *e,
		unsigned int nr)
{
	int ret;

	*table = calloc(1, struct_size(*table, route, nr));
	ret = kl_routing_fill(*table, e, nr);
	if (ret)
		free(*table);
	return ret;
}

KT_TEST(routing_lookup)
{
	const struct kvm_irq_routing_entry e[] = {
		msi_entry(4095, 0x99), entry(5, 2, 5), entry(0, 0, 0), msi_entry(30, 0x44),
		entry(5, 0, 5), entry(0, 2, 2), entry(9, 1, 1),
	};
	const struct kl_route *r;
	struct kl_routing *t;
	unsigned int nr;

	ASSERT_EQ(fill(&t, e, ARRAY_SIZE(e)), 0);
	r = kl_routing_find(t, 0, &nr);
	EXPECT_EQ(nr, 2);
	EXPECT(r[0].kind == KL_ROUTE_PIC && r[0].pin == 0);
	EXPECT(r[1].kind == KL_ROUTE_IOAPIC && r[1].pin == 2);
	r = kl_routing_find(t, 5, &nr);
	EXPECT_EQ(nr, 2);
	EXPECT(r[0].kind == KL_ROUTE_IOAPIC && r[1].kind == KL_ROUTE_PIC);
	r = kl_routing_find(t, 9, &nr);
	EXPECT_EQ(nr, 1);
	EXPECT_EQ(r->pin, 9);
	r = kl_routing_find(t, 4095, &nr);
	EXPECT_EQ(nr, 1);
	EXPECT_EQ(r->intr.vector, 0x99);
	EXPECT(!kl_routing_find(t, 1, &nr) && !nr);
	EXPECT(!kl_routing_find(t, 4096, &nr) && !nr);
	EXPECT(!kl_routing_find(t, 0xffffffff, &nr) && !nr);
	free(t);
	ASSERT_EQ(fill(&t, e, 0), 0);
	EXPECT(!kl_routing_find(t, 0, &nr));
	free(t);
}

KT_TEST(routing_full)
{
	struct kvm_irq_routing_entry *e = calloc(KL_MAX_ROUTES + 1, sizeof(*e));
	struct kl_routing *t;
	unsigned int i, nr;

	for (i = 0; i < KL_MAX_ROUTES; i++)
		e[i] = msi_entry(KL_MAX_ROUTES - 1 - i, i);
	ASSERT_EQ(fill(&t, e, KL_MAX_ROUTES), 0);
	for (i = 0; i < KL_MAX_ROUTES; i++)
		EXPECT_EQ(kl_routing_find(t, i, &nr)->intr.vector,
			  (KL_MAX_ROUTES - 1 - i) & 0xff);
	free(t);
	EXPECT_EQ(fill(&t, e, KL_MAX_ROUTES + 1), -EINVAL);
	free(e);
}

KT_TEST(routing_refuses)
{
	struct kvm_irq_routing_entry bad[][2] = {
		{ entry(4096, 2, 0), entry(1, 2, 1) }, /* GSI */
		{ entry(1, 3, 0), entry(2, 2, 1) }, /* chip */
		{ entry(1, 2, 24), entry(2, 2, 1) }, /* pins */
		{ entry(1, 0, 8), entry(2, 2, 1) },
		{ entry(1, 1, 8), entry(2, 2, 1) },
		{ entry(1, 2, 0xffffffff), entry(2, 2, 1) },
		{ entry(1, 2, 1), entry(1, 2, 2) }, /* twice to one chip */
		{ entry(1, 0, 1), entry(1, 0, 2) },
		{ entry(1, 2, 1), msi_entry(1, 1) }, /* a message and more */
		{ msi_entry(1, 2), msi_entry(1, 1) },
		{ entry(1, 2, 1), entry(2, 2, 2) }, /* flags, see below */
		{ entry(1, 2, 1), entry(2, 2, 2) }, /* type, see below */
	};
	struct kl_routing *t;
	unsigned int i;

	bad[10][1].flags = KVM_MSI_VALID_DEVID;
	bad[11][1].type = KVM_IRQ_ROUTING_HV_SINT;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(fill(&t, bad[i], 2), -EINVAL);
	/* Master and slave are two chips. */
	bad[0][0] = entry(1, 0, 1);
	bad[0][1] = entry(1, 1, 1);
	ASSERT_EQ(fill(&t, bad[0], 2), 0);
	free(t);
}

KT_TEST(fuzz)
{
	unsigned int seed = 82093, i, pin;

	setup();
	for (i = 0; i < 300000; i++) {
		unsigned int r = rand_r(&seed);
		u32 value = (u32)rand_r(&seed) << 1 ^ rand_r(&seed);

		answer = (int)(value % 3) - 1;
		switch (r & 7) {
		case 0:
			kl_ioapic_write(&io, r >> 4 & 0xff, value);
			break;
		case 1:
		case 2:
			wr(0x10 + (r >> 4) % 50, value & ~MASKED);
			break;
		case 3:
			rd(r >> 4);
			break;
		case 4:
			kl_ioapic_eoi(&io, value);
			break;
		default:
			kl_ioapic_line(&io, r >> 4 & 31, value & 1);
		}
		for (pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++)
			if (io.redir[pin] & REMOTE_IRR)
				ASSERT(io.redir[pin] & LEVEL);
		ASSERT(!(io.irr >> KVM_IOAPIC_NUM_PINS));
	}
	EXPECT(sent > 1000);
}

KT_MAIN
