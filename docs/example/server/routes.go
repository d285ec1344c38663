// Package server answers requests.
package server

import "net/http"

// Router finds the handler of a request by its path.
type Router struct {
	prefix   string
	handlers map[string]http.HandlerFunc
}

// Group returns a router whose routes all begin with prefix.
func (r *Router) Group(prefix string) *Router {
	return &Router{prefix: r.prefix + prefix, handlers: r.handlers}
}

// Handle registers the handler of a path.
func (r *Router) Handle(path string, handler http.HandlerFunc) {
	r.handlers[r.prefix+path] = handler
}

// ServeHTTP answers with the handler registered for the path, or with 404.
func (r *Router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	handler, found := r.handlers[request.URL.Path]
	if !found {
		http.NotFound(w, request)
		return
	}
	handler(w, request)
}
