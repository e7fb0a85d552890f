package main

import "time"

var base = time.Now()

// Nanoseconds since the program started. Half the price of time.Now(), which reads two clocks.
func now() int64 { return int64(time.Since(base)) }

// Turns of a dependent chain that touches no memory, as work_spin() of the harness. Its result must
// be used, so that it is done.
func spin(turns uint64) uint64 {
	x := turns
	for ; turns != 0; turns-- {
		x ^= x << 1
	}
	return x
}

var sink uint64

// ns of one turn: the least of several tries.
func calibrate() float64 {
	const turns, tries = 20000, 7
	best := int64(1 << 62)
	for i := 0; i < tries; i++ {
		start := now()
		sink ^= spin(turns)
		if took := now() - start; took < best {
			best = took
		}
	}
	if best < 1 {
		best = 1
	}
	return float64(best) / turns
}

func turnsOf(ns int64, perTurn float64) uint64 {
	if ns <= 0 {
		return 0
	}
	return uint64(float64(ns)/perTurn + 0.5)
}

// What reading the clock twice around nothing costs: the least of several tries.
func clockCost() float64 {
	const reads = 2000
	best := int64(1 << 62)
	for i := 0; i < 5; i++ {
		start := now()
		for k := 0; k < reads; k++ {
			sink ^= uint64(now())
		}
		if took := now() - start; took < best {
			best = took
		}
	}
	return float64(best) / reads
}
