/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What pure kernel code uses of the kernel's headers, for userspace.
 *
 * Every header of shim/linux/ is one line that includes this file. Only names
 * with the kernel's meaning stand here; code that needs more is not pure.
 */
#ifndef KL_UNIT_SHIM_H
#define KL_UNIT_SHIM_H

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <linux/types.h>

#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

#define BITS_PER_LONG 64
#define BITS_PER_LONG_LONG 64
#define BITS_PER_BYTE 8

#define _UL(x) x##UL
#define _ULL(x) x##ULL
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define GENMASK(h, l) ((~0UL << (l)) & (~0UL >> (63 - (h))))
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#ifndef U32_MAX
#define U32_MAX UINT32_MAX
#endif
#ifndef S64_MAX
#define S64_MAX INT64_MAX
#endif
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define __ALIGN_MASK(x, mask) (((x) + (mask)) & ~(mask))
#define ALIGN(x, a) __ALIGN_MASK(x, (__typeof__(x))(a) - 1)
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define sizeof_field(t, m) sizeof(((t *)0)->m)
#define offsetofend(t, m) (offsetof(t, m) + sizeof_field(t, m))
#define struct_size(p, m, n) (sizeof(*(p)) + sizeof((p)->m[0]) * (n))
#define container_of(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))

#define min(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); \
		     _a < _b ? _a : _b; })
#define max(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); \
		     _a > _b ? _a : _b; })
#define min_t(t, a, b) min((t)(a), (t)(b))
#define max_t(t, a, b) max((t)(a), (t)(b))
#define clamp(v, lo, hi) min(max(v, lo), hi)
#define clamp_t(t, v, lo, hi) min_t(t, max_t(t, v, lo), hi)
#define swap(a, b) do { __typeof__(a) _t = (a); (a) = (b); (b) = _t; } while (0)

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier() __asm__ volatile("" : : : "memory")
#define array_index_nospec(i, n) ((i) < (n) ? (i) : 0)

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))
#undef __always_unused
#define __always_unused __attribute__((unused))
#define __maybe_unused __attribute__((unused))
#define __must_check __attribute__((warn_unused_result))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __ro_after_init
#define __init
#define __user
#define __iomem
#define __rcu
#define fallthrough __attribute__((fallthrough))

#undef static_assert
#define static_assert(e, ...) _Static_assert(e, #e)
#define BUILD_BUG_ON(c) _Static_assert(!(c), #c)
/* A warning in pure code is a bug: let the test die on it. */
#define WARN_ON_ONCE(c) ({ bool _c = !!(c); if (_c) abort(); _c; })
#define WARN_ON(c) WARN_ON_ONCE(c)
#define EXPORT_SYMBOL_GPL(x)

static inline unsigned int hweight32(u32 v) { return __builtin_popcount(v); }
static inline unsigned int hweight64(u64 v) { return __builtin_popcountll(v); }
static inline unsigned long __ffs(unsigned long v) { return __builtin_ctzl(v); }
static inline unsigned long __ffs64(u64 v) { return __builtin_ctzll(v); }
static inline unsigned long __fls(unsigned long v)
{
	return 63 - __builtin_clzl(v);
}

static inline int fls(unsigned int v) { return v ? 32 - __builtin_clz(v) : 0; }
static inline int fls64(u64 v) { return v ? 64 - __builtin_clzll(v) : 0; }
static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline bool test_and_set_bit(unsigned long n, unsigned long *word)
{
	return __atomic_fetch_or(word, BIT(n), __ATOMIC_SEQ_CST) & BIT(n);
}

static inline bool test_and_clear_bit(unsigned long n, unsigned long *word)
{
	return __atomic_fetch_and(word, ~BIT(n), __ATOMIC_SEQ_CST) & BIT(n);
}

static inline u64 rol64(u64 v, unsigned int n)
{
	return v << (n & 63) | v >> (-n & 63);
}

static inline s64 sign_extend64(u64 v, int bit)
{
	u8 shift = 63 - bit;

	return (s64)(v << shift) >> shift;
}

static inline s32 sign_extend32(u32 v, int bit)
{
	u8 shift = 31 - bit;

	return (s32)(v << shift) >> shift;
}

static inline u64 div_u64(u64 a, u32 b) { return a / b; }
static inline u64 div64_u64(u64 a, u64 b) { return a / b; }
static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (unsigned __int128)a * b >> shift;
}

static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 div)
{
	return (unsigned __int128)a * mul / div;
}

/* Like snprintf, but returns what was written. */
__printf(3, 0)
static inline int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);

	if (n < 0 || !size)
		return 0;
	return (size_t)n < size ? n : (int)size - 1;
}

__printf(3, 4)
static inline int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vscnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

static inline ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		dst[i] = src[i];
		if (!src[i])
			return i;
	}
	if (size)
		dst[size - 1] = 0;
	return -E2BIG;
}

#endif /* KL_UNIT_SHIM_H */
