"""One child process at a time, and signals that reach it once, in time, and no other way.

The child has a process group of its own, so that a Ctrl-C on the terminal comes to this process
only and is passed on once: a second one means "at once" to the family binaries, and the terminal
must not be able to send that by accident. While the child runs this process sleeps in select(2);
it does not poll, which would be noise on the CPUs that are being measured.
"""

import contextlib
import os
import select
import signal
import subprocess
import time

# From the first signal to this process's own exit two seconds may pass; the rest is for the
# footer and the last lines.
GRACE_S = 1.6

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command; the exit code is 128 + signum."""

    def __init__(self, signum):
        super().__init__(signum)
        self.signum = signum


class Relay:
    """While entered: signals go to the child if one runs, else they raise Interrupted here."""

    def __init__(self):
        self.received = None  # the first signal that asked us to stop
        self._child = None  # True while it is being made
        self._passed_on = False
        self._old = {}

    def __enter__(self):
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._old_fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for signum in STOPPING + (signal.SIGTSTP,):
            # nohup, and shells that start background jobs, have said that it is to be ignored.
            if signal.getsignal(signum) is not signal.SIG_IGN:
                self._old[signum] = signal.signal(signum, self._handle)
        self._old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda signum, frame: None)
        return self

    def __exit__(self, *exc):
        signal.set_wakeup_fd(self._old_fd)
        for signum, old in self._old.items():
            signal.signal(signum, old)
        os.close(self._read)
        os.close(self._write)

    def _handle(self, signum, frame):
        if signum == signal.SIGTSTP:
            self._send(signal.SIGSTOP)
            os.kill(os.getpid(), signal.SIGSTOP)
            self._send(signal.SIGCONT)
            return
        first = self.received is None
        self.received = self.received or signum
        if self._child is None:
            raise Interrupted(self.received)
        if first:
            self._pass_on()
        else:
            self._send(signal.SIGKILL)

    def _pass_on(self):
        if self._child is not True and not self._passed_on:
            self._passed_on = True
            self._send(self.received)

    def _send(self, signum):
        if self._child not in (None, True):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signum)

    def run(self, argv, **popen):
        """Runs argv to its end and returns its exit code, or -signum."""
        if self.received is not None:
            raise Interrupted(self.received)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._read, 4096):
                pass
        self._child = True  # from here on a signal waits for the child instead of raising
        try:
            self._child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, process_group=0, **popen)
            if self.received is not None:  # it came while the child was being made
                self._pass_on()
            code = self._wait()
        finally:
            child, self._child = self._child, None
            if child is not True and child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        return code

    def _wait(self):
        deadline = None
        while (code := self._child.poll()) is None:
            if self.received is not None and deadline is None:
                deadline = time.monotonic() + GRACE_S
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if left == 0.0:
                self._send(signal.SIGKILL)
                left = None  # the next thing to come is its SIGCHLD
            select.select([self._read], [], [], left)
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4096)
        if code < 0 or self.received is not None:
            self._send(signal.SIGKILL)  # what it had started must not run on
        return code
