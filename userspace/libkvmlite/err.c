// SPDX-License-Identifier: GPL-2.0-only
/* One sentence for each failure: see err.h. */
#include <stdarg.h>
#include <stdio.h>

#include "err.h"

/**
 * kl_err() - note why the caller fails
 * @err: where the sentence goes
 * @fmt: printf format of the sentence
 *
 * Return: always -1, so that a caller can say ``return kl_err(...)``.
 */
int kl_err(struct kl_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}
