"""A sketch into a chip, through its bootloader or over ISP.

`reaching.reach_bootloader` resets a board and finds its bootloader; `bootloading.upload` and
`over_isp.upload` write an image through what was found and verify it.
"""
