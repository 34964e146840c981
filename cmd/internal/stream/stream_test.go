package stream

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// While one write is under way, what comes is gathered for the next.
func TestStreamGathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var writes []int
		s := New(writeFunc(func(p []byte) (int, error) {
			time.Sleep(time.Second)
			writes = append(writes, bytes.Count(p, []byte("\n")))
			return len(p), nil
		}), nil)
		for range 10 {
			fmt.Fprintln(s, "line")
			synctest.Wait()
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if len(writes) != 2 || writes[0] != 1 || writes[1] != 9 {
			t.Errorf("got writes of %v lines, want 1 and 9", writes)
		}
	})
}

// A reader that is slower than the targets holds them up; memory is bounded.
func TestStreamWaits(t *testing.T) {
	t.Parallel()
	line := make([]byte, 1000)
	many := make([]byte, MaxLines)
	for _, tt := range []struct {
		name  string
		bring func(s *Stream) int // what was brought, in bytes
	}{
		{"lines", func(s *Stream) int {
			n, _ := s.Write(line)
			return n
		}},
		{"many lines", func(s *Stream) int {
			_, _ = s.Take(many)
			return len(many)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				s := New(writeFunc(func(p []byte) (int, error) {
					<-release
					return len(p), nil
				}), nil)
				fmt.Fprintln(s, "first") // whose writing does not end
				synctest.Wait()
				var brought atomic.Int64
				var wg sync.WaitGroup
				wg.Go(func() {
					for range 1000 {
						brought.Add(int64(tt.bring(s)))
					}
				})
				synctest.Wait()
				if got := brought.Load(); got < maxBuffered || got > maxBuffered+MaxLines {
					t.Errorf("%d bytes are waiting, want about %d", got, maxBuffered)
				}
				close(release)
				wg.Wait()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The first error stays, and ends the waiting of a writer.
func TestStreamFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("full")
		var told error
		s := New(writeFunc(func([]byte) (int, error) {
			time.Sleep(time.Second)
			return 0, failure
		}), func(err error) { told = err })
		line := make([]byte, 1000)
		for i := range 10000 {
			if _, err := s.Write(line); err != nil {
				if err != failure || i < maxBuffered/1000 {
					t.Errorf("got %v at line %d", err, i)
				}
				break
			}
		}
		if err := s.Flush(); err != failure {
			t.Errorf("flush: got %v", err)
		}
		if err := s.Close(); err != failure {
			t.Errorf("close: got %v", err)
		}
		if told != failure {
			t.Errorf("told of %v", told)
		}
	})
}

// Lines that are taken come in their place between those that are written, whoever
// writes them, and their memory is not used again before that.
func TestStreamTakes(t *testing.T) {
	t.Parallel()
	for _, slow := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var got []byte
			s := New(writeFunc(func(p []byte) (int, error) {
				time.Sleep(slow)
				got = append(got, p...)
				return len(p), nil
			}), nil)
			var want, lines []byte
			for i := range 200 {
				line := bytes.Repeat([]byte{byte(i)}, 1000*(i%7))
				want = append(want, line...)
				if i%3 == 0 {
					if _, err := s.Write(line); err != nil {
						t.Fatal(err)
					}
					continue
				}
				var err error
				if lines, err = s.Take(append(lines, line...)); err != nil || len(lines) != 0 {
					t.Fatalf("%d bytes were given back, %v", len(lines), err)
				}
			}
			if err := s.Close(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v: got %d bytes, want %d, or others: %v", slow, len(got), len(want), err)
			}
		})
	}
}

// An error of writing is told to who brings lines, now or the next time.
func TestStreamTakesNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("full")
		told := 0
		s := New(writeFunc(func([]byte) (int, error) { return 0, failure }), func(error) { told++ })
		for range 2 {
			if _, err := s.Take([]byte("lines")); err != failure {
				t.Errorf("got %v, want %v", err, failure)
			}
		}
		if err := s.Close(); err != failure || told != 1 {
			t.Errorf("close: %v, told %d times", err, told)
		}
	})
}

// Two who bring lines at once write one after the other.
func TestStreamOfTwo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		writing := 0
		total := 0
		s := New(writeFunc(func(p []byte) (int, error) {
			if writing++; writing > 1 {
				t.Error("two write at once")
			}
			time.Sleep(time.Millisecond)
			writing--
			total += len(p)
			return len(p), nil
		}), nil)
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 100 {
				if _, err := s.Take(make([]byte, 1000)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 100 {
				if _, err := s.Write(make([]byte, 10)); err != nil {
					t.Error(err)
				}
				time.Sleep(100 * time.Microsecond)
			}
		})
		wg.Wait()
		if err := s.Close(); err != nil || total != 101_000 {
			t.Errorf("%d bytes were written, want 101000: %v", total, err)
		}
	})
}

func BenchmarkStream(b *testing.B) {
	s := New(writeFunc(func(p []byte) (int, error) { return len(p), nil }), nil)
	line := make([]byte, 150)
	for b.Loop() {
		s.Write(line)
	}
	s.Close()
}

// A writeFunc is a function that writes.
type writeFunc func([]byte) (int, error)

func (f writeFunc) Write(p []byte) (int, error) { return f(p) }
