package main

// Caches with a bug, for the tests of the oracle: nobody measures them. One get in a hundred is
// answered wrongly.
type faultyCache struct {
	mutexMap[[8]uint64]
	bug string
}

func (c *faultyCache) run(w *worker, n uint64) uint64 {
	const rare = 100
	l := w.local.(*cacheLocal)
	for i := uint64(0); i < n; i++ {
		draw, text := l.next(w.cursor)
		w.cursor++
		c.mu.Lock()
		if draw&drawSet != 0 {
			c.m[text] = fresh[[8]uint64](l, draw)
			c.mu.Unlock()
			continue
		}
		v, ok := c.m[text]
		if w.cursor%rare == 0 && ok {
			switch c.bug {
			case "foreign":
				fillValue(&v, draw&drawKey^1, 1)
			case "torn":
				v[7]--
			case "missing":
				ok = false
			case "more":
				c.m["somebody"] = v
			}
		}
		c.mu.Unlock()
		found(l, draw, &v, ok)
	}
	return n
}
