// The Go side of the suite's peers: the harness starts this program beside a block's own
// contestants, under the same CPUs, and asks it for one window after the other. Standard library
// only.
//
// It greets with one line of JSON (protocol, Go's version); then each request is one line and has
// one line of answer, a result or {"error": "..."}. A request that is not understood is refused
// whole, never guessed at, and ends nothing. The end of the input ends the program.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
)

const (
	protocol   = 1
	maxRequest = 1 << 20
	maxThreads = 4096
)

type request struct {
	Family   string           `json:"family"`
	Peer     string           `json:"peer"` // "sync.Mutex"
	Workload string           `json:"workload"`
	Exec     string           `json:"exec"`    // "task": goroutines; "thread": on threads of their own
	Threads  int              `json:"threads"` // workers
	Pus      int              `json:"pus"`     // how many of them can run at the same time
	CPUs     []int            `json:"cpus"`    // of each worker; empty: not bound
	Roles    []int            `json:"roles"`   // of each worker; empty: all do the same
	WindowNs int64            `json:"window_ns"`
	WarmupNs int64            `json:"warmup_ns"`
	Sample   uint64           `json:"sample_every"`
	WorkPct  uint64           `json:"work_pct"`
	Seed     uint64           `json:"seed"`
	Params   map[string]int64 `json:"params"`
}

type result struct {
	WindowNs    float64            `json:"window_ns"`
	StartNs     []int64            `json:"start_ns,omitempty"` // of each worker, after the first
	Ops         []uint64           `json:"ops,omitempty"`      // of each worker in the window
	TotalOps    uint64             `json:"total_ops"`          // exact, to the last one
	Effects     uint64             `json:"effects"`
	Value       uint64             `json:"value"` // what the contestant says they are
	Torn        uint64             `json:"torn"`
	Latency     *quantiles         `json:"latency,omitempty"`
	ClockNs     float64            `json:"clock_ns"`
	NsPerOp     *float64           `json:"ns_per_op,omitempty"` // where it is not window / ops
	Metrics     map[string]float64 `json:"metrics,omitempty"`   // the family's own columns
	CPUNs       int64              `json:"cpu_ns"`
	Voluntary   int64              `json:"voluntary"`
	Involuntary int64              `json:"involuntary"`
}

func (q *request) check() error {
	switch {
	case q.Exec != "task" && q.Exec != "thread":
		return fmt.Errorf("exec %.20q, expected task or thread", q.Exec)
	case q.Threads < 1 || q.Threads > maxThreads:
		return fmt.Errorf("threads %d, expected 1 to %d", q.Threads, maxThreads)
	case q.Pus < 1 || q.Pus > maxThreads:
		return fmt.Errorf("pus %d, expected 1 to %d", q.Pus, maxThreads)
	case len(q.CPUs) != 0 && len(q.CPUs) != q.Threads:
		return fmt.Errorf("%d cpus for %d threads", len(q.CPUs), q.Threads)
	case len(q.Roles) != 0 && len(q.Roles) != q.Threads:
		return fmt.Errorf("%d roles for %d threads", len(q.Roles), q.Threads)
	case q.WindowNs < 1 || q.WindowNs > 3600e9 || q.WarmupNs < 1 || q.WarmupNs > 3600e9:
		return fmt.Errorf("window_ns or warmup_ns out of range")
	case q.WorkPct < 1 || q.WorkPct > 1000:
		return fmt.Errorf("work_pct %d, expected 1 to 1000", q.WorkPct)
	}
	for _, cpu := range q.CPUs {
		if cpu < 0 || cpu >= maxCPUs {
			return fmt.Errorf("cpu %d, expected 0 to %d", cpu, maxCPUs-1)
		}
	}
	return nil
}

// How many workers have this role.
func (q *request) count(role int) int {
	n := 0
	for _, r := range q.Roles {
		if r == role {
			n++
		}
	}
	return n
}

// A parameter of the workload; fallback where it does not apply.
func (q *request) param(name string, fallback int64) int64 {
	if v, ok := q.Params[name]; ok {
		return v
	}
	return fallback
}

func parse(line []byte) (*request, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	q := &request{WorkPct: 100}
	if err := decoder.Decode(q); err != nil {
		return nil, fmt.Errorf("no request: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("no request: something follows it")
	}
	return q, q.check()
}

// What the process has used up.
func usage() (cpuNs, voluntary, involuntary int64) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, 0, 0
	}
	return u.Utime.Nano() + u.Stime.Nano(), int64(u.Nvcsw), int64(u.Nivcsw)
}

func answer(line []byte) (*result, error) {
	q, err := parse(line)
	if err != nil {
		return nil, err
	}
	contestant, ok := contestants[q.Family+"/"+q.Peer+"/"+q.Workload]
	if !ok {
		return nil, fmt.Errorf("no contestant %.100q", q.Family+"/"+q.Peer+"/"+q.Workload)
	}
	// Threads are given a P each, so that the kernel alone decides who runs; goroutines share as
	// many as there are CPUs.
	if q.Exec == "thread" {
		runtime.GOMAXPROCS(q.Threads)
	} else {
		runtime.GOMAXPROCS(q.Pus)
	}
	cpu, voluntary, involuntary := usage()
	r, err := contestant(q)
	if err != nil {
		return nil, err
	}
	cpu2, voluntary2, involuntary2 := usage()
	r.CPUNs = cpu2 - cpu
	if r.Voluntary == 0 && r.Involuntary == 0 {
		r.Voluntary, r.Involuntary = voluntary2-voluntary, involuntary2-involuntary
	}
	return r, nil
}

func serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), maxRequest)
	encoder := json.NewEncoder(out) // one line each, and no allocation left for the window
	hello := map[string]any{"protocol": protocol, "go": runtime.Version(), "os": runtime.GOOS,
		"arch": runtime.GOARCH}
	if err := encoder.Encode(hello); err != nil {
		return err
	}
	for lines.Scan() {
		var reply any
		r, err := answer(lines.Bytes())
		if err != nil {
			reply = map[string]string{"error": strings.ToValidUTF8(err.Error(), "?")}
		} else {
			reply = r
		}
		if err := encoder.Encode(reply); err != nil {
			return err
		}
	}
	return lines.Err()
}

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "contend: contend_go takes no arguments; the harness talks to it")
		os.Exit(2)
	}
	// A terminal's interrupt is for the suite, which then closes the pipe.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "contend: contend_go: %v\n", err)
		os.Exit(1)
	}
}
