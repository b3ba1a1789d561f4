"""How to talk to a programmer: codecs, dialects, link, transports, the engine, the simulator."""
