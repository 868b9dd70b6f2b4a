// SPDX-License-Identifier: GPL-2.0-only
/* Device models: UART, clock, keyboard controller, ACPI registers, bus. */
#include <kt.h>

#include "../cpuid.h"
#include "../dev/platform.h"
#include "../dev/rtc.h"
#include "../dev/serial16550.h"
#include "../libkvmlite/stats.h"
#include "fake.h"

#define COM1 KL_COM1_PORT
#define FUZZ_ROUNDS 200000

struct board {
	struct fake f;
	struct kl_serial serial;
	struct kl_rtc rtc;
	struct kl_i8042 i8042;
	struct kl_acpi_pm pm;
	struct kl_debug debug;
};

static struct board b;

static uint32_t in(uint16_t port, unsigned int size)
{
	return kl_bus_in(&b.f.bus, port, size);
}

static void out(uint16_t port, unsigned int size, uint32_t value)
{
	kl_bus_out(&b.f.bus, port, size, value);
}

static uint8_t rtc_get(uint8_t reg)
{
	out(0x70, 1, reg);
	return in(0x71, 1);
}

static void rtc_set(uint8_t reg, uint8_t value)
{
	out(0x70, 1, reg);
	out(0x71, 1, value);
}

/* 2023-11-14 22:13:20, a Tuesday */
#define BASE 1700000000

static void board_init(void)
{
	memset(&b, 0, sizeof(b));
	fake_init(&b.f);
	kl_serial_init(&b.serial, &b.f.env, fake_tx, &b.f);
	kl_rtc_init(&b.rtc, &b.f.env, BASE, 256 << 20, 1ull << 30);
	if (kl_serial_attach(&b.serial, &b.f.bus) ||
	    kl_rtc_attach(&b.rtc, &b.f.bus) ||
	    kl_i8042_attach(&b.i8042, &b.f.env, &b.f.bus) ||
	    kl_reset_attach(&b.f.env, &b.f.bus) ||
	    kl_acpi_pm_attach(&b.pm, &b.f.env, &b.f.bus) ||
	    kl_debug_attach(&b.debug, &b.f.env, &b.f.bus))
		abort();
}

KT_TEST(unclaimed_ports_read_ones)
{
	board_init();
	EXPECT_EQ(in(0x1234, 1), 0xff);
	EXPECT_EQ(in(0x1234, 2), 0xffff);
	EXPECT_EQ(in(0xcf8, 4), 0xffffffff);
	out(0xcf8, 4, 0xffffffff); /* PCI address, not a reset */
	EXPECT_EQ(b.f.ends, 0);
}

KT_TEST(wide_accesses_are_split)
{
	board_init();
	out(COM1 + 7, 1, 0x5a);
	EXPECT_EQ(in(COM1 + 7, 2), 0xff5a);
	EXPECT_EQ(in(COM1 + 7, 4), 0xffffff5a);
	out(COM1 + 6, 4, 0x1234a500);
	EXPECT_EQ(in(COM1 + 7, 1), 0xa5);
}

KT_TEST(serial_transmits)
{
	board_init();
	out(COM1, 1, 'A');
	EXPECT_EQ(b.f.nr_tx, 1);
	EXPECT_EQ(b.f.tx[0], 'A');
	EXPECT_EQ(in(COM1 + 5, 1), 0x60);
	EXPECT_EQ(in(COM1 + 2, 1), 1);
	out(COM1 + 3, 1, 0x80); /* DLAB: the same port is the divisor */
	out(COM1, 1, 1);
	EXPECT_EQ(in(COM1, 1), 1);
	EXPECT_EQ(b.f.nr_tx, 1);
}

KT_TEST(serial_interrupts_when_empty)
{
	board_init();
	out(COM1 + 1, 1, 2);
	EXPECT(b.f.line[4]);
	EXPECT_EQ(in(COM1 + 2, 1), 2);
	EXPECT(!b.f.line[4]); /* reading IIR acknowledges */
	EXPECT_EQ(in(COM1 + 2, 1), 1);
	out(COM1, 1, 'x');
	EXPECT(b.f.line[4]);
	EXPECT_EQ(b.f.edges[4], 2);
	out(COM1 + 1, 1, 0);
	EXPECT(!b.f.line[4]);
}

KT_TEST(serial_receives)
{
	unsigned int i;

	board_init();
	out(COM1 + 2, 1, 0xc1); /* FIFO on, trigger 14 */
	out(COM1 + 1, 1, 1);
	EXPECT_EQ(kl_serial_room(&b.serial), 16);
	kl_serial_receive(&b.serial, 'a');
	EXPECT(b.f.line[4]);
	EXPECT_EQ(in(COM1 + 2, 1), 0xcc); /* timeout: below the trigger */
	for (i = 1; i < 16; i++)
		kl_serial_receive(&b.serial, 'a' + i);
	EXPECT_EQ(in(COM1 + 2, 1), 0xc4);
	EXPECT_EQ(kl_serial_room(&b.serial), 0);
	kl_serial_receive(&b.serial, '!');
	EXPECT_EQ(in(COM1 + 5, 1), 0x63); /* overrun, once */
	EXPECT_EQ(in(COM1 + 5, 1), 0x61);
	for (i = 0; i < 16; i++)
		EXPECT_EQ(in(COM1, 1), 'a' + i);
	EXPECT(!b.f.line[4]);
	EXPECT_EQ(in(COM1 + 5, 1), 0x60);
}

KT_TEST(serial_loops_back)
{
	board_init();
	out(COM1 + 4, 1, 0x1a); /* LOOP, RTS, OUT2 */
	EXPECT_EQ(in(COM1 + 6, 1), 0x90);
	out(COM1, 1, 'L');
	EXPECT_EQ(b.f.nr_tx, 0);
	EXPECT_EQ(in(COM1, 1), 'L');
}

KT_TEST(rtc_tells_the_time)
{
	board_init();
	EXPECT_EQ(rtc_get(0), 0x20);
	EXPECT_EQ(rtc_get(2), 0x13);
	EXPECT_EQ(rtc_get(4), 0x22);
	EXPECT_EQ(rtc_get(6), 3);
	EXPECT_EQ(rtc_get(7), 0x14);
	EXPECT_EQ(rtc_get(8), 0x11);
	EXPECT_EQ(rtc_get(9), 0x23);
	EXPECT_EQ(rtc_get(0x32), 0x20);
	EXPECT_EQ(rtc_get(13), 0x80);
	rtc_set(11, 0x04); /* binary, 12 hours */
	EXPECT_EQ(rtc_get(0), 20);
	EXPECT_EQ(rtc_get(4), 0x80 | 10);
	b.f.now += 45 * KL_NS_PER_S;
	EXPECT_EQ(rtc_get(0), 5);
	EXPECT_EQ(rtc_get(2), 14);
}

KT_TEST(rtc_announces_updates)
{
	board_init();
	EXPECT_EQ(rtc_get(10), 0x26);
	b.f.now = KL_NS_PER_S - 100000;
	EXPECT_EQ(rtc_get(10), 0xa6);
	b.f.now = KL_NS_PER_S;
	EXPECT_EQ(rtc_get(10), 0x26);
}

KT_TEST(rtc_can_be_set)
{
	board_init();
	rtc_set(11, 0x82);
	rtc_set(9, 0x30);
	rtc_set(8, 0x02);
	rtc_set(7, 0x28);
	rtc_set(4, 0x23);
	rtc_set(2, 0x59);
	rtc_set(0, 0x59);
	b.f.now += 10 * KL_NS_PER_S; /* time stands still while SET */
	EXPECT_EQ(rtc_get(0), 0x59);
	rtc_set(11, 0x02);
	b.f.now += KL_NS_PER_S;
	EXPECT_EQ(rtc_get(7), 0x01);
	EXPECT_EQ(rtc_get(8), 0x03);
	EXPECT_EQ(rtc_get(9), 0x30);
}

KT_TEST(rtc_interrupts)
{
	board_init();
	rtc_set(1, 0x22); /* alarm at second 22 */
	rtc_set(3, 0xff);
	rtc_set(5, 0xff);
	rtc_set(11, 0x22);
	EXPECT_EQ(b.f.alarm, KL_NS_PER_S);
	b.f.now = KL_NS_PER_S;
	EXPECT_EQ(kl_timers_run(&b.f.env), 2 * KL_NS_PER_S);
	EXPECT(!b.f.line[8]);
	b.f.now = 2 * KL_NS_PER_S;
	kl_timers_run(&b.f.env);
	EXPECT(b.f.line[8]);
	EXPECT_EQ(rtc_get(12), 0xb0);
	EXPECT(!b.f.line[8]);
	EXPECT_EQ(rtc_get(12), 0);
	rtc_set(11, 0x42); /* periodic, 1024 Hz */
	b.f.now += 976563;
	kl_timers_run(&b.f.env);
	EXPECT(b.f.line[8]);
	rtc_set(11, 0x02);
	EXPECT_EQ(kl_timers_run(&b.f.env), KL_NEVER);
}

KT_TEST(cmos_tells_the_memory)
{
	board_init();
	EXPECT_EQ(rtc_get(0x34) | rtc_get(0x35) << 8, (240 << 20) >> 16);
	EXPECT_EQ(rtc_get(0x30) | rtc_get(0x31) << 8, 0xffff);
	EXPECT_EQ(rtc_get(0x5b) | rtc_get(0x5c) << 8 | rtc_get(0x5d) << 16,
		  0x4000);
}

KT_TEST(i8042_answers_and_resets)
{
	board_init();
	EXPECT_EQ(in(0x64, 1) & 1, 0);
	out(0x64, 1, 0xaa);
	EXPECT_EQ(in(0x64, 1) & 1, 1);
	EXPECT_EQ(in(0x60, 1), 0x55);
	EXPECT_EQ(in(0x64, 1) & 1, 0);
	out(0x64, 1, 0x60);
	out(0x60, 1, 0x47);
	out(0x64, 1, 0x20);
	EXPECT_EQ(in(0x60, 1), 0x47);
	out(0x60, 1, 0xfe); /* data, not a command */
	EXPECT_EQ(b.f.ends, 0);
	out(0x64, 1, 0xfe);
	EXPECT_EQ(b.f.why, KL_END_RESET);
}

KT_TEST(other_ways_to_reset)
{
	board_init();
	out(0x92, 1, 2);
	out(0xcf9, 1, 2);
	EXPECT_EQ(b.f.ends, 0);
	out(0x92, 1, 3);
	out(0xcf9, 1, 6);
	out(0x64, 1, 0xd1);
	out(0x60, 1, 0x02);
	EXPECT_EQ(b.f.ends, 3);
	EXPECT_EQ(b.f.why, KL_END_RESET);
}

KT_TEST(acpi_powers_off)
{
	board_init();
	EXPECT_EQ(in(0x604, 2), 1);
	out(0x604, 2, 0x2000 | 4 << 10); /* another sleep state */
	EXPECT_EQ(b.f.ends, 0);
	out(0x604, 2, 5 << 10);
	EXPECT_EQ(b.f.ends, 0);
	out(0x604, 2, 0x2000 | 5 << 10);
	EXPECT_EQ(b.f.ends, 1);
	EXPECT_EQ(b.f.why, KL_END_POWEROFF);
	board_init();
	out(0x605, 1, (0x2000 | 5 << 10) >> 8);
	EXPECT_EQ(b.f.why, KL_END_POWEROFF);
}

KT_TEST(acpi_timer_counts)
{
	board_init();
	EXPECT_EQ(in(0x608, 4), 0);
	b.f.now = KL_NS_PER_S;
	EXPECT_EQ(in(0x608, 4), 3579545);
	EXPECT_EQ(in(0x609, 1), 3579545 >> 8 & 0xff);
	out(0x602, 2, 1); /* ask for the toggle of bit 31 */
	EXPECT_EQ(in(0x602, 2), 1);
	out(0x602, 2, 0xffff); /* what can be enabled reads back */
	EXPECT_EQ(in(0x602, 2), 0x721);
	out(0x602, 2, 1);
	EXPECT(!b.f.line[9]);
	b.f.now = b.f.alarm;
	kl_timers_run(&b.f.env);
	EXPECT(b.f.line[9]);
	EXPECT_EQ(in(0x600, 2), 1);
	out(0x600, 2, 1);
	EXPECT(!b.f.line[9]);
	EXPECT_EQ(in(0x600, 4), 0x10000);
}

KT_TEST(debug_ports)
{
	board_init();
	out(0xf5, 1, 1);
	EXPECT_EQ(b.f.milestone, 1);
	out(0xf6, 1, 9);
	EXPECT(b.debug.said);
	EXPECT_EQ(in(0xf6, 1), 9);
	out(0xf4, 4, 0x107);
	EXPECT_EQ(b.f.why, KL_END_EXIT);
	EXPECT_EQ(b.f.status, 7);
}

/* Any access to any port at any time: no overrun, answers within size. */
KT_TEST(fuzz_ports)
{
	static const unsigned int sizes[] = { 1, 2, 4 };
	static const uint16_t bases[] = {
		COM1, 0x70, 0x60, 0x64, 0x92, 0xcf9, 0x600, 0xf4,
	};
	uint64_t seed = 3;
	unsigned int i;

	board_init();
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		uint32_t r = fake_random(&seed), v = fake_random(&seed);
		unsigned int size = sizes[r % 3];
		uint16_t port = bases[r / 3 % 8] + (r >> 8) % 12 - 1;

		b.f.now += v % 50000000;
		switch (r >> 16 & 3) {
		case 0:
			v = in(port, size);
			EXPECT(size == 4 || v < 1u << (8 * size));
			break;
		case 1:
			kl_serial_receive(&b.serial, v);
			EXPECT(b.serial.rx_count <= KL_SERIAL_FIFO);
			break;
		case 2:
			kl_timers_run(&b.f.env);
			break;
		default:
			out(port, size, v);
			break;
		}
	}
}

KT_TEST(stats_are_read_by_name)
{
	struct {
		struct kvm_stats_header head;
		char id[8];
		struct {
			struct kvm_stats_desc desc;
			char name[16];
		} d[2];
		uint64_t data[2];
	} file = {
		.head = { .name_size = 16, .num_desc = 2, .id_offset = 24,
			  .desc_offset = 32, .data_offset = 96 },
		.d = {
			{ { .size = 1, .offset = 8 }, "exit_cpuid" },
			{ { .size = 1, .offset = 0 }, "pages_4k" },
		},
		.data = { 7, 40 },
	};
	static struct kl_stats s;
	uint64_t v, seed = 4;
	unsigned int i;

	memset(&s, 0, sizeof(s));
	ASSERT_EQ(kl_stats_parse(&s, (void *)&file, sizeof(file)), 0);
	ASSERT_EQ(kl_stats_parse(&s, (void *)&file, sizeof(file)), 0);
	EXPECT(kl_stats_get(&s, "exit_cpuid", &v) && v == 80);
	EXPECT(kl_stats_get(&s, "pages_4k", &v) && v == 14);
	EXPECT(!kl_stats_get(&s, "pages_2m", &v));
	EXPECT_EQ(kl_stats_parse(&s, (void *)&file, sizeof(file) - 8), -1);
	for (i = 0; i < 20000; i++) {
		uint8_t copy[sizeof(file)];

		memcpy(copy, &file, sizeof(file));
		copy[fake_random(&seed) % sizeof(file)] = fake_random(&seed);
		copy[fake_random(&seed) % 64] = fake_random(&seed);
		kl_stats_parse(&s, copy, sizeof(copy));
	}
}

KT_TEST(cpuid_topology_and_tsc)
{
	static struct kl_cpuid c;
	struct kvm_cpuid_entry2 *e = c.entries;

	memset(&c, 0, sizeof(c));
	e[0] = (struct kvm_cpuid_entry2){ .eax = 0x16, .ebx = 0x756e6547,
					  .edx = 0x49656e69, .ecx = 0x6c65746e };
	e[1] = (struct kvm_cpuid_entry2){ .function = 1, .ebx = 0xff00ff00,
					  .ecx = 0 };
	e[2] = (struct kvm_cpuid_entry2){ .function = 0xb };
	c.head.nent = 3;
	kl_cpuid_for_vcpu(&c, 2, 3, 2000000, true);
	EXPECT_EQ(e[1].ebx, 0x0204ff00);
	EXPECT(e[1].ecx >> 31);
	EXPECT(e[1].edx & 1 << 28);
	ASSERT_EQ(c.head.nent, 7);
	EXPECT_EQ(e[2].ecx, 0x100);
	EXPECT_EQ(e[2].ebx, 1);
	EXPECT_EQ(e[3].eax, 2);
	EXPECT_EQ(e[3].ebx, 3);
	EXPECT_EQ(e[3].ecx, 0x201);
	EXPECT_EQ(e[3].edx, 2);
	EXPECT_EQ(e[4].ecx, 2);
	EXPECT_EQ(e[5].function, 0x15);
	EXPECT_EQ(e[5].ecx, 2000000000);
	EXPECT_EQ(e[6].function, 0x16);
	EXPECT_EQ(e[6].eax, 2000);
	c.head.nent = 2;
	e[1].ecx = 0; /* no deadline timer: the LAPIC's clock is not the TSC */
	kl_cpuid_for_vcpu(&c, 0, 1, 2000000, false);
	EXPECT_EQ(c.head.nent, 3);
	EXPECT_EQ(e[2].function, 0x16);
	EXPECT(!(e[1].edx & 1 << 28));
	c.head.nent = 2;
	e[0].eax = 0xd; /* the kernel's table ends before the two leaves */
	kl_cpuid_for_vcpu(&c, 0, 1, 2000000, true);
	EXPECT_EQ(e[0].eax, 0x16);
	EXPECT_EQ(e[2].function, 0x15);
	EXPECT_EQ(e[2].ecx, 2000000000);
}

KT_MAIN
