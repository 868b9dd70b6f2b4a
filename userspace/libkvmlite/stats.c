// SPDX-License-Identifier: GPL-2.0-only
/* Binary statistics: header, descriptors, data; see stats.h. */
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stats.h"

#define KL_STATS_FILE_MAX 65536u

/**
 * kl_stats_add() - add a value to a counter
 * @stats: the set; a counter that has no room any more is dropped
 * @name: name of the counter
 * @value: added to what it has
 */
void kl_stats_add(struct kl_stats *stats, const char *name, uint64_t value)
{
	struct kl_stat *s;
	unsigned int i;

	for (i = 0; i < stats->nr; i++) {
		if (!strcmp(stats->stat[i].name, name)) {
			stats->stat[i].value += value;
			return;
		}
	}
	if (stats->nr == KL_STATS_MAX)
		return;
	s = &stats->stat[stats->nr++];
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->value = value;
}

/**
 * kl_stats_get() - look a counter up
 * @stats: the set
 * @name: its name
 * @value: filled in if it is there
 *
 * Return: true if it is there.
 */
bool kl_stats_get(const struct kl_stats *stats, const char *name,
		  uint64_t *value)
{
	unsigned int i;

	for (i = 0; i < stats->nr; i++) {
		if (!strcmp(stats->stat[i].name, name)) {
			*value = stats->stat[i].value;
			return true;
		}
	}
	return false;
}

/**
 * kl_stats_parse() - read the content of a statistics descriptor
 * @stats: counters are added here
 * @data: the content
 * @size: its bytes
 *
 * Histograms are left out: they are many values under one name.
 *
 * Return: 0, or -1 if the content is damaged.
 */
int kl_stats_parse(struct kl_stats *stats, const uint8_t *data, size_t size)
{
	struct kvm_stats_header head;
	struct kvm_stats_desc desc;
	char name[KL_STATS_NAME];
	uint64_t at, value;
	size_t stride, len;
	unsigned int i;

	if (size < sizeof(head))
		return -1;
	memcpy(&head, data, sizeof(head));
	if (!head.name_size || head.name_size > 4096 || head.desc_offset > size)
		return -1;
	stride = sizeof(desc) + head.name_size;
	if (head.num_desc > (size - head.desc_offset) / stride)
		return -1;
	for (i = 0; i < head.num_desc; i++) {
		const uint8_t *d = data + head.desc_offset + i * stride;

		memcpy(&desc, d, sizeof(desc));
		if (desc.size != 1)
			continue;
		at = (uint64_t)head.data_offset + desc.offset;
		if (at > size || size - at < sizeof(value))
			return -1;
		memcpy(&value, data + at, sizeof(value));
		len = strnlen((const char *)d + sizeof(desc), head.name_size);
		if (len >= sizeof(name))
			len = sizeof(name) - 1;
		memcpy(name, d + sizeof(desc), len);
		name[len] = '\0';
		kl_stats_add(stats, name, value);
	}
	return 0;
}

/**
 * kl_stats_read() - read the statistics of a VM or a vCPU
 * @stats: counters are added here
 * @fd: VM or vCPU descriptor
 *
 * Return: 0, or -1 if the device has none.
 */
int kl_stats_read(struct kl_stats *stats, int fd)
{
	int stats_fd = ioctl(fd, KVM_GET_STATS_FD, NULL);
	uint8_t *data;
	size_t size = 0;
	ssize_t n;
	int rc;

	if (stats_fd < 0)
		return -1;
	data = malloc(KL_STATS_FILE_MAX);
	if (!data) {
		close(stats_fd);
		return -1;
	}
	while (size < KL_STATS_FILE_MAX) {
		n = pread(stats_fd, data + size, KL_STATS_FILE_MAX - size, size);
		if (n <= 0)
			break;
		size += n;
	}
	rc = kl_stats_parse(stats, data, size);
	free(data);
	close(stats_fd);
	return rc;
}
