// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MC146818 real-time clock and the PC's CMOS memory: time and century,
 * alarm, periodic and update-ended interrupts, and the memory sizes a BIOS
 * leaves there.
 */
#include <string.h>
#include <time.h>

#include "rtc.h"

enum {
	KL_RTC_SEC = 0, KL_RTC_SEC_ALARM, KL_RTC_MIN, KL_RTC_MIN_ALARM,
	KL_RTC_HOUR, KL_RTC_HOUR_ALARM, KL_RTC_WDAY, KL_RTC_MDAY, KL_RTC_MONTH,
	KL_RTC_YEAR, KL_RTC_A, KL_RTC_B, KL_RTC_C, KL_RTC_D,
	KL_RTC_CENTURY = 0x32,
};

#define KL_A_UIP 0x80		/* an update is about to happen */
#define KL_A_DEFAULT 0x26	/* 32768 Hz base, 1024 Hz periodic */
#define KL_B_SET 0x80		/* time stands still, being set */
#define KL_B_PIE 0x40
#define KL_B_AIE 0x20
#define KL_B_UIE 0x10
#define KL_B_BINARY 0x04
#define KL_B_24H 0x02
#define KL_C_IRQF 0x80
#define KL_C_PF 0x40
#define KL_C_AF 0x20
#define KL_C_UF 0x10
#define KL_D_VALID 0x80
#define KL_UIP_NS 244000u	/* UIP is set this long before the update */
#define KL_ALARM_ANY 0xc0	/* alarm bytes from here on match anything */

static uint64_t kl_rtc_now(const struct kl_rtc *r, uint64_t *sub_ns)
{
	uint64_t ns = r->env->now_ns(r->env->opaque) - r->base_ns;

	if (sub_ns)
		*sub_ns = ns % KL_NS_PER_S;
	return r->base_s + ns / KL_NS_PER_S;
}

static uint8_t kl_rtc_code(const struct kl_rtc *r, unsigned int n)
{
	if (r->cmos[KL_RTC_B] & KL_B_BINARY)
		return n;
	return (n / 10 % 10) << 4 | n % 10;
}

static unsigned int kl_rtc_decode(const struct kl_rtc *r, uint8_t v)
{
	if (r->cmos[KL_RTC_B] & KL_B_BINARY)
		return v;
	return (v >> 4) * 10 + (v & 15);
}

/* Bring the time registers up to date, unless the guest is setting them. */
static void kl_rtc_refresh(struct kl_rtc *r)
{
	time_t t = kl_rtc_now(r, NULL);
	unsigned int hour;
	struct tm tm;

	if ((r->cmos[KL_RTC_B] & KL_B_SET) || !gmtime_r(&t, &tm))
		return;
	hour = tm.tm_hour;
	if (!(r->cmos[KL_RTC_B] & KL_B_24H))
		hour = hour % 12 ? hour % 12 : 12;
	r->cmos[KL_RTC_SEC] = kl_rtc_code(r, tm.tm_sec);
	r->cmos[KL_RTC_MIN] = kl_rtc_code(r, tm.tm_min);
	r->cmos[KL_RTC_HOUR] = kl_rtc_code(r, hour);
	if (!(r->cmos[KL_RTC_B] & KL_B_24H) && tm.tm_hour >= 12)
		r->cmos[KL_RTC_HOUR] |= 0x80;
	r->cmos[KL_RTC_WDAY] = kl_rtc_code(r, tm.tm_wday + 1);
	r->cmos[KL_RTC_MDAY] = kl_rtc_code(r, tm.tm_mday);
	r->cmos[KL_RTC_MONTH] = kl_rtc_code(r, tm.tm_mon + 1);
	r->cmos[KL_RTC_YEAR] = kl_rtc_code(r, tm.tm_year % 100);
	r->cmos[KL_RTC_CENTURY] = kl_rtc_code(r, tm.tm_year / 100 + 19);
}

/* The time registers were written: they are the time from now on. */
static void kl_rtc_adopt(struct kl_rtc *r)
{
	uint8_t hour = r->cmos[KL_RTC_HOUR];
	struct tm tm = {
		.tm_sec = kl_rtc_decode(r, r->cmos[KL_RTC_SEC]),
		.tm_min = kl_rtc_decode(r, r->cmos[KL_RTC_MIN]),
		.tm_hour = kl_rtc_decode(r, hour),
		.tm_mday = kl_rtc_decode(r, r->cmos[KL_RTC_MDAY]),
		.tm_mon = (int)kl_rtc_decode(r, r->cmos[KL_RTC_MONTH]) - 1,
		.tm_year = kl_rtc_decode(r, r->cmos[KL_RTC_CENTURY]) * 100 +
			   kl_rtc_decode(r, r->cmos[KL_RTC_YEAR]) - 1900,
	};

	if (!(r->cmos[KL_RTC_B] & KL_B_24H)) {
		tm.tm_hour = kl_rtc_decode(r, hour & 0x7f) % 12;
		if (hour & 0x80)
			tm.tm_hour += 12;
	}
	r->base_s = timegm(&tm);
	r->base_ns = r->env->now_ns(r->env->opaque);
}

static void kl_rtc_update_irq(struct kl_rtc *r)
{
	uint8_t pending = r->cmos[KL_RTC_B] & r->cmos[KL_RTC_C] &
			  (KL_C_PF | KL_C_AF | KL_C_UF);
	bool level = pending;

	if (pending)
		r->cmos[KL_RTC_C] |= KL_C_IRQF;
	if (level == r->level)
		return;
	r->level = level;
	r->env->irq(r->env->opaque, KL_RTC_GSI, level);
}

static bool kl_rtc_alarm_matches(const struct kl_rtc *r, unsigned int time_reg)
{
	uint8_t alarm = r->cmos[time_reg + 1];

	return alarm >= KL_ALARM_ANY || alarm == r->cmos[time_reg];
}

/* Arm the timers that the enabled interrupts need, and no other. */
static void kl_rtc_rearm(struct kl_rtc *r)
{
	uint8_t b = r->cmos[KL_RTC_B];
	unsigned int rate = r->cmos[KL_RTC_A] & 15;
	uint64_t now = r->env->now_ns(r->env->opaque), sub;

	kl_rtc_now(r, &sub);
	if ((b & (KL_B_AIE | KL_B_UIE)) && !(b & KL_B_SET))
		kl_timer_arm(r->env, &r->second, now + KL_NS_PER_S - sub);
	else
		kl_timer_arm(r->env, &r->second, KL_NEVER);
	if (rate && rate < 3)
		rate += 7; /* rates 1 and 2 are 8 and 9 again */
	if ((b & KL_B_PIE) && rate) {
		if (r->periodic.deadline_ns == KL_NEVER)
			kl_timer_arm(r->env, &r->periodic, now +
				     (KL_NS_PER_S << (rate - 1)) / 32768);
	} else {
		kl_timer_arm(r->env, &r->periodic, KL_NEVER);
	}
}

static void kl_rtc_on_second(void *opaque)
{
	struct kl_rtc *r = opaque;

	kl_rtc_refresh(r);
	r->cmos[KL_RTC_C] |= KL_C_UF;
	if (kl_rtc_alarm_matches(r, KL_RTC_SEC) &&
	    kl_rtc_alarm_matches(r, KL_RTC_MIN) &&
	    kl_rtc_alarm_matches(r, KL_RTC_HOUR))
		r->cmos[KL_RTC_C] |= KL_C_AF;
	kl_rtc_update_irq(r);
	kl_rtc_rearm(r);
}

static void kl_rtc_on_period(void *opaque)
{
	struct kl_rtc *r = opaque;

	r->cmos[KL_RTC_C] |= KL_C_PF;
	kl_rtc_update_irq(r);
	kl_rtc_rearm(r);
}

static bool kl_rtc_is_time(unsigned int reg)
{
	return reg == KL_RTC_SEC || reg == KL_RTC_MIN || reg == KL_RTC_HOUR ||
	       (reg >= KL_RTC_WDAY && reg <= KL_RTC_YEAR) ||
	       reg == KL_RTC_CENTURY;
}

static uint32_t kl_rtc_in(void *opaque, uint16_t port, unsigned int size)
{
	struct kl_rtc *r = opaque;
	uint64_t sub;
	uint8_t value;

	(void)size;
	if (port == KL_RTC_PORT)
		return 0xff; /* write-only */
	if (kl_rtc_is_time(r->index))
		kl_rtc_refresh(r);
	value = r->cmos[r->index];
	if (r->index == KL_RTC_A) {
		kl_rtc_now(r, &sub);
		if (!(r->cmos[KL_RTC_B] & KL_B_SET) &&
		    sub >= KL_NS_PER_S - KL_UIP_NS)
			value |= KL_A_UIP;
	}
	if (r->index == KL_RTC_C) {
		r->cmos[KL_RTC_C] = 0;
		kl_rtc_update_irq(r);
	}
	return value;
}

static void kl_rtc_set_b(struct kl_rtc *r, uint8_t value)
{
	bool was_set = r->cmos[KL_RTC_B] & KL_B_SET;

	if (!was_set)
		kl_rtc_refresh(r);
	if (value & KL_B_SET)
		value &= ~KL_B_UIE;
	r->cmos[KL_RTC_B] = value;
	if (was_set && !(value & KL_B_SET))
		kl_rtc_adopt(r);
	kl_rtc_update_irq(r);
	kl_rtc_rearm(r);
}

static void kl_rtc_out(void *opaque, uint16_t port, unsigned int size,
		       uint32_t value)
{
	struct kl_rtc *r = opaque;

	(void)size;
	if (port == KL_RTC_PORT) {
		r->index = value & 0x7f; /* bit 7 masks the NMI */
		return;
	}
	switch (r->index) {
	case KL_RTC_A:
		r->cmos[KL_RTC_A] = value & ~KL_A_UIP;
		kl_rtc_rearm(r);
		return;
	case KL_RTC_B:
		kl_rtc_set_b(r, value);
		return;
	case KL_RTC_C:
	case KL_RTC_D:
		return; /* read-only */
	}
	if (!kl_rtc_is_time(r->index)) {
		r->cmos[r->index] = value;
		return;
	}
	kl_rtc_refresh(r);
	r->cmos[r->index] = value;
	if (!(r->cmos[KL_RTC_B] & KL_B_SET))
		kl_rtc_adopt(r);
}

static void kl_rtc_memory_sizes(struct kl_rtc *r, uint64_t low, uint64_t high)
{
	uint64_t ext_kib = (low >> 10) - 1024;
	uint64_t ext_64k = low > 16ull << 20 ? (low - (16ull << 20)) >> 16 : 0;
	uint64_t high_64k = high >> 16;

	if (ext_kib > 0xffff)
		ext_kib = 0xffff;
	if (ext_64k > 0xffff)
		ext_64k = 0xffff;
	r->cmos[0x15] = 640 & 0xff;
	r->cmos[0x16] = 640 >> 8;
	r->cmos[0x17] = ext_kib;
	r->cmos[0x18] = ext_kib >> 8;
	r->cmos[0x30] = ext_kib;
	r->cmos[0x31] = ext_kib >> 8;
	r->cmos[0x34] = ext_64k;
	r->cmos[0x35] = ext_64k >> 8;
	r->cmos[0x5b] = high_64k;
	r->cmos[0x5c] = high_64k >> 8;
	r->cmos[0x5d] = high_64k >> 16;
}

/**
 * kl_rtc_init() - the state a BIOS leaves
 * @r: the clock
 * @env: the world outside
 * @base_s: the time now, seconds since 1970
 * @low_bytes: RAM below 4G, at least 1M
 * @high_bytes: RAM from 4G on
 */
void kl_rtc_init(struct kl_rtc *r, struct kl_env *env, int64_t base_s,
		 uint64_t low_bytes, uint64_t high_bytes)
{
	memset(r, 0, sizeof(*r));
	r->env = env;
	r->base_s = base_s;
	r->base_ns = env->now_ns(env->opaque);
	r->cmos[KL_RTC_A] = KL_A_DEFAULT;
	r->cmos[KL_RTC_B] = KL_B_24H;
	r->cmos[KL_RTC_D] = KL_D_VALID;
	kl_rtc_memory_sizes(r, low_bytes, high_bytes);
}

/**
 * kl_rtc_attach() - put the clock on the bus and register its timers
 * @r: the clock
 * @bus: the bus
 *
 * Return: 0, or -1 if there is no room.
 */
int kl_rtc_attach(struct kl_rtc *r, struct kl_bus *bus)
{
	const struct kl_ports ports = {
		.name = "rtc", .first = KL_RTC_PORT, .count = 2, .width = 1,
		.in = kl_rtc_in, .out = kl_rtc_out, .opaque = r,
	};

	if (kl_timer_add(r->env, &r->second, kl_rtc_on_second, r) ||
	    kl_timer_add(r->env, &r->periodic, kl_rtc_on_period, r))
		return -1;
	return kl_bus_add(bus, &ports);
}
