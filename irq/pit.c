// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8254 interval timer (Intel 8254 data sheet).
 *
 * tour 35: no counter counts here. A channel remembers what was loaded and
 * when; count, output and the next interrupt follow from the time asked for.
 */
#include <linux/bits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "pit.h"

#define NS_PER_SEC 1000000000

/* rw_mode, and read_state, write_state and count_latched: which byte is next. */
enum {
	RW_NONE,
	RW_LSB,
	RW_MSB,
	RW_WORD, /* low byte, then high byte */
	RW_WORD_HIGH, /* the low byte is done */
};

/* Ticks of the oscillator in @ns; none if that is negative. */
static u64 to_ticks(s64 ns)
{
	return ns > 0 ? mul_u64_u32_div(ns, KL_PIT_HZ, NS_PER_SEC) : 0;
}

/* Time in ns until @ticks have passed, rounded up. */
static s64 to_ns(u64 ticks)
{
	return mul_u64_u32_div(ticks, NS_PER_SEC, KL_PIT_HZ) + 1;
}

/* Does a low gate stop the counter, rather than a rising one start it? */
static bool gate_stops(u8 mode)
{
	return mode != 1 && mode != 5;
}

/* Ticks since the count was loaded or the channel triggered. */
static u64 elapsed(const struct kl_pit *pit, unsigned int n, s64 now)
{
	const struct kvm_pit_channel_state *c = &pit->ch[n];

	if (pit->waiting[n])
		return 0;
	if (gate_stops(c->mode) && !c->gate)
		return pit->held[n];
	return to_ticks(now - c->count_load_time);
}

static u16 to_bcd(u32 v)
{
	return v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 | v / 1000 % 10 << 12;
}

static u32 from_bcd(u16 v)
{
	return (v & 15) + (v >> 4 & 15) * 10 + (v >> 8 & 15) * 100 + (v >> 12) * 1000;
}

/* What the counting element shows. */
static u16 current_count(const struct kl_pit *pit, unsigned int n, s64 now)
{
	const struct kvm_pit_channel_state *c = &pit->ch[n];
	u32 range = c->bcd ? 10000 : 65536;
	u64 t = elapsed(pit, n, now);
	u32 value;

	switch (c->mode) {
	case 2:
		value = c->count - t % c->count;
		break;
	case 3: /* counts by two, twice a period */
		value = c->count - 2 * t % c->count;
		break;
	default: /* goes on below zero */
		value = (c->count + range - t % range) % range;
		break;
	}
	return c->bcd ? to_bcd(value) : value;
}

/**
 * kl_pit_out - the OUT pin of a channel
 * @pit: the timer
 * @channel: 0 to 2
 * @now: time in ns
 *
 * Return: its level.
 */
bool kl_pit_out(const struct kl_pit *pit, unsigned int channel, s64 now)
{
	const struct kvm_pit_channel_state *c = &pit->ch[channel];
	u64 t;

	if (pit->null[channel])
		return c->mode != 0;
	if (pit->waiting[channel])
		return true;
	t = elapsed(pit, channel, now);
	switch (c->mode) {
	case 0:
	case 1:
		return t >= c->count;
	case 2:
		return !c->gate || t % c->count != c->count - 1;
	case 3:
		return !c->gate || t % c->count < (c->count + 1) / 2;
	default:
		return t != c->count;
	}
}

static void load_count(struct kl_pit *pit, unsigned int n, u16 value, s64 now)
{
	struct kvm_pit_channel_state *c = &pit->ch[n];
	u32 count = c->bcd ? from_bcd(value) : value;

	if (!count)
		count = c->bcd ? 10000 : 65536;
	/* A period of one tick is not possible in modes 2 and 3. */
	if ((c->mode == 2 || c->mode == 3) && count == 1)
		count = 2;
	c->count = count;
	c->count_load_time = now;
	pit->held[n] = 0;
	pit->null[n] = false;
	pit->waiting[n] = !gate_stops(c->mode);
}

static void latch_count(struct kl_pit *pit, unsigned int n, s64 now)
{
	struct kvm_pit_channel_state *c = &pit->ch[n];

	if (c->count_latched)
		return;
	c->latched_count = current_count(pit, n, now);
	c->count_latched = c->rw_mode;
}

static void latch_status(struct kl_pit *pit, unsigned int n, s64 now)
{
	struct kvm_pit_channel_state *c = &pit->ch[n];

	if (c->status_latched)
		return;
	c->status = (u8)kl_pit_out(pit, n, now) << 7 | (u8)pit->null[n] << 6 |
		    c->rw_mode << 4 | c->mode << 1 | c->bcd;
	c->status_latched = 1;
}

/* Read-back command: bit 5 clear latches counts, bit 4 clear the status. */
static void read_back(struct kl_pit *pit, u8 value, s64 now)
{
	unsigned int n;

	for (n = 0; n < KL_PIT_CHANNELS; n++) {
		if (!(value & BIT(n + 1)))
			continue;
		if (!(value & BIT(5)))
			latch_count(pit, n, now);
		if (!(value & BIT(4)))
			latch_status(pit, n, now);
	}
}

/* Control word. True if channel 0 stops. */
static bool write_control(struct kl_pit *pit, u8 value, s64 now)
{
	unsigned int n = value >> 6;
	struct kvm_pit_channel_state *c;
	u8 rw = value >> 4 & 3;

	if (n == KL_PIT_CHANNELS) {
		read_back(pit, value, now);
		return false;
	}
	n = array_index_nospec(n, KL_PIT_CHANNELS);
	if (rw == RW_NONE) {
		latch_count(pit, n, now);
		return false;
	}
	c = &pit->ch[n];
	c->mode = value >> 1 & 7;
	if (c->mode > 5) /* bit 2 does not count in modes 2 and 3 */
		c->mode &= 3;
	c->bcd = value & 1;
	c->rw_mode = rw;
	c->read_state = rw;
	c->write_state = rw;
	c->count_latched = 0;
	c->status_latched = 0;
	pit->null[n] = true;
	return n == 0;
}

/**
 * kl_pit_write - write to a port
 * @pit: the timer
 * @port: 0 to 2 a channel, 3 the control word
 * @value: the byte
 * @now: time in ns
 *
 * Return: true if channel 0 changed, so that kl_pit_first_irq() does.
 */
bool kl_pit_write(struct kl_pit *pit, unsigned int port, u8 value, s64 now)
{
	struct kvm_pit_channel_state *c;

	if (port >= KL_PIT_CHANNELS)
		return write_control(pit, value, now);
	port = array_index_nospec(port, KL_PIT_CHANNELS);
	c = &pit->ch[port];
	switch (c->write_state) {
	case RW_LSB:
		load_count(pit, port, value, now);
		break;
	case RW_MSB:
		load_count(pit, port, value << 8, now);
		break;
	case RW_WORD:
		c->write_latch = value;
		c->write_state = RW_WORD_HIGH;
		return false;
	case RW_WORD_HIGH:
		load_count(pit, port, c->write_latch | value << 8, now);
		c->write_state = RW_WORD;
		break;
	default:
		return false;
	}
	return port == 0;
}

/* The byte that @state says, and what it says next. */
static u8 next_byte(u16 value, u8 *state, u8 after_word)
{
	switch (*state) {
	case RW_MSB:
		if (!after_word)
			*state = 0;
		return value >> 8;
	case RW_WORD:
		*state = RW_WORD_HIGH;
		return value;
	case RW_WORD_HIGH:
		*state = after_word;
		return value >> 8;
	default:
		if (!after_word)
			*state = 0;
		return value;
	}
}

/**
 * kl_pit_read - read a port
 * @pit: the timer
 * @port: 0 to 2 a channel; 3 cannot be read
 * @now: time in ns
 *
 * Return: the byte.
 */
u8 kl_pit_read(struct kl_pit *pit, unsigned int port, s64 now)
{
	struct kvm_pit_channel_state *c;

	if (port >= KL_PIT_CHANNELS)
		return 0;
	port = array_index_nospec(port, KL_PIT_CHANNELS);
	c = &pit->ch[port];
	if (c->status_latched) {
		c->status_latched = 0;
		return c->status;
	}
	if (c->count_latched)
		return next_byte(c->latched_count, &c->count_latched, 0);
	return next_byte(current_count(pit, port, now), &c->read_state, RW_WORD);
}

static void set_gate(struct kl_pit *pit, unsigned int n, bool gate, s64 now)
{
	struct kvm_pit_channel_state *c = &pit->ch[n];

	if (gate == !!c->gate)
		return;
	if (!gate) {
		pit->held[n] = elapsed(pit, n, now);
		c->gate = 0;
		return;
	}
	c->gate = 1;
	if (c->mode == 0 || c->mode == 4) { /* goes on */
		c->count_load_time = now - to_ns(pit->held[n]);
	} else { /* starts again */
		c->count_load_time = now;
		pit->waiting[n] = false;
	}
}

/**
 * kl_pit_speaker_read - read port 0x61, the speaker control
 * @pit: the timer
 * @now: time in ns
 *
 * Return: bit 0 gate of channel 2, bit 1 speaker data, bit 4 refresh clock,
 * bit 5 output of channel 2.
 */
u8 kl_pit_speaker_read(struct kl_pit *pit, s64 now)
{
	/* The refresh request toggles every 18 ticks. */
	return pit->ch[2].gate | (u8)pit->speaker << 1 | (to_ticks(now) / 18 & 1) << 4 |
	       (u8)kl_pit_out(pit, 2, now) << 5;
}

/**
 * kl_pit_speaker_write - write port 0x61
 * @pit: the timer
 * @value: bit 0 gate of channel 2, bit 1 speaker data
 * @now: time in ns
 */
void kl_pit_speaker_write(struct kl_pit *pit, u8 value, s64 now)
{
	pit->speaker = value & BIT(1);
	set_gate(pit, 2, value & BIT(0), now);
}

/**
 * kl_pit_first_irq - when channel 0's output rises first
 * @pit: the timer
 * @period: out: ns between the first and each later rise, 0 if there is one
 *
 * Return: ns after the count was loaded, -1 if it does not rise.
 */
s64 kl_pit_first_irq(const struct kl_pit *pit, s64 *period)
{
	const struct kvm_pit_channel_state *c = &pit->ch[0];

	*period = 0;
	if (pit->null[0] || pit->waiting[0] || !c->gate)
		return -1;
	switch (c->mode) {
	case 2:
	case 3:
		*period = to_ns(c->count) - 1;
		return *period;
	case 0:
		return to_ns(c->count);
	case 4:
		return to_ns(c->count + 1);
	}
	return -1;
}

/**
 * kl_pit_init - state at power-up: no channel counts
 * @pit: the timer
 * @now: time in ns
 */
void kl_pit_init(struct kl_pit *pit, s64 now)
{
	unsigned int n;

	memset(pit, 0, sizeof(*pit));
	for (n = 0; n < KL_PIT_CHANNELS; n++) {
		struct kvm_pit_channel_state *c = &pit->ch[n];

		c->mode = 3;
		c->count = 65536;
		c->rw_mode = RW_WORD;
		c->read_state = RW_WORD;
		c->write_state = RW_WORD;
		c->gate = n != 2;
		c->count_load_time = now;
		pit->null[n] = true;
	}
}

/**
 * kl_pit_set - load a state as KVM_SET_PIT2 gives it
 * @pit: the timer
 * @state: the state; what is out of range is cut to it. The counters start
 *	again: times of another host mean nothing here
 * @now: time in ns
 */
void kl_pit_set(struct kl_pit *pit, const struct kvm_pit_state2 *state, s64 now)
{
	unsigned int n;

	for (n = 0; n < KL_PIT_CHANNELS; n++) {
		struct kvm_pit_channel_state *c = &pit->ch[n];

		*c = state->channels[n];
		c->mode = c->mode > 5 ? c->mode & 3 : c->mode;
		c->bcd &= 1;
		c->gate = n == 2 ? c->gate & 1 : 1;
		c->rw_mode = clamp_t(u8, c->rw_mode, RW_LSB, RW_WORD);
		c->read_state = min_t(u8, c->read_state, RW_WORD_HIGH);
		c->write_state = min_t(u8, c->write_state, RW_WORD_HIGH);
		c->count_latched = min_t(u8, c->count_latched, RW_WORD_HIGH);
		c->status_latched = !!c->status_latched;
		pit->null[n] = !c->count;
		if (!c->count || c->count > 65536)
			c->count = 65536;
		if (c->bcd && c->count > 10000)
			c->count = 10000;
		if ((c->mode == 2 || c->mode == 3) && c->count == 1)
			c->count = 2;
		c->count_load_time = now;
		pit->held[n] = 0;
		pit->waiting[n] = !gate_stops(c->mode) && !c->gate;
	}
	pit->speaker = state->flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON;
}
