;;; emacs-tests.el --- Tests of codesearch.el  -*- lexical-binding: t; -*-

;; Run by test_emacs.py: emacs --batch -l codesearch.el -l emacs-tests.el -f codesearch-tests-run.
;; CS_BACKEND says which client carries the questions: own, eglot or lsp-mode.

;;; Code:

(require 'ert)
(require 'cl-lib)
(require 'json)
(require 'codesearch)

(defun cs-env (name)
  (getenv (concat "CS_" name)))

(defun cs-line (name)
  (string-to-number (cs-env name)))

(setq codesearch-command (append (json-parse-string (cs-env "SERVER") :array-type 'list) nil)
      codesearch-timeout (/ (cs-line "WAIT") 1000.0)
      codesearch-use-consult nil
      create-lockfiles nil
      make-backup-files nil
      python-indent-guess-indent-offset nil)

(defun cs-open (path)
  "Visit PATH with the client under test attached."
  (find-file path)
  (pcase (cs-env "BACKEND")
    ("eglot"
     (unless (and (fboundp 'eglot-current-server) (eglot-current-server))
       (require 'eglot)
       (setq eglot-sync-connect codesearch-timeout eglot-events-buffer-size 0 eglot-autoshutdown nil
             eglot-connect-timeout codesearch-timeout)
       (codesearch-eglot-register 'python-mode)
       (let ((root (cs-env "ROOT")))
         (setq-default project-find-functions (list (lambda (_) (cons 'transient (file-name-as-directory root))))))
       (apply #'eglot (eglot--guess-contact)))
     (should (codesearch--eglot-server)))
    ("lsp-mode"
     (unless (bound-and-true-p lsp-mode)
       (require 'lsp-mode)
       (setq lsp-auto-guess-root t lsp-session-file (expand-file-name "session" (getenv "HOME"))
             lsp-enable-file-watchers nil lsp-restart 'ignore lsp-warn-no-matched-clients nil
             lsp-enabled-clients '(codesearch) lsp-response-timeout codesearch-timeout)
       (unless (gethash 'codesearch lsp-clients)
         (codesearch-lsp-mode-register))
       (lsp-workspace-folders-add (cs-env "ROOT"))
       (lsp)
       (with-timeout (codesearch-timeout (error "lsp-mode has no workspace"))
         (while (not (and (lsp-workspaces)
                          (eq 'initialized (lsp--workspace-status (car (lsp-workspaces))))))
           (accept-process-output nil 0.05))))
     (should (codesearch--lsp-workspace)))))

(defun cs-here ()
  (format "%s:%d" buffer-file-name (line-number-at-pos)))

(defun cs-jump-to-first ()
  "Go to the first entry of the *xref* buffer."
  (with-current-buffer "*xref*"
    (goto-char (point-min))
    (xref-next-line)
    (xref-goto-xref))
  (set-buffer (window-buffer (selected-window))))

(ert-deftest cs-query ()
  "By meaning; the right function on top; jump to its line."
  (cs-open (cs-env "OTHER_PATH"))
  (codesearch (cs-env "QUERY"))
  (cs-jump-to-first)
  (should (equal (cs-here) (format "%s:%s" (cs-env "ANSWER_PATH") (cs-env "ANSWER_LINE"))))
  (should (equal (thing-at-point 'symbol t) (cs-env "ANSWER_NAME"))))

(ert-deftest cs-choose ()
  "With `completing-read'; the right function is offered first."
  (cs-open (cs-env "OTHER_PATH"))
  (let ((codesearch-display 'completing-read) offered)
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt table &rest _) (setq offered (car (all-completions "" table))))))
      (codesearch (cs-env "QUERY")))
    (should (string-search (concat "def " (cs-env "ANSWER_NAME") "(") offered))
    (should (equal (cs-here) (format "%s:%s" (cs-env "ANSWER_PATH") (cs-env "ANSWER_LINE"))))))

(ert-deftest cs-similar ()
  (cs-open (cs-env "SIMILAR_PATH"))
  (goto-char (point-min))
  (forward-line (cs-line "SIMILAR_LINE"))
  (codesearch-similar-at-point)
  (cs-jump-to-first)
  (beginning-of-line)
  (should (looking-at " *def quote\\_>"))
  (should-not (equal (cs-here) (format "%s:%s" (cs-env "SIMILAR_PATH") (cs-env "SIMILAR_LINE")))))

(defun cs-unsaved-names ()
  "Return the names found for the unsaved function's query."
  (mapcar (lambda (hit) (plist-get hit :name)) (codesearch--query (cs-env "UNSAVED_QUERY"))))

(defun cs-wait (what condition)
  (with-timeout (codesearch-timeout (error "Timed out waiting for %s" what))
    (while (not (funcall condition))
      (sleep-for 0.1))))

(ert-deftest cs-unsaved ()
  "What was typed and not saved is found; reverted, it is not."
  (cs-open (cs-env "OTHER_PATH"))
  (let ((buffer (current-buffer)) line)
    (should-not (member "boiling_point_in_america" (cs-unsaved-names)))
    (goto-char (point-max))
    (setq line (1+ (line-number-at-pos)))
    (insert (cs-env "UNSAVED_CODE") "\n")
    ;; The server reads a buffer again when typing has paused.
    (cs-wait "what was typed" (lambda () (equal (car (cs-unsaved-names)) "boiling_point_in_america")))
    (codesearch (cs-env "UNSAVED_QUERY"))
    (cs-jump-to-first)
    (should (eq (current-buffer) buffer))
    (should (= (line-number-at-pos) line))
    (should (buffer-modified-p))
    (revert-buffer t t)
    (cs-wait "what was taken back to go" (lambda () (not (member "boiling_point_in_america" (cs-unsaved-names)))))))

(ert-deftest cs-status ()
  (cs-open (cs-env "OTHER_PATH"))
  (let ((said (codesearch-status)))
    (should (string-match-p "\\`codesearch [0-9.]+: .* ready, [0-9]+ files, [0-9]+ symbols" said))))

(ert-deftest cs-refusal ()
  "What the server says against a query is shown."
  (cs-open (cs-env "OTHER_PATH"))
  (let ((said (should-error (codesearch--answer "codesearch/query" '(:text "anything" :filter (:languages ["klingon"]))))))
    (should (string-match-p "klingon" (error-message-string said)))))

(ert-deftest cs-unit-uri ()
  "A file name survives being a URI."
  (dolist (path '("/tmp/plain.py" "/tmp/a b#c%d/é?.py"))
    (let ((uri (codesearch--uri path)))
      (should (string-match-p "\\`file:///[!-~]+\\'" uri))
      (should (equal (codesearch--path uri) path)))))

(ert-deftest cs-unit-column ()
  "A column counts characters, whatever the server counts."
  (let ((line "/* 😀é */ function smile() {}"))
    (dolist (case '(("utf-32" . 18) ("utf-16" . 19) ("utf-8" . 22)))
      (should (= 18 (codesearch--characters line (cdr case) (car case)))))
    (should (= (length line) (codesearch--characters line 999 "utf-16")))))

(ert-deftest cs-unit-root ()
  "The folder to search: a repository before an index in it, never the home folder."
  (let* ((base (file-name-as-directory (make-temp-file "codesearch" t)))
         (project-find-functions nil)
         (process-environment (cons (concat "HOME=" base) process-environment)))
    (cl-flet ((make (path) (make-directory (expand-file-name path base) t))
              (root (path) (let ((default-directory (file-name-as-directory (expand-file-name path base))))
                             (file-relative-name (directory-file-name (codesearch-root)) base))))
      (mapc #'make '("repo/.git" "repo/kitchen/.codesearch" "indexed/.codesearch" "indexed/deep" "plain/kitchen"
                     "nested/.git" "nested/part/deep"))
      (dolist (file '("repo/kitchen/.codesearch/index.db" "indexed/.codesearch/index.db" "nested/part/.codesearch.toml"))
        (write-region "" nil (expand-file-name file base) nil 'silent))
      (should (equal (root "repo/kitchen") "repo"))
      (should (equal (root "indexed/deep") "indexed"))
      (should (equal (root "nested/part/deep") "nested/part"))
      (should (equal (root "plain/kitchen") "plain/kitchen"))
      ;; Dotfiles that are kept in git do not make the home folder a project.
      (make ".git")
      (should (equal (root "indexed/deep") "indexed")))
    (delete-directory base t)))

(ert-deftest cs-unit-options ()
  "The client is not asked to watch files, unless the user wants it."
  (should (equal (codesearch--options) '(:watch :json-false)))
  (let ((codesearch-server-options '(:limit 3)))
    (should (equal (codesearch--options) '(:limit 3 :watch :json-false))))
  (let ((codesearch-server-options '(:watch t)))
    (should (equal (codesearch--options) '(:watch t)))))

(ert-deftest cs-unit-nothing ()
  "An error says why there is no answer."
  (cl-flet ((said (answer) (error-message-string (should-error (codesearch--show "x" answer) :type 'user-error))))
    (should (equal (said '(:hits nil :complete t :message "")) "Nothing found"))
    (should (equal (said '(:hits nil :complete nil :message "")) "Still indexing; try again later"))
    (should (equal (said '(:hits nil :complete t :message "No folder")) "Codesearch: No folder"))))

(ert-deftest cs-unit-wait ()
  "A question is asked again while indexing has not begun."
  (let ((codesearch--again 0.01) (answers '((:hits nil :complete nil) (:hits nil :complete nil) (:hits (1) :complete nil))))
    (should (equal (codesearch--wait (lambda () (pop answers))) '(:hits (1) :complete nil)))
    (should (null answers))))

(ert-deftest cs-unit-plain ()
  "Answers of all clients become plists and lists."
  (let ((table (make-hash-table :test #'equal)))
    (puthash "hits" (vector (let ((hit (make-hash-table :test #'equal))) (puthash "name" "f" hit) hit)) table)
    (should (equal (codesearch--plain table) '(:hits ((:name "f"))))))
  (should (equal (codesearch--plain '(:complete :json-false :hits [(:name "f")])) '(:complete nil :hits ((:name "f"))))))

(ert-deftest cs-unit-table ()
  "Completion keeps the order of the answers."
  (let ((table (codesearch--table '("b" "a"))))
    (should (equal (all-completions "" table) '("b" "a")))
    (should (eq (completion-metadata-get (completion-metadata "" table nil) 'display-sort-function) #'identity))))

(defun codesearch-tests-run ()
  (ert-run-tests-batch-and-exit (or (cs-env "CASES") t)))

;;; emacs-tests.el ends here
