;;; codesearch.el --- Find code by meaning  -*- lexical-binding: t; -*-

;; Author: The codesearch authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: tools, matching, convenience
;; URL: https://example.invalid/codesearch
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Ask for code in plain words and go to the function:
;;
;;   M-x codesearch RET where are failed uploads retried RET
;;
;; Everything stays on this machine: the answers come from the command
;; `codesearch lsp', which must be installed.
;;
;;   M-x codesearch                    as you type when consult is installed,
;;                                     else a question, answered in *xref*
;;   M-x codesearch-similar-at-point   code like the function around point
;;   M-x codesearch-status             what is indexed
;;   M-x codesearch-reindex            bring the index up to date
;;
;; The server runs beside the language's own.  Which connection carries the
;; questions is `codesearch-backend': Eglot or lsp-mode where they run the
;; server for the current buffer, else a connection of this package, which
;; needs neither.  In all three, text that is not saved yet counts.
;;
;; Installation:
;;
;;   (require 'codesearch)
;;   (global-set-key (kbd "M-s c") #'codesearch)
;;   (global-set-key (kbd "M-s s") #'codesearch-similar-at-point)
;;
;; With lsp-mode, to run the server beside the language's own one:
;;
;;   (with-eval-after-load 'lsp-mode (codesearch-lsp-mode-register))
;;
;; With Eglot, which runs one server for a mode, for modes that have none:
;;
;;   (with-eval-after-load 'eglot (codesearch-eglot-register 'perl-mode))

;;; Code:

(require 'cl-lib)
(require 'jsonrpc)
(require 'project)
(require 'seq)
(require 'subr-x)
(require 'url-parse)
(require 'url-util)
(require 'xref)

(defgroup codesearch nil
  "Find code by meaning."
  :group 'tools
  :prefix "codesearch-")

(defcustom codesearch-command '("codesearch" "lsp")
  "The command that starts the language server, as a list of strings."
  :type '(repeat string))

(defcustom codesearch-server-options nil
  "Options of the server, a plist such as (:watch :json-false).
They are listed in the server's documentation, docs/lsp.md."
  :type 'plist)

(defcustom codesearch-limit 50
  "How many answers to ask for."
  :type 'natnum)

(defcustom codesearch-backend 'auto
  "Which connection to the server carries the questions.
`auto' takes Eglot's or lsp-mode's where they run the server for the
current buffer, else one that this package starts."
  :type '(choice (const :tag "Whichever runs the server" auto)
                 (const :tag "Eglot" eglot)
                 (const :tag "lsp-mode" lsp-mode)
                 (const :tag "A connection of its own" own)))

(defcustom codesearch-use-consult t
  "Whether to ask while you type, with a preview, when consult is installed."
  :type 'boolean)

(defcustom codesearch-display 'xref
  "How answers are shown where consult is not used."
  :type '(choice (const :tag "In an *xref* buffer" xref)
                 (const :tag "With `completing-read'" completing-read)))

(defcustom codesearch-root-markers '(".codesearch/index.db" ".codesearch.toml" ".git" ".hg" ".jj")
  "What marks the folder to search: the nearest one above that holds one."
  :type '(repeat string))

(defcustom codesearch-timeout 30
  "Seconds to wait for an answer.
The first question of a large folder is answered from what is indexed."
  :type 'natnum)

(defface codesearch-file '((t :inherit compilation-info))
  "Face of file names.")

(defface codesearch-line '((t :inherit compilation-line-number))
  "Face of line numbers.")

(defvar codesearch-history nil
  "Questions asked.")

(defvar eglot-server-programs)
(defvar lsp--cur-workspace)
(declare-function eglot-current-server "ext:eglot")
(declare-function eglot--capabilities "ext:eglot")
(declare-function lsp-find-workspace "ext:lsp-mode")
(declare-function lsp-request "ext:lsp-mode")
(declare-function lsp-register-client "ext:lsp-mode")
(declare-function make-lsp-client "ext:lsp-mode")
(declare-function lsp-stdio-connection "ext:lsp-mode")
(declare-function consult--read "ext:consult")
(declare-function consult--dynamic-collection "ext:consult")
(declare-function consult--async-split-initial "ext:consult")
(declare-function consult--temporary-files "ext:consult")
(declare-function consult--jump-state "ext:consult")

;;; Places and folders

(defun codesearch--path (uri)
  "Return the file name of the file URI."
  (let ((path (decode-coding-string (url-unhex-string (url-filename (url-generic-parse-url uri))) 'utf-8)))
    (if (and (eq system-type 'windows-nt) (string-match-p "\\`/[A-Za-z]:" path))
        (substring path 1)
      path)))

(defun codesearch--uri (file)
  "Return the file URI of FILE."
  (let ((path (expand-file-name file)))
    (concat "file://" (if (string-prefix-p "/" path) "" "/")
            (url-hexify-string (encode-coding-string path 'utf-8)
                               (url--allowed-chars (cons ?/ (cons ?: url-unreserved-chars)))))))

(defun codesearch-root ()
  "Return the folder to search from the current buffer.
It is the nearest one above that holds a marker, else the project's,
else the current one."
  (let ((found (locate-dominating-file
                default-directory
                (lambda (folder)
                  (seq-some (lambda (marker) (file-exists-p (expand-file-name marker folder)))
                            codesearch-root-markers))))
        (project (project-current)))
    (expand-file-name
     (cond (found)
           ((null project) default-directory)
           ((fboundp 'project-root) (project-root project))
           (t default-directory)))))

;;; Connections

(defvar codesearch--connections (make-hash-table :test #'equal)
  "Connections of this package, by root.")

(defun codesearch--plain (value)
  "Return VALUE, an answer in any of the clients' forms, as plists and lists."
  (cond ((hash-table-p value)
         (let (plist)
           (maphash (lambda (key item)
                      (setq plist (nconc (list (intern (format ":%s" key)) (codesearch--plain item)) plist)))
                    value)
           plist))
        ((vectorp value) (mapcar #'codesearch--plain value))
        ((memq value '(:json-false :json-null)) nil)
        ((consp value) (mapcar #'codesearch--plain value))
        (t value)))

(defun codesearch--eglot-server ()
  "Return Eglot's connection to our server for this buffer, or nil."
  (when-let* ((server (and (fboundp 'eglot-current-server) (eglot-current-server)))
              (experimental (plist-get (eglot--capabilities server) :experimental)))
    (and (plist-member experimental :codesearch) server)))

(defun codesearch--lsp-workspace ()
  "Return the workspace of our server that lsp-mode has here, or nil."
  (and (bound-and-true-p lsp-mode) buffer-file-name
       (lsp-find-workspace 'codesearch buffer-file-name)))

(defun codesearch--request (method params)
  "Send METHOD, a string, with PARAMS, a plist; wait and return the answer.
Signal a `user-error' with what the server says when it refuses."
  (let ((eglot (and (memq codesearch-backend '(auto eglot)) (codesearch--eglot-server)))
        (workspace (and (memq codesearch-backend '(auto lsp-mode)) (codesearch--lsp-workspace))))
    (codesearch--plain
     (cond (eglot
            ;; `:deferred' lets Eglot send what was typed since.
            (codesearch--jsonrpc eglot method params :deferred (intern (concat ":" method))))
           (workspace
            (let ((lsp--cur-workspace workspace))
              (lsp-request method params)))
           ((memq codesearch-backend '(auto own))
            (let ((connection (codesearch--connection (codesearch-root))))
              (codesearch--sync connection)
              (codesearch--jsonrpc connection method params)))
           (t
            (user-error "The server codesearch is not run by %s for this buffer" codesearch-backend))))))

(defun codesearch--jsonrpc (connection method params &rest options)
  "Ask CONNECTION for METHOD with PARAMS and OPTIONS of `jsonrpc-request'."
  (condition-case problem
      (apply #'jsonrpc-request connection (intern (concat ":" method)) params
             :timeout codesearch-timeout options)
    (jsonrpc-error
     (user-error "Codesearch: %s" (or (alist-get 'jsonrpc-error-message (cdr-safe (cdr problem)))
                                      (error-message-string problem))))))

(defclass codesearch-connection (jsonrpc-process-connection)
  ((root :initarg :root :documentation "The folder that is searched.")
   (documents :initform (make-hash-table :test #'equal)
              :documentation "By URI: (VERSION . TICK) of the text that the server has."))
  :documentation "A connection to a language server that this package started.")

(defun codesearch--connection (root)
  "Return the connection for ROOT; start it if there is none."
  (let ((connection (gethash root codesearch--connections)))
    (if (and connection (jsonrpc-running-p connection))
        connection
      (puthash root (codesearch--start root) codesearch--connections))))

(defun codesearch--start (root)
  "Start a server for ROOT and return the connection."
  (unless (executable-find (car codesearch-command))
    (user-error "There is no command %s; install codesearch, or set `codesearch-command'" (car codesearch-command)))
  (let* ((default-directory root)
         (name (format "codesearch %s" (file-name-nondirectory (directory-file-name root))))
         (connection
          (make-instance 'codesearch-connection
                         :name name
                         :root root
                         :events-buffer-scrollback-size 0
                         :request-dispatcher #'codesearch--serve
                         :process (lambda ()
                                    (make-process :name name
                                                  :command codesearch-command
                                                  :connection-type 'pipe
                                                  :coding 'utf-8-emacs-unix
                                                  :noquery t
                                                  :stderr (get-buffer-create (format " *%s stderr*" name)))))))
    (condition-case problem
        (progn
          (jsonrpc-request
           connection :initialize
           (list :processId (emacs-pid)
                 :clientInfo (list :name "Emacs codesearch.el" :version emacs-version)
                 :rootUri (codesearch--uri (directory-file-name root))
                 :workspaceFolders
                 (vector (list :uri (codesearch--uri (directory-file-name root))
                               :name (file-name-nondirectory (directory-file-name root))))
                 ;; Positions count characters, as columns do in Emacs.
                 :capabilities '(:general (:positionEncodings ["utf-32"])
                                 :workspace (:workspaceFolders t))
                 :initializationOptions (or codesearch-server-options (make-hash-table)))
           :timeout codesearch-timeout)
          (jsonrpc-notify connection :initialized (make-hash-table)))
      (error
       (ignore-errors (jsonrpc-shutdown connection))
       (user-error "The server codesearch did not start: %s" (error-message-string problem))))
    connection))

(defun codesearch--serve (_connection method _params)
  "Answer METHOD, a request of the server; there is none that is needed."
  (pcase method
    ('workspace/configuration [nil])
    (_ nil)))

(defun codesearch--sync (connection)
  "Send CONNECTION the text of buffers that differ from their files.
Done before each question, so that nothing is sent while typing."
  (let ((root (oref connection root))
        (documents (oref connection documents))
        seen)
    (dolist (buffer (buffer-list))
      (let ((file (buffer-file-name buffer)))
        (when (and file (buffer-modified-p buffer) (file-in-directory-p file root))
          (with-current-buffer buffer
            (let* ((uri (codesearch--uri file))
                   (known (gethash uri documents))
                   (tick (buffer-chars-modified-tick))
                   (version (1+ (or (car known) 0))))
              (push uri seen)
              (unless (and known (eq (cdr known) tick))
                (let ((text (save-restriction (widen) (buffer-substring-no-properties (point-min) (point-max)))))
                  (if known
                      (jsonrpc-notify connection :textDocument/didChange
                                      (list :textDocument (list :uri uri :version version)
                                            :contentChanges (vector (list :text text))))
                    (jsonrpc-notify connection :textDocument/didOpen
                                    (list :textDocument
                                          (list :uri uri :version version :text text
                                                :languageId (string-remove-suffix "-mode" (symbol-name major-mode)))))))
                (puthash uri (cons version tick) documents)))))))
    ;; Saved, reverted or killed since: the file counts again.
    (dolist (uri (hash-table-keys documents))
      (unless (member uri seen)
        (remhash uri documents)
        (jsonrpc-notify connection :textDocument/didClose (list :textDocument (list :uri uri)))))))

(defun codesearch-stop ()
  "Stop the servers that this package started."
  (interactive)
  (maphash (lambda (_root connection)
             (when (jsonrpc-running-p connection)
               (ignore-errors (jsonrpc-request connection :shutdown nil :timeout 3))
               (ignore-errors (jsonrpc-notify connection :exit nil))
               (ignore-errors (jsonrpc-shutdown connection))))
           codesearch--connections)
  (clrhash codesearch--connections))

;;; Eglot and lsp-mode

;;;###autoload
(defun codesearch-eglot-register (mode &rest modes)
  "Let Eglot run the server for MODE and MODES.
Eglot runs one server for a mode: name modes that have no other."
  (require 'eglot)
  (add-to-list 'eglot-server-programs
               (cons (cons mode modes)
                     (append codesearch-command
                             (and codesearch-server-options
                                  (list :initializationOptions codesearch-server-options))))))

;;;###autoload
(defun codesearch-lsp-mode-register ()
  "Let lsp-mode run the server beside the language's own."
  (require 'lsp-mode)
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () codesearch-command))
                    :activation-fn (lambda (&rest _) (derived-mode-p 'prog-mode))
                    :initialization-options (lambda () codesearch-server-options)
                    :add-on? t
                    :priority -2
                    :server-id 'codesearch)))

;;; Answers

(defun codesearch--hits (params method)
  "Return the hits that METHOD answers to PARAMS."
  (let ((answer (codesearch--request method params)))
    (or (plist-get answer :hits)
        (progn
          (unless (string-empty-p (or (plist-get answer :message) ""))
            (message "Codesearch: %s" (plist-get answer :message)))
          nil))))

(defun codesearch--query (text)
  "Return the hits for TEXT."
  (codesearch--hits (list :text text :limit codesearch-limit) "codesearch/query"))

(defun codesearch--position (hit)
  "Return (LINE . COLUMN) of the name of HIT; the line counts from 1."
  (let ((start (plist-get (plist-get hit :selectionRange) :start)))
    (cons (1+ (plist-get start :line)) (plist-get start :character))))

(defun codesearch--said (hit)
  "Return the signature of HIT, or its kind and name, on one line."
  (let ((signature (string-trim (replace-regexp-in-string "[[:space:]\n]+" " " (or (plist-get hit :signature) "")))))
    (if (string-empty-p signature)
        (format "%s %s" (plist-get hit :kind) (plist-get hit :qualname))
      signature)))

(defun codesearch--candidate (hit)
  "Return HIT as a string that stands for it in the minibuffer."
  (let ((said (codesearch--said hit)))
    (propertize
     (concat (propertize (plist-get hit :path) 'face 'codesearch-file)
             ":" (propertize (number-to-string (car (codesearch--position hit))) 'face 'codesearch-line)
             ": "
             (if (string-search (plist-get hit :name) said) "" (concat (plist-get hit :qualname) " "))
             said)
     'codesearch-hit hit)))

(defun codesearch--hit-of (selected candidates)
  "Return the hit that SELECTED, one of CANDIDATES, stands for."
  (when-let ((found (car (member selected candidates))))
    (get-text-property 0 'codesearch-hit found)))

(defun codesearch--marker (hit &optional open)
  "Return a marker at the name of HIT; OPEN visits its file."
  (pcase-let ((`(,line . ,column) (codesearch--position hit))
              (buffer (funcall (or open #'find-file-noselect) (codesearch--path (plist-get hit :uri)))))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (save-excursion
          (save-restriction
            (widen)
            (goto-char (point-min))
            (forward-line (1- line))
            (goto-char (min (line-end-position) (+ (point) column)))
            (point-marker)))))))

(defun codesearch--goto (hit)
  "Go to the name of HIT."
  (let ((marker (codesearch--marker hit)))
    (xref-push-marker-stack)
    (pop-to-buffer-same-window (marker-buffer marker))
    (widen)
    (goto-char marker)
    (xref-pulse-momentarily)
    (run-hooks 'xref-after-jump-hook)))

(defun codesearch--xref (hit)
  "Return HIT as an xref."
  (pcase-let ((`(,line . ,column) (codesearch--position hit)))
    (xref-make (codesearch--said hit)
               (xref-make-file-location (codesearch--path (plist-get hit :uri)) line column))))

(defun codesearch--show (prompt hits)
  "Show HITS in the way of `codesearch-display', titled PROMPT."
  (cond ((null hits) (user-error "Nothing found"))
        ((codesearch--consult-p)
         (codesearch--consult-static prompt hits))
        ((eq codesearch-display 'completing-read)
         (let* ((candidates (mapcar #'codesearch--candidate hits))
                (selected (completing-read (format "%s: " prompt) (codesearch--table candidates) nil t)))
           (codesearch--goto (or (codesearch--hit-of selected candidates) (user-error "Nothing chosen")))))
        (t
         ;; Its name became public in Emacs 29.
         (funcall (if (fboundp 'xref-show-xrefs) 'xref-show-xrefs 'xref--show-xrefs)
                  (lambda () (mapcar #'codesearch--xref hits)) nil))))

(defun codesearch--table (candidates)
  "Return a completion table of CANDIDATES in their order."
  (lambda (string predicate action)
    (if (eq action 'metadata)
        '(metadata (category . codesearch) (display-sort-function . identity) (cycle-sort-function . identity))
      (complete-with-action action candidates string predicate))))

;;; Consult

(defun codesearch--consult-p ()
  "Return non-nil if consult is to be used."
  (and codesearch-use-consult (require 'consult nil t) (fboundp 'consult--dynamic-collection)))

(defun codesearch--consult-state ()
  "Return a function to preview hits and to go to the one chosen."
  (let ((open (consult--temporary-files))
        (jump (consult--jump-state)))
    (lambda (action hit)
      (unless hit
        (funcall open nil))
      (funcall jump action
               (and hit (codesearch--marker hit (and (not (eq action 'return)) open)))))))

(defun codesearch--consult-lookup (selected candidates &rest _)
  "Return the hit of SELECTED, one of CANDIDATES."
  (codesearch--hit-of selected candidates))

(defun codesearch--consult (initial)
  "Search as you type, beginning with INITIAL."
  (let ((buffer (current-buffer)))
    (consult--read
     (consult--dynamic-collection
      (lambda (input)
        ;; The minibuffer is current; the question belongs to the buffer it was asked from.
        (with-current-buffer buffer
          (mapcar #'codesearch--candidate (codesearch--query input)))))
     :prompt "Codesearch: "
     :sort nil
     :require-match t
     :category 'codesearch
     :history '(:input codesearch-history)
     :lookup #'codesearch--consult-lookup
     :state (codesearch--consult-state)
     ;; Newer consult puts the mark of an input to split there by itself.
     :initial (if (fboundp 'consult--async-split-initial)
                  (consult--async-split-initial initial)
                initial))))

(defun codesearch--consult-static (prompt hits)
  "Choose one of HITS with a preview, titled PROMPT."
  (consult--read (mapcar #'codesearch--candidate hits)
                 :prompt (format "%s: " prompt)
                 :sort nil
                 :require-match t
                 :category 'codesearch
                 :lookup #'codesearch--consult-lookup
                 :state (codesearch--consult-state)))

;;; Commands

;;;###autoload
(defun codesearch (text)
  "Find the code for what TEXT describes.
Called interactively, ask for it: while you type when consult is
installed, else in one question.  With a prefix argument, begin with
the symbol at point.  TEXT may hold filters, as in
\"retry uploads lang:go -is:test\"."
  (interactive
   (let ((initial (and current-prefix-arg (thing-at-point 'symbol t))))
     (list (if (codesearch--consult-p)
               (list initial)
             (completing-read "Codesearch: " nil nil nil initial 'codesearch-history)))))
  (cond ((listp text)
         (codesearch--consult (car text)))
        ((string-blank-p text)
         (user-error "Nothing to search for"))
        (t
         (codesearch--show (format "Codesearch %s" text) (codesearch--query (string-trim text))))))

;;;###autoload
(defun codesearch-similar-at-point ()
  "Find code like the function around point."
  (interactive)
  (unless buffer-file-name
    (user-error "This buffer is not a file"))
  (codesearch--show
   "Similar"
   (codesearch--hits (list :textDocument (list :uri (codesearch--uri buffer-file-name))
                           :position (list :line (1- (line-number-at-pos nil t)) :character 0)
                           :limit codesearch-limit)
                     "codesearch/similar")))

;;;###autoload
(defun codesearch-status ()
  "Tell what is indexed."
  (interactive)
  (let ((status (codesearch--request "codesearch/status" (make-hash-table))))
    (message "codesearch %s: %s" (plist-get status :version)
             (mapconcat (lambda (folder)
                          (format "%s %s, %d files, %d symbols%s"
                                  (plist-get folder :name) (plist-get folder :state)
                                  (plist-get folder :files) (plist-get folder :symbols)
                                  (let ((said (or (plist-get folder :message) "")))
                                    (if (string-empty-p said) "" (concat ": " said)))))
                        (plist-get status :folders) "; "))))

;;;###autoload
(defun codesearch-reindex (&optional rebuild)
  "Bring the index up to date; with a prefix argument REBUILD, from nothing."
  (interactive "P")
  (codesearch--request "codesearch/reindex" (list :rebuild (if rebuild t :json-false)))
  (message "Codesearch: reindexing"))

(provide 'codesearch)

;;; codesearch.el ends here
