/* Preloaded into a client that knows nothing of the bench, so that it lives in simulated time: the
 * port that it opens is the bench's control socket, its sleeps and time-outs advance the simulated
 * clock, and its clock is that one. The client's own computing takes no simulated time.
 *
 * Environment: BENCH_SOCKET, the path of the socket, which is also the name of the port. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define EPOCH_S 1000000000ll /* what the client takes for the date at the bench's start */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int port = -1, link_fd = -1;
static FILE *replies;
static int64_t now_ns;
static uint8_t received[1 << 18];
static size_t head, tail;
static struct termios settings;
static int modem = TIOCM_CTS | TIOCM_DSR | TIOCM_CAR;

/* --- the bench --- */

static const char *ask(const char *format, ...)
{
	static char reply[1 << 18], request[1 << 18];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(request, sizeof request - 1, format, arguments);
	va_end(arguments);
	request[length++] = '\n';
	if (REAL(write)(link_fd, request, (size_t)length) != length || !fgets(reply, sizeof reply, replies)) {
		fputs("virtual port: the bench is gone\n", stderr);
		_exit(3);
	}
	return reply;
}

/* `NOW TIME:BYTE TIME:BYTE...` */
static void take(const char *reply)
{
	char *rest;
	now_ns = strtoll(reply, &rest, 10);
	for (char *colon; (colon = strchr(rest, ':')); rest = colon + 1)
		if (tail < sizeof received)
			received[tail++] = (uint8_t)strtoul(colon + 1, NULL, 16);
}

static void sleep_ns(int64_t ns)
{
	take(ask("run %lld", (long long)(now_ns + ns)));
}

__attribute__((constructor)) static void connect_to_bench(void)
{
	const char *path = getenv("BENCH_SOCKET");
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	if (!path || strlen(path) >= sizeof name.sun_path)
		return;
	strcpy(name.sun_path, path);
	link_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(link_fd, (struct sockaddr *)&name, sizeof name)) {
		perror("virtual port");
		_exit(3);
	}
	replies = fdopen(link_fd, "r");
	take(ask("run 0"));
}

/* --- what the client calls --- */

int open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	if (link_fd < 0 || strcmp(path, getenv("BENCH_SOCKET")))
		return REAL(open)(path, flags, mode);
	cfmakeraw(&settings);
	cfsetspeed(&settings, B9600);
	ask("open 9600");
	modem |= TIOCM_DTR | TIOCM_RTS;
	return port = REAL(open)("/dev/null", O_RDWR | O_CLOEXEC);
}

int close(int fd)
{
	if (fd == port && fd >= 0) {
		ask("drain");
		ask("close");
		port = -1;
	}
	return REAL(close)(fd);
}

ssize_t read(int fd, void *buffer, size_t count)
{
	if (fd != port)
		return REAL(read)(fd, buffer, count);
	if (head == tail) {
		errno = EAGAIN;
		return -1;
	}
	if (count > tail - head)
		count = tail - head;
	memcpy(buffer, received + head, count);
	head += count;
	if (head == tail)
		head = tail = 0;
	return (ssize_t)count;
}

ssize_t write(int fd, const void *buffer, size_t count)
{
	static char hex[1 << 16];
	if (fd != port)
		return REAL(write)(fd, buffer, count);
	if (count > sizeof hex / 2 - 1)
		count = sizeof hex / 2 - 1;
	for (size_t i = 0; i < count; i++)
		sprintf(hex + 2 * i, "%02x", ((const uint8_t *)buffer)[i]);
	ask("write %.*s", (int)(2 * count), hex);
	return (ssize_t)count;
}

int select(int count, fd_set *reading, fd_set *writing, fd_set *failing, struct timeval *timeout)
{
	if (port < 0 || !reading || port >= count || !FD_ISSET(port, reading))
		return REAL(select)(count, reading, writing, failing, timeout);
	int64_t limit = timeout ? timeout->tv_sec * 1000000000ll + timeout->tv_usec * 1000ll : INT64_MAX / 4;
	if (head == tail)
		take(ask("next %lld", (long long)(now_ns + limit)));
	FD_ZERO(reading);
	if (head == tail)
		return 0;
	FD_SET(port, reading);
	return 1;
}

int usleep(useconds_t us)
{
	if (link_fd < 0)
		return REAL(usleep)(us);
	sleep_ns(us * 1000ll);
	return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	if (link_fd < 0)
		return REAL(gettimeofday)(at, zone);
	at->tv_sec = EPOCH_S + now_ns / 1000000000ll;
	at->tv_usec = now_ns / 1000 % 1000000;
	return 0;
}

int isatty(int fd)
{
	return fd == port && fd >= 0 ? 1 : REAL(isatty)(fd);
}

int tcgetattr(int fd, struct termios *t)
{
	if (fd != port)
		return REAL(tcgetattr)(fd, t);
	*t = settings;
	return 0;
}

static long baud_of(speed_t speed)
{
	static const struct { speed_t code; long baud; } rates[] = {
		{B1200, 1200}, {B2400, 2400}, {B4800, 4800}, {B9600, 9600}, {B19200, 19200}, {B38400, 38400},
		{B57600, 57600}, {B115200, 115200}, {B230400, 230400}, {B460800, 460800}, {B500000, 500000},
		{B921600, 921600}, {B1000000, 1000000}, {B2000000, 2000000},
	};
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
		if (rates[i].code == speed)
			return rates[i].baud;
	fprintf(stderr, "virtual port: unknown speed %u\n", speed);
	_exit(3);
}

int tcsetattr(int fd, int when, const struct termios *t)
{
	if (fd != port)
		return REAL(tcsetattr)(fd, when, t);
	settings = *t;
	if (when != TCSANOW)
		ask("drain");
	ask("baud %ld", baud_of(cfgetospeed(t)));
	return 0;
}

int tcflush(int fd, int what)
{
	if (fd != port)
		return REAL(tcflush)(fd, what);
	if (what != TCOFLUSH) {
		head = tail = 0;
		ask("flush");
	}
	return 0;
}

int tcdrain(int fd)
{
	if (fd != port)
		return REAL(tcdrain)(fd);
	now_ns = strtoll(ask("drain"), NULL, 10);
	return 0;
}

int fcntl(int fd, int command, ...)
{
	va_list arguments;
	va_start(arguments, command);
	long argument = va_arg(arguments, long);
	va_end(arguments);
	return fd == port && fd >= 0 ? 0 : REAL(fcntl)(fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	va_start(arguments, request);
	int *argument = va_arg(arguments, int *);
	va_end(arguments);
	if (fd != port)
		return REAL(ioctl)(fd, request, argument);
	if (request == TIOCMGET) {
		*argument = modem;
		return 0;
	}
	if (request == TIOCMSET)
		modem = *argument;
	else if (request == TIOCMBIS)
		modem |= *argument;
	else if (request == TIOCMBIC)
		modem &= ~*argument;
	else
		return errno = EINVAL, -1;
	ask("dtr %d", (modem & TIOCM_DTR) != 0);
	return 0;
}
