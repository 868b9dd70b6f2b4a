// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keyboard controller, with no keyboard, for what PCs use it for besides:
 * reset. Also the two other classic ways to reset, ports 0x92 and 0xcf9.
 */
#include <string.h>

#include "platform.h"

#define KL_I8042_DATA 0x60
#define KL_I8042_CMD 0x64
#define KL_ST_FULL 0x01
#define KL_ST_SELFTEST 0x04
#define KL_ST_UNLOCKED 0x10

static void kl_reset(struct kl_env *env)
{
	env->end(env->opaque, KL_END_RESET, 0);
}

static void kl_i8042_reply(struct kl_i8042 *k, uint8_t value)
{
	k->data = value;
	k->full = true;
}

static uint32_t kl_i8042_data_in(void *opaque, uint16_t port, unsigned int size)
{
	struct kl_i8042 *k = opaque;

	(void)port;
	(void)size;
	k->full = false;
	return k->data;
}

static void kl_i8042_data_out(void *opaque, uint16_t port, unsigned int size,
			      uint32_t value)
{
	struct kl_i8042 *k = opaque;
	uint8_t command = k->command;

	(void)port;
	(void)size;
	k->command = 0;
	if (command == 0x60) /* write the command byte */
		k->ctr = value;
	else if (command == 0xd1 && !(value & 1)) /* output port, reset line */
		kl_reset(k->env);
	else if (command == 0xd2) /* as if the keyboard had sent it */
		kl_i8042_reply(k, value);
	/* Anything else is for the keyboard, and there is none. */
}

static uint32_t kl_i8042_cmd_in(void *opaque, uint16_t port, unsigned int size)
{
	struct kl_i8042 *k = opaque;

	(void)port;
	(void)size;
	return KL_ST_SELFTEST | KL_ST_UNLOCKED | (k->full ? KL_ST_FULL : 0);
}

static void kl_i8042_cmd_out(void *opaque, uint16_t port, unsigned int size,
			     uint32_t value)
{
	struct kl_i8042 *k = opaque;

	(void)port;
	(void)size;
	k->command = 0;
	switch (value & 0xff) {
	case 0x20: /* read the command byte */
		kl_i8042_reply(k, k->ctr);
		break;
	case 0x60:
	case 0xd1:
	case 0xd2:
		k->command = value;
		break;
	case 0xaa: /* self test: passed */
		kl_i8042_reply(k, 0x55);
		break;
	case 0xab: /* keyboard line: fine */
		kl_i8042_reply(k, 0x00);
		break;
	case 0xa9: /* mouse line: clock stuck, there is no mouse */
		kl_i8042_reply(k, 0x01);
		break;
	case 0xd0: /* output port: no reset, A20 on */
		kl_i8042_reply(k, 0x03);
		break;
	case 0xf0 ... 0xff: /* pulse the output lines whose bits are 0 */
		if (!(value & 1))
			kl_reset(k->env);
		break;
	default:
		break;
	}
}

/**
 * kl_i8042_attach() - put the controller on the bus
 * @k: the controller
 * @env: the world outside
 * @bus: the bus
 *
 * Return: 0, or -1 if the bus has no room.
 */
int kl_i8042_attach(struct kl_i8042 *k, struct kl_env *env, struct kl_bus *bus)
{
	const struct kl_ports data = {
		.name = "i8042", .first = KL_I8042_DATA, .count = 1, .width = 1,
		.in = kl_i8042_data_in, .out = kl_i8042_data_out, .opaque = k,
	};
	const struct kl_ports cmd = {
		.name = "i8042", .first = KL_I8042_CMD, .count = 1, .width = 1,
		.in = kl_i8042_cmd_in, .out = kl_i8042_cmd_out, .opaque = k,
	};

	memset(k, 0, sizeof(*k));
	k->env = env;
	return kl_bus_add(bus, &data) || kl_bus_add(bus, &cmd) ? -1 : 0;
}

static uint32_t kl_reset_in(void *opaque, uint16_t port, unsigned int size)
{
	(void)opaque;
	(void)size;
	return port == 0x92 ? 0x02 : 0x00; /* A20 is always on */
}

static void kl_port92_out(void *opaque, uint16_t port, unsigned int size,
			  uint32_t value)
{
	(void)port;
	(void)size;
	if (value & 0x01)
		kl_reset(opaque);
}

static void kl_cf9_out(void *opaque, uint16_t port, unsigned int size,
		       uint32_t value)
{
	(void)port;
	(void)size;
	if (value & 0x04)
		kl_reset(opaque);
}

/**
 * kl_reset_attach() - put ports 0x92 and 0xcf9 on the bus
 * @env: the world outside
 * @bus: the bus
 *
 * Only accesses that begin at 0xcf9 reach it: a wider one at 0xcf8 is the PCI
 * configuration address.
 *
 * Return: 0, or -1 if the bus has no room.
 */
int kl_reset_attach(struct kl_env *env, struct kl_bus *bus)
{
	const struct kl_ports fast = {
		.name = "port92", .first = 0x92, .count = 1, .width = 1,
		.in = kl_reset_in, .out = kl_port92_out, .opaque = env,
	};
	const struct kl_ports cf9 = {
		.name = "cf9", .first = 0xcf9, .count = 1, .width = 1,
		.in = kl_reset_in, .out = kl_cf9_out, .opaque = env,
	};

	return kl_bus_add(bus, &fast) || kl_bus_add(bus, &cf9) ? -1 : 0;
}
