package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The context family (bench/context/contexts.h): a tree of contexts that is cancelled, timers that
// are stopped and started again, and how late one is.

// Those who wait at the ends of the chains, round after round.
type contextCrew struct {
	_      [128]byte
	waits  int64
	_      [128]byte
	back   int64
	last   int64
	wrong  uint64
	_      [128]byte
	start  []chan context.Context
	rested chan struct{}
	ended  sync.WaitGroup
}

func newContextCrew(width int, locked bool) *contextCrew {
	c := &contextCrew{rested: make(chan struct{}, 1)}
	for i := 0; i < width; i++ {
		c.start = append(c.start, make(chan context.Context, 1))
		c.ended.Add(1)
		go c.wait(c.start[i], int64(width), locked)
	}
	return c
}

func (c *contextCrew) wait(start chan context.Context, width int64, locked bool) {
	defer c.ended.Done()
	if locked {
		_ = becomeThread(-1) // on any CPU: nothing that could fail
	}
	for ctx := range start {
		done := ctx.Done()
		atomic.AddInt64(&c.waits, 1)
		<-done
		t := now()
		if ctx.Err() != context.Canceled {
			atomic.AddUint64(&c.wrong, 1)
		}
		for {
			last := atomic.LoadInt64(&c.last)
			if t <= last || atomic.CompareAndSwapInt64(&c.last, last, t) {
				break
			}
		}
		if atomic.AddInt64(&c.back, 1) == width {
			c.rested <- struct{}{}
		}
	}
}

func (c *contextCrew) end() {
	for _, start := range c.start {
		close(start)
	}
	c.ended.Wait()
}

type cancelDesk struct {
	crew         *contextCrew
	width, depth int
	leaf         []context.Context
	cancels      []context.CancelFunc
	rounds       uint64
	callNs       int64
}

func (d *cancelDesk) makeTree() context.CancelFunc {
	top, cancel := context.WithCancel(context.Background())
	d.cancels = d.cancels[:0]
	for i := 0; i < d.width; i++ {
		ctx := top
		for k := 0; k < d.depth; k++ {
			var stop context.CancelFunc
			ctx, stop = context.WithCancel(ctx)
			d.cancels = append(d.cancels, stop)
		}
		d.leaf[i] = ctx
	}
	return cancel
}

func (d *cancelDesk) once(w *worker) {
	const settle = 100 * time.Microsecond
	cancel, c := d.makeTree(), d.crew
	c.waits, c.back, c.last = 0, 0, 0
	for i, start := range c.start {
		start <- d.leaf[i]
	}
	for atomic.LoadInt64(&c.waits) < int64(d.width) {
		runtime.Gosched()
	}
	time.Sleep(settle) // until they wait
	start := now()
	cancel()
	d.callNs += now() - start
	<-c.rested
	for _, stop := range d.cancels {
		stop()
	}
	d.rounds++
	w.latency.record(c.last - start)
}

func contextCancel(q *request) (*result, error) {
	width, depth := q.param("p_width", 1), q.param("p_depth", 1)
	if q.Threads != 1 || width < 1 || depth < 1 || width > 1<<20 || depth > 1<<20 {
		return nil, fmt.Errorf("%d threads, p_width %d, p_depth %d", q.Threads, width, depth)
	}
	return inWindows(cancelOf)(q)
}

func cancelOf(q *request) *subject {
	width := int(q.param("p_width", 1))
	d := &cancelDesk{width: width, depth: int(q.param("p_depth", 1)),
		leaf: make([]context.Context, width), crew: newContextCrew(width, q.Exec == "thread")}
	return &subject{
		run: func(w *worker, n uint64) uint64 {
			for i := uint64(0); i < n; i++ {
				d.once(w)
			}
			return n
		},
		leave: func(*worker) { d.crew.end() },
		value: func() uint64 { return d.rounds },
		wrong: func() uint64 { return d.crew.wrong },
		metrics: func([]*worker) map[string]float64 {
			if d.rounds == 0 {
				return nil
			}
			call := float64(d.callNs) / float64(d.rounds)
			return map[string]float64{"cancel_call_ns": call,
				"cancel_ns_per_context": call / float64(1+d.width*d.depth)}
		}}
}

// Each worker has its share of the timers that run, and one more.
func contextTimersOf(run func(w *worker, timers []*time.Timer, n uint64) uint64) func(
	*request) *subject {
	return func(q *request) *subject {
		effects := uint64(0)
		return &subject{
			begin: func(w *worker) {
				timers := make([]*time.Timer, int(q.param("p_timers", 0))/q.Threads+1)
				for i := range timers {
					timers[i] = time.NewTimer(time.Hour + time.Duration(i)*time.Microsecond)
				}
				w.local = timers
			},
			run: func(w *worker, n uint64) uint64 {
				atomic.AddUint64(&effects, run(w, w.local.([]*time.Timer), n))
				return n
			},
			leave: func(w *worker) {
				for _, t := range w.local.([]*time.Timer) {
					t.Stop()
				}
			},
			value: func() uint64 { return effects },
		}
	}
}

func contextTimers(w *worker, timers []*time.Timer, n uint64) uint64 {
	effects, random := uint64(0), uint64(w.index)*2654435761+w.cursor
	for i := uint64(0); i < n; i++ {
		random = random*6364136223846793005 + 1442695040888963407
		t := timers[random>>32*uint64(len(timers))>>32]
		w.cursor++
		if t.Stop() && !t.Reset(time.Hour+time.Duration(w.cursor)*time.Microsecond) {
			effects++
		}
	}
	return effects
}

func contextLateness(w *worker, timers []*time.Timer, n uint64) uint64 {
	const soon = 100 * time.Microsecond
	effects := uint64(0)
	for i := uint64(0); i < n; i++ {
		timers[0].Stop()
		due := now() + int64(soon)
		timers[0].Reset(soon)
		<-timers[0].C
		if late := now() - due; late >= 0 {
			w.latency.record(late)
			effects++
		}
	}
	return effects
}
