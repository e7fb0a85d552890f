package main

import (
	"math"
	"math/bits"
)

// The harness's histogram (lib/harness/histogram.h): exact to 127 ns, then 64 buckets to a power of
// two, so a quantile is at most 1/64 above the true one.
const (
	subBits = 6
	topBits = 40
	buckets = (topBits-subBits+1)<<subBits + 1
)

type histogram struct {
	count, max uint64
	bucket     [buckets]uint64
}

type quantiles struct {
	Samples uint64 `json:"samples"`
	P50     uint64 `json:"p50_ns"`
	P99     uint64 `json:"p99_ns"`
	P999    uint64 `json:"p999_ns"`
	Max     uint64 `json:"max_ns"`
}

func bucketOf(ns uint64) int {
	if ns < 2<<subBits {
		return int(ns)
	}
	shift := 63 - bits.LeadingZeros64(ns) - subBits
	return shift<<subBits + int(ns>>shift)
}

func bucketEnd(i int) uint64 {
	if i < 2<<subBits {
		return uint64(i)
	}
	if i >= buckets-1 {
		return 1 << topBits
	}
	shift := i>>subBits - 1
	return uint64(i-shift<<subBits+1)<<shift - 1
}

func (h *histogram) record(ns int64) {
	v := uint64(0)
	if ns > 0 {
		v = uint64(ns)
	}
	if v > h.max {
		h.max = v
	}
	if v > 1<<topBits {
		v = 1 << topBits
	}
	h.count++
	h.bucket[bucketOf(v)]++
}

func (h *histogram) merge(from *histogram) {
	h.count += from.count
	if from.max > h.max {
		h.max = from.max
	}
	for i, n := range from.bucket {
		h.bucket[i] += n
	}
}

func (h *histogram) quantile(q float64) uint64 {
	if h.count == 0 {
		return 0
	}
	rank := uint64(math.Max(1, math.Ceil(q*float64(h.count))))
	end, seen := uint64(0), uint64(0)
	for i := 0; i < buckets && seen < rank; i++ {
		seen += h.bucket[i]
		end = bucketEnd(i)
	}
	if end > h.max {
		return h.max
	}
	return end
}

func (h *histogram) quantiles() *quantiles {
	return &quantiles{h.count, h.quantile(0.5), h.quantile(0.99), h.quantile(0.999), h.max}
}
