package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// One measured window, as lib/harness/window.h keeps it: all workers wait at a gate, start at one
// deadline that the last to arrive sets, run until a flag, publish what they have counted after
// every batch; the rate comes from a snapshot taken while all still run, the oracle gets the exact
// totals. With more workers than CPUs the window begins when the last has started. A coordinator
// that finds every P busy gets its turn when one is preempted, up to 10 ms late: so windows may be
// a little longer than asked for, and what they were is what is reported.

const (
	draws               = 4096
	gateLeadNs          = 150e3
	batchTargetNs       = 5e3
	batchMax            = 1 << 16
	batchOversubscribed = 64
)

type worker struct {
	_          [128]byte
	index      int
	holdTurns  uint64
	thinkTurns uint64
	draws      *[draws]uint8 // 1: write
	cursor     uint64
	torn       uint64
	handovers  uint64
	sink       uint64
	local      any
	handover   *histogram
	_          [128]byte
	published  uint64
	_          [128]byte
	startNs    int64
	from, to   uint64
	ops        uint64
	effects    uint64
	latency    *histogram
	err        error
}

// What is measured: made anew for each window.
type subject struct {
	run   func(w *worker, n uint64) uint64 // n operations; how many had an effect
	value func() uint64                    // what the contestant says these effects were
	begin func(w *worker)                  // on the worker, before the gate; nil: nothing
	leave func(w *worker)                  // after its last operation: lets partners go
	check func() error                     // when all is over; nil: nothing
	wrong func() uint64                    // what must not have been seen; nil: nothing
	// Its own metrics, by column.
	metrics func(workers []*worker) map[string]float64
}

type window struct {
	q       *request
	subject *subject
	batch   uint64
	crowded bool
	workers []*worker
	began   int64
	ended   int64
	_       [128]byte
	arrived int32
	_       [128]byte
	startAt int64
	_       [128]byte
	stop    uint32
	_       [128]byte
	started int32
	_       [128]byte
}

func (w *window) passGate(s *worker) {
	if atomic.AddInt32(&w.arrived, 1) == int32(len(w.workers)) {
		atomic.StoreInt64(&w.startAt, now()+gateLeadNs)
	}
	start := atomic.LoadInt64(&w.startAt)
	for ; start == 0; start = atomic.LoadInt64(&w.startAt) {
		if w.crowded { // the last to arrive may need this very P
			runtime.Gosched()
		}
	}
	if w.crowded {
		time.Sleep(time.Duration(start - now()))
	}
	t := now()
	for t < start {
		t = now()
	}
	s.startNs = t
	atomic.AddInt32(&w.started, 1)
}

func (w *window) runBatches(s *worker) {
	run, batch := w.subject.run, w.batch
	work := batch * w.q.WorkPct / 100
	counted := uint64(0)
	for atomic.LoadUint32(&w.stop) == 0 {
		s.effects += run(s, work)
		s.ops += work
		counted += batch
		// A plain store: an atomic one of Go is an exchange, which the harness's own workers do not
		// pay either. Words are not torn, and the call above keeps it in the loop.
		s.published = counted
	}
}

func (w *window) runSampled(s *worker) {
	run, between := w.subject.run, w.q.Sample-1
	for atomic.LoadUint32(&w.stop) == 0 {
		if between != 0 {
			s.effects += run(s, between)
		}
		t0 := now()
		s.effects += run(s, 1)
		s.latency.record(now() - t0)
		s.ops += between + 1
		s.published = s.ops
	}
}

func (w *window) work(s *worker, done *sync.WaitGroup) {
	defer done.Done()
	if w.q.Exec == "thread" {
		cpu := -1
		if len(w.q.CPUs) != 0 {
			cpu = w.q.CPUs[s.index]
		}
		s.err = becomeThread(cpu)
	}
	if w.subject.begin != nil {
		w.subject.begin(s)
	}
	w.passGate(s)
	if w.q.Sample != 0 {
		w.runSampled(s)
	} else {
		w.runBatches(s)
	}
	if w.subject.leave != nil {
		w.subject.leave(s)
	}
	sinkMutex.Lock()
	sink ^= s.sink
	sinkMutex.Unlock()
}

var sinkMutex sync.Mutex

// Sleeps until the window is over, then takes the snapshot and stops the workers.
func (w *window) coordinate() {
	started := func() bool {
		return int(atomic.LoadInt32(&w.started)) == len(w.workers)
	}
	if w.crowded {
		for !started() {
			time.Sleep(500 * time.Microsecond)
		}
		w.began = now()
		for _, s := range w.workers {
			s.from = s.published
		}
	} else {
		time.Sleep(time.Duration(w.q.WindowNs + 3*gateLeadNs)) // one sleep: each can be 10 ms late
		for !started() {
			time.Sleep(50 * time.Microsecond)
		}
		w.began = w.workers[0].startNs
		for _, s := range w.workers {
			if s.startNs < w.began {
				w.began = s.startNs
			}
		}
	}
	for left := w.began + w.q.WindowNs - now(); left > 0; left = w.began + w.q.WindowNs - now() {
		time.Sleep(time.Duration(left))
	}
	w.ended = now()
	for _, s := range w.workers {
		s.to = s.published
	}
	atomic.StoreUint32(&w.stop, 1)
}

// Measured once: the CPUs stay the same for the life of the process.
func once(measure func() float64) func() float64 {
	value := 0.0
	return func() float64 {
		if value == 0 {
			value = measure()
		}
		return value
	}
}

var (
	nsPerTurn = once(calibrate)
	clockNs   = once(clockCost)
)

func newWindow(q *request, subject *subject, batch uint64) *window {
	w := &window{q: q, subject: subject, batch: batch, crowded: q.Threads > q.Pus}
	hold := turnsOf(q.param("p_hold_ns", 0), nsPerTurn())
	think := turnsOf(q.param("p_think_ns", 0), nsPerTurn())
	for i := 0; i < q.Threads; i++ {
		s := &worker{index: i, holdTurns: hold, thinkTurns: think, draws: &[draws]uint8{},
			latency: &histogram{}, handover: &histogram{}}
		r, reads := newRng(q.Seed+uint64(i)), q.param("p_read_pct", 0)
		for k := range s.draws {
			if int64(r.below(100)) >= reads {
				s.draws[k] = 1
			}
		}
		w.workers = append(w.workers, s)
	}
	return w
}

func (w *window) run() error {
	var done sync.WaitGroup
	done.Add(len(w.workers))
	for _, s := range w.workers {
		go w.work(s, &done)
	}
	w.coordinate()
	done.Wait()
	for _, s := range w.workers {
		if s.err != nil {
			return s.err
		}
	}
	return nil
}

func (w *window) result() *result {
	span := w.ended - w.began
	r := &result{WindowNs: float64(span), ClockNs: clockNs(), Value: w.subject.value()}
	latency := &histogram{}
	for _, s := range w.workers {
		start := s.startNs - w.began
		if start < 0 && w.crowded {
			start = 0
		}
		r.StartNs = append(r.StartNs, start)
		r.Ops = append(r.Ops, s.to-s.from)
		r.TotalOps += s.ops
		r.Effects += s.effects
		r.Torn += s.torn
		latency.merge(s.latency)
	}
	if w.q.Sample != 0 || latency.count != 0 {
		r.Latency = latency.quantiles()
	}
	if w.subject.wrong != nil {
		r.Torn += w.subject.wrong()
	}
	if w.subject.metrics != nil {
		r.Metrics = w.subject.metrics(w.workers)
	}
	return r
}

// Batches that were found, by what they depend on.
var batches = map[string]uint64{}

// At most 5 us of work, in decades, as the harness finds them.
func findBatch(q *request, make func(*request) *subject) (uint64, error) {
	key := fmt.Sprint(q.Family, q.Peer, q.Workload, q.Exec, q.Threads, q.Pus, q.Params)
	if batch := batches[key]; batch != 0 {
		return batch, nil
	}
	warm := *q
	warm.WindowNs, warm.Sample, warm.WorkPct = q.WarmupNs, 0, 100
	most, first := uint64(batchMax), uint64(16)
	if q.Threads > q.Pus && q.Exec == "thread" {
		most = batchOversubscribed
	}
	w := newWindow(&warm, make(&warm), first)
	if err := w.run(); err != nil {
		return 0, err
	}
	w.subject.value() // ends what it has started, and so does check
	if w.subject.check != nil {
		if err := w.subject.check(); err != nil {
			return 0, err
		}
	}
	total, span := uint64(0), float64(w.ended-w.began)
	for _, s := range w.workers {
		total += s.to - s.from
	}
	perOp := span
	if total > 0 {
		perOp = span * float64(q.Threads) / float64(total)
	}
	batch := uint64(1)
	for batch*10 <= most && float64(batch*10)*perOp <= batchTargetNs {
		batch *= 10
	}
	batches[key] = batch
	return batch, nil
}

// A contestant that is measured in windows.
func inWindows(make func(*request) *subject) func(*request) (*result, error) {
	return func(q *request) (*result, error) {
		batch, err := findBatch(q, make)
		if err != nil {
			return nil, err
		}
		subject := make(q)
		w := newWindow(q, subject, batch)
		runtime.GC() // what the last window left behind is not this one's
		_, voluntary, involuntary := usage()
		if err := w.run(); err != nil {
			return nil, err
		}
		_, voluntary2, involuntary2 := usage()
		r := w.result()
		r.Voluntary, r.Involuntary = voluntary2-voluntary, involuntary2-involuntary
		if subject.check != nil {
			if err := subject.check(); err != nil {
				return nil, err
			}
		}
		return r, nil
	}
}
