package mail

import (
	"errors"
	"testing"
	"time"
)

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	for tries := 1; tries < 40; tries++ {
		if delay := Backoff(tries); delay <= 0 || delay > 4*time.Hour {
			t.Fatalf("attempt %d waits %s", tries, delay)
		}
	}
}

func TestRequeueGivesUp(t *testing.T) {
	q, m := NewQueue(), &Message{}
	var err error
	for i := 0; i < 12 && err == nil; i++ {
		err = q.Requeue(m, errors.New("server is down"))
	}
	if err == nil {
		t.Fatal("a message that always fails is retried without end")
	}
}

func TestPushAfterClose(t *testing.T) {
	q := NewQueue()
	q.Close()
	if err := q.Push(&Message{}); !errors.Is(err, ErrQueueClosed) {
		t.Fatalf("got %v", err)
	}
}
