"""What every run of the tests needs, whatever started it."""

import signal

# A shell has SIGINT ignored in what it starts in the background (`make test &`, nohup), and children inherit
# that: the runs that tests stop with Ctrl-C would never hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
