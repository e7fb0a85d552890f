package main

import "sync"

// The lock family (bench/lock/locked.h): the first half of the words is changed before the work,
// the second after it, so that a reader who was let in beside a writer sees it.

const words = 4

type lockbox struct {
	value  [words]uint64
	owner  uint64
	leftAt int64
}

func (b *lockbox) write(hold uint64) uint64 {
	b.value[0]++
	b.value[1]++
	x := spin(hold)
	b.value[2]++
	b.value[3]++
	return x
}

func (b *lockbox) torn(hold uint64) (torn, x uint64) {
	first := b.value[0]
	differ := b.value[1] ^ first
	x = spin(hold)
	differ |= b.value[2] ^ first | b.value[3] ^ first
	if differ != 0 {
		torn = 1
	}
	return torn, x
}

// All words are the number of writes, or it is none of them.
func (b *lockbox) count() uint64 {
	for _, v := range b.value {
		if v != b.value[0] {
			return ^uint64(0) >> 12
		}
	}
	return b.value[0]
}

type mutexBox struct {
	_  [128]byte
	mu sync.Mutex
	lockbox
	_ [128]byte
}

type rwBox struct {
	_  [128]byte
	mu sync.RWMutex
	lockbox
	_ [128]byte
}

func lockMutexMutex(*request) *subject {
	b := &mutexBox{}
	run := func(w *worker, n uint64) uint64 {
		hold, think, x := w.holdTurns, w.thinkTurns, uint64(0)
		for i := uint64(0); i < n; i++ {
			b.mu.Lock()
			x ^= b.write(hold)
			b.mu.Unlock()
			x ^= spin(think)
		}
		w.sink ^= x
		return n
	}
	return &subject{run: run, value: b.count}
}

func lockMutexRW(*request) *subject {
	b := &mutexBox{}
	run := func(w *worker, n uint64) uint64 {
		draw, cursor, hold, think := w.draws, w.cursor, w.holdTurns, w.thinkTurns
		writes, torn, x := uint64(0), uint64(0), uint64(0)
		for i := uint64(0); i < n; i++ {
			if draw[cursor%draws] != 0 {
				b.mu.Lock()
				x ^= b.write(hold)
				b.mu.Unlock()
				writes++
			} else {
				b.mu.Lock()
				t, y := b.torn(hold)
				b.mu.Unlock()
				torn += t
				x ^= y
			}
			cursor++
			x ^= spin(think)
		}
		w.cursor = cursor
		w.torn += torn
		w.sink ^= x
		return writes
	}
	return &subject{run: run, value: b.count}
}

func lockRWMutexRW(*request) *subject {
	b := &rwBox{}
	run := func(w *worker, n uint64) uint64 {
		draw, cursor, hold, think := w.draws, w.cursor, w.holdTurns, w.thinkTurns
		writes, torn, x := uint64(0), uint64(0), uint64(0)
		for i := uint64(0); i < n; i++ {
			if draw[cursor%draws] != 0 {
				b.mu.Lock()
				x ^= b.write(hold)
				b.mu.Unlock()
				writes++
			} else {
				b.mu.RLock()
				t, y := b.torn(hold)
				b.mu.RUnlock()
				torn += t
				x ^= y
			}
			cursor++
			x ^= spin(think)
		}
		w.cursor = cursor
		w.torn += torn
		w.sink ^= x
		return writes
	}
	return &subject{run: run, value: b.count}
}

// From one owner's leaving to the next one's running; each hand-over includes one clock reading.
func lockMutexHandover(*request) *subject {
	b := &mutexBox{}
	run := func(w *worker, n uint64) uint64 {
		hold, think, x, me := w.holdTurns, w.thinkTurns, uint64(0), uint64(w.index+1)
		for i := uint64(0); i < n; i++ {
			b.mu.Lock()
			t := now()
			before, left := b.owner, b.leftAt
			b.owner = me
			x ^= b.write(hold)
			b.leftAt = now()
			b.mu.Unlock()
			if before != 0 && before != me {
				w.handovers++
				w.handover.record(t - left)
			}
			x ^= spin(think)
		}
		w.sink ^= x
		return n
	}
	return &subject{run: run, value: b.count, metrics: handoverMetrics}
}

func handoverMetrics(workers []*worker) map[string]float64 {
	all, ops, handovers := &histogram{}, uint64(0), uint64(0)
	for _, w := range workers {
		all.merge(w.handover)
		ops += w.ops
		handovers += w.handovers
	}
	if all.count == 0 || ops == 0 {
		return nil
	}
	q := all.quantiles()
	return map[string]float64{
		"handover_pct":      100 * float64(handovers) / float64(ops),
		"handover_p50_ns":   float64(q.P50),
		"handover_p99_ns":   float64(q.P99),
		"handover_p999_ns":  float64(q.P999),
		"handover_max_ns":   float64(q.Max),
		"handover_clock_ns": clockNs(),
	}
}
