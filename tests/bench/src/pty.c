/* A pty for clients that know nothing of simulated time.
 *
 * Simulated time follows wall time, never ahead of it, and stands still when it must not go on:
 * while the client has bytes that it has not read yet, and for as long as this process was kept
 * from running. The sum of these is the lag; it makes results depend less on a busy machine. */
#define _GNU_SOURCE
#include "bench.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SLICE_S 250e-6     /* the device runs this far before the client is looked at again */
#define CATCH_UP_S 1e-3    /* more than this behind the wall is not made up for */
#define PATIENCE_S 50e-3   /* a client that does not read holds the clock no longer than this */

struct pty {
	int master, slave, watch, opened;
	double last, held;
};

static double wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void make_raw(int fd)
{
	struct termios2 t = {0};
	t.c_cflag = CS8 | CREAD | CLOCAL | B9600;
	t.c_cc[VMIN] = 1;
	ioctl(fd, TCSETS2, &t);
}

static void set_up(struct pty *p)
{
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (p->master < 0 || grantpt(p->master) || unlockpt(p->master))
		die("no pty: %s", strerror(errno));
	const char *name = ptsname(p->master);
	/* Our own end of the slave keeps the pty alive and tells what is unread. */
	p->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	make_raw(p->slave);
	p->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	inotify_add_watch(p->watch, name, IN_OPEN | IN_CLOSE);
	printf("pty %s\n", name);
	fflush(stdout);
}

static void follow_openings(struct bench *b, struct pty *p)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t n = read(p->watch, buffer, sizeof buffer);
	for (char *at = buffer; n > 0 && at < buffer + n;) {
		struct inotify_event *event = (struct inotify_event *)at;
		if (event->mask & IN_OPEN && p->opened++ == 0)
			line_open(b);
		if (event->mask & IN_CLOSE && --p->opened == 0) {
			line_close(b);
			ioctl(p->slave, TCFLSH, TCIFLUSH);
		}
		at += sizeof *event + event->len;
	}
}

static void take_input(struct bench *b, struct pty *p)
{
	uint8_t bytes[4096];
	struct termios2 t;
	if (!ioctl(p->master, TCGETS2, &t) && t.c_ospeed)
		b->line.baud = t.c_ospeed;
	ssize_t n = read(p->master, bytes, sizeof bytes);
	if (n > 0)
		line_write(b, bytes, (unsigned)n);
}

static void give_output(struct bench *b, struct pty *p)
{
	uint8_t byte;
	double at;
	while (line_read(b, &byte, &at))
		if (write(p->master, &byte, 1) != 1 && errno == EAGAIN)
			return;
}

static bool client_is_behind(struct pty *p)
{
	int unread = 0;
	return p->opened && !ioctl(p->slave, FIONREAD, &unread) && unread > 0;
}

/* Seconds that the device may run now. */
static double allowance(struct bench *b, struct pty *p)
{
	double at = wall(), passed = at - p->last;
	if (client_is_behind(p) && p->held < PATIENCE_S) {
		p->last = at;
		p->held += passed;
		b->lag_s += passed;
		return 0;
	}
	if (!client_is_behind(p))
		p->held = 0;
	if (passed > CATCH_UP_S) {
		b->lag_s += passed - CATCH_UP_S;
		p->last += passed - CATCH_UP_S;
		passed = CATCH_UP_S;
	}
	return passed < SLICE_S ? passed : SLICE_S;
}

static void wait_a_little(struct pty *p, int listener)
{
	struct pollfd polled[] = {
		{.fd = p->master, .events = POLLIN}, {.fd = p->watch, .events = POLLIN},
		{.fd = listener, .events = POLLIN},
	};
	struct timespec rest = {0, 100000};
	ppoll(polled, 3, &rest, NULL);
}

void pty_serve(struct bench *b, int listener)
{
	struct pty p = {.last = wall()};
	set_up(&p);
	double next_control = 0;
	while (!b->quit) {
		follow_openings(b, &p);
		take_input(b, &p);
		if (wall() > next_control) {
			control_serve(b, listener, 0);
			next_control = wall() + 5e-3;
		}
		double seconds = allowance(b, &p);
		if (seconds * b->hz >= 1) {
			cycles before = now(b);
			device_run(b, before + (cycles)(seconds * b->hz));
			p.last += (double)(now(b) - before) / b->hz;
			give_output(b, &p);
		}
		if (seconds < SLICE_S)
			wait_a_little(&p, listener);
	}
}
