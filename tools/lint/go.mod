module github.com/dagger/dagger-lsp/tools/lint

go 1.26.8
