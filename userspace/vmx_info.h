/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of `kvmlite info`. It stands alone so that only vmx_info.c is
 * compiled with the module's headers.
 */
#ifndef KL_USER_VMX_INFO_H
#define KL_USER_VMX_INFO_H

#include <stdint.h>

/**
 * typedef kl_msr_fn - reads an MSR of the machine
 *
 * Return: its value, 0 if the CPU does not have it.
 */
typedef uint64_t (*kl_msr_fn)(void *ctx, uint32_t msr);

void kl_vmx_info_print(kl_msr_fn read_msr, void *ctx);

#endif /* KL_USER_VMX_INFO_H */
