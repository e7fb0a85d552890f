package main

import (
	"fmt"
	"sync/atomic"
)

// The channel family (bench/channel/channel.h): values from senders to receivers, and its oracle.
// How a window ends, what a value says and what is looked at in each receive are that header's.

const (
	roleReceiver = 0 // also who asks; its operations are the window's
	roleSender   = 1 // also who answers, or closes
	seqBits      = 40
	mostChannels = 16
)

// Elements of 8, 64 and 256 bytes.
type element interface {
	[1]uint64 | [8]uint64 | [32]uint64
}

// What a receiver knows of one sender, or of one channel where there are several.
type from struct{ last, count, squares uint64 }

func (f *from) take(stamp uint64) (wrong uint64) {
	if stamp <= f.last {
		wrong = 1
	}
	f.last = stamp
	f.count++
	f.squares += stamp * stamp
	return wrong
}

type party struct {
	_       [128]byte
	next    [mostChannels]uint64 // what has been sent last, by channel
	from    []from               // a power of two of them
	blocked uint64
	wrong   uint64
	_       [128]byte
}

// Of a kind of channels with `ids` sources whose values are told apart.
type traffic struct {
	_       [128]byte
	sending int32
	_       [128]byte
	q       *request
	parties []party
	sources int
}

func newTraffic(q *request, sources int) *traffic {
	t := &traffic{q: q, sources: sources, sending: int32(q.count(roleSender)),
		parties: make([]party, q.Threads)}
	size := 1
	for size < sources {
		size *= 2
	}
	for i := range t.parties {
		t.parties[i].from = make([]from, size+16)[8 : 8+size : 8+size] // on lines of its own
	}
	return t
}

// True for the last of the senders to leave.
func (t *traffic) leave() bool { return atomic.AddInt32(&t.sending, -1) == 0 }

// n(n+1)(2n+1)/6 and the like: the squares of base+1 ... base+n, modulo 2^64.
func squares(base, n uint64) uint64 {
	a, b, c := n, n+1, 2*n+1
	ones := n * (n + 1) // 2 x the sum of 1 ... n
	if a%2 == 0 {
		a /= 2
	} else {
		b /= 2
	}
	switch {
	case a%3 == 0:
		a /= 3
	case b%3 == 0:
		b /= 3
	default:
		c /= 3
	}
	return n*base*base + base*ones + a*b*c
}

// The subject that the oracle of all streams belongs to: what has been received, from each source, is
// what was sent. sent(i) is how many values source i has sent.
func (t *traffic) subject(run func(w *worker, n uint64) uint64, leave func(w *worker),
	sent func(source int) uint64) *subject {
	return &subject{run: run, leave: leave, metrics: t.metrics,
		value: func() uint64 {
			all := uint64(0)
			for i := 0; i < t.sources; i++ {
				all += sent(i)
			}
			return all
		},
		wrong: func() uint64 {
			wrong := uint64(0)
			for i := 0; i < t.sources; i++ {
				all := from{}
				for k := range t.parties {
					all.count += t.parties[k].from[i].count
					all.squares += t.parties[k].from[i].squares
				}
				if n := sent(i); all.count != n || all.squares != squares(uint64(i)<<seqBits, n) {
					wrong++
				}
			}
			for i := range t.parties {
				wrong += t.parties[i].wrong
			}
			return wrong
		}}
}

// The least that one of a role has done, as a share of an equal part; and how many operations in a
// hundred had to wait, where that was counted.
func (t *traffic) metrics([]*worker) map[string]float64 {
	m := map[string]float64{}
	for role, name := range []string{"receiver", "sender"} {
		all, least, workers, blocked := uint64(0), ^uint64(0), 0, uint64(0)
		for i := range t.parties {
			if t.q.Roles[i] != role {
				continue
			}
			done := t.parties[i].done(role)
			all += done
			if done < least {
				least = done
			}
			workers++
			blocked += t.parties[i].blocked
		}
		if all == 0 {
			continue
		}
		if workers > 1 {
			m[name+"_least_share"] = float64(least) * float64(workers) / float64(all)
		}
		if t.q.Workload == "blocked" {
			m[map[int]string{roleReceiver: "blocked_recv_pct", roleSender: "blocked_send_pct"}[role]] =
				100 * float64(blocked) / float64(all)
		}
	}
	return m
}

func (p *party) done(role int) uint64 {
	n := uint64(0)
	if role == roleSender {
		for _, sent := range p.next {
			n += sent
		}
		return n
	}
	for i := range p.from {
		n += p.from[i].count
	}
	return n
}

// Values that the senders send as fast as they can. Both ends are one channel, but in faulty.go.
type stream[E element] struct{ in, out chan E }

func (s *stream[E]) send(p *party, source, n uint64) {
	ch, stamp := s.in, source<<seqBits+p.next[0]
	var v E
	for i := uint64(0); i < n; i++ {
		stamp++
		v[0], v[len(v)-1] = stamp, stamp
		ch <- v
	}
	p.next[0] += n
}

// Up to n values: fewer once the channel is closed and drained.
func (s *stream[E]) receive(p *party, n uint64) uint64 {
	ch, from, wrong, done := s.out, p.from, uint64(0), uint64(0)
	for ; done < n; done++ {
		v, ok := <-ch
		if !ok {
			break
		}
		stamp := v[0]
		if stamp != v[len(v)-1] {
			wrong++
		}
		wrong += from[stamp>>seqBits&uint64(len(from)-1)].take(stamp)
	}
	p.wrong += wrong
	return done
}

// The same for those who try first and count how often that would have had to wait.
func (s *stream[E]) trySend(p *party, source, n uint64) {
	ch, stamp := s.in, source<<seqBits+p.next[0]
	var v E
	for i := uint64(0); i < n; i++ {
		stamp++
		v[0], v[len(v)-1] = stamp, stamp
		select {
		case ch <- v:
		default:
			p.blocked++
			ch <- v
		}
	}
	p.next[0] += n
}

func (s *stream[E]) tryReceive(p *party, n uint64) uint64 {
	from, done := p.from, uint64(0)
	for ; done < n; done++ {
		var v E
		var ok bool
		select {
		case v, ok = <-s.out:
		default:
			p.blocked++
			v, ok = <-s.out
		}
		if !ok {
			break
		}
		stamp := v[0]
		if stamp != v[len(v)-1] {
			p.wrong++
		}
		p.wrong += from[stamp>>seqBits&uint64(len(from)-1)].take(stamp)
	}
	return done
}

func streamOf[E element](q *request) *subject {
	ch := make(chan E, q.param("p_capacity", 0))
	return streamOver(q, &stream[E]{ch, ch})
}

func streamOver[E element](q *request, s *stream[E]) *subject {
	t := newTraffic(q, q.Threads)
	send, receive := s.send, s.receive
	if q.Workload == "blocked" {
		send, receive = s.trySend, s.tryReceive
	}
	run := func(w *worker, n uint64) uint64 {
		if q.Roles[w.index] == roleReceiver {
			return receive(&t.parties[w.index], n)
		}
		send(&t.parties[w.index], uint64(w.index), n)
		return 0
	}
	leave := func(w *worker) {
		if q.Roles[w.index] == roleReceiver {
			w.effects += receive(&t.parties[w.index], ^uint64(0))
		} else if t.leave() {
			close(s.in)
		}
	}
	return t.subject(run, leave, func(i int) uint64 { return t.parties[i].next[0] })
}

// Channels of one kind of element each: its size is known when the program is compiled, as it is for
// any user.
func channelStream(q *request) (*result, error) {
	if err := checkChannel(q); err != nil {
		return nil, err
	}
	switch bytes := q.param("p_element_bytes", 8); bytes {
	case 8:
		return inWindows(streamOf[[1]uint64])(q)
	case 64:
		return inWindows(streamOf[[8]uint64])(q)
	case 256:
		return inWindows(streamOf[[32]uint64])(q)
	default:
		return nil, fmt.Errorf("p_element_bytes %d, expected 8, 64 or 256", bytes)
	}
}

func checkChannel(q *request) error {
	senders, receivers := q.count(roleSender), q.count(roleReceiver)
	if senders < 1 || receivers < 1 || senders+receivers != q.Threads {
		return fmt.Errorf("%d senders and %d receivers of %d threads", senders, receivers, q.Threads)
	}
	if capacity := q.param("p_capacity", 0); capacity < 0 || capacity > 1<<24 {
		return fmt.Errorf("p_capacity %d, expected 0 to %d", capacity, 1<<24)
	}
	return nil
}

// One asks on one channel, the other answers on another until there is nobody to answer.
func channelPingPong(q *request) (*result, error) {
	if err := checkChannel(q); err != nil {
		return nil, err
	}
	if q.Threads != 2 {
		return nil, fmt.Errorf("%d threads, expected 2", q.Threads)
	}
	return inWindows(pingPongOf)(q)
}

func pingPongOf(q *request) *subject {
	capacity := q.param("p_capacity", 0)
	to, back := make(chan uint64, capacity), make(chan uint64, capacity)
	trips, answers, wrong := uint64(0), uint64(0), uint64(0)
	ask := func(n uint64) uint64 {
		trip, bad := trips, uint64(0)
		for i := uint64(0); i < n; i++ {
			trip++
			to <- trip
			if <-back != trip {
				bad++
			}
		}
		trips = trip
		wrong += bad
		return n
	}
	answer := func(n uint64) uint64 {
		done := uint64(0)
		for ; done < n; done++ {
			v, ok := <-to
			if !ok {
				break
			}
			back <- v
		}
		answers += done
		return 0
	}
	return &subject{
		run: func(w *worker, n uint64) uint64 {
			if q.Roles[w.index] == roleReceiver {
				return ask(n)
			}
			return answer(n)
		},
		leave: func(w *worker) {
			if q.Roles[w.index] == roleReceiver {
				close(to)
			} else {
				answer(^uint64(0))
			}
		},
		value: func() uint64 { return answers },
		wrong: func() uint64 { return wrong },
	}
}
