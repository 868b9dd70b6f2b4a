/* SPDX-License-Identifier: GPL-2.0-only */
/* The CMOS memory and real-time clock (MC146818) at ports 0x70 and 0x71. */
#ifndef KL_USER_RTC_H
#define KL_USER_RTC_H

#include "dev.h"

#define KL_RTC_PORT 0x70
#define KL_RTC_GSI 8

/**
 * struct kl_rtc - the clock
 * @env: the world outside
 * @base_s: seconds since 1970 at @base_ns
 * @base_ns: moment on the environment's clock
 * @index: register that port 0x71 reaches
 * @cmos: the registers; those of the time are brought up to date when read
 * @second: timer of the update-ended and alarm interrupts
 * @periodic: timer of the periodic interrupt
 * @level: level of the interrupt line
 */
struct kl_rtc {
	struct kl_env *env;
	int64_t base_s;
	uint64_t base_ns;
	uint8_t index;
	uint8_t cmos[128];
	struct kl_timer second;
	struct kl_timer periodic;
	bool level;
};

void kl_rtc_init(struct kl_rtc *r, struct kl_env *env, int64_t base_s,
		 uint64_t low_bytes, uint64_t high_bytes);
int kl_rtc_attach(struct kl_rtc *r, struct kl_bus *bus);

#endif /* KL_USER_RTC_H */
