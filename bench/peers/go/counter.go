package main

import (
	"sync"
	"sync/atomic"
)

// The counter family: n workers add to, and sometimes read, one counter. The loops are those of
// bench/counter/loop.h; a counter stands alone on its cache lines.

type mutexCounter struct {
	_     [128]byte
	mu    sync.Mutex
	value uint64
	_     [128]byte
}

func counterMutexInc(*request) *subject {
	c := &mutexCounter{}
	run := func(_ *worker, n uint64) uint64 {
		for i := uint64(0); i < n; i++ {
			c.mu.Lock()
			c.value++
			c.mu.Unlock()
		}
		return n
	}
	return &subject{run: run, value: func() uint64 { return c.value }}
}

func counterMutexMixed(*request) *subject {
	c := &mutexCounter{}
	run := func(w *worker, n uint64) uint64 {
		draw, cursor, hold, think := w.draws, w.cursor, w.holdTurns, w.thinkTurns
		writes, seen := uint64(0), uint64(0)
		for i := uint64(0); i < n; i++ {
			if draw[cursor%draws] != 0 {
				c.mu.Lock()
				c.value++
				seen ^= spin(hold)
				c.mu.Unlock()
				writes++
			} else {
				c.mu.Lock()
				seen += c.value
				seen ^= spin(hold)
				c.mu.Unlock()
			}
			cursor++
			seen ^= spin(think)
		}
		w.cursor = cursor
		w.sink ^= seen
		return writes
	}
	return &subject{run: run, value: func() uint64 { return c.value }}
}

type rwCounter struct {
	_     [128]byte
	mu    sync.RWMutex
	value uint64
	_     [128]byte
}

func counterRWInc(*request) *subject {
	c := &rwCounter{}
	run := func(_ *worker, n uint64) uint64 {
		for i := uint64(0); i < n; i++ {
			c.mu.Lock()
			c.value++
			c.mu.Unlock()
		}
		return n
	}
	return &subject{run: run, value: func() uint64 { return c.value }}
}

func counterRWMixed(*request) *subject {
	c := &rwCounter{}
	run := func(w *worker, n uint64) uint64 {
		draw, cursor, hold, think := w.draws, w.cursor, w.holdTurns, w.thinkTurns
		writes, seen := uint64(0), uint64(0)
		for i := uint64(0); i < n; i++ {
			if draw[cursor%draws] != 0 {
				c.mu.Lock()
				c.value++
				seen ^= spin(hold)
				c.mu.Unlock()
				writes++
			} else {
				c.mu.RLock()
				seen += c.value
				seen ^= spin(hold)
				c.mu.RUnlock()
			}
			cursor++
			seen ^= spin(think)
		}
		w.cursor = cursor
		w.sink ^= seen
		return writes
	}
	return &subject{run: run, value: func() uint64 { return c.value }}
}

type atomicCounter struct {
	_     [128]byte
	value uint64
	_     [128]byte
}

func counterAtomicInc(*request) *subject {
	c := &atomicCounter{}
	run := func(_ *worker, n uint64) uint64 {
		for i := uint64(0); i < n; i++ {
			atomic.AddUint64(&c.value, 1)
		}
		return n
	}
	return &subject{run: run, value: func() uint64 { return c.value }}
}

func counterAtomicMixed(*request) *subject {
	c := &atomicCounter{}
	run := func(w *worker, n uint64) uint64 {
		draw, cursor, think := w.draws, w.cursor, w.thinkTurns
		writes, seen := uint64(0), uint64(0)
		for i := uint64(0); i < n; i++ {
			if draw[cursor%draws] != 0 {
				atomic.AddUint64(&c.value, 1)
				writes++
			} else {
				seen += atomic.LoadUint64(&c.value)
			}
			cursor++
			seen ^= spin(think)
		}
		w.cursor = cursor
		w.sink ^= seen
		return writes
	}
	return &subject{run: run, value: func() uint64 { return c.value }}
}
