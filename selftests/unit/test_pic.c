// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PIC pair against the 8259A data sheet: initialization, priorities, end of
 * interrupt in its variants, poll, level-triggered lines, the cascade.
 */
#include <irq/pic.h>
#include "kt.h"

static struct kl_pic pic;

static void wr(u16 port, u8 value)
{
	kl_pic_write(&pic, port, value);
}

static u8 rd(u16 port)
{
	return kl_pic_read(&pic, port);
}

/* Both chips as a PC has them, vectors 0x20 and 0x28, all lines open. */
static void setup(u8 icw4)
{
	kl_pic_init(&pic);
	wr(0x20, 0x11);
	wr(0x21, 0x20);
	wr(0x21, 0x04);
	wr(0x21, icw4);
	wr(0xa0, 0x11);
	wr(0xa1, 0x28);
	wr(0xa1, 0x02);
	wr(0xa1, icw4);
	wr(0x21, 0x00);
	wr(0xa1, 0x00);
}

static int pulse(unsigned int irq)
{
	int ret = kl_pic_line(&pic, irq, true);

	kl_pic_line(&pic, irq, false);
	return ret;
}

static u8 isr(u16 port)
{
	wr(port, 0x0b);
	return rd(port);
}

static u8 irr(u16 port)
{
	wr(port, 0x0a);
	return rd(port);
}

KT_TEST(init_sequence)
{
	setup(1);
	EXPECT_EQ(pic.chip[0].irq_base, 0x20);
	EXPECT_EQ(pic.chip[1].irq_base, 0x28);
	EXPECT_EQ(pic.chip[0].init_state, 0);
	EXPECT_EQ(pic.chip[0].auto_eoi, 0);
	wr(0x21, 0xa5);
	EXPECT_EQ(rd(0x21), 0xa5);
	/* Without ICW4 the fourth byte is a mask. */
	wr(0x20, 0x10);
	wr(0x21, 0x57);
	wr(0x21, 0x04);
	wr(0x21, 0xfe);
	EXPECT_EQ(pic.chip[0].irq_base, 0x50);
	EXPECT_EQ(rd(0x21), 0xfe);
}

KT_TEST(init_forgets_edges)
{
	setup(1);
	kl_pic_line(&pic, 3, true);
	EXPECT(pic.output);
	wr(0x20, 0x11);
	EXPECT(!pic.output);
	wr(0x21, 0x20);
	wr(0x21, 0x04);
	wr(0x21, 0x01);
	/* The line must go low and high again. */
	kl_pic_line(&pic, 3, true);
	EXPECT(!pic.output);
	kl_pic_line(&pic, 3, false);
	kl_pic_line(&pic, 3, true);
	EXPECT(pic.output);
}

KT_TEST(fixed_priorities)
{
	setup(1);
	EXPECT_EQ(pulse(5), 1);
	EXPECT_EQ(pulse(3), 1);
	EXPECT_EQ(kl_pic_ack(&pic), 0x23);
	/* 5 waits behind 3 in service; 1 goes ahead. */
	EXPECT(!pic.output);
	EXPECT_EQ(pulse(1), 1);
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_ack(&pic), 0x21);
	EXPECT_EQ(isr(0x20), 0x0a);
	EXPECT_EQ(irr(0x20), 0x20);
	wr(0x20, 0x20); /* ends 1 */
	EXPECT_EQ(isr(0x20), 0x08);
	EXPECT(!pic.output);
	wr(0x20, 0x20); /* ends 3 */
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_ack(&pic), 0x25);
	wr(0x20, 0x65); /* by number */
	EXPECT_EQ(isr(0x20), 0);
}

KT_TEST(line_status)
{
	setup(1);
	EXPECT_EQ(kl_pic_line(&pic, 4, true), 1);
	kl_pic_line(&pic, 4, false);
	EXPECT_EQ(kl_pic_line(&pic, 4, true), 0);
	wr(0x21, 0x10);
	kl_pic_line(&pic, 4, false);
	EXPECT_EQ(kl_pic_line(&pic, 4, true), -1);
	EXPECT(!pic.output);
	wr(0x21, 0);
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_line(&pic, 2, true), -1);
	EXPECT_EQ(kl_pic_line(&pic, 16, true), -1);
}

KT_TEST(cascade)
{
	setup(1);
	EXPECT_EQ(pulse(12), 1);
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_ack(&pic), 0x2c);
	EXPECT_EQ(isr(0x20), 0x04);
	EXPECT_EQ(isr(0xa0), 0x10);
	/* Not even a more urgent one of the slave comes through the master. */
	pulse(8);
	EXPECT(!pic.output);
	wr(0xa0, 0x20);
	EXPECT(!pic.output);
	wr(0x20, 0x20);
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_ack(&pic), 0x28);
}

KT_TEST(special_fully_nested)
{
	setup(0x11);
	pulse(12);
	EXPECT_EQ(kl_pic_ack(&pic), 0x2c);
	pulse(8);
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_ack(&pic), 0x28);
}

KT_TEST(spurious)
{
	setup(1);
	EXPECT_EQ(kl_pic_ack(&pic), 0x27);
	EXPECT_EQ(isr(0x20), 0);
	/* A level-triggered line that drops before the CPU looks. */
	wr(0x4d1, 0x02);
	kl_pic_line(&pic, 9, true);
	EXPECT(pic.output);
	kl_pic_line(&pic, 9, false);
	EXPECT(!pic.output);
}

KT_TEST(auto_eoi)
{
	setup(3);
	pulse(4);
	EXPECT_EQ(kl_pic_ack(&pic), 0x24);
	EXPECT_EQ(isr(0x20), 0);
	pulse(4);
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_ack(&pic), 0x24);
	/* Rotating: what was served becomes the least urgent. */
	wr(0x20, 0x80);
	pulse(4);
	EXPECT_EQ(kl_pic_ack(&pic), 0x24);
	pulse(4);
	pulse(5);
	EXPECT_EQ(kl_pic_ack(&pic), 0x25);
	EXPECT_EQ(kl_pic_ack(&pic), 0x24);
	wr(0x20, 0x00);
	EXPECT_EQ(pic.chip[0].rotate_on_auto_eoi, 0);
}

KT_TEST(rotation)
{
	setup(1);
	pulse(3);
	EXPECT_EQ(kl_pic_ack(&pic), 0x23);
	wr(0x20, 0xa0); /* EOI, and 3 becomes the least urgent */
	EXPECT_EQ(isr(0x20), 0);
	pulse(3);
	pulse(4);
	pulse(1);
	EXPECT_EQ(kl_pic_ack(&pic), 0x24);
	wr(0x20, 0x20);
	EXPECT_EQ(kl_pic_ack(&pic), 0x21);
	wr(0x20, 0x20);
	EXPECT_EQ(kl_pic_ack(&pic), 0x23);
	wr(0x20, 0xe3); /* by number, and rotate */
	EXPECT_EQ(isr(0x20), 0);
	wr(0x20, 0xc6); /* set priority: 7 is first */
	pulse(0);
	pulse(7);
	EXPECT_EQ(kl_pic_ack(&pic), 0x27);
}

KT_TEST(special_mask)
{
	setup(1);
	pulse(2 + 1);
	EXPECT_EQ(kl_pic_ack(&pic), 0x23);
	pulse(6);
	EXPECT(!pic.output);
	wr(0x20, 0x68); /* special mask mode */
	wr(0x21, 0x08);
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_ack(&pic), 0x26);
	/* A plain EOI does not reach what is masked. */
	wr(0x20, 0x20);
	EXPECT_EQ(isr(0x20), 0x08);
	wr(0x20, 0x20);
	EXPECT_EQ(isr(0x20), 0x08);
	wr(0x20, 0x48); /* leave the mode */
	wr(0x20, 0x20);
	EXPECT_EQ(isr(0x20), 0);
}

KT_TEST(poll)
{
	setup(1);
	wr(0x20, 0x0c);
	EXPECT_EQ(rd(0x20), 0);
	pulse(6);
	wr(0x20, 0x0c);
	EXPECT_EQ(rd(0x20), 0x86);
	EXPECT_EQ(isr(0x20), 0x40);
	EXPECT(!pic.output);
	/* One read only. */
	EXPECT_EQ(rd(0x21), 0);
	pulse(10);
	wr(0xa0, 0x0c);
	EXPECT_EQ(rd(0xa0), 0x82);
}

KT_TEST(level_triggered)
{
	setup(1);
	wr(0x4d0, 0xff);
	wr(0x4d1, 0xff);
	EXPECT_EQ(rd(0x4d0), 0xf8);
	EXPECT_EQ(rd(0x4d1), 0xde);
	kl_pic_line(&pic, 5, true);
	EXPECT_EQ(kl_pic_ack(&pic), 0x25);
	EXPECT_EQ(irr(0x20), 0x20);
	wr(0x20, 0x20);
	/* Still high: again. */
	EXPECT(pic.output);
	EXPECT_EQ(kl_pic_ack(&pic), 0x25);
	kl_pic_line(&pic, 5, false);
	wr(0x20, 0x20);
	EXPECT(!pic.output);
}

KT_TEST(state_is_sanitised)
{
	struct kvm_pic_state s;

	setup(1);
	memset(&s, 0xff, sizeof(s));
	kl_pic_set(&pic, 0, &s);
	kl_pic_set(&pic, 1, &s);
	EXPECT_EQ(pic.chip[0].elcr, 0xf8);
	EXPECT_EQ(pic.chip[1].elcr, 0xde);
	EXPECT_EQ(pic.chip[0].priority_add, 7);
	EXPECT_EQ(pic.chip[0].irq_base, 0xf8);
	EXPECT_EQ(pic.chip[0].init_state, 3);
}

/* Anything may be done to it in any order: the output is what the registers say. */
KT_TEST(fuzz)
{
	static const u16 ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };
	unsigned int seed = 8259, i;

	setup(1);
	for (i = 0; i < 300000; i++) {
		unsigned int r = rand_r(&seed), what = r >> 8 & 7;
		u16 port = ports[r % ARRAY_SIZE(ports)];
		u8 value = rand_r(&seed) >> 4;

		if (what < 3) {
			wr(port, value);
		} else if (what < 5) {
			rd(port);
		} else if (what < 7) {
			kl_pic_line(&pic, value & 31, value & 32);
		} else {
			bool waits = pic.output;
			u8 before = pic.chip[0].isr, v = kl_pic_ack(&pic);

			/* Spurious ones put nothing in service. */
			if (!waits)
				ASSERT_EQ(pic.chip[0].isr, before);
			ASSERT(v - pic.chip[0].irq_base <= 7U ||
			       v - pic.chip[1].irq_base <= 7U);
		}
		ASSERT(pic.chip[0].priority_add < 8 && pic.chip[1].priority_add < 8);
		ASSERT(!(pic.chip[0].elcr & 7) && !(pic.chip[1].elcr & 0x21));
		if (pic.output)
			ASSERT(pic.chip[0].irr & ~pic.chip[0].imr);
	}
}

KT_MAIN
