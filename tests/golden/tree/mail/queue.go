// Package mail sends the shop's mail.
package mail

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"sync"
	"time"
)

// ErrQueueClosed is returned by Push after Close.
var ErrQueueClosed = errors.New("mail: the queue is closed")

const (
	firstDelay = 30 * time.Second
	maxDelay   = 4 * time.Hour
	maxTries   = 12
)

// Message waits in a Queue until the server takes it.
type Message struct {
	To      Address
	Subject string
	Body    []byte
	Tries   int
	NotFor  time.Time
}

// Queue holds messages in the order they may be sent.
type Queue struct {
	mu      sync.Mutex
	waiting []*Message
	closed  bool
	wake    chan struct{}
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{wake: make(chan struct{}, 1)}
}

// Push adds a message and wakes the sender.
func (q *Queue) Push(m *Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrQueueClosed
	}
	q.waiting = append(q.waiting, m)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return nil
}

// Run sends messages until the context ends. A message that fails is tried again later.
func (q *Queue) Run(ctx context.Context, send func(*Message) error) error {
	for {
		m, wait := q.next(time.Now())
		if m == nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-q.wake:
			case <-time.After(wait):
			}
			continue
		}
		if err := send(m); err != nil {
			if giveUp := q.Requeue(m, err); giveUp != nil {
				return giveUp
			}
		}
	}
}

// Requeue puts a message that was not sent back at the end, to be tried again after a growing delay.
func (q *Queue) Requeue(m *Message, cause error) error {
	m.Tries++
	if m.Tries >= maxTries {
		return fmt.Errorf("mail: giving up on %s after %d attempts: %w", m.To, m.Tries, cause)
	}
	m.NotFor = time.Now().Add(Backoff(m.Tries))
	return q.Push(m)
}

// Backoff returns the delay before the next attempt: twice as long each time, and spread at random so that
// messages that failed together do not come back together.
func Backoff(tries int) time.Duration {
	delay := firstDelay << min(tries, 10)
	if delay > maxDelay {
		delay = maxDelay
	}
	return delay/2 + time.Duration(rand.Int63n(int64(delay/2)))
}

func (q *Queue) next(now time.Time) (*Message, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	soonest := time.Minute
	for i, m := range q.waiting {
		if left := m.NotFor.Sub(now); left > 0 {
			soonest = min(soonest, left)
			continue
		}
		q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
		return m, 0
	}
	return nil, soonest
}

// Close refuses further messages.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}
