/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A KTAP harness of one page for the unit tests.
 *
 *	KT_TEST(adds_up)
 *	{
 *		EXPECT_EQ(1 + 1, 2);
 *	}
 *	KT_MAIN
 *
 * EXPECT* notes a failure and goes on, ASSERT* leaves the test. For rows of a
 * table call kt_case() yourself: one result line each.
 *
 * tour 85: pure code is tested without a hypervisor: the module's own sources,
 * compiled in userspace under ASAN and UBSAN.
 */
#ifndef KL_UNIT_KT_H
#define KL_UNIT_KT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KT_MAX 1024

struct kt_test {
	const char *name;
	void (*fn)(void);
};

static struct kt_test kt_tests[KT_MAX];
static unsigned int kt_nr_tests, kt_nr_results, kt_nr_failed;
static bool kt_failed; /* the running test */

static inline void kt_add(const char *name, void (*fn)(void))
{
	if (kt_nr_tests == KT_MAX)
		abort();
	kt_tests[kt_nr_tests++] = (struct kt_test){ name, fn };
}

/* Note a failure of the running test. */
__attribute__((format(printf, 3, 4)))
static inline void kt_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	kt_failed = true;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* Print the result of the running test under @name and begin the next. */
static inline void kt_case(const char *name)
{
	kt_nr_results++;
	kt_nr_failed += kt_failed;
	printf("%s %u %s\n", kt_failed ? "not ok" : "ok", kt_nr_results, name);
	kt_failed = false;
}

#define KT_TEST(name)							\
	static void name(void);						\
	__attribute__((constructor)) static void kt_add_##name(void)	\
	{								\
		kt_add(#name, name);					\
	}								\
	static void name(void)

#define KT_MAIN								\
	int main(void)							\
	{								\
		unsigned int i;						\
									\
		setvbuf(stdout, NULL, _IOLBF, 0);			\
		puts("KTAP version 1");					\
		for (i = 0; i < kt_nr_tests; i++) {			\
			kt_tests[i].fn();				\
			kt_case(kt_tests[i].name);			\
		}							\
		printf("1..%u\n", kt_nr_results);			\
		return kt_nr_failed || !kt_nr_results;			\
	}

#define KT_CHECK(cond, leave, ...) do {					\
		if (!(cond)) {						\
			kt_fail(__FILE__, __LINE__, __VA_ARGS__);	\
			leave;						\
		}							\
	} while (0)

#define KT_EQ(a, b, leave) do {						\
		unsigned long long kt_a = (unsigned long long)(a);	\
		unsigned long long kt_b = (unsigned long long)(b);	\
									\
		KT_CHECK(kt_a == kt_b, leave,				\
			 "%s is %#llx, not %s (%#llx)",			\
			 #a, kt_a, #b, kt_b);				\
	} while (0)

#define KT_STREQ(a, b, leave) do {					\
		const char *kt_s = (a), *kt_t = (b);			\
									\
		KT_CHECK(kt_s && kt_t && !strcmp(kt_s, kt_t), leave,	\
			 "%s is \"%s\", not \"%s\"", #a,		\
			 kt_s ? kt_s : "(null)", kt_t ? kt_t : "(null)"); \
	} while (0)

#define EXPECT(cond) KT_CHECK(cond, (void)0, "expected: %s", #cond)
#define ASSERT(cond) KT_CHECK(cond, return, "expected: %s", #cond)
#define EXPECT_EQ(a, b) KT_EQ(a, b, (void)0)
#define ASSERT_EQ(a, b) KT_EQ(a, b, return)
#define EXPECT_STREQ(a, b) KT_STREQ(a, b, (void)0)
#define ASSERT_STREQ(a, b) KT_STREQ(a, b, return)

#endif /* KL_UNIT_KT_H */
