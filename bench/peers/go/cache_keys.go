package main

import (
	"fmt"
	"math"
)

// Keys and draws of the cache family, by the law of bench/cache/keys.c: which key is how popular,
// which are never in the cache, and how one is drawn. Kept from window to window.

const (
	mostDraws   = 1 << 20
	leastDraws  = 1 << 12
	absentEvery = 10
	mostKeys    = 1 << 22
	drawSet     = 1 << 30
	drawPresent = 1 << 29
	drawKey     = mostKeys - 1
	shuffleSeed = 0x6b657973
)

type cacheKeys struct {
	n, skew   int64
	text      []string
	ofRank    []uint32
	absent    []bool
	alias     []uint32
	threshold []uint64
	drawn     map[string][]uint32 // by worker and share of reads
}

var keptKeys *cacheKeys

func asThreshold(share float64) uint64 {
	if share >= 1 {
		return math.MaxUint64
	}
	return uint64(math.Ldexp(share, 64))
}

// Vose's alias method, as in fill_alias().
func (k *cacheKeys) fillAlias(share []float64) {
	n := int(k.n)
	todo, low, high := make([]uint32, n), 0, n
	for r := range share {
		if share[r] < 1 {
			todo[low] = uint32(r)
			low++
		} else {
			high--
			todo[high] = uint32(r)
		}
	}
	for low > 0 && high < n {
		low--
		small, large := todo[low], todo[high]
		k.threshold[small] = asThreshold(share[small])
		k.alias[small] = large
		share[large] -= 1 - share[small]
		if share[large] < 1 {
			high++
			todo[low] = large
			low++
		}
	}
	for ; low > 0; low-- {
		k.threshold[todo[low-1]] = math.MaxUint64
	}
	for ; high < n; high++ {
		k.threshold[todo[high]] = math.MaxUint64
	}
}

func newCacheKeys(n, skew int64) *cacheKeys {
	k := &cacheKeys{n: n, skew: skew, text: make([]string, n), ofRank: make([]uint32, n),
		absent: make([]bool, n), alias: make([]uint32, n), threshold: make([]uint64, n),
		drawn: map[string][]uint32{}}
	for i := range k.text {
		k.text[i] = fmt.Sprintf("user:%d", i)
		k.ofRank[i] = uint32(i)
	}
	r := newRng(shuffleSeed)
	for i := n - 1; i > 0; i-- {
		other := r.below(uint64(i) + 1)
		k.ofRank[i], k.ofRank[other] = k.ofRank[other], k.ofRank[i]
	}
	share, sum := make([]float64, n), 0.0
	for rank := range k.ofRank {
		k.absent[k.ofRank[rank]] = rank%absentEvery == absentEvery-1
		share[rank] = math.Pow(float64(rank)+1, -float64(skew)/100)
		sum += share[rank]
		k.alias[rank] = uint32(rank)
	}
	for rank := range share {
		share[rank] *= float64(n) / sum
	}
	k.fillAlias(share)
	return k
}

func cacheKeysFor(q *request) (*cacheKeys, error) {
	n, skew, reads := q.param("p_keys", 100000), q.param("p_skew", 0), q.param("p_read_pct", 90)
	if n < absentEvery || n > mostKeys {
		return nil, fmt.Errorf("p_keys %d, expected %d to %d", n, absentEvery, mostKeys)
	}
	if skew < 0 || skew > 1000 || reads < 0 || reads > 100 {
		return nil, fmt.Errorf("p_skew %d, p_read_pct %d, expected 0 to 1000, 0 to 100", skew, reads)
	}
	if keptKeys == nil || keptKeys.n != n || keptKeys.skew != skew {
		keptKeys = newCacheKeys(n, skew)
	}
	return keptKeys, nil
}

func (k *cacheKeys) one(r *rng) uint32 {
	column := r.below(uint64(k.n))
	if k.skew != 0 && r.next() > k.threshold[column] {
		column = uint64(k.alias[column])
	}
	return k.ofRank[column]
}

// How many operations each worker has: a power of two, fewer where there are very many workers.
func drawsOf(threads int) int {
	n := mostDraws
	for n > leastDraws && n*threads > 64*mostDraws {
		n /= 2
	}
	return n
}

// The operations of one worker, made from the seed when they are asked for the first time.
func (k *cacheKeys) draw(worker, n int, seed uint64, reads int64) []uint32 {
	name := fmt.Sprint(worker, " ", n, " ", reads)
	if made, ok := k.drawn[name]; ok {
		return made
	}
	made, r := make([]uint32, n), newRng(seed)
	for i := range made {
		set, key := int64(r.below(100)) >= reads, k.one(r)
		for set && k.absent[key] {
			key = k.one(r)
		}
		made[i] = key
		if set {
			made[i] |= drawSet
		}
		if !k.absent[key] {
			made[i] |= drawPresent
		}
	}
	k.drawn[name] = made
	return made
}
