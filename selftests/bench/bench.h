/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of kl-bench: who measures, in the guest or in the host, and how a
 * figure is made out of samples.
 */
#ifndef _KL_SELFTEST_BENCH_H
#define _KL_SELFTEST_BENCH_H

#include "kl.h"

/* No figure: the device cannot do this. */
#define KL_NO_FIGURE	(-1)

/**
 * struct kl_row - one figure
 * @name: fixed, as in build/results/bench.json
 * @unit: what is counted
 * @measure: gives the figure, or KL_NO_FIGURE
 */
struct kl_row {
	const char *name;
	const char *unit;
	int64_t (*measure)(void);
};

/* The first instruction of a guest in real mode. */
extern const char kl_bench_first[], kl_bench_first_end[];

extern const struct kl_row kl_guest_rows[];
extern const struct kl_row kl_host_rows[];

#endif /* _KL_SELFTEST_BENCH_H */
