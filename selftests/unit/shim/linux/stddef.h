/* SPDX-License-Identifier: GPL-2.0-only */
/* libc itself includes this one: hand on the uapi header as it is. */
#include_next <linux/stddef.h>
