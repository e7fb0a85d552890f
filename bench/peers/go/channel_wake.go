package main

import (
	"runtime"
	"sync/atomic"
	"time"
)

// The channel family's latencies (bench/channel/loop_close.h, loop_open.h).

// All but one wait to receive; that one closes the channel. The channels of a round and of the next
// lie side by side, so that whoever comes back goes to wait again at once.
type closing struct {
	_        [128]byte
	chs      [2]chan uint64
	_        [128]byte
	waits    int64
	_        [128]byte
	woken    int64
	_        [128]byte
	closedAt int64
	over     uint64 // 1 + how many rounds there were, once there will be no other one
	_        [128]byte
	rounds   []padded // of each worker
	wrong    uint64
	all      histogram // from the close to the last waiter
}

type padded struct {
	n uint64
	_ [120]byte
}

func (c *closing) closeOne(round *uint64, waiters int64) {
	const settle, look = 100 * time.Microsecond, 20 * time.Microsecond
	for atomic.LoadInt64(&c.waits) < int64(*round+1)*waiters {
		time.Sleep(look)
	}
	time.Sleep(settle)
	now_, then := c.chs[*round%2], &c.chs[(*round+1)%2]
	*then = make(chan uint64, cap(now_))
	*round++
	c.woken = 0
	c.closedAt = now()
	close(now_)
}

// False once there will be no other round.
func (c *closing) waitOnce(w *worker, round *uint64, waiters int64) bool {
	if atomic.LoadUint64(&c.over) != 0 {
		return false
	}
	atomic.AddInt64(&c.waits, 1)
	_, open := <-c.chs[*round%2]
	t := now()
	if open {
		atomic.AddUint64(&c.wrong, 1)
	}
	// The last close of all only sends home; who comes back from an earlier one has been woken.
	if over := atomic.LoadUint64(&c.over); over != 0 && *round+1 >= over {
		return false
	}
	*round++
	late := t - c.closedAt
	w.latency.record(late)
	if atomic.AddInt64(&c.woken, 1) == waiters {
		c.all.record(late)
	}
	return true
}

func channelCloseWake(q *request) (*result, error) {
	if err := checkChannel(q); err != nil {
		return nil, err
	}
	return inWindows(closeWakeOf)(q)
}

func closeWakeOf(q *request) *subject {
	capacity, waiters := q.param("p_capacity", 0), int64(q.count(roleReceiver))
	c := &closing{rounds: make([]padded, q.Threads)}
	for i := range c.chs {
		c.chs[i] = make(chan uint64, capacity)
	}
	run := func(w *worker, n uint64) uint64 {
		round := &c.rounds[w.index].n
		for i := uint64(0); i < n; i++ {
			if q.Roles[w.index] == roleSender {
				c.closeOne(round, waiters)
			} else if !c.waitOnce(w, round, waiters) {
				return i
			}
		}
		if q.Roles[w.index] == roleSender {
			return 0
		}
		return n
	}
	leave := func(w *worker) {
		round := &c.rounds[w.index].n
		if q.Roles[w.index] == roleSender {
			atomic.StoreUint64(&c.over, *round+1)
			close(c.chs[*round%2])
			return
		}
		for c.waitOnce(w, round, waiters) {
			w.effects++
		}
	}
	return &subject{run: run, leave: leave,
		value: func() uint64 { // each close has woken each waiter
			closes := uint64(0)
			for i, role := range q.Roles {
				if role == roleSender {
					closes += c.rounds[i].n
				}
			}
			return closes * uint64(waiters)
		},
		wrong: func() uint64 { return c.wrong },
		metrics: func([]*worker) map[string]float64 {
			if c.all.count == 0 {
				return nil
			}
			return map[string]float64{"wake_all_p50_ns": float64(c.all.quantile(0.5)),
				"wake_all_p99_ns": float64(c.all.quantile(0.99))}
		}}
}

// Values at a fixed rate, whatever becomes of them; their latency counts from when they were to be
// sent.
type schedule struct {
	ch     chan [1]uint64
	begin  []int64 // of each sender: the first value publishes it
	step   float64
	yields bool
}

func (s *schedule) send(p *party, source uint64, n uint64) {
	at := now()
	if s.begin[source] == 0 {
		s.begin[source] = at
	}
	begin := float64(s.begin[source])
	for i := uint64(0); i < n; i++ {
		due := int64(begin + float64(p.next[0])*s.step)
		for at < due { // one that is late has to hurry, and does not look
			if s.yields {
				runtime.Gosched()
			}
			at = now()
		}
		p.next[0]++
		stamp := source<<seqBits + p.next[0]
		s.ch <- [1]uint64{stamp}
	}
}

func (s *schedule) receive(w *worker, p *party, n uint64) uint64 {
	from, done := p.from, uint64(0)
	for ; done < n; done++ {
		v, ok := <-s.ch
		if !ok {
			break
		}
		stamp := v[0]
		source, number := stamp>>seqBits&uint64(len(from)-1), stamp&(1<<seqBits-1)-1
		p.wrong += from[source].take(stamp)
		w.latency.record(now() - int64(float64(s.begin[source])+float64(number)*s.step))
	}
	return done
}

func channelOpenLoop(q *request) (*result, error) {
	if err := checkChannel(q); err != nil {
		return nil, err
	}
	return inWindows(openLoopOf)(q)
}

func openLoopOf(q *request) *subject {
	t := newTraffic(q, q.Threads)
	s := &schedule{begin: make([]int64, len(t.parties[0].from)),
		yields: q.Exec == "task" || q.Threads > q.Pus}
	s.ch = make(chan [1]uint64, q.param("p_capacity", 0))
	s.step = 1e9 / float64(max64(1, q.param("p_rate_per_s", 1))) * float64(q.count(roleSender))
	run := func(w *worker, n uint64) uint64 {
		if q.Roles[w.index] == roleReceiver {
			return s.receive(w, &t.parties[w.index], n)
		}
		s.send(&t.parties[w.index], uint64(w.index), n)
		return 0
	}
	leave := func(w *worker) {
		if q.Roles[w.index] == roleReceiver {
			w.effects += s.receive(w, &t.parties[w.index], ^uint64(0))
		} else if t.leave() {
			close(s.ch)
		}
	}
	return t.subject(run, leave, func(i int) uint64 { return t.parties[i].next[0] })
}

func max64(a, b int64) int64 {
	if a > b {
		return a
	}
	return b
}
