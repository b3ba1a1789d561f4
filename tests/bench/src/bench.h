/* The bench: firmware in simavr with peripherals of our own where simavr's are too kind.
 *
 * One `bench` holds everything. Time is counted in device clock cycles and never in wall time;
 * `bench_ns` turns it into simulated time. Parts of a cycle matter on the serial line only, whose
 * edges are doubles. */
#ifndef BENCH_H
#define BENCH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "avr_eeprom.h"
#include "avr_flash.h"
#include "avr_ioport.h"
#include "avr_spi.h"
#include "avr_uart.h"
#include "avr_watchdog.h"
#include "sim_avr.h"

typedef avr_cycle_count_t cycles;
#define NEVER ((cycles)-1)

/* --- events: one slot each, run in the order of their cycles --------------------------------- */
enum event {
	EV_STOP, EV_HOST_TX, EV_HOST_RX, EV_HOST_SEES, EV_RX, EV_TX, EV_SPI,
	EV_SPM, EV_SPM_WINDOW, EV_EEPROM, EV_EEPROM_WINDOW, EV_WATCHDOG, EV_COUNT,
};
struct bench;
typedef void (*event_fn)(struct bench *, cycles when);

/* --- serial line ------------------------------------------------------------------------------ */
#define WIRE_FRAMES 256  /* a receiver at 9600 baud spans about 105 frames of 1 Mbaud */
#define QUEUE_BYTES (1 << 17)

struct frame {
	double start, bit; /* cycles */
	uint16_t levels;   /* bit 0 is the start bit, bits 1 to 8 the data, bit 9 the stop bit */
};
struct wire {
	struct frame ring[WIRE_FRAMES];
	unsigned count;
};
struct queue {
	struct { double at; uint8_t byte; } item[QUEUE_BYTES];
	unsigned head, tail;
};
struct line {
	double baud;
	struct wire to_device, to_host;
	struct queue out, in;   /* host writes, and what the host may read from which cycle on */
	bool sending, receiving, open, dtr;
	double sent_until, receive_start;
	uint8_t sending_byte;
	uint64_t bytes_out, bytes_in, framing_errors;
};

struct uart {
	avr_uart_t *simavr;
	struct { uint8_t byte, flags; } fifo[3]; /* two buffers and the shift register */
	int held;
	bool receiving, lost_before_next, tx_busy, tx_full;
	double rx_start, tx_start;
	uint32_t rx_tick;
	int rx_samples;
	uint8_t tx_shift, tx_hold;
	uint64_t overruns, framing_errors, not_enabled;
};

struct spi {
	avr_spi_t *simavr;
	uint8_t out, in;
	bool busy, flag_seen;
	uint64_t bytes, collisions;
};

/* --- the chip behind the programmer ------------------------------------------------------------ */
struct target {
	unsigned signature, flash_size, page_size, eeprom_size, eepage_size, extended;
	unsigned lfuse, hfuse, efuse, lock, efuse_mask, lock_mask;
	unsigned eesave, rstdisbl, dwen, spien;          /* masks in hfuse, 0 where there is none */
	unsigned flash_us, eeprom_us, fuse_us, erase_us, enable_us, hz;
	uint8_t row[64];                                 /* the signature row */
	uint8_t *flash, *eeprom, *page, *eepage;
	bool *eeloaded;
	uint8_t latched_hfuse, address_ext;
	bool reset_low, enabled, out_of_step;
	cycles reset_since, busy_until;
	uint8_t instruction[4];
	int position;
	uint64_t instructions, while_busy, too_fast, locked_out;
};

/* --- what the device does to its own memories -------------------------------------------------- */
struct spm {
	avr_flash_t *simavr;
	uint8_t *shadow;      /* true content of the RWW section while it cannot be read */
	uint8_t *page;
	bool *loaded;
	bool rww_busy;
	uint8_t operation, lock_bits;
	uint32_t address;
	cycles row_until;     /* LPM reads fuses or the signature row up to this cycle */
	uint64_t erases, writes, refused;
};
struct eeprom {
	avr_eeprom_t *simavr;
	uint8_t *data;
	uint16_t address;
	uint8_t value, mode;
	bool busy;
	uint64_t writes;
};
struct watchdog {
	avr_watchdog_t *simavr;
	cycles change_until;
	uint64_t resets;
};

struct options {
	const char *mcu, *flash, *eeprom, *trace, *dump, *socket, *target, *target_flash, *target_eeprom;
	const char *reset_pin, *row;
	double hz, ppm, noise, usb_ms, startup_us, spm_us, eeprom_us;
	uint32_t boot_start, nrww_start;
	uint64_t seed;
	unsigned fuses[3], lock;
	bool pty, dtr_reset;
};

struct bench {
	struct options opt;
	avr_t *avr;
	avr_io_t ioctls;         /* catches SPM and WDR before simavr's own modules */
	double hz;               /* true clock, with its error */
	cycles event[EV_COUNT];
	cycles halt_until;
	bool powered, stop, quit;
	struct line line;
	struct uart uart;
	struct spi spi;
	struct target target;
	struct spm spm;
	struct eeprom eeprom;
	struct watchdog watchdog;
	FILE *trace;
	uint64_t random, resets, crashes;
	double lag_s;            /* wall time by which the simulation was held back (pty only) */
};

/* device.c */
void device_init(struct bench *);
void device_power(struct bench *, bool on);
void device_reset(struct bench *, uint8_t cause);
void device_run(struct bench *, cycles until);
void device_hook(struct bench *, avr_io_addr_t, avr_io_read_t, avr_io_write_t);
void device_halt(struct bench *, cycles until);
void *device_module(struct bench *, const char *kind);
void event_set(struct bench *, enum event, cycles when);
void event_cancel(struct bench *, enum event);

/* line.c */
void line_write(struct bench *, const uint8_t *, unsigned count);
bool line_read(struct bench *, uint8_t *byte, double *at);
void line_flush(struct bench *);
void line_open(struct bench *);
void line_close(struct bench *);
void line_dtr(struct bench *, bool asserted);
void line_device_sends(struct bench *, double start, double bit, uint8_t byte);
void line_device_resets(struct bench *);
int wire_level(const struct wire *, double at);
double wire_fall_after(const struct wire *, double from);
void on_host_tx(struct bench *, cycles), on_host_rx(struct bench *, cycles), on_host_sees(struct bench *, cycles);

/* uart.c */
void uart_init(struct bench *), uart_reset(struct bench *);
void uart_hunt(struct bench *, double from);
void on_rx(struct bench *, cycles), on_tx(struct bench *, cycles);

/* spi.c */
void spi_init(struct bench *), spi_reset(struct bench *);
void on_spi(struct bench *, cycles);

/* isp_target.c */
void target_init(struct bench *, const char *settings);
void target_reset_pin(struct bench *, bool low);
uint8_t target_exchange(struct bench *, uint8_t mosi, double sck_hz);

/* spm.c */
void spm_init(struct bench *), spm_reset(struct bench *), spm_power_cut(struct bench *);
void spm_execute(struct bench *);
bool spm_row_read(struct bench *);
uint8_t *spm_flash(struct bench *, uint32_t address);
void on_spm(struct bench *, cycles), on_spm_window(struct bench *, cycles);

/* eeprom.c, watchdog.c */
void eeprom_init(struct bench *), eeprom_reset(struct bench *), eeprom_power_cut(struct bench *);
void on_eeprom(struct bench *, cycles), on_eeprom_window(struct bench *, cycles);
void watchdog_init(struct bench *), watchdog_reset(struct bench *), watchdog_fed(struct bench *);
void on_watchdog(struct bench *, cycles);

/* log.c */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void trace(struct bench *, double at, char mark, uint8_t byte);
void dump_memories(struct bench *, const char *folder);
uint8_t *copy_flash(struct bench *);
void print_counters(struct bench *, FILE *);
uint8_t *read_image(const char *path, size_t size);
void random_seed(struct bench *, uint64_t seed);
double chance(struct bench *);

/* control.c, pty.c */
int control_listen(const char *path);
void control_accept(int listener);
void control_serve(struct bench *, int listener, int timeout_ms);
void pty_serve(struct bench *, int listener);

static inline cycles now(const struct bench *b) { return b->avr->cycle; }
static inline double bench_ns(const struct bench *b, double at) { return at * 1e9 / b->hz; }
static inline cycles us_cycles(const struct bench *b, double us) { return (cycles)ceil(us * 1e-6 * b->hz); }

#endif
