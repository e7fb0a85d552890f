package main

import "math/bits"

// The harness's generator (lib/base/rng.h): the same seed draws the same here and there.
type rng struct{ s [4]uint64 }

func newRng(seed uint64) *rng {
	r := &rng{}
	for i := range r.s {
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		r.s[i] = z ^ z>>31
	}
	return r
}

func (r *rng) next() uint64 {
	s := &r.s
	out, t := bits.RotateLeft64(s[1]*5, 7)*9, s[1]<<17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft64(s[3], 45)
	return out
}

// Uniform in [0, n), n > 0.
func (r *rng) below(n uint64) uint64 {
	high, low := bits.Mul64(r.next(), n)
	if low < n {
		for floor := -n % n; low < floor; {
			high, low = bits.Mul64(r.next(), n)
		}
	}
	return high
}
