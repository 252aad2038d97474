#!/usr/bin/env bash
# Writes the generated files. With --check it fails where one is not current.
set -euo pipefail
cd "$(dirname "$0")/.."

# What tests hold current, their -update writes.
[[ ${1:-} == --check ]] || go test ./cmd/dagger-lsp -run '^TestCommandLineDoc$' -update >/dev/null
[[ ${1:-} == --check ]] || go test ./runtime/ops -run '^TestDocs$' -update >/dev/null
[[ ${1:-} == --check ]] || go test ./runtime/catalog -run '^TestDocs$' -update >/dev/null

picture() { bin/dagger-lsp graph -C examples/app version --format svg; }
outputs=(docs/images/graph.svg)
commands=(picture)

stale=0
for i in "${!outputs[@]}"; do
	out=${outputs[$i]}
	new=$(mktemp)
	"${commands[$i]}" > "$new"
	if [[ ${1:-} == --check ]]; then
		cmp -s "$new" "$out" || { echo "$out is stale: run make generate" >&2; stale=1; }
		rm -f "$new"
	else
		mkdir -p "$(dirname "$out")"
		mv "$new" "$out"
		chmod 644 "$out"
	fi
done
exit "$stale"
