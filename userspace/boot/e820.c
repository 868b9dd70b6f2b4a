// SPDX-License-Identifier: GPL-2.0-only
/* The memory map a guest is told: RAM, and the BIOS area with the ACPI tables. */
#include "boot.h"

/**
 * kl_e820_build() - write the memory map
 * @mem: guest RAM; @mem->low is at least 1M
 * @map: filled in, in ascending order
 *
 * Return: number of valid entries of @map.
 */
unsigned int kl_e820_build(const struct kl_mem *mem,
			   struct kl_e820 map[KL_E820_MAX])
{
	unsigned int n = 0;

	map[n++] = (struct kl_e820){ 0, KL_EBDA_GPA, KL_E820_RAM };
	map[n++] = (struct kl_e820){ KL_EBDA_GPA, 0xa0000 - KL_EBDA_GPA,
				     KL_E820_RESERVED };
	map[n++] = (struct kl_e820){ KL_ACPI_GPA,
				     KL_KERNEL_MIN_GPA - KL_ACPI_GPA,
				     KL_E820_RESERVED };
	map[n++] = (struct kl_e820){ KL_KERNEL_MIN_GPA,
				     mem->low - KL_KERNEL_MIN_GPA,
				     KL_E820_RAM };
	if (mem->size > mem->low)
		map[n++] = (struct kl_e820){ KL_HIGH_GPA, mem->size - mem->low,
					     KL_E820_RAM };
	return n;
}
