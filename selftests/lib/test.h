/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test program: the kernel's kselftest harness (KTAP output, one process and
 * one alarm a test) with our library's options in front of its own.
 */
#ifndef _KL_SELFTEST_TEST_H
#define _KL_SELFTEST_TEST_H

#include "kselftest_harness.h"
#include "kl.h"

int main(int argc, char **argv)
{
	kl_init(&argc, argv);
	return test_harness_run(argc, argv);
}

#endif /* _KL_SELFTEST_TEST_H */
