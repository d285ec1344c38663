// Copyright 2026 Somebody. All rights reserved.
// Use of this source code is governed by a license.

// Package engine routes requests.
package engine

import "fmt"

// HandlerFunc handles.
type HandlerFunc func(*Context)

type (
	// Engine is the framework.
	Engine struct {
		pool sync.Pool
	}

	IRoutes interface {
		// Use attaches.
		Use(...HandlerFunc) IRoutes
	}
)

type List[T any] struct{ items []T }

// ServeHTTP serves.
//
//go:noinline
func (engine *Engine) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	finish := func() {}
	engine.hook = func() {}
}

func (l *List[T]) Push(item T) { l.items = append(l.items, item) }

func (List[T]) Len() int { return 0 }

func New() *Engine { return nil }

var Default = func() *Engine { return New() }

var table = map[string]func(){}

func TestNew(t *testing.T) {
	t.Run("with routes", func(t *testing.T) {})
}
