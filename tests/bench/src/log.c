/* The trace, the dumps, the counters, and small things that everything uses. */
#include "bench.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(2);
}

/* `>` host to device, `<` device to host, both at the end of the byte; `R` reset with its MCUSR
 * bit, `P` power cut, `O` and `C` port opened and closed. */
void trace(struct bench *b, double at, char mark, uint8_t byte)
{
	if (b->trace)
		fprintf(b->trace, "%.1f %c %02x\n", bench_ns(b, at) / 1000, mark, byte);
}

void random_seed(struct bench *b, uint64_t seed)
{
	b->random = seed * 0x9E3779B97F4A7C15ull | 1;
}

/* A number in 0 to 1, the same for the same seed. */
double chance(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return (double)(b->random >> 11) / (double)(1ull << 53);
}

uint8_t *read_image(const char *path, size_t size)
{
	uint8_t *image = malloc(size + 4);  /* simavr fetches up to 4 bytes at the last address */
	memset(image, 0xFF, size + 4);
	if (!path)
		return image;
	FILE *file = fopen(path, "rb");
	if (!file)
		die("cannot read %s", path);
	if (fread(image, 1, size, file) == 0 && ferror(file))
		die("cannot read %s", path);
	fclose(file);
	return image;
}

static void dump(const char *folder, const char *name, const uint8_t *data, size_t size)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file))
		die("cannot write %s", path);
}

/* The device's flash as it is, readable at the moment or not; the caller frees it. */
uint8_t *copy_flash(struct bench *b)
{
	uint32_t size = b->avr->flashend + 1;
	uint8_t *flash = malloc(size);
	for (uint32_t at = 0; at < size; at++)
		flash[at] = *spm_flash(b, at);
	return flash;
}

void dump_memories(struct bench *b, const char *folder)
{
	struct target *t = &b->target;
	uint8_t bytes[4] = {t->lfuse, t->hfuse, t->efuse, t->lock};
	dump(folder, "target.flash", t->flash, t->flash_size);
	dump(folder, "target.eeprom", t->eeprom, t->eeprom_size);
	dump(folder, "target.fuses", bytes, sizeof bytes);
	uint8_t *flash = copy_flash(b);
	dump(folder, "device.flash", flash, b->avr->flashend + 1);
	free(flash);
	dump(folder, "device.eeprom", b->eeprom.data, b->avr->e2end + 1);
	uint8_t fuses[4] = {b->opt.fuses[0], b->opt.fuses[1], b->opt.fuses[2], b->opt.lock};
	dump(folder, "device.fuses", fuses, sizeof fuses);
	if (b->trace)
		fflush(b->trace);
}

void print_counters(struct bench *b, FILE *out)
{
	const struct { const char *name; uint64_t value; } counter[] = {
		{"now_ns", (uint64_t)bench_ns(b, now(b))}, {"cycles", now(b)},
		{"resets", b->resets}, {"watchdog_resets", b->watchdog.resets}, {"crashes", b->crashes},
		{"host_bytes_out", b->line.bytes_out}, {"host_bytes_in", b->line.bytes_in},
		{"host_framing_errors", b->line.framing_errors},
		{"overruns", b->uart.overruns}, {"framing_errors", b->uart.framing_errors},
		{"receiver_off", b->uart.not_enabled},
		{"spi_bytes", b->spi.bytes}, {"spi_collisions", b->spi.collisions},
		{"isp_instructions", b->target.instructions}, {"isp_while_busy", b->target.while_busy},
		{"isp_too_fast", b->target.too_fast}, {"isp_locked_out", b->target.locked_out},
		{"spm_erases", b->spm.erases}, {"spm_writes", b->spm.writes}, {"spm_refused", b->spm.refused},
		{"eeprom_writes", b->eeprom.writes},
		{"lag_us", (uint64_t)(b->lag_s * 1e6)},
	};
	for (size_t i = 0; i < sizeof counter / sizeof *counter; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i ? ", " : "{", counter[i].name, counter[i].value);
	fputs("}\n", out);
}
