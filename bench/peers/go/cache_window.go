package main

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// What the workers of the cache family's windows have in common, and their oracle.

// Values are of 8, 64 or 1024 bytes; what is in them is said in bench/cache/value.h.
type cacheValue interface {
	[1]uint64 | [8]uint64 | [128]uint64
}

const (
	valueKeyBits   = 22
	valueStampBits = 26
	valueCheckAt   = valueKeyBits + valueStampBits
)

func wordsOf[V cacheValue](v *V) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(v)), unsafe.Sizeof(*v)/8)
}

func valueCheck(low uint64) uint64 { return low * 0x9e3779b97f4a7c15 >> valueCheckAt }

func fillValue[V cacheValue](v *V, key uint32, stamp uint64) {
	low := uint64(key) | stamp<<valueKeyBits&(1<<valueCheckAt-1)
	word := low | valueCheck(low)<<valueCheckAt
	for i := range wordsOf(v) {
		wordsOf(v)[i] = word + uint64(i)
	}
}

func rightValue[V cacheValue](v *V, key uint32) bool {
	words := wordsOf(v)
	word, low := words[0], words[0]&(1<<valueCheckAt-1)
	wrong := low&(1<<valueKeyBits-1) ^ uint64(key) | valueCheck(low) ^ word>>valueCheckAt
	for i, w := range words {
		wrong |= w ^ (word + uint64(i))
	}
	return wrong == 0
}

// What a worker brings along and what it has done, exactly.
type cacheLocal struct {
	_                       [128]byte
	text                    []string
	draws                   []uint32
	stamp                   uint64
	gets, hits, sets, wrong uint64
	_                       [128]byte
}

func (l *cacheLocal) next(cursor uint64) (draw uint32, text string) {
	draw = l.draws[cursor&uint64(len(l.draws)-1)]
	return draw, l.text[draw&drawKey]
}

// A value of this worker's that is not the one before.
func fresh[V cacheValue](l *cacheLocal, draw uint32) (v V) {
	l.stamp++
	l.sets++
	fillValue(&v, draw&drawKey, l.stamp)
	return v
}

func initial[V cacheValue](key uint32) (v V) {
	fillValue(&v, key, 0)
	return v
}

// 1 hit, 0 miss, -1 another key's value or half a value.
func judged[V cacheValue](v *V, key uint32, found bool) int {
	switch {
	case !found:
		return 0
	case rightValue(v, key):
		return 1
	}
	return -1
}

func found[V cacheValue](l *cacheLocal, draw uint32, v *V, ok bool) {
	is, expected := judged(v, draw&drawKey, ok), 0
	if draw&drawPresent != 0 {
		expected = 1
	}
	if is != expected {
		l.wrong++
	}
	if is == 1 {
		l.hits++
	}
	l.gets++
}

// Filled once, found unchanged by the next window: that only ever replaces values.
type keptCache struct {
	cache         cacheKind
	keys, bytes   int64
	entries       int
	bytesPerEntry float64
}

var keptCaches = map[string]*keptCache{}

func heapInUse() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func newCacheOf(kind string, keys int, bytes int64) cacheKind {
	if strings.HasPrefix(kind, "faulty:") {
		bug := strings.TrimPrefix(kind, "faulty:")
		return &faultyCache{mutexMap[[8]uint64]{m: map[string][8]uint64{}}, bug}
	}
	switch bytes {
	case 8:
		return newCacheKind[[1]uint64](kind, keys)
	case 64:
		return newCacheKind[[8]uint64](kind, keys)
	}
	return newCacheKind[[128]uint64](kind, keys)
}

func keptCacheFor(kind string, keys *cacheKeys, bytes int64) *keptCache {
	kept := keptCaches[kind]
	if kept != nil && kept.keys == keys.n && kept.bytes == bytes {
		return kept
	}
	delete(keptCaches, kind)
	before := heapInUse()
	kept = &keptCache{cache: newCacheOf(kind, int(keys.n), bytes), keys: keys.n, bytes: bytes}
	for key, text := range keys.text {
		if !keys.absent[key] {
			kept.cache.set(uint32(key), text)
			kept.entries++
		}
	}
	kept.bytesPerEntry = (heapInUse() - before) / float64(kept.entries)
	keptCaches[kind] = kept
	return kept
}

// Every 97th key as the window has left it: there or not, and whole; and no other than there were.
func (kept *keptCache) check(keys *cacheKeys) error {
	if n := kept.cache.len(); n != kept.entries {
		return fmt.Errorf("%d entries, there were %d", n, kept.entries)
	}
	for key := 0; key < len(keys.text); key += 97 {
		expected := 1
		if keys.absent[key] {
			expected = 0
		}
		if kept.cache.get(uint32(key), keys.text[key]) != expected {
			return fmt.Errorf("%s is not what was set", keys.text[key])
		}
	}
	return nil
}

func cacheSubject(q *request, kind string, keys *cacheKeys) *subject {
	kept := keptCacheFor(kind, keys, q.param("p_value_bytes", 8))
	locals := make([]*cacheLocal, q.Threads)
	for i := range locals { // one after the other, and none of it in the window
		locals[i] = &cacheLocal{text: keys.text, stamp: uint64(i) << (valueStampBits - 6),
			draws: keys.draw(i, drawsOf(q.Threads), q.Seed+uint64(i), q.param("p_read_pct", 90))}
	}
	all := func() (t cacheLocal) {
		for _, l := range locals {
			t.gets += l.gets
			t.hits += l.hits
			t.sets += l.sets
			t.wrong += l.wrong
		}
		return t
	}
	return &subject{
		run:   kept.cache.run,
		begin: func(w *worker) { w.local = locals[w.index] },
		value: func() uint64 { t := all(); return t.gets + t.sets },
		wrong: func() uint64 { return all().wrong },
		check: func() error {
			err := kept.check(keys)
			if err != nil {
				delete(keptCaches, kind) // the next window gets a fresh one
			}
			return err
		},
		metrics: func([]*worker) map[string]float64 {
			t, m := all(), map[string]float64{"bytes_per_entry": kept.bytesPerEntry}
			if t.gets != 0 {
				m["hit_ratio"] = float64(t.hits) / float64(t.gets)
			}
			return m
		},
	}
}

func cacheOf(kind string) func(*request) (*result, error) {
	return func(q *request) (*result, error) {
		keys, err := cacheKeysFor(q)
		if err != nil {
			return nil, err
		}
		if b := q.param("p_value_bytes", 8); b != 8 && b != 64 && b != 1024 {
			return nil, fmt.Errorf("p_value_bytes %d, expected 8, 64 or 1024", b)
		}
		return inWindows(func(q *request) *subject { return cacheSubject(q, kind, keys) })(q)
	}
}
