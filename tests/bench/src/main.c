/* Options, the start, the end. */
#define _GNU_SOURCE
#include "bench.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct bench the_bench;

static void on_signal(int number)
{
	(void)number;
	the_bench.quit = true;
}

enum kind { TEXT, REAL, HEX, FLAG };
static const struct { const char *name; enum kind kind; void *at; } known[] = {
#define OPT the_bench.opt
	{"mcu", TEXT, &OPT.mcu}, {"flash", TEXT, &OPT.flash}, {"eeprom", TEXT, &OPT.eeprom},
	{"trace", TEXT, &OPT.trace}, {"dump", TEXT, &OPT.dump}, {"socket", TEXT, &OPT.socket},
	{"target", TEXT, &OPT.target}, {"target-flash", TEXT, &OPT.target_flash},
	{"target-eeprom", TEXT, &OPT.target_eeprom}, {"reset-pin", TEXT, &OPT.reset_pin},
	{"row", TEXT, &OPT.row}, {"hz", REAL, &OPT.hz}, {"ppm", REAL, &OPT.ppm},
	{"noise", REAL, &OPT.noise}, {"usb-ms", REAL, &OPT.usb_ms}, {"startup-us", REAL, &OPT.startup_us},
	{"spm-us", REAL, &OPT.spm_us}, {"eeprom-us", REAL, &OPT.eeprom_us},
	{"boot-start", HEX, &OPT.boot_start}, {"nrww-start", HEX, &OPT.nrww_start},
	{"lfuse", HEX, &OPT.fuses[0]}, {"hfuse", HEX, &OPT.fuses[1]}, {"efuse", HEX, &OPT.fuses[2]},
	{"lock", HEX, &OPT.lock}, {"seed", HEX, &the_bench.opt.seed},
	{"pty", FLAG, &OPT.pty}, {"dtr-reset", FLAG, &OPT.dtr_reset},
};
#define KNOWN (sizeof known / sizeof *known)

static void set_defaults(struct options *o)
{
	o->mcu = "atmega328p";
	o->target = "";
	o->reset_pin = "B2"; /* Arduino pin 10 */
	o->hz = 16e6;
	o->startup_us = 65000 + 1024; /* SUT: 16K CK and 65 ms, as the Uno's fuses say */
	o->spm_us = 4000;             /* data sheet: 3.7 to 4.5 ms */
	o->eeprom_us = 3400;
	o->fuses[0] = 0xFF;
	o->fuses[1] = 0xDF;
	o->fuses[2] = 0xFD;
	o->lock = 0xFF;
	o->seed = 1;
}

static void set_option(size_t index, const char *value)
{
	void *at = known[index].at;
	switch (known[index].kind) {
	case TEXT: *(const char **)at = value; break;
	case REAL: *(double *)at = atof(value); break;
	case FLAG: *(bool *)at = true; break;
	case HEX:
		if (at == &the_bench.opt.seed)
			the_bench.opt.seed = strtoull(value, NULL, 16);
		else
			*(uint32_t *)at = (uint32_t)strtoul(value, NULL, 16);
	}
}

static void read_options(int count, char **arguments)
{
	struct option options[KNOWN + 1] = {{0}};
	for (size_t i = 0; i < KNOWN; i++)
		options[i] = (struct option){known[i].name, known[i].kind != FLAG, NULL, (int)i};
	for (int index; (index = getopt_long(count, arguments, "", options, NULL)) != -1;) {
		if (index == '?')
			exit(2);
		set_option((size_t)index, optarg);
	}
}

int main(int count, char **arguments)
{
	struct bench *b = &the_bench;
	set_defaults(&b->opt);
	read_options(count, arguments);
	if (!b->opt.socket)
		die("--socket PATH is needed");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* copies are not waited for */
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	random_seed(b, b->opt.seed);
	b->line.baud = 9600;
	if (b->opt.trace && !(b->trace = fopen(b->opt.trace, "w")))
		die("cannot write %s", b->opt.trace);
	device_init(b);
	target_init(b, b->opt.target);
	device_power(b, true);
	int listener = control_listen(b->opt.socket);
	printf("ready %s\n", b->opt.socket);
	fflush(stdout);
	if (b->opt.pty)
		pty_serve(b, listener);
	else
		while (!b->quit)
			control_serve(b, listener, -1);
	if (b->opt.dump)
		dump_memories(b, b->opt.dump);
	if (b->trace)
		fclose(b->trace);
	remove(b->opt.socket);
	return 0;
}
