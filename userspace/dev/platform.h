/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The small devices of the board: i8042, ports 0x92 and 0xcf9, the ACPI power
 * management block and the debug ports.
 */
#ifndef KL_USER_PLATFORM_H
#define KL_USER_PLATFORM_H

#include "dev.h"

#define KL_EXIT_PORT 0xf4	/* out v: end the run with status v */
#define KL_MILESTONE_PORT 0xf5	/* out v: milestone v; 1 is "init runs" */
#define KL_STATUS_PORT 0xf6	/* out v: status of a later power off */

/**
 * struct kl_i8042 - a keyboard controller without a keyboard
 * @env: the world outside
 * @command: a command that waits for its byte at port 0x60, or 0
 * @ctr: its command byte
 * @data: what port 0x60 gives
 * @full: @data has not been read
 */
struct kl_i8042 {
	struct kl_env *env;
	uint8_t command;
	uint8_t ctr;
	uint8_t data;
	bool full;
};

/**
 * struct kl_acpi_pm - PM1a event and control blocks, PM timer
 * @env: the world outside
 * @base_ns: moment at which the timer was 0
 * @enable: PM1 enable register
 * @acked: how often bit 31 had toggled when the guest last cleared TMR_STS
 * @control: PM1 control register without SLP_EN
 * @overflow: timer of the next toggle of bit 31
 * @level: level of the SCI
 */
struct kl_acpi_pm {
	struct kl_env *env;
	uint64_t base_ns;
	uint16_t enable;
	uint64_t acked;
	uint16_t control;
	struct kl_timer overflow;
	bool level;
};

/**
 * struct kl_debug - the debug ports
 * @env: the world outside
 * @status: exit status of a later power off or reset
 * @said: the guest has set @status
 */
struct kl_debug {
	struct kl_env *env;
	uint8_t status;
	bool said;
};

int kl_i8042_attach(struct kl_i8042 *k, struct kl_env *env,
		    struct kl_bus *bus);
int kl_reset_attach(struct kl_env *env, struct kl_bus *bus);
int kl_acpi_pm_attach(struct kl_acpi_pm *pm, struct kl_env *env,
		      struct kl_bus *bus);
int kl_debug_attach(struct kl_debug *d, struct kl_env *env,
		    struct kl_bus *bus);

#endif /* KL_USER_PLATFORM_H */
