// SPDX-License-Identifier: GPL-2.0-only
/*
 * The figures of a run, as a table and as JSON. Counters come from the
 * hypervisor by name; what a device does not count is left out of the table
 * and null in the JSON.
 *
 * cJSON is not packaged as a static library, so the few lines of JSON are
 * printed here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static bool kl_is_exit(const char *name)
{
	return !strncmp(name, "exit_", 5);
}

/* Stock KVM counts all exits as "exits", and some under names that end so. */
static bool kl_is_kvm_exit(const char *name)
{
	size_t len = strlen(name);

	return !strcmp(name, "exits") ||
	       (len > 6 && !strcmp(name + len - 6, "_exits"));
}

static int kl_by_value(const void *a, const void *b)
{
	const struct kl_stat *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* The exits that happened, most frequent first. */
static void kl_exits(const struct kl_stats *stats, struct kl_stats *exits)
{
	bool (*match)(const char *name) = kl_is_kvm_exit;
	unsigned int i;

	memset(exits, 0, sizeof(*exits));
	for (i = 0; i < stats->nr; i++)
		if (kl_is_exit(stats->stat[i].name))
			match = kl_is_exit;
	for (i = 0; i < stats->nr; i++) {
		const char *name = stats->stat[i].name;

		if (match(name) && stats->stat[i].value)
			kl_stats_add(exits, match == kl_is_exit ? name + 5 :
				     name, stats->stat[i].value);
	}
	qsort(exits->stat, exits->nr, sizeof(exits->stat[0]), kl_by_value);
}

static void kl_user_exits(const struct kl_machine *m, struct kl_stats *out)
{
	unsigned int i, r;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < m->nr_vcpus; i++)
		for (r = 0; r < KL_NR_USER_EXITS; r++)
			if (m->vcpu[i].exits[r])
				kl_stats_add(out, kl_user_exit_name(r),
					     m->vcpu[i].exits[r]);
	qsort(out->stat, out->nr, sizeof(out->stat[0]), kl_by_value);
}

static void kl_row(const char *name, uint64_t value)
{
	fprintf(stderr, "  %-28s %14llu\n", name, (unsigned long long)value);
}

static void kl_rows(const char *title, const struct kl_stats *stats)
{
	uint64_t total = 0, all;
	unsigned int i;

	fprintf(stderr, "%s\n", title);
	for (i = 0; i < stats->nr; i++) {
		kl_row(stats->stat[i].name, stats->stat[i].value);
		total += stats->stat[i].value;
	}
	if (stats->nr > 1 && !kl_stats_get(stats, "exits", &all))
		kl_row("total", total);
}

/* Counters that have a place of their own in the table. */
static const struct {
	const char *name;
	const char *title;
} kl_known[] = {
	{ "exit_ept_violation", "EPT violations" },
	{ "pages_4k", "pages mapped, 4K" },
	{ "pages_2m", "pages mapped, 2M" },
	{ "pages_1g", "pages mapped, 1G" },
};

static bool kl_is_known(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kl_known); i++)
		if (!strcmp(name, kl_known[i].name))
			return true;
	return false;
}

/**
 * kl_report_print() - print the figures on standard error
 * @m: a machine that has ended
 * @stats: the hypervisor's counters
 */
void kl_report_print(const struct kl_machine *m, const struct kl_stats *stats)
{
	static struct kl_stats exits;
	uint64_t value;
	unsigned int i;

	fprintf(stderr, "kvmlite: figures of this run (%s)\n", m->opt->dev);
	if (m->tsc_init)
		kl_row("TSC ticks to guest init", m->tsc_init - m->tsc_create);
	for (i = 0; i < ARRAY_SIZE(kl_known); i++)
		if (kl_stats_get(stats, kl_known[i].name, &value))
			kl_row(kl_known[i].title, value);
	kl_exits(stats, &exits);
	kl_rows("exits by reason", &exits);
	kl_user_exits(m, &exits);
	kl_rows("exits to this runner", &exits);
	if (!m->opt->verbose)
		return;
	fputs("other counters\n", stderr);
	for (i = 0; i < stats->nr; i++)
		if (stats->stat[i].value && !kl_is_exit(stats->stat[i].name) &&
		    !kl_is_known(stats->stat[i].name))
			kl_row(stats->stat[i].name, stats->stat[i].value);
}

/* Counter names are identifiers; anything else is not trusted into JSON. */
static void kl_json_name(FILE *f, const char *name)
{
	fputc('"', f);
	for (; *name; name++)
		fputc(*name < ' ' || *name > '~' || *name == '"' ||
		      *name == '\\' ? '_' : *name, f);
	fputc('"', f);
}

static void kl_json_set(FILE *f, const char *key, const struct kl_stats *stats)
{
	unsigned int i;

	fprintf(f, "  \"%s\": {", key);
	for (i = 0; i < stats->nr; i++) {
		fputs(i ? ", " : " ", f);
		kl_json_name(f, stats->stat[i].name);
		fprintf(f, ": %llu", (unsigned long long)stats->stat[i].value);
	}
	fputs(stats->nr ? " },\n" : "},\n", f);
}

/* The value of a counter, or null if the device does not count it. */
static void kl_json_stat(FILE *f, const struct kl_stats *stats,
			 const char *name)
{
	uint64_t value;

	if (kl_stats_get(stats, name, &value))
		fprintf(f, "%llu", (unsigned long long)value);
	else
		fputs("null", f);
}

/**
 * kl_report_json() - write the figures to a file
 * @m: a machine that has ended
 * @stats: the hypervisor's counters
 * @path: the file
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_report_json(const struct kl_machine *m, const struct kl_stats *stats,
		   const char *path, struct kl_err *err)
{
	static struct kl_stats exits;
	FILE *f = fopen(path, "we");

	if (!f)
		return kl_err(err, "--stats-json %s: %s", path, strerror(errno));
	fputs("{\n  \"tsc_to_init\": ", f);
	if (m->tsc_init)
		fprintf(f, "%llu,\n",
			(unsigned long long)(m->tsc_init - m->tsc_create));
	else
		fputs("null,\n", f);
	kl_exits(stats, &exits);
	kl_json_set(f, "exits", &exits);
	kl_user_exits(m, &exits);
	kl_json_set(f, "user_exits", &exits);
	fputs("  \"ept_violations\": ", f);
	kl_json_stat(f, stats, "exit_ept_violation");
	fputs(",\n  \"pages\": { \"4k\": ", f);
	kl_json_stat(f, stats, "pages_4k");
	fputs(", \"2m\": ", f);
	kl_json_stat(f, stats, "pages_2m");
	fputs(", \"1g\": ", f);
	kl_json_stat(f, stats, "pages_1g");
	fprintf(f, " },\n  \"exit_status\": %d\n}\n", kl_machine_status(m));
	if (ferror(f) | fclose(f))
		return kl_err(err, "--stats-json %s: cannot write it", path);
	return 0;
}
