"""The numbers of STK500 version 1 (AVR061): commands, replies, parameters. Pure."""

from __future__ import annotations

from enum import IntEnum

EOP = 0x20
"""CRC_EOP, the byte that ends every command."""
SIGN_ON_BYTES = 7
MAX_PAGE_BYTES = 256
"""The most that a PROG_PAGE may carry: the size of the sketch's buffer."""


class Op(IntEnum):
    """Command codes, by AVR061's names."""

    GET_SYNC = 0x30
    GET_SIGN_ON = 0x31
    SET_PARAMETER = 0x40
    GET_PARAMETER = 0x41
    SET_DEVICE = 0x42
    SET_DEVICE_EXT = 0x45
    ENTER_PROGMODE = 0x50
    LEAVE_PROGMODE = 0x51
    CHIP_ERASE = 0x52
    CHECK_AUTOINC = 0x53
    LOAD_ADDRESS = 0x55
    UNIVERSAL = 0x56
    UNIVERSAL_MULTI = 0x57
    PROG_FLASH = 0x60
    PROG_DATA = 0x61
    PROG_FUSE = 0x62
    PROG_LOCK = 0x63
    PROG_PAGE = 0x64
    PROG_FUSE_EXT = 0x65
    READ_FLASH = 0x70
    READ_DATA = 0x71
    READ_FUSE = 0x72
    READ_LOCK = 0x73
    READ_PAGE = 0x74
    READ_SIGN = 0x75
    READ_OSCCAL = 0x76
    READ_FUSE_EXT = 0x77
    READ_OSCCAL_EXT = 0x78


class Status(IntEnum):
    """Reply codes, by AVR061's names."""

    OK = 0x10
    FAILED = 0x11
    UNKNOWN = 0x12
    NODEVICE = 0x13
    INSYNC = 0x14
    NOSYNC = 0x15


class Parameter(IntEnum):
    """Parameters of GET_PARAMETER and SET_PARAMETER."""

    HW_VER = 0x80
    SW_MAJOR = 0x81
    SW_MINOR = 0x82
    LEDS = 0x83
    VTARGET = 0x84
    VADJUST = 0x85
    OSC_PSCALE = 0x86
    OSC_CMATCH = 0x87
    RESET_DURATION = 0x88
    SCK_DURATION = 0x89
    BUFSIZEL = 0x90
    BUFSIZEH = 0x91
    DEVICE = 0x92
    PROGMODE = 0x93
    PARAMODE = 0x94
    POLLING = 0x95
    SELFTIMED = 0x96
    TOPCARD_DETECT = 0x98


class MemoryType(IntEnum):
    """The memory letter of PROG_PAGE and READ_PAGE."""

    FLASH = ord("F")
    EEPROM = ord("E")
