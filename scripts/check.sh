#!/usr/bin/env bash
# The gates, cheap ones first, each with its time. The tests come last, so that
# their summary closes the output. All gates run even if one fails.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
gate() {
	local name=$1 start=$SECONDS
	shift
	printf '\n== %s\n' "$name"
	if "$@"; then
		printf 'ok: %s (%d s)\n' "$name" $((SECONDS - start))
	else
		printf 'FAILED: %s (%d s)\n' "$name" $((SECONDS - start))
		failed+=("$name")
	fi
}

# The database of known vulnerabilities is not reachable everywhere.
vulnerabilities() {
	command -v govulncheck >/dev/null || { echo 'SKIPPED: govulncheck is not installed; it needs the network, run it where there is one'; return 0; }
	govulncheck ./...
}

# Jobs need Linux; editing and checking do not.
other_systems() {
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build -o /dev/null ./cmd/dagger-lsp &&
		CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build -o /dev/null ./cmd/dagger-lsp
}

gate 'go.mod is tidy' go mod tidy -diff
gate 'build' make --no-print-directory build
gate 'vet' go vet ./...
gate 'macOS and Windows build' other_systems
gate 'lint' make --no-print-directory lint
gate 'dead code' make --no-print-directory deadcode
gate 'generated files' make --no-print-directory generate-check
gate 'known vulnerabilities' vulnerabilities
gate 'demo' make --no-print-directory demo
gate 'race detector' make --no-print-directory race
gate 'fuzz smoke' make --no-print-directory fuzz
gate 'tests' make --no-print-directory test

if [[ ${#failed[@]} -gt 0 ]]; then
	printf '\nfailed gates:\n'
	printf '  %s\n' "${failed[@]}"
	exit 1
fi
