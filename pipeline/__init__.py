"""The flow: messages, clock, bus, stage loop, session, command line. Imports neither `stages` nor `avatars`."""
