;;; dagger-lsp.el --- dagger-lsp for eglot -*- lexical-binding: t -*-

;; Load this file, then M-x eglot in a CUE file, or let the hook below do it.
;; eglot shows no lenses: run a component with M-x eglot-code-actions in it.

;;; Code:

(require 'eglot)

(unless (fboundp 'cue-mode)
  (define-derived-mode cue-mode prog-mode "CUE"
    "A plain mode for CUE, where no better one is installed."
    (setq-local comment-start "// ")
    (setq-local indent-tabs-mode t))
  (add-to-list 'auto-mode-alist '("\\.cue\\'" . cue-mode)))

(add-to-list 'eglot-server-programs '(cue-mode . ("dagger-lsp" "--stdio")))
(add-hook 'cue-mode-hook #'eglot-ensure)

(provide 'dagger-lsp)
;;; dagger-lsp.el ends here
