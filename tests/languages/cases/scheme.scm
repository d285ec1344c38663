;; Adds two numbers.
(define (add x y)
  (+ x y))
(define limit 5)
(define-syntax twice (syntax-rules () ((_ a) (begin a a))))
(define-record-type <point> (make-point x) point?)
