/* The device: simavr's core, its clock, its resets, and the events of our peripherals. */
#include "bench.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sim_core.h"
#include "sim_cycle_timers.h"

#define INTERRUPT_CYCLES 4  /* data sheet, interrupt response time; simavr charges nothing */

static void on_stop(struct bench *b, cycles when)
{
	(void)when;
	b->stop = true;
}

static const event_fn handlers[EV_COUNT] = {
	[EV_STOP] = on_stop, [EV_HOST_TX] = on_host_tx, [EV_HOST_RX] = on_host_rx,
	[EV_HOST_SEES] = on_host_sees, [EV_RX] = on_rx, [EV_TX] = on_tx, [EV_SPI] = on_spi,
	[EV_SPM] = on_spm, [EV_SPM_WINDOW] = on_spm_window,
	[EV_EEPROM] = on_eeprom, [EV_EEPROM_WINDOW] = on_eeprom_window, [EV_WATCHDOG] = on_watchdog,
};

void event_set(struct bench *b, enum event event, cycles when)
{
	b->event[event] = when;
	/* simavr runs many instructions at a time: let it stop for this one. */
	cycles left = when > now(b) ? when - now(b) : 0;
	if (left < b->avr->run_cycle_count)
		b->avr->run_cycle_count = left;
}

void event_cancel(struct bench *b, enum event event)
{
	b->event[event] = NEVER;
}

static enum event next_event(const struct bench *b)
{
	enum event first = EV_STOP;
	for (int i = 1; i < EV_COUNT; i++)
		if (b->event[i] < b->event[first])
			first = i;
	return first;
}

static cycles run_events(struct bench *b)
{
	for (;;) {
		enum event first = next_event(b);
		cycles when = b->event[first];
		if (when > now(b))
			return when - now(b);
		b->event[first] = NEVER;
		handlers[first](b, when);
	}
}

/* Stops the CPU but not its peripherals, as a self-programming of the NRWW section does. */
void device_halt(struct bench *b, cycles until)
{
	b->halt_until = until;
	b->avr->run_cycle_count = 0;
}

static void execute(struct bench *b)
{
	avr_t *avr = b->avr;
	if (now(b) <= b->spm.row_until) {
		if (spm_row_read(b))
			return;
		avr->run_cycle_count = 1;
	}
	avr->pc = avr_run_one(avr);
	if (avr->state != cpu_Running && avr->state != cpu_Sleeping) {
		b->crashes++; /* past the end of flash: a real program counter wraps */
		avr->pc = 0;
		avr->state = cpu_Running;
	}
}

static bool interrupted(struct bench *b)
{
	uint8_t running = b->avr->interrupts.running_ptr;
	if (b->avr->interrupt_state)
		avr_service_interrupts(b->avr);
	if (b->avr->interrupts.running_ptr <= running)
		return false;
	b->avr->cycle += INTERRUPT_CYCLES;
	return true;
}

/* What is due, then a hop to the next event or as many instructions as there is time for. */
static void step(struct bench *b)
{
	avr_t *avr = b->avr;
	cycles timers = b->powered ? avr_cycle_timer_process(avr) : NEVER;
	cycles left = run_events(b);
	cycles idle = left < timers ? left : timers;
	if (b->stop)
		return;
	if (!b->powered) {
		avr->cycle += idle;
	} else if (now(b) < b->halt_until) {
		cycles rest = b->halt_until - now(b);
		avr->cycle += rest < idle ? rest : idle;
	} else if (!interrupted(b)) {
		if (left < avr->run_cycle_count)
			avr->run_cycle_count = left;
		if (avr->state == cpu_Running)
			execute(b);
		else
			avr->cycle += idle;
	}
}

/* Runs until that cycle (or an instruction longer) or until someone sets `stop`. */
void device_run(struct bench *b, cycles until)
{
	b->stop = false;
	event_set(b, EV_STOP, until);
	while (!b->stop)
		step(b);
	event_cancel(b, EV_STOP);
}

/* Replaces simavr's handlers of a register; NULL is plain memory. */
void device_hook(struct bench *b, avr_io_addr_t address, avr_io_read_t read, avr_io_write_t write)
{
	avr_io_addr_t io = AVR_DATA_TO_IO(address);
	b->avr->io[io].r.c = read;
	b->avr->io[io].r.param = b;
	b->avr->io[io].w.c = write;
	b->avr->io[io].w.param = b;
}

void *device_module(struct bench *b, const char *kind)
{
	for (avr_io_t *io = b->avr->io_port; io; io = io->next)
		if (!strcmp(io->kind, kind))
			return io;
	return NULL;
}

/* The stack pointer of newer parts begins at RAMEND, as simavr has it; that of those with URSEL at 0. */
static void stack_reset(struct bench *b)
{
	const avr_uart_t *uart = b->uart.simavr;
	if (uart && uart->r_ucsrc == uart->ubrrh.reg)
		b->avr->data[R_SPL] = b->avr->data[R_SPH] = 0;
}

/* `cause` is its bit in MCUSR; the bits of earlier resets stay until software clears them. */
void device_reset(struct bench *b, uint8_t cause)
{
	avr_t *avr = b->avr;
	uint16_t mcusr = avr->reset_flags.porf.reg;
	uint8_t flags = mcusr && cause != 1 ? avr->data[mcusr] : 0;
	trace(b, now(b), 'R', cause);
	b->resets++;
	avr->reset_pc = b->opt.fuses[1] & 1 || !b->opt.boot_start ? 0 : b->opt.boot_start;
	avr_reset(avr);
	if (mcusr)
		avr->data[mcusr] = flags | cause;
	stack_reset(b);
	uart_reset(b);
	spi_reset(b);
	spm_reset(b);
	eeprom_reset(b);
	target_reset_pin(b, false);
	device_halt(b, now(b) + us_cycles(b, b->opt.startup_us));
	watchdog_reset(b);
}

void device_power(struct bench *b, bool on)
{
	if (on == b->powered)
		return;
	b->powered = on;
	if (!on) {
		trace(b, now(b), 'P', 0);
		spm_power_cut(b);
		eeprom_power_cut(b);
		line_device_resets(b);
		for (enum event e = EV_RX; e < EV_COUNT; e++)
			event_cancel(b, e);
		return;
	}
	for (uint32_t at = b->avr->ioend + 1; at <= b->avr->ramend; at++)
		b->avr->data[at] = (uint8_t)(chance(b) * 256);
	for (int at = 0; at < 32; at++)
		b->avr->data[at] = (uint8_t)(chance(b) * 256);
	device_reset(b, 1);
}

static int catch_ioctl(avr_io_t *io, uint32_t ctl, void *parameter)
{
	struct bench *b = (struct bench *)((char *)io - offsetof(struct bench, ioctls));
	(void)parameter;
	if (ctl == AVR_IOCTL_FLASH_SPM)
		spm_execute(b);
	else if (ctl == AVR_IOCTL_WATCHDOG_RESET)
		watchdog_fed(b);
	else
		return -1;
	return 0;
}

static void no_log(avr_t *avr, const int level, const char *format, va_list arguments)
{
	(void)avr, (void)level, (void)format, (void)arguments;
}

void device_init(struct bench *b)
{
	avr_global_logger_set(no_log);
	avr_t *avr = b->avr = avr_make_mcu_by_name(b->opt.mcu);
	if (!avr)
		die("simavr knows no %s", b->opt.mcu);
	avr_init(avr);
	b->hz = b->opt.hz * (1 + b->opt.ppm * 1e-6);
	avr->frequency = (uint32_t)b->opt.hz;
	avr->codeend = avr->flashend;
	avr->run_cycle_limit = 100000;
	uint8_t *image = read_image(b->opt.flash, avr->flashend + 1);
	memcpy(avr->flash, image, avr->flashend + 1);
	free(image);
	for (enum event e = 0; e < EV_COUNT; e++)
		event_cancel(b, e);
	uart_init(b);
	spi_init(b);
	spm_init(b);
	eeprom_init(b);
	watchdog_init(b);
	b->ioctls.kind = "bench";
	b->ioctls.ioctl = catch_ioctl;
	avr_register_io(avr, &b->ioctls);
}
