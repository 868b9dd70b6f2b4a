// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ACPI power-management registers (ACPI specification, "PM1 Event
 * Registers", "PM1 Control Registers", "Power Management Timer"). Writing
 * SLP_EN with the value of \_S5_ is how a guest powers off.
 */
#include <string.h>

#include "../boot/boot.h"
#include "platform.h"

#define KL_PM_HZ 3579545ull
#define KL_TMR_STS 0x0001
#define KL_EN_MASK 0x0721 /* timer, global lock, buttons, RTC */
#define KL_CNT_SCI_EN 0x0001
#define KL_CNT_SLP_EN 0x2000
#define KL_CNT_SLP_TYP(v) (((v) >> 10) & 7)
#define KL_PM_PORTS 12

static uint64_t kl_pm_ticks(const struct kl_acpi_pm *pm)
{
	uint64_t ns = pm->env->now_ns(pm->env->opaque) - pm->base_ns;

	return ns / KL_NS_PER_S * KL_PM_HZ +
	       ns % KL_NS_PER_S * KL_PM_HZ / KL_NS_PER_S;
}

static uint16_t kl_pm_status(const struct kl_acpi_pm *pm)
{
	return kl_pm_ticks(pm) >> 31 != pm->acked ? KL_TMR_STS : 0;
}

/* Move the SCI; if the guest waits for the next toggle, wake up for it. */
static void kl_pm_update(struct kl_acpi_pm *pm)
{
	bool level = pm->enable & kl_pm_status(pm);
	uint64_t toggle;

	if (level != pm->level) {
		pm->level = level;
		pm->env->irq(pm->env->opaque, KL_SCI_GSI, level);
	}
	if (!(pm->enable & KL_TMR_STS) || level) {
		kl_timer_arm(pm->env, &pm->overflow, KL_NEVER);
		return;
	}
	toggle = ((kl_pm_ticks(pm) >> 31) + 1) << 31;
	kl_timer_arm(pm->env, &pm->overflow, pm->base_ns +
		     toggle / KL_PM_HZ * KL_NS_PER_S +
		     toggle % KL_PM_HZ * KL_NS_PER_S / KL_PM_HZ + 1);
}

static void kl_pm_overflow(void *opaque)
{
	kl_pm_update(opaque);
}

static uint32_t kl_pm_in(void *opaque, uint16_t port, unsigned int size)
{
	struct kl_acpi_pm *pm = opaque;
	unsigned int reg = (port - KL_PM_EVT_PORT) & ~3u;
	uint32_t value;

	(void)size;
	if (reg == 0)
		value = kl_pm_status(pm) | (uint32_t)pm->enable << 16;
	else if (reg == 4)
		value = pm->control | KL_CNT_SCI_EN;
	else
		value = kl_pm_ticks(pm);
	return value >> (8 * (port & 3));
}

/*
 * Write the bytes in @mask of PM1_STS (low half) and PM1_EN (high half). Every
 * event may be enabled (guests read it back), only the timer ever happens.
 */
static void kl_pm_event(struct kl_acpi_pm *pm, uint32_t value, uint32_t mask)
{
	if (value & mask & KL_TMR_STS)
		pm->acked = kl_pm_ticks(pm) >> 31;
	if (mask >> 16)
		pm->enable = ((pm->enable & ~(mask >> 16)) |
			      (value & mask) >> 16) & KL_EN_MASK;
	kl_pm_update(pm);
}

static void kl_pm_control(struct kl_acpi_pm *pm, uint32_t value, uint32_t mask)
{
	value = (pm->control & ~mask) | (value & mask);
	pm->control = value & 0x1c06; /* SLP_TYP, GBL_RLS, BM_RLD */
	if ((value & KL_CNT_SLP_EN) && KL_CNT_SLP_TYP(value) == KL_SLP_TYP_S5)
		pm->env->end(pm->env->opaque, KL_END_POWEROFF, 0);
}

static void kl_pm_out(void *opaque, uint16_t port, unsigned int size,
		      uint32_t value)
{
	unsigned int shift = 8 * (port & 3);
	uint32_t mask = (size == 4 ? ~0u : (1u << (8 * size)) - 1) << shift;
	unsigned int reg = (port - KL_PM_EVT_PORT) & ~3u;

	if (reg == 0)
		kl_pm_event(opaque, value << shift, mask);
	else if (reg == 4)
		kl_pm_control(opaque, value << shift, mask);
	/* The timer is read-only. */
}

/**
 * kl_acpi_pm_attach() - put the registers on the bus
 * @pm: the registers
 * @env: the world outside
 * @bus: the bus
 *
 * Return: 0, or -1 if there is no room.
 */
int kl_acpi_pm_attach(struct kl_acpi_pm *pm, struct kl_env *env,
		      struct kl_bus *bus)
{
	const struct kl_ports ports = {
		.name = "acpi-pm", .first = KL_PM_EVT_PORT,
		.count = KL_PM_PORTS, .width = 4,
		.in = kl_pm_in, .out = kl_pm_out, .opaque = pm,
	};

	memset(pm, 0, sizeof(*pm));
	pm->env = env;
	pm->base_ns = env->now_ns(env->opaque);
	if (kl_timer_add(env, &pm->overflow, kl_pm_overflow, pm))
		return -1;
	return kl_bus_add(bus, &ports);
}
