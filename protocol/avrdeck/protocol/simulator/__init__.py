"""A virtual programmer with a virtual chip behind it. Time is virtual, results are deterministic.

How the parts fit, from the host inwards:

* `options.from_url` reads ``sim:?part=attiny85&xtal=none`` into `options.Options`; `board.build` makes a
  `machine.Machine` of it; `board.save` keeps its chip in a file (`state`).
* `machine.Machine` is the board seen from its serial port, sans-IO: ``feed`` bytes, ``run_until`` a
  moment in virtual ns, ``take`` what has arrived; ``set_dtr``, ``reset_board``, ``host_baud``, and
  ``faults.add`` for a `faults.Fault` at any byte of either direction.
* The firmwares are coroutines on an `mcu.Mcu`: `arduinoisp.ArduinoIsp`, `optiboot.Optiboot`,
  `atmegaboot.AtmegaBoot`. `wire` and `usart` are the serial line and its buffers.
* `target.Target` (``machine.target``) is the chip: ``cells`` hold its memories, fuses and lock bits,
  ``lockout`` says why it cannot be programmed; ``set_xtal``, ``power_cycle`` and ``hv_rescue`` are what
  a person at the bench could do. `isp_port` is its serial programming interface.

Two faces carry it: `avrdeck.protocol.transports.sim.open_sim` in this process, without any waiting,
and `pty_server.serve` as a serial port for other programs, in real time.
"""
