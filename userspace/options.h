/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of the runner. */
#ifndef KL_USER_OPTIONS_H
#define KL_USER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "libkvmlite/err.h"

#define KL_DEFAULT_DEV "/dev/kvmlite"
#define KL_DEFAULT_MEM (256ull << 20)
#define KL_DEFAULT_CMDLINE "console=ttyS0 panic=-1 pci=off 8250.nr_uarts=1"
#define KL_MAX_CPUS 64u

enum kl_command {
	KL_CMD_RUN,
	KL_CMD_INFO,
	KL_CMD_HELP,
	KL_CMD_VERSION,
};

/**
 * struct kl_options - what the user asked for
 * @command: what to do
 * @kernel: path of the kernel
 * @initrd: path of the initrd, or NULL
 * @cmdline: kernel command line
 * @dev: path of the hypervisor device
 * @stats_json: where to write the figures, or NULL
 * @mem: bytes of guest RAM
 * @cpus: number of vCPUs
 * @stats: print the figures at the end
 * @verbose: report accesses that no device answers, and the like
 * @rtc_fixed: the clock begins at @rtc_base, not at the host's time
 * @rtc_base: seconds since 1970
 * @reset_status: exit status when the guest resets and has said none
 */
struct kl_options {
	enum kl_command command;
	const char *kernel;
	const char *initrd;
	const char *cmdline;
	const char *dev;
	const char *stats_json;
	uint64_t mem;
	unsigned int cpus;
	bool stats;
	bool verbose;
	bool rtc_fixed;
	int64_t rtc_base;
	int reset_status;
};

int kl_size_parse(const char *text, uint64_t *bytes);
int kl_options_parse(int argc, char **argv, struct kl_options *opt,
		     struct kl_err *err);
const char *kl_help_text(void);

#endif /* KL_USER_OPTIONS_H */
