package main

import (
	"fmt"
	"sync"
)

// The flow family's streams (bench/flow/flow.h): a source, stages that each work on an item, the
// worker that receives them. What Go's blog calls a pipeline: a channel between each two, closed by
// the last of a stage's goroutines.

type flowItem struct {
	id, result uint64
	born       int64
}

const flowSampleEvery = 8

type flowWorks struct {
	begin, quit chan struct{}
	out         chan flowItem
	turns       uint64
	stages      int
	made        uint64
	begun       bool
	fault       string // for the tests of the oracle: what happens to item 50
	// what came out
	received, squares, taken, wrong uint64
}

// The least of all there have been, some more with each window: one that is too long, where
// something else shares the core, would make every item of its window too short.
var flowLeast float64

func flowPerTurn() float64 {
	for i := 0; i < 4; i++ {
		if again := calibrate(); flowLeast == 0 || again < flowLeast {
			flowLeast = again
		}
	}
	return flowLeast
}

// Any function that another order of the stages, or one stage less, would not give.
func flowStep(result uint64, stage int) uint64 {
	return (result^uint64(stage+1))*0x9e3779b97f4a7c15 + 1
}

func (f *flowWorks) source(out chan<- flowItem) {
	defer close(out)
	<-f.begin
	for {
		select {
		case <-f.quit:
			return
		default:
		}
		item := flowItem{id: f.made, result: f.made}
		if item.id%flowSampleEvery == 0 {
			item.born = now()
		}
		f.made++
		out <- item
	}
}

func (f *flowWorks) stage(number, width int, in <-chan flowItem, out chan<- flowItem) {
	var all sync.WaitGroup
	all.Add(width)
	for i := 0; i < width; i++ {
		go func() {
			defer all.Done()
			done := uint64(0)
			for item := range in {
				done ^= spin(f.turns)
				item.result = flowStep(item.result, number)
				if item.id == 50 && f.fault != "" && number == 0 {
					if f.fault == "lost" {
						continue
					}
					if f.fault == "twice" {
						out <- item
					}
					if f.fault == "skipped" {
						item.result = item.id
					}
				}
				out <- item
			}
			sinkMutex.Lock()
			sink ^= done
			sinkMutex.Unlock()
		}()
	}
	go func() {
		all.Wait()
		close(out)
	}()
}

func newFlow(q *request, fault string) *flowWorks {
	f := &flowWorks{fault: fault, begin: make(chan struct{}), quit: make(chan struct{}),
		stages: int(q.param("p_depth", 1)),
		turns:  turnsOf(q.param("p_compute_us", 0)*1000, flowPerTurn())}
	room := int(q.param("p_capacity", 0))
	out := make(chan flowItem, room)
	go f.source(out)
	for s := 0; s < f.stages; s++ {
		in := out
		out = make(chan flowItem, room)
		f.stage(s, int(q.param("p_width", 1)), in, out)
	}
	f.out = out
	return f
}

func (f *flowWorks) take(w *worker, item flowItem) {
	if item.born != 0 {
		w.latency.record(now() - item.born)
	}
	result := item.id
	for s := 0; s < f.stages; s++ {
		result = flowStep(result, s)
	}
	if item.result != result {
		f.wrong++
	}
	f.received++
	f.squares += (item.id + 1) * (item.id + 1)
}

func (f *flowWorks) run(w *worker, n uint64) uint64 {
	if !f.begun {
		f.begun = true
		close(f.begin)
	}
	for i := uint64(0); i < n; i++ {
		f.take(w, <-f.out)
	}
	f.taken += n
	return n
}

// What is on its way comes out, too.
func (f *flowWorks) leave(w *worker) {
	close(f.quit)
	if !f.begun {
		close(f.begin)
	}
	for item := range f.out {
		f.take(w, item)
	}
	squares := uint64(0)
	for id := uint64(1); id <= f.made; id++ {
		squares += id * id
	}
	if f.received != f.made || f.squares != squares {
		f.wrong++
	}
}

func flowStream(fault string) func(*request) (*result, error) {
	return func(q *request) (*result, error) { return flowWindow(q, fault) }
}

func flowWindow(q *request, fault string) (*result, error) {
	width, depth, room := q.param("p_width", 1), q.param("p_depth", 1), q.param("p_capacity", 0)
	if q.Threads != 1 || width < 1 || width > 1<<16 || depth < 1 || depth > 16 || room < 0 ||
		room > 1<<20 {
		return nil, fmt.Errorf("%d threads, p_width %d, p_depth %d, p_capacity %d", q.Threads, width,
			depth, room)
	}
	return inWindows(func(q *request) *subject {
		f := newFlow(q, fault)
		return &subject{run: f.run, leave: f.leave,
			value: func() uint64 { return f.taken },
			wrong: func() uint64 { return f.wrong }}
	})(q)
}
