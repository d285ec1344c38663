(in-package :box)

(defun open-box (box)
  "Opens a box."
  (list #\( box))

(defmethod (setf size) (value (box box)) value)
(defgeneric area (shape) (:documentation "x"))
(defclass box () ((size :initarg :size)))
(defstruct (point (:conc-name p-)) x y)
(defmacro twice (&body body) `(progn ,@body ,@body))
(defparameter *limit* 5 "How many.")
#| (defun no ()) |#
