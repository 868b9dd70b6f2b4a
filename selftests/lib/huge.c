// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory in huge pages for tests and bench: asked for, and then checked,
 * because the kernel may give small pages without a word (it does so on every
 * machine with less than 512 MB unless it is told otherwise).
 */
#include <fcntl.h>

#include "kl.h"

#define THP "/sys/kernel/mm/transparent_hugepage/enabled"

/* Allow huge pages on request where they are switched off altogether. */
static void allow(void)
{
	char now[64] = "";
	int fd = open(THP, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, now, sizeof(now) - 1) > 0 && strstr(now, "[never]") &&
	    pwrite(fd, "madvise", 7, 0) != 7)
		printf("# cannot switch huge pages on: %s\n", strerror(errno));
	close(fd);
}

/* Kilobytes of a mapping that are in huge pages. */
static size_t huge_kb(void *p)
{
	unsigned long start, end, kb = 0;
	bool inside = false;
	char line[256];
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 &&
		    strchr(line, '-') < strchr(line, ' '))
			inside = start <= (uintptr_t)p && (uintptr_t)p < end;
		else if (inside && sscanf(line, "AnonHugePages: %lu", &kb) == 1)
			break;
	}
	fclose(f);
	return kb;
}

/**
 * kl_huge - memory that the host has in huge pages, filled with ones
 * @size: bytes, a multiple of 2 MB
 *
 * Return: HVA, 2 MB aligned, or NULL if the host gives no huge pages.
 */
void *kl_huge(size_t size)
{
	uint8_t *p, *mem;

	allow();
	p = mmap(NULL, size + (2 << 20), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kl_check(p != MAP_FAILED);
	mem = (uint8_t *)(((uintptr_t)p + 0x1fffff) & ~0x1fffffUL);
	if (madvise(mem, size, MADV_HUGEPAGE))
		return NULL;
	memset(mem, 1, size);
	return huge_kb(mem) >= size >> 10 ? mem : NULL;
}
