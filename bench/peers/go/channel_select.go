package main

import "fmt"

// One sender, each value on one of p_cases channels drawn at random; one receiver that selects over
// all of them. Go's select is written out case by case: the number is known when it is compiled.

type selection struct {
	traffic *traffic
	chs     [mostChannels]chan uint64
	open    [mostChannels]chan uint64 // the receiver's: nil once it is closed and drained
	cases   int
	left    int // how many are not
	draw    [draws]uint8
	cursor  uint64
}

func (s *selection) send(p *party, n uint64) {
	cursor := s.cursor
	for i := uint64(0); i < n; i++ {
		k := s.draw[cursor%draws]
		cursor++
		p.next[k]++
		s.chs[k] <- uint64(k)<<seqBits + p.next[k]
	}
	s.cursor = cursor
}

func (s *selection) receive(p *party, n uint64) uint64 {
	c, from, done, wrong := &s.open, p.from, uint64(0), uint64(0)
	for done < n && s.left != 0 {
		var v uint64
		var ok bool
		var k int
		switch s.cases {
		case 1:
			v, ok = <-c[0]
		case 2:
			select {
			case v, ok = <-c[0]:
			case v, ok = <-c[1]:
				k = 1
			}
		case 4:
			select {
			case v, ok = <-c[0]:
			case v, ok = <-c[1]:
				k = 1
			case v, ok = <-c[2]:
				k = 2
			case v, ok = <-c[3]:
				k = 3
			}
		default:
			v, ok, k = select16(c)
		}
		if !ok {
			c[k] = nil
			s.left--
			continue
		}
		if v>>seqBits != uint64(k) {
			wrong++
		}
		wrong += from[v>>seqBits&uint64(len(from)-1)].take(v)
		done++
	}
	p.wrong += wrong
	return done
}

func select16(c *[mostChannels]chan uint64) (v uint64, ok bool, k int) {
	select {
	case v, ok = <-c[0]:
		return v, ok, 0
	case v, ok = <-c[1]:
		return v, ok, 1
	case v, ok = <-c[2]:
		return v, ok, 2
	case v, ok = <-c[3]:
		return v, ok, 3
	case v, ok = <-c[4]:
		return v, ok, 4
	case v, ok = <-c[5]:
		return v, ok, 5
	case v, ok = <-c[6]:
		return v, ok, 6
	case v, ok = <-c[7]:
		return v, ok, 7
	case v, ok = <-c[8]:
		return v, ok, 8
	case v, ok = <-c[9]:
		return v, ok, 9
	case v, ok = <-c[10]:
		return v, ok, 10
	case v, ok = <-c[11]:
		return v, ok, 11
	case v, ok = <-c[12]:
		return v, ok, 12
	case v, ok = <-c[13]:
		return v, ok, 13
	case v, ok = <-c[14]:
		return v, ok, 14
	case v, ok = <-c[15]:
		return v, ok, 15
	}
}

func channelSelect(q *request) (*result, error) {
	if err := checkChannel(q); err != nil {
		return nil, err
	}
	switch cases := q.param("p_cases", 1); cases {
	case 1, 2, 4, mostChannels:
	default:
		return nil, fmt.Errorf("p_cases %d, expected 1, 2, 4 or %d", cases, mostChannels)
	}
	if q.Threads != 2 {
		return nil, fmt.Errorf("%d threads, expected 2", q.Threads)
	}
	return inWindows(selectOf)(q)
}

func selectOf(q *request) *subject {
	cases := int(q.param("p_cases", 1))
	t := newTraffic(q, cases)
	s := &selection{traffic: t, cases: cases, left: cases}
	r := newRng(q.Seed)
	for i := range s.draw {
		s.draw[i] = uint8(r.below(uint64(cases)))
	}
	for k := 0; k < cases; k++ {
		s.chs[k] = make(chan uint64, q.param("p_capacity", 0))
		s.open[k] = s.chs[k]
	}
	sender := 0
	for q.Roles[sender] != roleSender {
		sender++
	}
	run := func(w *worker, n uint64) uint64 {
		if w.index != sender {
			return s.receive(&t.parties[w.index], n)
		}
		s.send(&t.parties[w.index], n)
		return 0
	}
	leave := func(w *worker) {
		if w.index != sender {
			w.effects += s.receive(&t.parties[w.index], ^uint64(0))
			return
		}
		for k := 0; k < cases; k++ {
			close(s.chs[k])
		}
	}
	return t.subject(run, leave, func(k int) uint64 { return t.parties[sender].next[k] })
}
