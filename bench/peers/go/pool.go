package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// The pool family's `overhead` (bench/pool/pool.h): empty jobs, submitted for the length of a window;
// the time from the first submit until all have run and the workers have ended. A job counts itself,
// with the sum of the numbers and of their squares.

type poolCount struct {
	_                  [128]byte
	jobs, sum, squares uint64
	_                  [128]byte
}

type poolJob struct {
	run    func(c *poolCount, number uint64)
	number uint64
}

func countJob(c *poolCount, number uint64) {
	c.jobs++
	c.sum += number
	c.squares += number * number
}

// Calls submit with the numbers first, first+1 ... until the time is over; how many.
func submitFor(until int64, first uint64, submit func(number uint64)) uint64 {
	n := uint64(0)
	for {
		for i := 0; i < 16; i++ {
			submit(first + n)
			n++
		}
		if now() >= until {
			return n
		}
	}
}

// How many each of the submitters has submitted; the first is this goroutine.
func submitAll(q *request, start int64, submit func(number uint64)) []uint64 {
	counts := make([]uint64, q.param("p_submitters", 1))
	var end sync.WaitGroup
	for i := 1; i < len(counts); i++ {
		end.Add(1)
		go func(i int) {
			counts[i] = submitFor(start+q.WindowNs, uint64(i+1)<<40, submit)
			end.Done()
		}(i)
	}
	counts[0] = submitFor(start+q.WindowNs, 1<<40, submit)
	end.Wait()
	return counts
}

func checkPool(q *request) error {
	if w := q.param("p_workers", 1); w < 1 || w > 1<<16 {
		return fmt.Errorf("p_workers %d, expected 1 to %d", w, 1<<16)
	}
	if n := q.param("p_queue", 0); n < 0 || n > 1<<24 {
		return fmt.Errorf("p_queue %d, expected 0 to %d", n, 1<<24)
	}
	if s := q.param("p_submitters", 1); s < 1 || s > 1<<12 {
		return fmt.Errorf("p_submitters %d, expected 1 to %d", s, 1<<12)
	}
	if b := q.param("p_batch", 1); b != 1 {
		return fmt.Errorf("p_batch %d, expected 1", b)
	}
	return nil
}

func poolResult(took int64, submitted []uint64, counted []poolCount) *result {
	all, expected := poolCount{}, poolCount{}
	for i := range counted {
		all.jobs += counted[i].jobs
		all.sum += counted[i].sum
		all.squares += counted[i].squares
	}
	for i, n := range submitted {
		for k := uint64(0); k < n; k++ {
			countJob(&expected, uint64(i+1)<<40+k)
		}
	}
	r := &result{WindowNs: float64(took), TotalOps: expected.jobs, Effects: expected.jobs,
		Value: all.jobs}
	if all.sum != expected.sum || all.squares != expected.squares {
		r.Torn = 1
	}
	return r
}

// The guides' pool: goroutines that range over one channel. Job by job, send says what reaches them.
func poolOver(send func(jobs chan<- poolJob, number uint64)) func(*request) (*result, error) {
	return func(q *request) (*result, error) {
		if err := checkPool(q); err != nil {
			return nil, err
		}
		jobs := make(chan poolJob, q.param("p_queue", 0))
		counted := make([]poolCount, q.param("p_workers", 1))
		var end sync.WaitGroup
		for i := range counted {
			end.Add(1)
			go func(c *poolCount) {
				for j := range jobs {
					j.run(c, j.number)
				}
				end.Done()
			}(&counted[i])
		}
		runtime.GC() // what the last window left behind is not this one's
		start := now()
		submitted := submitAll(q, start, func(number uint64) { send(jobs, number) })
		close(jobs)
		end.Wait()
		return poolResult(now()-start, submitted, counted), nil
	}
}

func poolChan(q *request) (*result, error) {
	return poolOver(func(jobs chan<- poolJob, number uint64) { jobs <- poolJob{countJob, number} })(q)
}

// What the oracle must catch, once in 100 jobs; for the tests.
func poolFaulty(bug string) func(*request) (*result, error) {
	return poolOver(func(jobs chan<- poolJob, number uint64) {
		job := poolJob{countJob, number}
		if number%100 != 50 {
			jobs <- job
			return
		}
		switch bug {
		case "none":
			jobs <- job
		case "twice":
			jobs <- job
			jobs <- job
		case "replaced": // as many as there should be
			jobs <- poolJob{countJob, number - 1}
		}
	})
}

// No pool: a goroutine for each job. They count together, in cells far enough apart that two of them
// rarely meet.
func poolGoroutines(q *request) (*result, error) {
	if err := checkPool(q); err != nil {
		return nil, err
	}
	counted := make([]poolCount, 64)
	var end sync.WaitGroup
	run := func(number uint64) {
		c := &counted[number%64]
		atomic.AddUint64(&c.jobs, 1)
		atomic.AddUint64(&c.sum, number)
		atomic.AddUint64(&c.squares, number*number)
		end.Done()
	}
	runtime.GC()
	start := now()
	submitted := submitAll(q, start, func(number uint64) {
		end.Add(1)
		go run(number)
	})
	end.Wait()
	return poolResult(now()-start, submitted, counted), nil
}
