// SPDX-License-Identifier: GPL-2.0-only
/* Command line, sizes, and the escape keys of the terminal. */
#include <kt.h>
#include <stdint.h>

#include "../options.h"
#include "../terminal.h"

KT_TEST(size_accepts_units)
{
	uint64_t n;

	EXPECT(!kl_size_parse("1K", &n) && n == 1024);
	EXPECT(!kl_size_parse("256M", &n) && n == 256ull << 20);
	EXPECT(!kl_size_parse("3g", &n) && n == 3ull << 30);
	EXPECT(!kl_size_parse("17179869183G", &n) && n == 17179869183ull << 30);
}

KT_TEST(size_refuses_the_rest)
{
	static const char *const bad[] = {
		"", "M", "256", "-1M", " 1M", "1.5G", "1MB", "0x10M", "1T",
		"17179869184G", "99999999999999999999M", "1M ",
	};
	unsigned int i;
	uint64_t n;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KT_CHECK(kl_size_parse(bad[i], &n) < 0, (void)0,
			 "'%s' was accepted", bad[i]);
}

/* Split @line at blanks and parse it. @line is changed and stays in use. */
static int parse(char *line, struct kl_options *opt, struct kl_err *err)
{
	char *words[24] = { "kvmlite" }, *word;
	int n = 1;

	for (word = strtok(line, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	return kl_options_parse(n, words, opt, err);
}

KT_TEST(run_has_defaults)
{
	char line[] = "run --kernel vmlinuz";
	struct kl_options opt;
	struct kl_err err;

	ASSERT_EQ(parse(line, &opt, &err), 0);
	EXPECT_EQ(opt.command, KL_CMD_RUN);
	EXPECT_STREQ(opt.kernel, "vmlinuz");
	EXPECT_STREQ(opt.dev, "/dev/kvmlite");
	EXPECT_STREQ(opt.cmdline, KL_DEFAULT_CMDLINE);
	EXPECT(!opt.initrd);
	EXPECT_EQ(opt.mem, 256ull << 20);
	EXPECT_EQ(opt.cpus, 1);
	EXPECT(!opt.stats && !opt.verbose && !opt.rtc_fixed);
}

KT_TEST(run_takes_all_options)
{
	char line[] =
		"run -k k -i i -c quiet -m 1G -n 4 --dev=/dev/kvm --stats --stats-json f";
	char more[] = "run -k k --rtc-base 1700000000 --reset-status 3 -v";
	struct kl_options opt;
	struct kl_err err;

	ASSERT_EQ(parse(line, &opt, &err), 0);
	EXPECT_STREQ(opt.initrd, "i");
	EXPECT_STREQ(opt.cmdline, "quiet");
	EXPECT_STREQ(opt.dev, "/dev/kvm");
	EXPECT_STREQ(opt.stats_json, "f");
	EXPECT_EQ(opt.mem, 1ull << 30);
	EXPECT_EQ(opt.cpus, 4);
	EXPECT(opt.stats && !opt.verbose && !opt.rtc_fixed);
	ASSERT_EQ(parse(more, &opt, &err), 0);
	EXPECT_EQ(opt.rtc_base, 1700000000);
	EXPECT_EQ(opt.reset_status, 3);
	EXPECT(!opt.stats && opt.verbose && opt.rtc_fixed);
}

/* A wrong @text must be refused with a sentence that has @needle. */
static void refused(const char *needle, const char *text)
{
	struct kl_options opt;
	struct kl_err err = { "" };
	char line[256];

	snprintf(line, sizeof(line), "%s", text);
	EXPECT_EQ(parse(line, &opt, &err), -1);
	KT_CHECK(strstr(err.text, needle), (void)0,
		 "'%s' does not name '%s'", err.text, needle);
}

KT_TEST(wrong_lines_are_named)
{
	refused("boot", "boot");
	refused("--kernel", "run");
	refused("--kernel", "run --kernel");
	refused("--bogus", "run --bogus");
	refused("vmlinuz", "run vmlinuz");
	refused("12", "run -k k --mem 12");
	refused("1K", "run -k k --mem 1K");
	refused("4097K", "run -k k --mem 4097K");
	refused("2000G", "run -k k --mem 2000G");
	refused("--cpus 0", "run -k k --cpus 0");
	refused("--cpus 65", "run -k k --cpus 65");
	refused("--cpus two", "run -k k --cpus two");
	refused("--reset-status 256", "run -k k --reset-status 256");
	refused("--rtc-base now", "run -k k --rtc-base now");
	refused("run", "--stats");
}

KT_TEST(nothing_to_do_is_an_error)
{
	refused("run", "");
}

KT_TEST(help_and_info)
{
	char help[] = "--help", run[] = "run --help";
	char version[] = "--version", info[] = "info --dev x";
	struct kl_options opt;
	struct kl_err err;

	EXPECT(!parse(help, &opt, &err) && opt.command == KL_CMD_HELP);
	EXPECT(!parse(run, &opt, &err) && opt.command == KL_CMD_HELP);
	EXPECT(!parse(version, &opt, &err) && opt.command == KL_CMD_VERSION);
	EXPECT(!parse(info, &opt, &err) && opt.command == KL_CMD_INFO);
	EXPECT_STREQ(opt.dev, "x");
	EXPECT(strstr(kl_help_text(), "EXIT STATUS"));
}

KT_TEST(escape_keys)
{
	bool prefix = false;

	EXPECT_EQ(kl_key(&prefix, 'x'), KL_KEY_DATA);
	EXPECT_EQ(kl_key(&prefix, 3), KL_KEY_DATA);
	EXPECT_EQ(kl_key(&prefix, 1), KL_KEY_PREFIX);
	EXPECT_EQ(kl_key(&prefix, 'x'), KL_KEY_QUIT);
	EXPECT_EQ(kl_key(&prefix, 1), KL_KEY_PREFIX);
	EXPECT_EQ(kl_key(&prefix, 'h'), KL_KEY_HELP);
	EXPECT_EQ(kl_key(&prefix, 1), KL_KEY_PREFIX);
	EXPECT_EQ(kl_key(&prefix, 1), KL_KEY_DATA);
	EXPECT_EQ(kl_key(&prefix, 1), KL_KEY_PREFIX);
	EXPECT_EQ(kl_key(&prefix, 'q'), KL_KEY_NONE);
	EXPECT_EQ(kl_key(&prefix, 'q'), KL_KEY_DATA);
}

KT_MAIN
