/* SPDX-License-Identifier: GPL-2.0-only */
/* A world for device models under test: a settable clock and a log. */
#ifndef KL_TEST_FAKE_H
#define KL_TEST_FAKE_H

#include <string.h>

#include "../dev/dev.h"

struct fake {
	struct kl_env env;
	struct kl_bus bus;
	uint64_t now;
	uint64_t alarm;
	bool line[24];
	unsigned int edges[24];
	enum kl_end_why why;
	int status;
	unsigned int ends;
	unsigned int milestone;
	uint8_t tx[4096];
	unsigned int nr_tx;
};

static inline void fake_irq(void *opaque, unsigned int gsi, bool level)
{
	struct fake *f = opaque;

	f->edges[gsi] += level && !f->line[gsi];
	f->line[gsi] = level;
}

static inline void fake_end(void *opaque, enum kl_end_why why, int status)
{
	struct fake *f = opaque;

	f->ends++;
	f->why = why;
	f->status = status;
}

static inline uint64_t fake_now(void *opaque)
{
	return ((struct fake *)opaque)->now;
}

static inline void fake_milestone(void *opaque, unsigned int value)
{
	((struct fake *)opaque)->milestone = value;
}

static inline void fake_alarm(void *opaque, uint64_t deadline_ns)
{
	((struct fake *)opaque)->alarm = deadline_ns;
}

static inline void fake_tx(void *opaque, uint8_t byte)
{
	struct fake *f = opaque;

	f->tx[f->nr_tx++ % sizeof(f->tx)] = byte;
}

static inline void fake_init(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	f->env = (struct kl_env){
		.opaque = f, .irq = fake_irq, .end = fake_end,
		.now_ns = fake_now, .milestone = fake_milestone,
		.alarm = fake_alarm,
	};
}

/* A small generator with a fixed seed: every run sees the same numbers. */
static inline uint32_t fake_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 32;
}

#endif /* KL_TEST_FAKE_H */
