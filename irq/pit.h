/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8254 interval timer: its registers, and its counters as functions of
 * time. Pure code: pit_dev.c gives it a clock and an interrupt.
 */
#ifndef _KL_IRQ_PIT_H
#define _KL_IRQ_PIT_H

#include <linux/kvm.h>
#include <linux/types.h>

#define KL_PIT_CHANNELS 3
#define KL_PIT_HZ 1193182

/**
 * struct kl_pit - the timer
 * @ch: registers of the channels as the ABI has them; @count is binary, 1 to
 *	65536, whatever @bcd; @count_load_time in ns
 * @held: ticks that had passed when the gate went low
 * @waiting: mode 1 or 5: no trigger since the count was written
 * @null: a control word was written, but no count since
 * @speaker: port 0x61 bit 1
 */
struct kl_pit {
	struct kvm_pit_channel_state ch[KL_PIT_CHANNELS];
	u64 held[KL_PIT_CHANNELS];
	bool waiting[KL_PIT_CHANNELS];
	bool null[KL_PIT_CHANNELS];
	bool speaker;
};

void kl_pit_init(struct kl_pit *pit, s64 now);
u8 kl_pit_read(struct kl_pit *pit, unsigned int port, s64 now);
bool kl_pit_write(struct kl_pit *pit, unsigned int port, u8 value, s64 now);
u8 kl_pit_speaker_read(struct kl_pit *pit, s64 now);
void kl_pit_speaker_write(struct kl_pit *pit, u8 value, s64 now);
bool kl_pit_out(const struct kl_pit *pit, unsigned int channel, s64 now);
s64 kl_pit_first_irq(const struct kl_pit *pit, s64 *period);
void kl_pit_set(struct kl_pit *pit, const struct kvm_pit_state2 *state, s64 now);

#endif /* _KL_IRQ_PIT_H */
