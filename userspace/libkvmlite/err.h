/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a library function of the runner tells what went wrong: it returns -1
 * and leaves one sentence in the caller's struct kl_err. The sentence names the
 * file or value that was wrong and, where there is something, what to do.
 */
#ifndef KL_USER_ERR_H
#define KL_USER_ERR_H

#include "base.h"

/**
 * struct kl_err - the reason of a failure
 * @text: one sentence without a newline, NUL-terminated
 */
struct kl_err {
	char text[512];
};

__printf(2, 3)
int kl_err(struct kl_err *err, const char *fmt, ...);

/* Exit statuses of the runner itself; the guest's own are 0 to 255 too. */
enum {
	KL_EXIT_USAGE = 2,	/* the command line is wrong */
	KL_EXIT_TRIPLE = 70,	/* the guest triple-faulted */
	KL_EXIT_HALTED = 71,	/* the guest halted for ever */
	KL_EXIT_DIED = 124,	/* the VM died under the guest */
	KL_EXIT_RUNNER = 125,	/* the runner could not do its work */
};

#endif /* KL_USER_ERR_H */
