/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest RAM: one anonymous mapping, seen by the guest below 3G and, if there is
 * more, from 4G on.
 */
#ifndef KL_USER_MEMORY_H
#define KL_USER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

typedef uint64_t kl_gpa_t; /* a guest-physical address */

#define KL_LOW_MAX_GPA 0xc0000000ull	/* RAM below 4G ends here at most */
#define KL_HIGH_GPA 0x100000000ull	/* the rest begins here */

/**
 * struct kl_mem - guest RAM
 * @hva: host virtual address of the byte at GPA 0
 * @size: all of it in bytes
 * @low: bytes from GPA 0 on; the other @size - @low are at KL_HIGH_GPA
 */
struct kl_mem {
	uint8_t *hva;
	uint64_t size;
	uint64_t low;
};

int kl_mem_host_total(uint64_t *total);
int kl_mem_alloc(struct kl_mem *mem, uint64_t size, struct kl_err *err);
void kl_mem_free(struct kl_mem *mem);
int kl_mem_register(const struct kl_mem *mem, int vm_fd, struct kl_err *err);
void *kl_mem_ptr(const struct kl_mem *mem, kl_gpa_t gpa, uint64_t len);
int kl_mem_write(const struct kl_mem *mem, kl_gpa_t gpa, const void *src,
		 uint64_t len);

#endif /* KL_USER_MEMORY_H */
