package initiator_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// Variables in the environment of TestStress.
const (
	// stressFactor multiplies the number of rounds.
	stressFactor = "DISCOVER_TEST_STRESS"

	// stressSeed is the seed of the one round to run.
	stressSeed = "DISCOVER_TEST_STRESS_SEED"
)

// stressPatience is how long a round may take: one that takes longer hangs.
const stressPatience = 2 * time.Minute

// TestStress: whatever portals a run meets, whatever its limits are and however it ends,
// each portal has one result, which is the right one, and nothing is left behind. A seed
// draws all of it; what fails says how to repeat it.
func TestStress(t *testing.T) {
	if os.Getenv(stressAddresses) != "" {
		stressChild(t)
		return
	}
	for _, where := range []struct {
		name   string
		rounds int
		round  func(t *testing.T, seed uint64)
	}{
		{"memory", 150, stressMemory},
		{"sockets", 14, stressSockets},
		{"descriptors", 2, stressDescriptors},
	} {
		t.Run(where.name, func(t *testing.T) {
			for _, seed := range stressSeeds(t, where.rounds) {
				t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
					t.Logf("to repeat it: %s=%d go test -run TestStress/%s", stressSeed, seed, where.name)
					where.round(t, seed)
				})
			}
		})
	}
}

// stressSeeds returns the seeds of so many rounds, which differ from run to run.
func stressSeeds(t *testing.T, rounds int) (seeds []uint64) {
	t.Helper()
	number := func(name string) uint64 {
		n, err := strconv.ParseUint(os.Getenv(name), 10, 64)
		if err != nil && os.Getenv(name) != "" {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	if os.Getenv(stressSeed) != "" {
		return []uint64{number(stressSeed)}
	}
	if testing.Short() {
		rounds = (rounds + 9) / 10
	}
	for range rounds * int(max(number(stressFactor), 1)) {
		seeds = append(seeds, rand.Uint64())
	}
	return seeds
}

// mayHang ends the process with all its stacks where a round hangs.
func mayHang(t *testing.T) {
	hangs := time.AfterFunc(stressPatience, func() {
		debug.SetTraceback("all")
		panic(t.Name() + " hangs")
	})
	t.Cleanup(func() { hangs.Stop() })
}

func stressRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// stressMemory is a round in a network in memory, and in time of its own. A goroutine
// that is left behind panics there, and so does a run that hangs.
func stressMemory(t *testing.T, seed uint64) {
	mayHang(t)
	synctest.Test(t, func(t *testing.T) {
		place := &stressNetwork{n: iscsitest.NewNetwork(t), slow: make(map[string]time.Duration)}
		r := newStressRound(stressRand(seed), place)
		r.d.Dial = place.dial
		r.run(t)
	})
}

// stressSockets is a round with sockets of the loopback interface.
func stressSockets(t *testing.T, seed uint64) {
	mayHang(t)
	r := newStressRound(stressRand(seed), &stressLoopback{t: t})
	leavesNothing(t, func() { r.run(t) })
}

// leavesNothing runs f, and fails where a goroutine or a descriptor is left behind it. No
// garbage is collected meanwhile, which would close descriptors that were forgotten.
func leavesNothing(t *testing.T, f func()) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	goroutines, files := counted(t)
	f()
	failed := t.Failed()
	if nothingLeft(t, goroutines, files); t.Failed() && !failed {
		stacks := make([]byte, 1<<20)
		t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
	}
}

// run runs the round and judges what came of it.
func (r *stressRound) run(t *testing.T) {
	t.Logf("the round: %s", r) // which is shown where it fails
	readers := make([]*stressReader, r.runs)
	var group sync.WaitGroup
	for i := range readers {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		readers[i] = newStressReader(t, r, cancel)
		group.Add(1)
		go func() { // which the loop may end by runtime.Goexit
			defer group.Done()
			readers[i].read(ctx)
		}()
	}
	group.Wait()
	for range readers {
		r.resting <- struct{}{}
	}
	var begun, results int64
	early := false
	for _, s := range readers {
		begun += s.judge()
		results += int64(len(s.done))
		early = early || s.left
	}
	stages := r.d.Stages
	switch {
	case early && (stages.Begun.Load() < results || stages.Begun.Load() > begun):
		t.Errorf("%d portals were begun, want %d to %d", stages.Begun.Load(), results, begun)
	case !early && (stages.Begun.Load() != results || stages.Done.Load() != results):
		t.Errorf("%d portals were begun, %d are done, with %d results", stages.Begun.Load(), stages.Done.Load(), results)
	}
}

// stressName is the iSCSI name of a target.
func stressName(portal, i int) string { return fmt.Sprintf("%s.%d.%d", scene.Disk1, portal, i) }
