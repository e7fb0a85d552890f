package main

// Channels with a bug, for the tests of the oracle: nobody measures them. Between senders and
// receivers stands a goroutine that passes the values on, but for one in a hundred.

func channelFaulty(bug string) func(*request) (*result, error) {
	return func(q *request) (*result, error) {
		if err := checkChannel(q); err != nil {
			return nil, err
		}
		return inWindows(func(q *request) *subject {
			s := &stream[[8]uint64]{make(chan [8]uint64), make(chan [8]uint64)}
			go relay(bug, s)
			return streamOver(q, s)
		})(q)
	}
}

func relay(bug string, s *stream[[8]uint64]) {
	const rare = 100
	count := 0
	defer close(s.out)
	for v := range s.in {
		if count++; count%rare != 0 {
			s.out <- v
			continue
		}
		switch bug {
		case "lost":
		case "twice":
			s.out <- v
			s.out <- v
		case "swapped":
			if next, ok := <-s.in; ok {
				s.out <- next
			}
			s.out <- v
		case "torn":
			v[7]--
			s.out <- v
		case "replaced": // one lost and another one twice
			next, ok := <-s.in
			if ok {
				s.out <- next
				s.out <- next
			}
		default:
			s.out <- v
		}
	}
}
