package main

import (
	"hash/maphash"
	"sync"
)

// The cache family (bench/cache/loop.h): workers get and set string keys, with operations that were
// drawn before the window. A cache is filled once and kept, as those of the harness are: sets only
// replace values, so the next window finds the same keys. Each kind has its own text of the loop,
// so that nothing is called through an interface; a value is copied out under the lock, and looked
// at afterwards.

type cacheKind interface {
	run(w *worker, n uint64) uint64
	set(key uint32, text string) // a first value
	get(key uint32, text string) int
	len() int
}

type mutexMap[V cacheValue] struct {
	_  [128]byte
	mu sync.Mutex
	m  map[string]V
	_  [128]byte
}

func (c *mutexMap[V]) run(w *worker, n uint64) uint64 {
	l, cursor := w.local.(*cacheLocal), w.cursor
	for i := uint64(0); i < n; i++ {
		draw, text := l.next(cursor)
		cursor++
		if draw&drawSet != 0 {
			v := fresh[V](l, draw)
			c.mu.Lock()
			c.m[text] = v
			c.mu.Unlock()
		} else {
			c.mu.Lock()
			v, ok := c.m[text]
			c.mu.Unlock()
			found(l, draw, &v, ok)
		}
	}
	w.cursor = cursor
	return n
}

func (c *mutexMap[V]) set(key uint32, text string) { c.m[text] = initial[V](key) }
func (c *mutexMap[V]) get(key uint32, text string) int {
	v, ok := c.m[text]
	return judged(&v, key, ok)
}
func (c *mutexMap[V]) len() int { return len(c.m) }

type rwMap[V cacheValue] struct {
	_  [128]byte
	mu sync.RWMutex
	m  map[string]V
	_  [128]byte
}

func (c *rwMap[V]) run(w *worker, n uint64) uint64 {
	l, cursor := w.local.(*cacheLocal), w.cursor
	for i := uint64(0); i < n; i++ {
		draw, text := l.next(cursor)
		cursor++
		if draw&drawSet != 0 {
			v := fresh[V](l, draw)
			c.mu.Lock()
			c.m[text] = v
			c.mu.Unlock()
		} else {
			c.mu.RLock()
			v, ok := c.m[text]
			c.mu.RUnlock()
			found(l, draw, &v, ok)
		}
	}
	w.cursor = cursor
	return n
}

func (c *rwMap[V]) set(key uint32, text string) { c.m[text] = initial[V](key) }
func (c *rwMap[V]) get(key uint32, text string) int {
	v, ok := c.m[text]
	return judged(&v, key, ok)
}
func (c *rwMap[V]) len() int { return len(c.m) }

const cacheShards = 256

type cacheShard[V cacheValue] struct {
	mu sync.Mutex
	m  map[string]V
	_  [128 - 16]byte
}

// maphash is the hash of Go's own maps.
type shardedMap[V cacheValue] struct {
	seed  maphash.Seed
	_     [128]byte
	shard [cacheShards]cacheShard[V]
}

func (c *shardedMap[V]) of(text string) *cacheShard[V] {
	return &c.shard[maphash.String(c.seed, text)%cacheShards]
}

func (c *shardedMap[V]) run(w *worker, n uint64) uint64 {
	l, cursor := w.local.(*cacheLocal), w.cursor
	for i := uint64(0); i < n; i++ {
		draw, text := l.next(cursor)
		cursor++
		s := c.of(text)
		if draw&drawSet != 0 {
			v := fresh[V](l, draw)
			s.mu.Lock()
			s.m[text] = v
			s.mu.Unlock()
		} else {
			s.mu.Lock()
			v, ok := s.m[text]
			s.mu.Unlock()
			found(l, draw, &v, ok)
		}
	}
	w.cursor = cursor
	return n
}

func (c *shardedMap[V]) set(key uint32, text string) { c.of(text).m[text] = initial[V](key) }
func (c *shardedMap[V]) get(key uint32, text string) int {
	v, ok := c.of(text).m[text]
	return judged(&v, key, ok)
}
func (c *shardedMap[V]) len() int {
	n := 0
	for i := range c.shard {
		n += len(c.shard[i].m)
	}
	return n
}

// Its keys and values are interfaces: a stored value is allocated, as any user's is.
type syncedMap[V cacheValue] struct{ m sync.Map }

func (c *syncedMap[V]) run(w *worker, n uint64) uint64 {
	l, cursor := w.local.(*cacheLocal), w.cursor
	for i := uint64(0); i < n; i++ {
		draw, text := l.next(cursor)
		cursor++
		if draw&drawSet != 0 {
			c.m.Store(text, fresh[V](l, draw))
			continue
		}
		var v V
		kept, ok := c.m.Load(text)
		if ok {
			v = kept.(V)
		}
		found(l, draw, &v, ok)
	}
	w.cursor = cursor
	return n
}

func (c *syncedMap[V]) set(key uint32, text string) { c.m.Store(text, initial[V](key)) }
func (c *syncedMap[V]) get(key uint32, text string) int {
	var v V
	kept, ok := c.m.Load(text)
	if ok {
		v = kept.(V)
	}
	return judged(&v, key, ok)
}
func (c *syncedMap[V]) len() int {
	n := 0
	c.m.Range(func(any, any) bool {
		n++
		return true
	})
	return n
}

func newCacheKind[V cacheValue](kind string, keys int) cacheKind {
	switch kind {
	case "map_rwmutex":
		return &rwMap[V]{m: make(map[string]V, keys)}
	case "map_sharded":
		c := &shardedMap[V]{seed: maphash.MakeSeed()}
		for i := range c.shard {
			c.shard[i].m = make(map[string]V, keys/cacheShards)
		}
		return c
	case "sync_map":
		return &syncedMap[V]{}
	}
	return &mutexMap[V]{m: make(map[string]V, keys)}
}
