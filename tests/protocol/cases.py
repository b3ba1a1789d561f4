"""Commands and replies beside their bytes: one table for every direction."""

from avrdeck.protocol import stk500v1 as stk
from avrdeck.protocol.codes import MemoryType, Parameter, Status
from avrdeck.protocol.framing import Reply

SET_DEVICE = stk.SetDevice(0x86, 0, 0, 1, 1, 1, 1, 3, 0xFF, 0xFF, 0xFF, 0x0080, 0x0400, 0x8000)

# command, its bytes, a good reply, its bytes
CASES = [
    (stk.GetSync(), "30 20", Reply(Status.OK), "14 10"),
    (stk.GetSignOn(), "31 20", Reply(Status.OK, b"AVR ISP"), "14 41 56 52 20 49 53 50 10"),
    (stk.SetParameter(Parameter.SCK_DURATION, 3), "40 89 03 20", Reply(Status.OK), "14 10"),
    (stk.GetParameter(Parameter.SW_MINOR), "41 82 20", Reply(Status.OK, b"\x12"), "14 12 10"),
    (stk.GetParameter(0x55), "41 55 20", Reply(Status.FAILED, b"\x55"), "14 55 11"),
    (
        SET_DEVICE,
        "42 86 00 00 01 01 01 01 03 FF FF FF FF 00 80 04 00 00 00 80 00 20",
        Reply(Status.OK),
        "14 10",
    ),
    (stk.SetDeviceExt(4, 0xD7, 0xC2, 1), "45 05 04 D7 C2 01 20", Reply(Status.OK), "14 10"),
    (stk.EnterProgmode(), "50 20", Reply(Status.NODEVICE), "14 13"),
    (stk.LeaveProgmode(), "51 20", Reply(Status.OK), "14 10"),
    (stk.ChipErase(), "52 20", Reply(Status.UNKNOWN), "12"),
    (stk.CheckAutoinc(), "53 20", Reply(Status.OK, b"\x01"), "14 01 10"),
    (stk.LoadAddress(0x1234), "55 34 12 20", Reply(Status.OK), "14 10"),
    (stk.Universal(bytes.fromhex("30000200")), "56 30 00 02 00 20", Reply(Status.OK, b"\x0f"), "14 0F 10"),
    (stk.UniversalMulti(b"\xac\x53\x20"), "57 02 AC 53 20 20", Reply(Status.OK, b"\x53"), "14 53 10"),
    (stk.ProgFlash(1, 2), "60 01 02 20", Reply(Status.OK), "14 10"),
    (stk.ProgData(0x20), "61 20 20", Reply(Status.OK), "14 10"),
    (stk.ProgFuse(0x62, 0xD9), "62 62 D9 20", Reply(Status.UNKNOWN), "12"),
    (stk.ProgLock(0xCF), "63 CF 20", Reply(Status.NOSYNC), "15"),
    (stk.ProgPage(MemoryType.FLASH, b"\x20\x14\x10"), "64 00 03 46 20 14 10 20", Reply(Status.OK), "14 10"),
    (stk.ProgPage(MemoryType.EEPROM, b""), "64 00 00 45 20", Reply(Status.FAILED), "14 11"),
    (stk.ProgFuseExt(1, 2, 3), "65 01 02 03 20", Reply(Status.UNKNOWN), "12"),
    (stk.ReadFlash(), "70 20", Reply(Status.OK, b"\x10\x14"), "14 10 14 10"),
    (stk.ReadData(), "71 20", Reply(Status.OK, b"\xff"), "14 FF 10"),
    (stk.ReadFuse(), "72 20", Reply(Status.OK, b"\x62\xd9"), "14 62 D9 10"),
    (stk.ReadLock(), "73 20", Reply(Status.OK, b"\xcf"), "14 CF 10"),
    (stk.ReadPage(MemoryType.FLASH, 2), "74 00 02 46 20", Reply(Status.OK, b"\x10\x11"), "14 10 11 10"),
    (stk.ReadSign(), "75 20", Reply(Status.OK, b"\x1e\x95\x0f"), "14 1E 95 0F 10"),
    (stk.ReadOsccal(), "76 20", Reply(Status.OK, b"\x9a"), "14 9A 10"),
    (stk.ReadFuseExt(), "77 20", Reply(Status.OK, b"\x62\xd9\xff"), "14 62 D9 FF 10"),
    (stk.ReadOsccalExt(1), "78 01 20", Reply(Status.OK, b"\x9a"), "14 9A 10"),
]  # fmt: skip
