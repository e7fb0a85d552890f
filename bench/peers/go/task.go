package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// The task family (bench/task/tasks.h): what a goroutine costs.

func effectsAreOps(run func(w *worker, n uint64) uint64) *subject {
	total := uint64(0)
	return &subject{
		run: func(w *worker, n uint64) uint64 {
			done := run(w, n)
			atomic.AddUint64(&total, n)
			return done
		},
		value: func() uint64 { return total },
	}
}

// Starts one goroutine and waits for its result. A channel with room for it is the fastest way that
// Go has: a WaitGroup takes a tenth longer here, an unbuffered channel 5 %.
func taskSpawnJoin(*request) *subject {
	return effectsAreOps(func(_ *worker, n uint64) uint64 {
		result := make(chan uint64, 1)
		effects := uint64(0)
		f := func() { result <- 1 }
		for i := uint64(0); i < n; i++ {
			go f()
			effects += <-result
		}
		return effects
	})
}

func taskSpawnBatch(q *request) *subject {
	batch := int(q.param("p_spawned", 1000))
	return effectsAreOps(func(_ *worker, n uint64) uint64 {
		var end sync.WaitGroup
		ran, effects := int64(0), uint64(0)
		f := func() {
			atomic.AddInt64(&ran, 1)
			end.Done()
		}
		for i := uint64(0); i < n; i++ {
			ran = 0
			end.Add(batch)
			for k := 0; k < batch; k++ {
				go f()
			}
			end.Wait()
			if ran == int64(batch) {
				effects++
			}
		}
		return effects
	})
}

type flock struct {
	_       [128]byte
	done    uint64
	_       [128]byte
	started uint64
}

// Starts goroutines that nobody waits for, at most 256 of which are not done yet.
func taskGoDetached(*request) *subject {
	const backlog = 256
	var flocks sync.Map
	s := &subject{}
	s.begin = func(w *worker) {
		f := &flock{}
		w.local = f
		flocks.Store(w.index, f)
	}
	s.run = func(w *worker, n uint64) uint64 {
		f := w.local.(*flock)
		detached := func() { atomic.AddUint64(&f.done, 1) }
		for i := uint64(0); i < n; i++ {
			for f.started-atomic.LoadUint64(&f.done) >= backlog {
				runtime.Gosched()
			}
			f.started++
			go detached()
		}
		return n
	}
	s.value = func() uint64 {
		sum := uint64(0)
		flocks.Range(func(_, v any) bool {
			f := v.(*flock)
			for atomic.LoadUint64(&f.done) < f.started {
				runtime.Gosched()
			}
			sum += f.done
			return true
		})
		return sum
	}
	return s
}

func taskYield(*request) *subject {
	return effectsAreOps(func(_ *worker, n uint64) uint64 {
		for i := uint64(0); i < n; i++ {
			runtime.Gosched()
		}
		return n
	})
}

type partner struct {
	to, back chan struct{}
	answers  uint64
	timer    *time.Timer
}

// Each worker has a goroutine that answers on an unbuffered channel.
func withPartners(run func(w *worker, n uint64) uint64) *subject {
	var mu sync.Mutex
	var answers uint64
	s := &subject{run: run}
	s.begin = func(w *worker) {
		p := &partner{to: make(chan struct{}), back: make(chan struct{}),
			timer: time.NewTimer(time.Hour)}
		w.local = p
		go func() {
			for range p.to {
				p.answers++
				p.back <- struct{}{}
			}
		}()
	}
	s.leave = func(w *worker) {
		p := w.local.(*partner)
		p.timer.Stop()
		close(p.to)
		mu.Lock()
		answers += p.answers // the last answer has been received
		mu.Unlock()
	}
	s.value = func() uint64 { return answers }
	return s
}

func taskPingPong(*request) *subject {
	return withPartners(func(w *worker, n uint64) uint64 {
		p := w.local.(*partner)
		for i := uint64(0); i < n; i++ {
			p.to <- struct{}{}
			<-p.back
		}
		return n
	})
}

// The same, with a deadline that never comes, while other goroutines wait with one.
func taskTimerCancel(q *request) *subject {
	const far = time.Minute
	armed := arm(q.param("p_timers", 0))
	s := withPartners(func(w *worker, n uint64) uint64 {
		p := w.local.(*partner)
		for i := uint64(0); i < n; i++ {
			p.to <- struct{}{}
			p.timer.Reset(far)
			select {
			case <-p.back:
			case <-p.timer.C:
				return i
			}
		}
		p.timer.Stop()
		return n
	})
	s.check = func() error { return armed.end() }
	return s
}

// Goroutines that wait with a deadline an hour away.
type armed struct {
	n    int64
	over chan struct{}
	done sync.WaitGroup
	woke int64
}

func arm(n int64) *armed {
	a := &armed{n: n, over: make(chan struct{})}
	var arrived sync.WaitGroup
	arrived.Add(int(n))
	a.done.Add(int(n))
	for i := int64(0); i < n; i++ {
		go func() {
			defer a.done.Done()
			timer := time.NewTimer(time.Hour)
			arrived.Done()
			select {
			case <-a.over:
				atomic.AddInt64(&a.woke, 1)
			case <-timer.C:
			}
			timer.Stop()
		}()
	}
	arrived.Wait()
	return a
}

func (a *armed) end() error {
	close(a.over)
	a.done.Wait()
	if a.woke != a.n {
		return fmt.Errorf("%d of %d sleepers were woken", a.woke, a.n)
	}
	return nil
}

// Bytes of the process in memory, by walking its page tables.
func residentBytes() (float64, error) {
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0, err
	}
	for _, line := range bytes.Split(text, []byte("\n")) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == "Rss:" {
			kb, err := strconv.ParseUint(string(fields[1]), 10, 64)
			return float64(kb) * 1024, err
		}
	}
	return 0, fmt.Errorf("no Rss in smaps_rollup")
}

// n goroutines that wait at the same time, on one channel: what each holds in memory, and what it
// takes to wake them. For a process that has not had as many before: Go keeps their descriptors.
func taskParked(q *request) (*result, error) {
	n := int(q.param("p_tasks", 1000))
	if n < 1 || n > 10_000_000 {
		return nil, fmt.Errorf("p_tasks %d, expected 1 to 10000000", n)
	}
	signal := make(chan struct{})
	var arrived, end sync.WaitGroup
	woken := int64(0)
	debug.FreeOSMemory()
	before, err := residentBytes()
	if err != nil {
		return nil, err
	}
	arrived.Add(n)
	end.Add(n)
	start := now()
	f := func() {
		arrived.Done()
		<-signal
		atomic.AddInt64(&woken, 1)
		end.Done()
	}
	for i := 0; i < n; i++ {
		go f()
	}
	arrived.Wait()
	filled := now()
	after, err := residentBytes()
	emptying := now()
	for i := 0; i < n; i++ {
		signal <- struct{}{}
	}
	end.Wait()
	over := now()
	if err != nil {
		return nil, err
	}
	each := func(v float64) float64 { return v / float64(n) }
	return &result{WindowNs: float64(filled - start + over - emptying), TotalOps: uint64(n),
		Effects: uint64(n), Value: uint64(woken), Metrics: map[string]float64{
			"bytes_per_task":    each(max0(after - before)),
			"spawn_ns_per_task": each(float64(filled - start)),
			"wake_ns_per_task":  each(float64(over - emptying)),
		}}, nil
}

func max0(v float64) float64 {
	if v < 0 {
		return 0
	}
	return v
}

// How late a sleep of 1 ms returns while others wait with a deadline.
func taskSleep(q *request) (*result, error) {
	a := arm(q.param("p_timers", 0))
	late, sum, start, t := &histogram{}, int64(0), now(), int64(0)
	for {
		deadline := now() + 1e6
		time.Sleep(time.Millisecond)
		t = now()
		if t < deadline {
			return nil, fmt.Errorf("a sleep came back early")
		}
		late.record(t - deadline)
		sum += t - deadline
		if t-start >= 2*q.WindowNs && late.count >= 25 {
			break
		}
	}
	if err := a.end(); err != nil {
		return nil, err
	}
	mean := float64(sum) / float64(late.count)
	return &result{WindowNs: float64(t - start), TotalOps: late.count, Effects: late.count,
		Value: late.count, Latency: late.quantiles(), NsPerOp: &mean, ClockNs: clockNs()}, nil
}
