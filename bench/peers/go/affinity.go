package main

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

const maxCPUs = 8192

// Makes the calling goroutine a thread of its own on one CPU (below 0: anywhere). It is never
// unlocked: the thread ends with its goroutine.
func becomeThread(cpu int) error {
	runtime.LockOSThread()
	if cpu < 0 {
		return nil
	}
	var mask [maxCPUs / 64]uint64
	mask[cpu/64] = 1 << (cpu % 64)
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(mask),
		uintptr(unsafe.Pointer(&mask)))
	if errno != 0 {
		return fmt.Errorf("cannot be bound to CPU %d: %v", cpu, errno)
	}
	return nil
}
