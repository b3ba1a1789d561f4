/* Self-programming by the data sheet's chapter Boot Loader Support: a page erase
 * or write takes its time; of the RWW section nothing can be read until RWWSRE; the CPU stands
 * still while the NRWW section changes; LPM reads fuses, lock bits and the signature row. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "sim_core.h"

enum { SPMEN = 1, PGERS = 2, PGWRT = 4, BLBSET = 8, RWWSRE = 16, SIGRD = 32, RWWSB = 64, SPMIE = 128 };
enum { OPERATIONS = SPMEN | PGERS | PGWRT | BLBSET | RWWSRE | SIGRD };
enum { BLB01 = 1 << 2, BLB11 = 1 << 4 };

#define WINDOW_CYCLES 4  /* SPM must follow within four cycles */
#define STORE_CYCLES 2   /* what STS itself takes */
#define ROW_CYCLES 3     /* LPM must follow within three */

static uint8_t *control(struct bench *b)
{
	return &b->avr->data[b->spm.simavr->r_spm];
}

/* A byte of flash as it is, readable at the moment or not. */
uint8_t *spm_flash(struct bench *b, uint32_t address)
{
	bool hidden = b->spm.rww_busy && address < b->opt.nrww_start;
	return hidden ? &b->spm.shadow[address] : &b->avr->flash[address];
}

static void hide_rww(struct bench *b)
{
	if (b->spm.rww_busy)
		return;
	memcpy(b->spm.shadow, b->avr->flash, b->opt.nrww_start);
	memset(b->avr->flash, 0xFF, b->opt.nrww_start);
	b->spm.rww_busy = true;
	*control(b) |= RWWSB;
}

static void show_rww(struct bench *b)
{
	if (b->spm.rww_busy)
		memcpy(b->avr->flash, b->spm.shadow, b->opt.nrww_start);
	b->spm.rww_busy = false;
	*control(b) &= (uint8_t)~RWWSB;
}

static void clear_buffer(struct bench *b)
{
	memset(b->spm.page, 0xFF, b->spm.simavr->spm_pagesize);
	memset(b->spm.loaded, 0, b->spm.simavr->spm_pagesize * sizeof(bool));
}

/* --- an operation runs --- */

static void change_page(struct bench *b, uint8_t operation, bool cut)
{
	struct spm *s = &b->spm;
	for (unsigned i = 0; i < s->simavr->spm_pagesize; i++) {
		uint8_t *byte = spm_flash(b, s->address + i);
		uint8_t after = operation == PGERS ? 0xFF : *byte & s->page[i];
		uint8_t done = cut ? (uint8_t)(chance(b) * 256) : 0xFF; /* bits that had changed already */
		*byte = (uint8_t)((after & done) | (*byte & ~done));
	}
}

static void begin(struct bench *b, uint8_t operation, uint32_t address)
{
	struct spm *s = &b->spm;
	cycles end = now(b) + us_cycles(b, b->opt.spm_us);
	s->operation = operation;
	s->address = address;
	if (operation == BLBSET)
		s->lock_bits = b->avr->data[0];
	else if (address < b->opt.nrww_start)
		hide_rww(b);
	else
		device_halt(b, end);
	event_set(b, EV_SPM, end);
}

static bool allowed(struct bench *b, uint32_t address)
{
	struct spm *s = &b->spm;
	bool from_boot = !b->opt.boot_start || b->avr->pc >= b->opt.boot_start;
	uint8_t lock = address < b->opt.boot_start ? BLB01 : BLB11;
	if (from_boot && (!b->opt.boot_start || b->opt.lock & lock))
		return true;
	s->refused++;
	return false;
}

static void fill(struct bench *b, uint32_t z)
{
	struct spm *s = &b->spm;
	unsigned at = z & (s->simavr->spm_pagesize - 1u) & ~1u;
	if (s->loaded[at])
		return; /* a word can be loaded once between two erases of the buffer */
	s->loaded[at] = true;
	s->page[at] = b->avr->data[0];
	s->page[at + 1] = b->avr->data[1];
}

/* The SPM instruction, called from within it. */
void spm_execute(struct bench *b)
{
	struct spm *s = &b->spm;
	avr_t *avr = b->avr;
	uint8_t operation = *control(b) & OPERATIONS;
	if (!(operation & SPMEN) || s->operation)
		return;
	uint32_t z = (uint32_t)(avr->data[R_ZH] << 8 | avr->data[R_ZL]);
	z |= avr->rampz ? (uint32_t)avr->data[avr->rampz] << 16 : 0;
	uint32_t page = z & avr->flashend & ~(s->simavr->spm_pagesize - 1u);
	event_cancel(b, EV_SPM_WINDOW);
	operation &= (uint8_t)~SPMEN;
	if ((operation == PGERS || operation == PGWRT) && allowed(b, page)) {
		begin(b, operation, page);
		return;
	}
	if (operation == BLBSET) {
		begin(b, operation, 0);
		return;
	}
	if (operation == 0)
		fill(b, z);
	else if (operation == RWWSRE) {
		show_rww(b);
		clear_buffer(b);
	}
	*control(b) &= (uint8_t)~OPERATIONS;
}

void on_spm(struct bench *b, cycles when)
{
	struct spm *s = &b->spm;
	uint8_t operation = s->operation;
	(void)when;
	if (operation == BLBSET) {
		b->opt.lock &= s->lock_bits | 0xC0;
	} else {
		change_page(b, operation, false);
		s->erases += operation == PGERS;
		s->writes += operation == PGWRT;
		if (operation == PGWRT)
			clear_buffer(b);
	}
	s->operation = 0;
	*control(b) &= (uint8_t)~OPERATIONS;
	avr_raise_interrupt(b->avr, &s->simavr->flash);
}

void on_spm_window(struct bench *b, cycles when)
{
	(void)when;
	*control(b) &= (uint8_t)~OPERATIONS;
}

/* A cut leaves a mixture of the bits before and after; it is the same for the same seed. */
void spm_power_cut(struct bench *b)
{
	struct spm *s = &b->spm;
	if (!s->simavr)
		return;
	if (s->operation == PGERS || s->operation == PGWRT)
		change_page(b, s->operation, true);
	s->operation = 0;
	show_rww(b);
}

/* --- registers --- */

static void write_control(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	struct bench *b = parameter;
	struct spm *s = &b->spm;
	uint8_t kept = avr->data[address] & RWWSB;
	if (s->operation) {  /* only the interrupt enable can change while an operation runs */
		avr->data[address] = (avr->data[address] & (uint8_t)~SPMIE) | (value & SPMIE);
		return;
	}
	if (b->eeprom.busy)
		return;
	avr->data[address] = kept | (value & (uint8_t)~RWWSB);
	if (!(value & SPMEN))
		return;
	event_set(b, EV_SPM_WINDOW, now(b) + STORE_CYCLES + WINDOW_CYCLES);
	if (value & (BLBSET | SIGRD)) {
		s->row_until = now(b) + STORE_CYCLES + ROW_CYCLES;
		avr->run_cycle_count = 0;
	}
}

/* --- LPM of fuses, lock bits and signature row; simavr knows none of it --- */

static bool is_lpm(uint16_t opcode)
{
	uint16_t with_register = opcode & 0xFE0F;
	return opcode == 0x95C8 || opcode == 0x95D8 || (with_register >= 0x9004 && with_register <= 0x9007);
}

static uint8_t row_byte(struct bench *b, uint8_t z)
{
	if (*control(b) & SIGRD)
		return z < sizeof b->target.row ? b->target.row[z] : 0xFF;
	switch (z) {
	case 0: return (uint8_t)b->opt.fuses[0];
	case 1: return (uint8_t)b->opt.lock;
	case 2: return (uint8_t)b->opt.fuses[2];
	case 3: return (uint8_t)b->opt.fuses[1];
	default: return 0xFF;
	}
}

/* Runs the LPM at the program counter on a flash byte that is exchanged for the time being.
 * Returns false, having done nothing, when there is no LPM. */
bool spm_row_read(struct bench *b)
{
	avr_t *avr = b->avr;
	uint16_t opcode = (uint16_t)(avr->flash[avr->pc] | avr->flash[avr->pc + 1] << 8);
	if (!is_lpm(opcode))
		return false;
	uint32_t z = (uint32_t)(avr->data[R_ZH] << 8 | avr->data[R_ZL]);
	bool extended = opcode == 0x95D8 || (opcode & 0xFE0E) == 0x9006;
	uint32_t at = z | (extended && avr->rampz ? (uint32_t)avr->data[avr->rampz] << 16 : 0);
	if (at > avr->flashend)
		return false;
	uint8_t kept = avr->flash[at];
	avr->flash[at] = row_byte(b, (uint8_t)z);
	avr->run_cycle_count = 0;
	avr_flashaddr_t pc = avr_run_one(avr);
	avr->flash[at] = kept;
	avr->pc = pc;
	b->spm.row_until = 0;
	*control(b) &= (uint8_t)~OPERATIONS;
	event_cancel(b, EV_SPM_WINDOW);
	return true;
}

void spm_reset(struct bench *b)
{
	struct spm *s = &b->spm;
	if (!s->simavr)
		return;
	if (s->operation) /* an operation that has begun runs to its end */
		change_page(b, s->operation, false);
	s->operation = 0;
	event_cancel(b, EV_SPM);
	event_cancel(b, EV_SPM_WINDOW);
	show_rww(b);
	clear_buffer(b);
	s->row_until = 0;
}

void spm_init(struct bench *b)
{
	struct spm *s = &b->spm;
	s->simavr = device_module(b, "flash");
	if (!s->simavr)
		return;
	s->shadow = malloc(b->avr->flashend + 1);
	s->page = malloc(s->simavr->spm_pagesize);
	s->loaded = malloc(s->simavr->spm_pagesize * sizeof(bool));
	device_hook(b, s->simavr->r_spm, NULL, write_control);
}
