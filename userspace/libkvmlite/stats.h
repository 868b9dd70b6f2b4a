/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The binary statistics of a VM and its vCPUs (KVM_GET_STATS_FD), read by name:
 * a counter the runner has never heard of is shown as well.
 */
#ifndef KL_USER_STATS_H
#define KL_USER_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KL_STATS_MAX 512
#define KL_STATS_NAME 64

/**
 * struct kl_stat - one counter
 * @name: its name, NUL-terminated
 * @value: its value; of several vCPUs the sum
 */
struct kl_stat {
	char name[KL_STATS_NAME];
	uint64_t value;
};

/**
 * struct kl_stats - a set of counters
 * @nr: valid entries of @stat
 * @stat: the counters
 */
struct kl_stats {
	unsigned int nr;
	struct kl_stat stat[KL_STATS_MAX];
};

void kl_stats_add(struct kl_stats *stats, const char *name, uint64_t value);
bool kl_stats_get(const struct kl_stats *stats, const char *name,
		  uint64_t *value);
int kl_stats_parse(struct kl_stats *stats, const uint8_t *data, size_t size);
int kl_stats_read(struct kl_stats *stats, int fd);

#endif /* KL_USER_STATS_H */
