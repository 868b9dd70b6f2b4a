// SPDX-License-Identifier: GPL-2.0-only
/* From files to a guest ready to start: read, choose the protocol, place. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"

#define KL_PAGE 4096ull

/**
 * kl_image_read() - map a file
 * @path: the file
 * @option: the option that named it, for messages
 * @img: filled in
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_image_read(const char *path, const char *option, struct kl_image *img,
		  struct kl_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0)
		return kl_err(err, "%s %s: %s", option, path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return kl_err(err, "%s %s: not a regular file", option, path);
	}
	if (!st.st_size) {
		close(fd);
		return kl_err(err, "%s %s: the file is empty", option, path);
	}
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return kl_err(err, "%s %s: cannot map it: %s", option, path,
			      strerror(errno));
	img->name = path;
	img->data = p;
	img->size = st.st_size;
	return 0;
}

/**
 * kl_image_free() - unmap a file
 * @img: what kl_image_read() filled in, or zero
 */
void kl_image_free(struct kl_image *img)
{
	if (img->data)
		munmap((void *)(uintptr_t)img->data, img->size);
	memset(img, 0, sizeof(*img));
}

/**
 * kl_initrd_place() - copy the initrd to the top of low RAM
 * @mem: guest RAM
 * @initrd: the initrd, or NULL
 * @kernel_end: first byte after what the kernel needs
 * @max: highest address a byte of the initrd may have
 * @boot: its initrd fields are filled in
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_initrd_place(const struct kl_mem *mem, const struct kl_image *initrd,
		    uint64_t kernel_end, uint64_t max, struct kl_boot *boot,
		    struct kl_err *err)
{
	uint64_t top = mem->low, gpa;

	boot->initrd_gpa = 0;
	boot->initrd_len = 0;
	if (!initrd)
		return 0;
	if (max < top - 1)
		top = max + 1;
	gpa = initrd->size > top ? 0 : (top - initrd->size) & ~(KL_PAGE - 1);
	if (gpa < kernel_end)
		return kl_err(err,
			"--initrd %s: %lluM do not fit above the kernel, which ends at %lluM, and below %lluM: give more --mem",
			      initrd->name,
			      (unsigned long long)(initrd->size + 0xfffff) >> 20,
			      (unsigned long long)(kernel_end + 0xfffff) >> 20,
			      (unsigned long long)top >> 20);
	kl_mem_write(mem, gpa, initrd->data, initrd->size);
	boot->initrd_gpa = gpa;
	boot->initrd_len = initrd->size;
	return 0;
}

/**
 * kl_boot_load() - load a guest into RAM
 * @mem: guest RAM
 * @kernel: bzImage or PVH ELF
 * @initrd: the initrd, or NULL
 * @cmdline: the command line
 * @cpus: number of CPUs the ACPI tables describe
 * @boot: filled in
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_boot_load(const struct kl_mem *mem, const struct kl_image *kernel,
		 const struct kl_image *initrd, const char *cmdline,
		 unsigned int cpus, struct kl_boot *boot, struct kl_err *err)
{
	size_t len = strlen(cmdline) + 1;

	if (len > KL_CMDLINE_MAX)
		return kl_err(err, "--cmdline: %zu bytes, at most %u fit",
			      len - 1, KL_CMDLINE_MAX - 1);
	kl_mem_write(mem, KL_CMDLINE_GPA, cmdline, len);
	kl_boot_cpu_tables(mem);
	if (!kl_acpi_build(kl_mem_ptr(mem, KL_ACPI_GPA, KL_ACPI_SIZE),
			   KL_ACPI_SIZE, KL_ACPI_GPA, cpus))
		return kl_err(err, "--cpus %u: the ACPI tables have no room",
			      cpus);
	if (kl_is_elf(kernel))
		return kl_pvh_load(mem, kernel, initrd, cmdline, boot, err);
	return kl_bzimage_load(mem, kernel, initrd, cmdline, boot, err);
}
