;;; codesearch.el --- Find code by meaning  -*- lexical-binding: t; -*-

;; Author: The codesearch authors
;; Version: 0.2.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: tools, matching, convenience
;; URL: https://example.invalid/codesearch
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Describe what code does in plain words, and go to the function:
;;
;;   M-x codesearch RET where are failed uploads retried RET
;;
;; Everything stays on this machine: the answers come from the command
;; `codesearch lsp', which must be installed.
;;
;;   M-x codesearch                    search as you type with consult;
;;                                     otherwise ask once, and show the
;;                                     answers in *xref*
;;   M-x codesearch-similar-at-point   code similar to the function at point
;;   M-x codesearch-status             the status of the index
;;   M-x codesearch-reindex            update the index
;;
;; The server runs beside the language's own server.  The package talks to it
;; through Eglot or lsp-mode if they run it for the current buffer, or else
;; through a connection of its own, which needs neither; see
;; `codesearch-backend'.  All three include unsaved changes.
;;
;; Installation:
;;
;;   (require 'codesearch)
;;   (global-set-key (kbd "M-s c") #'codesearch)
;;   (global-set-key (kbd "M-s s") #'codesearch-similar-at-point)
;;
;; To run the server with lsp-mode, beside the language's own server:
;;
;;   (with-eval-after-load 'lsp-mode (codesearch-lsp-mode-register))
;;
;; To run it with Eglot, which runs one server per mode, for modes without one:
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
  "Options of the server, a plist such as (:limit 20 :unsaved :json-false).
They are listed in the server's documentation, docs/lsp.md.
Unless you set it here, `:watch' is false: the server watches the
folders itself, and lsp-mode would ask whether it may watch them too."
  :type 'plist)

(defcustom codesearch-limit 50
  "The maximum number of answers."
  :type 'natnum)

(defcustom codesearch-backend 'auto
  "The connection to the server.
`auto' uses that of Eglot or lsp-mode if they run the server for the
current buffer, or else one that this package starts."
  :type '(choice (const :tag "The one that runs the server" auto)
                 (const :tag "Eglot" eglot)
                 (const :tag "lsp-mode" lsp-mode)
                 (const :tag "A separate connection" own)))

(defcustom codesearch-use-consult t
  "Whether to search as you type, with a preview, if consult is installed."
  :type 'boolean)

(defcustom codesearch-display 'xref
  "How to show the answers without consult."
  :type '(choice (const :tag "In an *xref* buffer" xref)
                 (const :tag "With `completing-read'" completing-read)))

(defcustom codesearch-root-markers '(".codesearch/index.db" ".codesearch.toml" ".git" ".hg" ".jj")
  "The names that mark the folder to search: the nearest one above with one.
An index counts only if none of the others is found."
  :type '(repeat string))

(defcustom codesearch-timeout 30
  "Seconds to wait for an answer.
While a large folder is being indexed for the first time, answers come
from the part that is already indexed."
  :type 'natnum)

(defface codesearch-file '((t :inherit compilation-info))
  "Face of file names.")

(defface codesearch-line '((t :inherit compilation-line-number))
  "Face of line numbers.")

(defvar codesearch-history nil
  "The history of questions.")

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

(defconst codesearch--index ".codesearch/index.db"
  "The index in a folder, relative to it.")

(defun codesearch--nearest (markers)
  "Return the nearest folder above with one of MARKERS, or nil."
  (locate-dominating-file
   default-directory
   (lambda (folder)
     (seq-some (lambda (marker) (file-exists-p (expand-file-name marker folder))) markers))))

(defun codesearch--too-large-p (folder)
  "Return non-nil if FOLDER is the home folder or a whole disk."
  (or (file-equal-p folder "~")
      (string= (expand-file-name folder) (expand-file-name ".." folder))))

(defun codesearch-root ()
  "Return the folder to search from the current buffer.
It is the nearest one above that contains a marker, or else the
project's, or else the current one."
  ;; Without the repository around it, an index in a subfolder would hide the
  ;; rest of the repository.
  (let ((found (codesearch--nearest (remove codesearch--index codesearch-root-markers)))
        (indexed (and (member codesearch--index codesearch-root-markers)
                      (codesearch--nearest (list codesearch--index))))
        (project (project-current)))
    (when (and found (codesearch--too-large-p found))
      (setq found nil))
    (expand-file-name
     (cond (found)
           (indexed)
           ((null project) default-directory)
           ((fboundp 'project-root) (project-root project))
           (t default-directory)))))

;;; Connections

(defvar codesearch--connections (make-hash-table :test #'equal)
  "The connections of this package, by root.")

(defun codesearch--plain (value)
  "Return VALUE, an answer from any of the clients, as plists and lists."
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
  "Return Eglot's connection to the server for this buffer, or nil."
  (when-let* ((server (and (fboundp 'eglot-current-server) (eglot-current-server)))
              (experimental (plist-get (eglot--capabilities server) :experimental)))
    (and (plist-member experimental :codesearch) server)))

(defun codesearch--lsp-workspace ()
  "Return lsp-mode's workspace of the server for this buffer, or nil."
  (and (bound-and-true-p lsp-mode) buffer-file-name
       (lsp-find-workspace 'codesearch buffer-file-name)))

(defun codesearch--request (method params)
  "Send METHOD, a string, with PARAMS, a plist; wait, and return the answer.
Signal a `user-error' with the server's message if it refuses."
  (let ((eglot (and (memq codesearch-backend '(auto eglot)) (codesearch--eglot-server)))
        (workspace (and (memq codesearch-backend '(auto lsp-mode)) (codesearch--lsp-workspace))))
    (codesearch--plain
     (cond (eglot
            ;; With `:deferred', Eglot first sends pending changes.
            (codesearch--jsonrpc eglot method params :deferred (intern (concat ":" method))))
           (workspace
            (let ((lsp--cur-workspace workspace))
              (lsp-request method params)))
           ((memq codesearch-backend '(auto own))
            (let ((connection (codesearch--connection (codesearch-root))))
              (codesearch--sync connection)
              (codesearch--jsonrpc connection method params)))
           (t
            (user-error "%s does not run the codesearch server for this buffer" codesearch-backend))))))

(defun codesearch--jsonrpc (connection method params &rest options)
  "Send METHOD with PARAMS to CONNECTION; OPTIONS are those of `jsonrpc-request'."
  (condition-case problem
      (apply #'jsonrpc-request connection (intern (concat ":" method)) params
             :timeout codesearch-timeout options)
    (jsonrpc-error
     (user-error "Codesearch: %s" (or (alist-get 'jsonrpc-error-message (cdr-safe (cdr problem)))
                                      (error-message-string problem))))))

(defclass codesearch-connection (jsonrpc-process-connection)
  ((root :initarg :root :documentation "The folder to search.")
   (documents :initform (make-hash-table :test #'equal)
              :documentation "The documents sent to the server: by URI, (VERSION . TICK)."))
  :documentation "A connection to a language server that this package started.")

(defun codesearch--connection (root)
  "Return the connection for ROOT; start a server if there is none."
  (let ((connection (gethash root codesearch--connections)))
    (if (and connection (jsonrpc-running-p connection))
        connection
      (puthash root (codesearch--start root) codesearch--connections))))

(defun codesearch--options ()
  "Return the options of the server."
  (if (plist-member codesearch-server-options :watch)
      codesearch-server-options
    (append codesearch-server-options '(:watch :json-false))))

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
                 :initializationOptions (codesearch--options))
           :timeout codesearch-timeout)
          (jsonrpc-notify connection :initialized (make-hash-table)))
      (error
       (ignore-errors (jsonrpc-shutdown connection))
       (user-error "The codesearch server did not start: %s" (error-message-string problem))))
    connection))

(defun codesearch--serve (_connection method _params)
  "Answer METHOD, a request from the server; none needs a real answer."
  (pcase method
    ('workspace/configuration [nil])
    (_ nil)))

(defun codesearch--sync (connection)
  "Send the text of modified buffers to CONNECTION.
This is done before each question, so that typing sends nothing."
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
    ;; Buffers that have been saved, reverted or killed: the file counts again.
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
Eglot runs one server per mode, so choose modes without another one."
  (require 'eglot)
  (add-to-list 'eglot-server-programs
               (cons (cons mode modes)
                     (append codesearch-command
                             (list :initializationOptions (codesearch--options))))))

;;;###autoload
(defun codesearch-lsp-mode-register ()
  "Let lsp-mode run the server beside the language's own server."
  (require 'lsp-mode)
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () codesearch-command))
                    :activation-fn (lambda (&rest _) (derived-mode-p 'prog-mode))
                    :initialization-options #'codesearch--options
                    :add-on? t
                    :priority -2
                    :server-id 'codesearch)))

;;; Answers

(defconst codesearch--again 0.4
  "Seconds until a question is asked again if its folder is being indexed.")

(defun codesearch--answer (method params)
  "Return the answer to METHOD with PARAMS.
Each hit gets `:units', the name of the encoding that its positions
count in."
  (let* ((units (codesearch--units))
         (answer (codesearch--request method params)))
    (plist-put answer :hits (mapcar (lambda (hit) (append hit (list :units units))) (plist-get answer :hits)))))

(defun codesearch--query-answer (text)
  "Return the answer to TEXT."
  (codesearch--answer "codesearch/query" (list :text text :limit codesearch-limit)))

(defun codesearch--query (text)
  "Return the hits for TEXT."
  (plist-get (codesearch--query-answer text) :hits))

(defun codesearch--wait (ask)
  "Return the answer of the function ASK; repeat it while there is none yet.
A folder that is being indexed may have no answers at first."
  (let ((end (+ (float-time) codesearch-timeout))
        (answer (funcall ask)))
    (while (and (null (plist-get answer :hits))
                (null (plist-get answer :complete))
                (< (float-time) end))
      (message "Codesearch: still indexing...")
      (sleep-for codesearch--again)
      (setq answer (funcall ask)))
    answer))

(defun codesearch--units ()
  "Return the encoding that the positions of the next answer count in."
  (let ((eglot (and (memq codesearch-backend '(auto eglot)) (codesearch--eglot-server))))
    (cond (eglot (or (plist-get (eglot--capabilities eglot) :positionEncoding) "utf-16"))
          ((and (memq codesearch-backend '(auto lsp-mode)) (codesearch--lsp-workspace)) "utf-16")
          (t "utf-32"))))

(defun codesearch--position (hit)
  "Return (LINE . COLUMN) of the name of HIT.
The line counts from 1, the column in the units of the answer."
  (let ((start (plist-get (plist-get hit :selectionRange) :start)))
    (cons (1+ (plist-get start :line)) (plist-get start :character))))

(defun codesearch--characters (line column units)
  "Return COLUMN of the text LINE, which counts in UNITS, in characters."
  (if (equal units "utf-32")
      (min column (length line))
    (let ((count 0) (at 0))
      (while (and (< at (length line)) (< count column))
        (setq count (+ count (cond ((equal units "utf-8") (string-bytes (substring line at (1+ at))))
                                   ((> (aref line at) #xffff) 2)
                                   (t 1)))
              at (1+ at)))
      at)))

(defun codesearch--column (hit)
  "Return the column of the name of HIT in characters.
Reads its file, unless that is not needed."
  (pcase-let* ((`(,line . ,column) (codesearch--position hit))
               (units (plist-get hit :units))
               (file (codesearch--path (plist-get hit :uri)))
               (visited (get-file-buffer file)))
    (if (or (zerop column) (equal units "utf-32"))
        column
      (with-temp-buffer
        (cond (visited (insert-buffer-substring-no-properties visited))
              ((file-readable-p file) (insert-file-contents file)))
        (goto-char (point-min))
        (forward-line (1- line))
        (codesearch--characters (buffer-substring (point) (line-end-position)) column units)))))

(defun codesearch--said (hit)
  "Return the signature of HIT, or its kind and name, on one line."
  (let ((signature (string-trim (replace-regexp-in-string "[[:space:]\n]+" " " (or (plist-get hit :signature) "")))))
    (if (string-empty-p signature)
        (format "%s %s" (plist-get hit :kind) (plist-get hit :qualname))
      signature)))

(defun codesearch--candidate (hit)
  "Return HIT as a string for the minibuffer."
  (let ((said (codesearch--said hit)))
    (propertize
     (concat (propertize (plist-get hit :path) 'face 'codesearch-file)
             ":" (propertize (number-to-string (car (codesearch--position hit))) 'face 'codesearch-line)
             ": "
             (if (string-search (plist-get hit :name) said) "" (concat (plist-get hit :qualname) " "))
             said)
     'codesearch-hit hit)))

(defun codesearch--hit-of (selected candidates)
  "Return the hit of SELECTED, one of CANDIDATES."
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
            (forward-char (codesearch--characters
                           (buffer-substring-no-properties (point) (line-end-position))
                           column (plist-get hit :units)))
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
  (xref-make (codesearch--said hit)
             (xref-make-file-location (codesearch--path (plist-get hit :uri))
                                      (car (codesearch--position hit)) (codesearch--column hit))))

(defun codesearch--nothing (answer)
  "Signal a `user-error' with the reason why ANSWER is empty."
  (let ((said (or (plist-get answer :message) "")))
    (user-error "%s" (cond ((not (string-empty-p said)) (concat "Codesearch: " said))
                           ((plist-get answer :complete) "Nothing found")
                           (t "Still indexing; try again later")))))

(defun codesearch--show (prompt answer)
  "Show the hits of ANSWER according to `codesearch-display', titled PROMPT."
  (codesearch--show-hits prompt (or (plist-get answer :hits) (codesearch--nothing answer))))

(defun codesearch--show-hits (prompt hits)
  "Show HITS according to `codesearch-display', titled PROMPT."
  (cond ((codesearch--consult-p)
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
  "Return non-nil if consult should be used."
  (and codesearch-use-consult (require 'consult nil t) (fboundp 'consult--dynamic-collection)))

(defun codesearch--consult-state ()
  "Return the state function of consult: preview hits, and visit the chosen one."
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
  "Search as the user types, starting with INITIAL."
  (let ((buffer (current-buffer)))
    (consult--read
     (consult--dynamic-collection
      (lambda (input)
        ;; The minibuffer is current, but the question is about the user's buffer.
        (with-current-buffer buffer
          (mapcar #'codesearch--candidate (codesearch--query input)))))
     :prompt "Codesearch: "
     :sort nil
     :require-match t
     :category 'codesearch
     :history '(:input codesearch-history)
     :lookup #'codesearch--consult-lookup
     :state (codesearch--consult-state)
     ;; Newer versions of consult add the separator themselves.
     :initial (if (fboundp 'consult--async-split-initial)
                  (consult--async-split-initial initial)
                initial))))

(defun codesearch--consult-static (prompt hits)
  "Let the user choose one of HITS with a preview, titled PROMPT."
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
  "Find the code that TEXT describes.
Interactively, search as you type if consult is installed; otherwise,
ask once.  With a prefix argument, start with the symbol at point.
TEXT may contain filters, as in \"retry uploads lang:go -is:test\"."
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
         (codesearch--show (format "Codesearch %s" text)
                           (codesearch--wait (lambda () (codesearch--query-answer (string-trim text))))))))

;;;###autoload
(defun codesearch-similar-at-point ()
  "Find code similar to the function at point."
  (interactive)
  (unless buffer-file-name
    (user-error "This buffer has no file"))
  (codesearch--show
   "Similar"
   (codesearch--answer "codesearch/similar"
                       (list :textDocument (list :uri (codesearch--uri buffer-file-name))
                             :position (list :line (1- (line-number-at-pos nil t)) :character 0)
                             :limit codesearch-limit))))

(defun codesearch--count (number noun)
  "Return NUMBER and NOUN, in the plural if need be."
  (format "%d %s%s" number noun (if (= number 1) "" "s")))

;;;###autoload
(defun codesearch-status ()
  "Show the status of the index."
  (interactive)
  (let ((status (codesearch--request "codesearch/status" (make-hash-table))))
    (message "codesearch %s: %s" (plist-get status :version)
             (mapconcat (lambda (folder)
                          (format "%s %s, %s, %s%s"
                                  (plist-get folder :name) (plist-get folder :state)
                                  (codesearch--count (plist-get folder :files) "file")
                                  (codesearch--count (plist-get folder :symbols) "symbol")
                                  (let ((said (or (plist-get folder :message) "")))
                                    (if (string-empty-p said) "" (concat ": " said)))))
                        (plist-get status :folders) "; "))))

;;;###autoload
(defun codesearch-reindex (&optional rebuild)
  "Update the index; with a prefix argument REBUILD, rebuild it from scratch."
  (interactive "P")
  (codesearch--request "codesearch/reindex" (list :rebuild (if rebuild t :json-false)))
  (message "Codesearch: updating the index"))

(provide 'codesearch)

;;; codesearch.el ends here
