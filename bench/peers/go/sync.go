package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// The sync family (bench/sync/loop_*.h): the rest of Go's sync package. What C and C++ do by plain
// words under the workload's own rules is done the same way here.

// A subject whose effects are what run returns; `wrong` counts what must not have been seen.
func watched(run func(w *worker, n uint64) uint64, wrong *uint64) *subject {
	total := uint64(0)
	return &subject{
		run: func(w *worker, n uint64) uint64 {
			done := run(w, n)
			atomic.AddUint64(&total, done)
			return done
		},
		value: func() uint64 { return total },
		wrong: func() uint64 { return atomic.LoadUint64(wrong) },
	}
}

func syncWaitGroup(q *request) *subject {
	b := &struct {
		_     [128]byte
		group sync.WaitGroup
		_     [128]byte
	}{}
	jobs, calls := int(q.param("p_batch", 16)), q.param("p_calls", 1)
	s := watched(func(_ *worker, n uint64) uint64 {
		for i := uint64(0); i < n; i++ {
			if calls == 1 {
				b.group.Add(jobs)
			} else {
				for k := 0; k < jobs; k++ {
					b.group.Add(1)
				}
			}
			for k := 0; k < jobs; k++ {
				b.group.Done()
			}
		}
		return n
	}, new(uint64))
	s.check = func() error {
		b.group.Wait() // at once, or the watchdog says that it does not return
		return nil
	}
	return s
}

// Where the workers of a window meet; closed by the first that leaves.
type gate struct {
	_        [128]byte
	arrived  int32
	meetings uint64
	closed   uint32
	_        [128]byte
}

func (g *gate) pass(workers int) bool {
	meeting := atomic.LoadUint64(&g.meetings)
	if atomic.AddInt32(&g.arrived, 1) == int32(workers) {
		atomic.StoreInt32(&g.arrived, 0)
		atomic.StoreUint64(&g.meetings, meeting+1)
		return true
	}
	for i := 0; atomic.LoadUint64(&g.meetings) == meeting; i++ {
		if atomic.LoadUint32(&g.closed) != 0 {
			return false
		}
		if i >= 64 {
			runtime.Gosched()
		}
	}
	return true
}

type onceCell struct {
	once  sync.Once
	calls uint64
	hold  uint64
	sink  uint64
	_     [128]byte
}

func (c *onceCell) fill() {
	c.sink ^= spin(c.hold)
	c.calls++
}

func syncOnce(*request) *subject {
	c, wrong := &onceCell{}, new(uint64)
	return watched(func(_ *worker, n uint64) uint64 {
		bad := uint64(0)
		for i := uint64(0); i < n; i++ {
			c.once.Do(c.fill)
			if c.calls != 1 {
				bad++
			}
		}
		if bad != 0 {
			atomic.AddUint64(wrong, bad)
		}
		return n
	}, wrong)
}

func syncOnceStampede(q *request) *subject {
	const row = 64
	cells, g, wrong := make([]onceCell, row), &gate{}, new(uint64)
	hold := turnsOf(q.param("p_hold_ns", 0), nsPerTurn())
	renew := func() {
		for i := range cells {
			cells[i] = onceCell{hold: hold}
		}
	}
	renew()
	type place struct {
		number int
		over   bool
	}
	s := watched(func(w *worker, n uint64) uint64 {
		l, done := w.local.(*place), uint64(0)
		for ; done < n && !l.over; done++ {
			c := &cells[l.number]
			c.once.Do(c.fill)
			if c.calls != 1 {
				atomic.AddUint64(wrong, 1)
			}
			l.number++
			if l.number < row {
				continue
			}
			if l.over = !g.pass(q.Threads); l.over {
				continue
			}
			if w.index == 0 {
				renew()
			}
			l.over = !g.pass(q.Threads)
			l.number = 0
		}
		return done
	}, wrong)
	s.begin = func(w *worker) { w.local = &place{} }
	s.leave = func(*worker) { atomic.StoreUint32(&g.closed, 1) }
	return s
}

type condBox struct {
	_       [128]byte
	mu      sync.Mutex
	closed  bool
	turn    int
	arrived int
	passed  uint64
	rounds  uint64
	seat    []*sync.Cond
	_       [128]byte
}

func newCondBox(q *request) *condBox {
	b := &condBox{}
	for i := 0; i < q.Threads; i++ {
		b.seat = append(b.seat, sync.NewCond(&b.mu))
	}
	return b
}

func (b *condBox) subject(run func(w *worker, n uint64) uint64) *subject {
	leave := func(*worker) {
		b.mu.Lock()
		b.closed = true
		for _, c := range b.seat {
			c.Broadcast()
		}
		b.mu.Unlock()
	}
	return &subject{run: run, value: func() uint64 { return b.passed }, leave: leave}
}

func syncCondSignal(q *request) *subject {
	b := newCondBox(q)
	return b.subject(func(w *worker, n uint64) uint64 {
		me, done, closed := w.index, uint64(0), false
		next := (me + 1) % q.Threads
		for ; done < n && !closed; done++ {
			b.mu.Lock()
			for b.turn != me && !b.closed {
				b.seat[me].Wait()
			}
			closed = b.closed
			if !closed {
				b.passed++
				b.turn = next
				b.seat[next].Signal()
			}
			b.mu.Unlock()
			if closed {
				break
			}
		}
		return done
	})
}

func syncCondBroadcast(q *request) *subject {
	b := newCondBox(q)
	return b.subject(func(_ *worker, n uint64) uint64 {
		done := uint64(0)
		for closed := false; done < n && !closed; done++ {
			b.mu.Lock()
			round := b.rounds
			b.passed++
			b.arrived++
			if b.arrived == q.Threads {
				b.arrived = 0
				b.rounds++
				b.seat[0].Broadcast()
			} else {
				for b.rounds == round && !b.closed {
					b.seat[0].Wait()
				}
			}
			closed = b.closed
			b.mu.Unlock()
		}
		return done
	})
}

// A buffered channel is Go's semaphore: its standard library has no other.
func syncChanSemaphore(q *request) *subject {
	permits := q.param("p_permits", 1)
	b := &struct {
		_       [128]byte
		permit  chan struct{}
		counter uint64
		_       [128]byte
	}{permit: make(chan struct{}, permits)}
	return &subject{value: func() uint64 { return b.counter }, run: func(w *worker, n uint64) uint64 {
		hold, alone, x := w.holdTurns, permits == 1, uint64(0)
		for i := uint64(0); i < n; i++ {
			b.permit <- struct{}{}
			if alone {
				b.counter++
			}
			x ^= spin(hold)
			<-b.permit
		}
		w.sink ^= x
		if alone {
			return n
		}
		return 0
	}}
}

func syncPool(q *request) *subject {
	size, held, wrong := int(q.param("p_bytes", 256)/8), int(q.param("p_batch", 1)), new(uint64)
	pool := &sync.Pool{New: func() any {
		o := make([]uint64, size)
		return &o
	}}
	type holder struct {
		at     int
		object []*[]uint64
	}
	mark := func(o *[]uint64, who uint64) { (*o)[0], (*o)[size-1] = who, who }
	s := watched(func(w *worker, n uint64) uint64 {
		l, me, bad := w.local.(*holder), uint64(w.index+1), uint64(0)
		at := l.at
		for i := uint64(0); i < n; i++ {
			o := l.object[at]
			if (*o)[0] != me || (*o)[size-1] != me {
				bad++
			}
			pool.Put(o)
			o = pool.Get().(*[]uint64)
			mark(o, me)
			l.object[at] = o
			if at++; at == held {
				at = 0
			}
		}
		l.at = at
		if bad != 0 {
			atomic.AddUint64(wrong, bad)
		}
		return n
	}, wrong)
	s.begin = func(w *worker) {
		l := &holder{}
		for i := 0; i < held; i++ {
			o := pool.Get().(*[]uint64)
			mark(o, uint64(w.index+1))
			l.object = append(l.object, o)
		}
		w.local = l
	}
	return s
}

// sync.Map's keys and values are interfaces: a stored value is allocated, as any user's is.
func syncMap(q *request) *subject {
	keys, m, wrong := uint64(q.param("p_keys", 1024)), &sync.Map{}, new(uint64)
	for key := uint64(0); key < keys; key++ {
		m.Store(key, key)
	}
	return watched(func(w *worker, n uint64) uint64 {
		draw, cursor, bad := w.draws, w.cursor, uint64(0)
		for i := uint64(0); i < n; i++ {
			turn := cursor + uint64(w.index)<<20
			key := (turn * 6364136223846793005 >> 32) % keys
			if draw[cursor%draws] != 0 {
				m.Store(key, turn<<32|key)
			} else if v, ok := m.Load(key); !ok || uint64(uint32(v.(uint64))) != key {
				bad++
			}
			cursor++
		}
		w.cursor = cursor
		if bad != 0 {
			atomic.AddUint64(wrong, bad)
		}
		return n
	}, wrong)
}

type config struct{ word [8]uint64 }

func configOf(number uint64) *config {
	c := &config{}
	for i := range c.word {
		c.word[i] = number
	}
	return c
}

func (c *config) torn() bool {
	differ := uint64(0)
	for i := 1; i < len(c.word); i++ {
		differ |= c.word[i] ^ c.word[0]
	}
	return differ != 0
}

func syncValue(*request) *subject {
	v, wrong := &struct {
		_     [128]byte
		value atomic.Value
		_     [128]byte
	}{}, new(uint64)
	v.value.Store(configOf(0))
	return watched(func(w *worker, n uint64) uint64 {
		draw, cursor, bad := w.draws, w.cursor, uint64(0)
		for i := uint64(0); i < n; i++ {
			if draw[cursor%draws] != 0 {
				v.value.Store(configOf(cursor))
			} else if v.value.Load().(*config).torn() {
				bad++
			}
			cursor++
		}
		w.cursor = cursor
		if bad != 0 {
			atomic.AddUint64(wrong, bad)
		}
		return n
	}, wrong)
}
