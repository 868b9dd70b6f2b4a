// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8254's counters as functions of a time that the test chooses.
 */
#include <irq/pit.h>
#include "kt.h"

static struct kl_pit pit;
static s64 now;

/* Move on by @n ticks and a nanosecond or two, so that rounding does not matter. */
static void ticks(u64 n)
{
	now += n * 1000000000 / KL_PIT_HZ + 2;
}

static void wr(unsigned int port, u8 value)
{
	kl_pit_write(&pit, port, value, now);
}

static u8 rd(unsigned int port)
{
	return kl_pit_read(&pit, port, now);
}

static u16 rd16(unsigned int port)
{
	u8 low = rd(port);

	return low | rd(port) << 8;
}

static u16 latched(unsigned int n)
{
	wr(3, n << 6);
	return rd16(n);
}

static u8 status(unsigned int n)
{
	wr(3, 0xe0 | 2 << n);
	return rd(n);
}

static void load(unsigned int n, unsigned int mode, u16 count)
{
	wr(3, n << 6 | 0x30 | mode << 1);
	wr(n, count);
	wr(n, count >> 8);
}

static void setup(void)
{
	now = 1000000000000LL;
	kl_pit_init(&pit, now);
}

KT_TEST(nothing_runs_at_first)
{
	s64 period;

	setup();
	EXPECT_EQ(kl_pit_first_irq(&pit, &period), -1);
	EXPECT_EQ(status(0) & 0x40, 0x40);
}

KT_TEST(mode0_terminal_count)
{
	s64 first, period;

	setup();
	wr(3, 0x30);
	EXPECT(!kl_pit_out(&pit, 0, now));
	EXPECT_EQ(status(0) & 0xc0, 0x40);
	EXPECT(!kl_pit_write(&pit, 0, 100, now));
	EXPECT(kl_pit_write(&pit, 0, 0, now));
	first = kl_pit_first_irq(&pit, &period);
	EXPECT_EQ(period, 0);
	EXPECT_EQ(first, 100 * 1000000000ULL / KL_PIT_HZ + 1);
	EXPECT(kl_pit_out(&pit, 0, now + first));
	EXPECT(!kl_pit_out(&pit, 0, now + first - 2));
	ticks(40);
	EXPECT_EQ(latched(0), 60);
	EXPECT(!kl_pit_out(&pit, 0, now));
	ticks(60);
	EXPECT_EQ(latched(0), 0);
	EXPECT(kl_pit_out(&pit, 0, now));
	/* Below zero it goes on, its output stays. */
	ticks(9);
	EXPECT_EQ(latched(0), 0xfff7);
	EXPECT(kl_pit_out(&pit, 0, now));
}

KT_TEST(mode2_rate_generator)
{
	s64 first, period;

	setup();
	load(0, 2, 1193);
	first = kl_pit_first_irq(&pit, &period);
	EXPECT_EQ(first, period);
	EXPECT_EQ(period, 1193 * 1000000000ULL / KL_PIT_HZ);
	EXPECT_EQ(latched(0), 1193);
	ticks(1191);
	EXPECT(kl_pit_out(&pit, 0, now));
	EXPECT_EQ(latched(0), 2);
	ticks(2);
	EXPECT_EQ(latched(0), 1193);
	/* Low for the last tick of each period. */
	setup();
	load(0, 2, 1193);
	ticks(1192);
	EXPECT_EQ(latched(0), 1);
	EXPECT(!kl_pit_out(&pit, 0, now));
	/* Count 0 is 65536, and 1 is not possible. */
	load(0, 2, 0);
	kl_pit_first_irq(&pit, &period);
	EXPECT_EQ(period, 65536 * 1000000000ULL / KL_PIT_HZ);
	load(0, 2, 1);
	EXPECT_EQ(pit.ch[0].count, 2);
	/* Bit 2 of the mode does not count: 6 is 2. */
	load(0, 6, 100);
	EXPECT_EQ(status(0) & 0xe, 2 << 1);
}

KT_TEST(mode3_square_wave)
{
	setup();
	load(0, 3, 10);
	ticks(2);
	EXPECT_EQ(latched(0), 6);
	EXPECT(kl_pit_out(&pit, 0, now));
	ticks(3);
	EXPECT(!kl_pit_out(&pit, 0, now));
	EXPECT_EQ(latched(0), 10);
	EXPECT_EQ(status(0), 0x36);
	load(0, 3, 7);
	ticks(3);
	EXPECT(kl_pit_out(&pit, 0, now));
	ticks(1);
	EXPECT(!kl_pit_out(&pit, 0, now));
}

KT_TEST(mode4_strobe)
{
	s64 period;

	setup();
	load(0, 4, 50);
	EXPECT(kl_pit_out(&pit, 0, now));
	EXPECT_EQ(kl_pit_first_irq(&pit, &period), 51 * 1000000000ULL / KL_PIT_HZ + 1);
	ticks(50);
	EXPECT(!kl_pit_out(&pit, 0, now));
	ticks(1);
	EXPECT(kl_pit_out(&pit, 0, now));
}

KT_TEST(modes_1_and_5_need_a_trigger)
{
	unsigned int mode;
	s64 period;

	for (mode = 1; mode <= 5; mode += 4) {
		setup();
		load(0, mode, 100);
		EXPECT_EQ(kl_pit_first_irq(&pit, &period), -1);
		load(2, mode, 100);
		ticks(500);
		EXPECT_EQ(latched(2), 100);
		EXPECT(kl_pit_out(&pit, 2, now));
		kl_pit_speaker_write(&pit, 1, now);
		ticks(30);
		EXPECT_EQ(latched(2), 70);
		EXPECT_EQ(kl_pit_out(&pit, 2, now), mode == 5);
		/* A low gate does not stop it, a new edge starts it again. */
		kl_pit_speaker_write(&pit, 0, now);
		ticks(30);
		EXPECT_EQ(latched(2), 40);
		kl_pit_speaker_write(&pit, 1, now);
		EXPECT_EQ(latched(2), 100);
		ticks(100);
		EXPECT_EQ(kl_pit_out(&pit, 2, now), mode == 1);
	}
}

KT_TEST(gate_stops_mode0)
{
	setup();
	kl_pit_speaker_write(&pit, 1, now);
	load(2, 0, 1000);
	ticks(100);
	EXPECT_EQ(latched(2), 900);
	kl_pit_speaker_write(&pit, 0, now);
	ticks(5000);
	EXPECT_EQ(latched(2), 900);
	EXPECT_EQ(kl_pit_speaker_read(&pit, now) & 0x21, 0);
	kl_pit_speaker_write(&pit, 1, now);
	EXPECT_EQ(latched(2), 900);
	ticks(900);
	EXPECT_EQ(kl_pit_speaker_read(&pit, now) & 0x21, 0x21);
}

/* What Linux does to calibrate the TSC: port 0x61 and channel 2 in mode 0. */
KT_TEST(calibration)
{
	s64 start;

	setup();
	kl_pit_speaker_write(&pit, (kl_pit_speaker_read(&pit, now) & ~2) | 1, now);
	load(2, 0, 59659);
	start = now;
	while (!(kl_pit_speaker_read(&pit, now) & 0x20)) {
		ASSERT(now - start < 60000000);
		now += 1000;
	}
	EXPECT(now - start >= 49999000 && now - start < 50002000);
}

KT_TEST(speaker_port)
{
	u8 a, b;

	setup();
	kl_pit_speaker_write(&pit, 0xff, now);
	EXPECT_EQ(kl_pit_speaker_read(&pit, now) & 0x03, 3);
	a = kl_pit_speaker_read(&pit, now);
	ticks(18);
	b = kl_pit_speaker_read(&pit, now);
	EXPECT_EQ((a ^ b) & 0x10, 0x10);
	EXPECT_EQ(a & 0xcc, 0);
}

KT_TEST(latch_and_access_modes)
{
	setup();
	load(0, 2, 0x1234);
	wr(3, 0x00);
	ticks(100);
	/* The latched value stays until it is read; a second latch is ignored. */
	wr(3, 0x00);
	EXPECT_EQ(rd(0), 0x34);
	EXPECT_EQ(rd(0), 0x12);
	EXPECT_EQ(rd16(0), 0x1234 - 100);
	/* Low byte only. */
	wr(3, 0x14);
	wr(0, 0x80);
	EXPECT_EQ(pit.ch[0].count, 0x80);
	EXPECT_EQ(rd(0), 0x80);
	wr(3, 0x00);
	EXPECT_EQ(rd(0), 0x80);
	EXPECT_EQ(pit.ch[0].count_latched, 0);
	/* High byte only. */
	wr(3, 0x24);
	wr(0, 0x12);
	EXPECT_EQ(pit.ch[0].count, 0x1200);
	wr(3, 0x00);
	EXPECT_EQ(rd(0), 0x12);
	EXPECT_EQ(rd(3), 0);
}

KT_TEST(read_back)
{
	setup();
	load(0, 2, 0x1000);
	load(2, 3, 0x2000);
	kl_pit_speaker_write(&pit, 1, now);
	/* Status and count of both; the status comes first. */
	wr(3, 0xca);
	ticks(50);
	EXPECT_EQ(rd(0), 0x80 | 0x30 | 2 << 1);
	EXPECT_EQ(rd16(0), 0x1000);
	EXPECT_EQ(rd(2), 0x80 | 0x30 | 3 << 1);
	EXPECT_EQ(rd16(2), 0x2000);
	/* The count alone. */
	wr(3, 0xd2);
	EXPECT_EQ(rd16(0), 0x1000 - 50);
}

KT_TEST(bcd)
{
	setup();
	wr(3, 0x35); /* channel 0, both bytes, mode 2, BCD */
	wr(0, 0x00);
	wr(0, 0x10);
	EXPECT_EQ(pit.ch[0].count, 1000);
	ticks(1);
	EXPECT_EQ(latched(0), 0x0999);
	wr(0, 0x00);
	wr(0, 0x00);
	EXPECT_EQ(pit.ch[0].count, 10000);
	EXPECT_EQ(latched(0), 0);
}

KT_TEST(state_is_sanitised)
{
	struct kvm_pit_state2 s;
	unsigned int n;
	s64 period;

	setup();
	memset(&s, 0xff, sizeof(s));
	kl_pit_set(&pit, &s, now);
	for (n = 0; n < KL_PIT_CHANNELS; n++) {
		EXPECT(pit.ch[n].mode <= 5);
		EXPECT(pit.ch[n].count <= 10000);
		EXPECT_EQ(pit.ch[n].count_load_time, now);
	}
	memset(&s, 0, sizeof(s));
	kl_pit_set(&pit, &s, now);
	EXPECT_EQ(kl_pit_first_irq(&pit, &period), -1);
	s.channels[0].mode = 2;
	s.channels[0].count = 1000;
	kl_pit_set(&pit, &s, now);
	EXPECT(kl_pit_first_irq(&pit, &period) > 0);
}

KT_TEST(fuzz)
{
	unsigned int seed = 8254, i, n;
	struct kvm_pit_state2 s;
	s64 period;

	setup();
	for (i = 0; i < 300000; i++) {
		unsigned int r = rand_r(&seed);
		u8 value = rand_r(&seed) >> 5;

		now += r % 100000 * (r & 64 ? 1 : 100000LL);
		if (r >> 20 == 7) {
			for (n = 0; n < sizeof(s); n++)
				((u8 *)&s)[n] = rand_r(&seed) >> 3;
			kl_pit_set(&pit, &s, now);
		}
		switch (r >> 8 & 3) {
		case 0:
			rd(r & 3);
			break;
		case 1:
			kl_pit_speaker_write(&pit, value, now);
			kl_pit_speaker_read(&pit, now);
			break;
		default:
			wr(r & 3, value);
		}
		kl_pit_first_irq(&pit, &period);
		for (n = 0; n < KL_PIT_CHANNELS; n++) {
			ASSERT(pit.ch[n].count >= 1 && pit.ch[n].count <= 65536);
			ASSERT(pit.ch[n].mode <= 5);
			ASSERT(pit.ch[n].rw_mode >= 1 && pit.ch[n].rw_mode <= 3);
			kl_pit_out(&pit, n, now);
		}
	}
}

KT_MAIN
