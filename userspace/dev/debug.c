// SPDX-License-Identifier: GPL-2.0-only
/*
 * The debug ports, by which a test guest speaks to whoever runs it:
 * 0xf4 ends the run with a status, 0xf5 tells a milestone, 0xf6 remembers the
 * status of a later power off.
 */
#include <string.h>

#include "../libkvmlite/base.h"
#include "platform.h"

static uint32_t kl_debug_in(void *opaque, uint16_t port, unsigned int size)
{
	struct kl_debug *d = opaque;

	(void)size;
	return port == KL_STATUS_PORT ? d->status : 0xff;
}

static void kl_debug_out(void *opaque, uint16_t port, unsigned int size,
			 uint32_t value)
{
	struct kl_debug *d = opaque;

	(void)size;
	switch (port) {
	case KL_EXIT_PORT:
		d->env->end(d->env->opaque, KL_END_EXIT, value & 0xff);
		break;
	case KL_MILESTONE_PORT:
		d->env->milestone(d->env->opaque, value & 0xff);
		break;
	default:
		d->status = value;
		d->said = true;
		break;
	}
}

/**
 * kl_debug_attach() - put the debug ports on the bus
 * @d: the ports
 * @env: the world outside
 * @bus: the bus
 *
 * Return: 0, or -1 if the bus has no room.
 */
int kl_debug_attach(struct kl_debug *d, struct kl_env *env, struct kl_bus *bus)
{
	static const uint16_t first[] = {
		KL_EXIT_PORT, KL_MILESTONE_PORT, KL_STATUS_PORT,
	};
	struct kl_ports ports = {
		.name = "debug", .count = 1, .width = 1,
		.in = kl_debug_in, .out = kl_debug_out, .opaque = d,
	};
	unsigned int i;

	memset(d, 0, sizeof(*d));
	d->env = env;
	/* One range each: a wide write to 0xf4 is a status, not a milestone. */
	for (i = 0; i < ARRAY_SIZE(first); i++) {
		ports.first = first[i];
		if (kl_bus_add(bus, &ports))
			return -1;
	}
	return 0;
}
