package main

import (
	"runtime"
	"sync"
)

// The counter family's actor: one goroutine owns the number, clients send it requests over a channel
// and wait for the reply on a channel of their own, which they use again for each request and which
// has room for the reply, so that the owner never waits for a client.

type actorRequest struct {
	increment bool
	hold      uint64
	reply     chan uint64
}

type actor struct {
	_        [128]byte
	requests chan actorRequest
	value    uint64 // the owner's until it has ended
	sink     uint64
	ended    sync.WaitGroup
	_        [128]byte
}

func (a *actor) own(locked bool) {
	defer a.ended.Done()
	if locked {
		_ = becomeThread(-1) // on any CPU: nothing that could fail
	}
	value, x := uint64(0), uint64(0)
	for m := range a.requests {
		if m.increment {
			value++
		}
		if m.hold != 0 {
			x ^= spin(m.hold)
		}
		m.reply <- value
	}
	a.value, a.sink = value, x
}

func startActor(q *request, mailbox int) *actor {
	a := &actor{requests: make(chan actorRequest, mailbox)}
	if q.Exec == "thread" { // the owner is a thread beside those of the clients
		runtime.GOMAXPROCS(q.Threads + 1)
	}
	a.ended.Add(1)
	go a.own(q.Exec == "thread")
	return a
}

func (a *actor) subject(run func(w *worker, n uint64) uint64) *subject {
	return &subject{
		run:   run,
		begin: func(w *worker) { w.local = make(chan uint64, 1) },
		value: func() uint64 {
			close(a.requests)
			a.ended.Wait()
			return a.value
		},
	}
}

func counterActorInc(mailbox int) func(*request) *subject {
	return func(q *request) *subject {
		a := startActor(q, mailbox)
		return a.subject(func(w *worker, n uint64) uint64 {
			m, seen := actorRequest{increment: true, reply: w.local.(chan uint64)}, uint64(0)
			for i := uint64(0); i < n; i++ {
				a.requests <- m
				seen ^= <-m.reply
			}
			w.sink ^= seen
			return n
		})
	}
}

func counterActorMixed(mailbox int) func(*request) *subject {
	return func(q *request) *subject {
		a := startActor(q, mailbox)
		return a.subject(func(w *worker, n uint64) uint64 {
			draw, cursor, think := w.draws, w.cursor, w.thinkTurns
			m := actorRequest{hold: w.holdTurns, reply: w.local.(chan uint64)}
			writes, seen := uint64(0), uint64(0)
			for i := uint64(0); i < n; i++ {
				m.increment = draw[cursor%draws] != 0
				a.requests <- m
				seen += <-m.reply
				if m.increment {
					writes++
				}
				cursor++
				seen ^= spin(think)
			}
			w.cursor = cursor
			w.sink ^= seen
			return writes
		})
	}
}
