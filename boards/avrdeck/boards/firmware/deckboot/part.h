; What differs from part to part. Options come from build.py.

; --- names that changed --------------------------------------------------------------------------

#ifdef SPMCSR
#define _SPMCSR SPMCSR
#else
#define _SPMCSR SPMCR
#endif
#define SPM_ENABLE 0

#ifndef MCUSR
#define MCUSR MCUCSR
#endif

#ifdef EEPE
#define EEPROM_WRITE  EEPE
#define EEPROM_MASTER EEMPE
#else
#define EEPROM_WRITE  EEWE
#define EEPROM_MASTER EEMWE
#endif

; --- the USART: newer parts have it beyond IN and OUT, where Y points to it ------------------------

#ifdef UDR0
#define USART_BY_Y 1
#define USART      0xC0
#define _UCSRA     0
#define _UCSRB     1
#define _UBRRL     4
#define _UDR       6
#define _RXC       RXC0
#define _TXC       TXC0
#define _UDRE      UDRE0
#define _U2X       U2X0
#define _RXEN      RXEN0
#define _TXEN      TXEN0

.macro get register, what
        ldd     \register, Y + \what
.endm
.macro put what, register
        std     Y + \what, \register
.endm

#else
#define USART_BY_Y 0
#define _UCSRA     UCSRA
#define _UCSRB     UCSRB
#define _UBRRL     UBRRL
#define _UDR       UDR
#define _RXC       RXC
#define _TXC       TXC
#define _UDRE      UDRE
#define _U2X       U2X
#define _RXEN      RXEN
#define _TXEN      TXEN

.macro get register, what
        in      \register, \what
.endm
.macro put what, register
        out     \what, \register
.endm
#endif

; --- flash: beyond 64 KiB r13 has the address's third byte -----------------------------------------

#define BIG (FLASHEND > 0xFFFF)

; SET_DEVICE leaves anything in r13; there are two halves of flash.
.macro set_rampz
#if BIG
        mov     r19, r13
        andi    r19, 1
        out     RAMPZ, r19
#endif
.endm

; Carry is set when the address in r13 and Z is below \limit.
.macro below limit
#if BIG
        ldi     r19, hh8(\limit)
        cpi     ZH, hi8(\limit)
        cpc     r13, r19
#else
        cpi     ZH, hi8(\limit)
#endif
.endm

; Parts of 8 KiB have no JMP; RJMP runs over the end of flash to its beginning.
.macro go where
#if FLASHEND > 0x1FFF
        jmp     \where
#else
        rjmp    \where
#endif
.endm
