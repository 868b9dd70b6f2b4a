/* SPDX-License-Identifier: GPL-2.0-only */
/* The few macros of the kernel's dialect that the runner uses. */
#ifndef KL_USER_BASE_H
#define KL_USER_BASE_H

#include <sys/cdefs.h>

#ifndef __packed
#define __packed __attribute((packed))
#endif
#ifndef __printf
#define __printf(a, b) __attribute((format(printf, a, b)))
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1u << (n))
#define BIT_ULL(n) (1ull << (n))

#endif /* KL_USER_BASE_H */
