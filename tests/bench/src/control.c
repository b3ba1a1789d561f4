/* The control socket: whoever speaks on it is the clock. One command a line, one line back; times
 * are simulated nanoseconds. README.md has the list. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 8
#define LINE_BYTES 70000 /* 32 KiB of data in hex and a little */
#define EXTERNAL_RESET 0x02
#define LAST_RESET 0x10

struct client {
	int fd;
	size_t used;
	char text[LINE_BYTES];
};
static struct client clients[CLIENTS];

int control_listen(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof name.sun_path)
		die("socket path is too long: %s", path);
	strcpy(name.sun_path, path);
	unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) || listen(fd, CLIENTS))
		die("cannot listen on %s: %s", path, strerror(errno));
	return fd;
}

/* --- commands --- */

static cycles at_ns(const struct bench *b, const char *text)
{
	double at = ceil(strtod(text, NULL) * 1e-9 * b->hz);
	return at > (double)now(b) ? (cycles)at : now(b);
}

static void report_bytes(struct bench *b, FILE *out)
{
	uint8_t byte;
	double at;
	fprintf(out, "%.0f", floor(bench_ns(b, (double)now(b))));
	while (line_read(b, &byte, &at))
		fprintf(out, " %.0f:%02x", bench_ns(b, at), byte);
	fputc('\n', out);
}

/* Until that time, whatever comes. */
static void run(struct bench *b, const char *argument, FILE *out)
{
	cycles until = at_ns(b, argument);
	while (now(b) < until && !b->quit)
		device_run(b, until);
	report_bytes(b, out);
}

/* Until the host has a byte to read, at most until that time. */
static void next(struct bench *b, const char *argument, FILE *out)
{
	cycles until = at_ns(b, argument);
	for (;;) {
		struct queue *q = &b->line.in;
		bool waiting = q->head != q->tail && q->item[q->head % QUEUE_BYTES].at <= (double)now(b);
		if (waiting || now(b) >= until)
			break;
		device_run(b, until);
	}
	report_bytes(b, out);
}

static void drain(struct bench *b, const char *argument, FILE *out)
{
	(void)argument;
	while (b->line.sending || b->line.out.head != b->line.out.tail)
		device_run(b, now(b) + us_cycles(b, 1000));
	fprintf(out, "%.0f\n", floor(bench_ns(b, (double)now(b))));
}

static void write_hex(struct bench *b, const char *argument, FILE *out)
{
	static uint8_t bytes[LINE_BYTES / 2];
	unsigned count = 0;
	for (const char *at = argument; at[0] && at[1]; at += 2) {
		char digits[3] = {at[0], at[1], 0};
		bytes[count++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	line_write(b, bytes, count);
	fprintf(out, "%u\n", count);
}

static void ok(FILE *out)
{
	fputs("ok\n", out);
}

static void open_port(struct bench *b, const char *argument, FILE *out)
{
	if (atof(argument) > 0)
		b->line.baud = atof(argument);
	line_open(b);
	ok(out);
}

static void baud(struct bench *b, const char *argument, FILE *out)
{
	if (atof(argument) > 0)
		b->line.baud = atof(argument);
	ok(out);
}

static void close_port(struct bench *b, const char *argument, FILE *out)
{
	(void)argument;
	line_close(b);
	ok(out);
}

static void dtr(struct bench *b, const char *argument, FILE *out)
{
	line_dtr(b, argument[0] == '1');
	ok(out);
}

static void power(struct bench *b, const char *argument, FILE *out)
{
	device_power(b, argument[0] == '1');
	ok(out);
}

/* The cause is its bit in MCUSR; without one it is an external reset. */
static void reset(struct bench *b, const char *argument, FILE *out)
{
	unsigned long cause = *argument ? strtoul(argument, NULL, 16) : EXTERNAL_RESET;
	if (!cause || cause > LAST_RESET || cause & (cause - 1)) {
		fputs("error: a reset has one bit of MCUSR\n", out);
		return;
	}
	device_reset(b, (uint8_t)cause);
	ok(out);
}

/* What the chip does by chance from now on. */
static void seed(struct bench *b, const char *argument, FILE *out)
{
	random_seed(b, strtoull(argument, NULL, 16));
	ok(out);
}

static void noise(struct bench *b, const char *argument, FILE *out)
{
	b->opt.noise = atof(argument);
	ok(out);
}

static void flush(struct bench *b, const char *argument, FILE *out)
{
	(void)argument;
	line_flush(b);
	ok(out);
}

static void dump(struct bench *b, const char *argument, FILE *out)
{
	dump_memories(b, argument);
	ok(out);
}

static void stat(struct bench *b, const char *argument, FILE *out)
{
	(void)argument;
	print_counters(b, out);
}

/* One byte of the device's data space, to see what its software sees. */
static void peek(struct bench *b, const char *argument, FILE *out)
{
	unsigned long address = strtoul(argument, NULL, 16);
	fprintf(out, "%02x\n", address <= b->avr->ramend ? b->avr->data[address] : 0);
}

static void print_hex(FILE *out, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * count);
	for (size_t i = 0; i < count; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	fwrite(text, 2, count, out);
	fputc('\n', out);
	free(text);
}

/* The device's memories as they are, readable for its software or not. */
static void flash(struct bench *b, const char *argument, FILE *out)
{
	(void)argument;
	uint8_t *bytes = copy_flash(b);
	print_hex(out, bytes, b->avr->flashend + 1);
	free(bytes);
}

static void eeprom(struct bench *b, const char *argument, FILE *out)
{
	(void)argument;
	print_hex(out, b->eeprom.data, b->avr->e2end + 1u);
}

static void quit(struct bench *b, const char *argument, FILE *out)
{
	(void)argument;
	b->quit = true;
	ok(out);
}

static void copy(struct bench *, const char *argument, FILE *out);

static const struct {
	const char *name;
	void (*act)(struct bench *, const char *argument, FILE *out);
	bool moves_time;
} commands[] = {
	{"run", run, true}, {"next", next, true}, {"drain", drain, true}, {"write", write_hex, false},
	{"open", open_port, false}, {"close", close_port, false}, {"baud", baud, false},
	{"dtr", dtr, false}, {"flush", flush, false}, {"power", power, false}, {"reset", reset, false},
	{"noise", noise, false}, {"dump", dump, false}, {"stat", stat, false}, {"peek", peek, false},
	{"flash", flash, false}, {"eeprom", eeprom, false}, {"seed", seed, false}, {"copy", copy, true},
	{"quit", quit, false},
};

static void command(struct bench *b, char *line, FILE *out)
{
	char *argument = strchr(line, ' ');
	if (argument)
		*argument++ = 0;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(commands[i].name, line)) {
			if (commands[i].moves_time && b->opt.pty)
				fputs("error: wall time rules on a pty\n", out);
			else
				commands[i].act(b, argument ? argument : "", out);
			return;
		}
	fputs("error: no such command\n", out);
}

/* --- clients --- */

static void answer(struct bench *b, struct client *c, char *line)
{
	char *reply = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&reply, &size);
	command(b, line, out);
	fclose(out);
	for (size_t sent = 0; sent < size;) {
		ssize_t n = send(c->fd, reply + sent, size - sent, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	free(reply);
}

static void receive(struct bench *b, struct client *c)
{
	ssize_t n = read(c->fd, c->text + c->used, sizeof c->text - c->used - 1);
	if (n <= 0 || (c->used += (size_t)n) >= sizeof c->text - 1) {
		close(c->fd);
		c->fd = 0;
		return;
	}
	char *end;
	while ((end = memchr(c->text, '\n', c->used))) {
		size_t length = (size_t)(end - c->text) + 1;
		*end = 0;
		answer(b, c, c->text);
		memmove(c->text, c->text + length, c->used - length);
		c->used -= length;
	}
}

void control_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	for (int i = 0; i < CLIENTS && fd >= 0; i++)
		if (!clients[i].fd) {
			clients[i].fd = fd;
			clients[i].used = 0;
			return;
		}
	if (fd >= 0)
		close(fd);
}

/* A process that goes on from here on its own, without a trace, for the one client that comes to the
 * socket at this path. It ends with that client, and with the bench. */
static void copy(struct bench *b, const char *argument, FILE *out)
{
	int listener = control_listen(argument);
	pid_t child = fork();
	if (child) {
		close(listener);
		fputs(child < 0 ? "error: no copy\n" : "ok\n", out);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < CLIENTS; i++)
		if (clients[i].fd)
			close(clients[i].fd);
	memset(clients, 0, sizeof clients);
	b->trace = NULL;
	control_accept(listener);
	unlink(argument);
	while (clients[0].fd && !b->quit)
		control_serve(b, listener, -1);
	_exit(0);
}

/* Serves whatever is waiting; -1 waits for it. */
void control_serve(struct bench *b, int listener, int timeout_ms)
{
	struct pollfd polled[CLIENTS + 1] = {{.fd = listener, .events = POLLIN}};
	for (int i = 0; i < CLIENTS; i++)
		polled[i + 1] = (struct pollfd){.fd = clients[i].fd ? clients[i].fd : -1, .events = POLLIN};
	if (poll(polled, CLIENTS + 1, timeout_ms) <= 0)
		return;
	if (polled[0].revents)
		control_accept(listener);
	for (int i = 0; i < CLIENTS; i++)
		if (polled[i + 1].revents && clients[i].fd)
			receive(b, &clients[i]);
}
