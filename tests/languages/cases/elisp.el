;;; a.el --- Boxes  -*- lexical-binding: t -*-

(defun box-open (box &optional now)
  "Open a BOX.
Say \"open\" (once)."
  (interactive)
  (insert ?\( "text \
more"))

;; Makes it twice.
(defmacro box-twice (&rest body)
  `(progn ,@body ,@body))

(defcustom box-name "b" "Name of the box."
  :type 'string)
(cl-defstruct (box (:copier nil)) size)
(define-minor-mode box-mode "Toggle boxes." :lighter "b")
(ert-deftest box-opens () (should t))
(defalias 'box-shut #'box-close)
