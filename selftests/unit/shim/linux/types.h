/* SPDX-License-Identifier: GPL-2.0-only */
/* The uapi types first, then the kernel's short names for them. */
#include_next <linux/types.h>
#ifndef KL_UNIT_SHIM_TYPES_H
#define KL_UNIT_SHIM_TYPES_H

#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#include <kl_shim.h>

#endif /* KL_UNIT_SHIM_TYPES_H */
