#!/usr/bin/env bash
# Shows that the linter's import rules fire, each on the file that breaks it and
# on no other: globs that match nothing are silent. The tree is the one on which
# imports_test.go proves its own rules.
set -euo pipefail
cd "$(dirname "$0")/.."
repo=$PWD
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

go run github.com/rogpeppe/go-internal/cmd/txtar-x -C "$tree" testdata/imports/violations.txtar
cd "$tree"

# Other modules as empty stand-ins, so that the tree loads without a network.
stub() { # MODULE PACKAGE...
	local module=$1 dir=stubs/${1//\//_} p
	shift
	mkdir -p "$dir"
	printf 'module %s\n\ngo 1.26\n' "$module" > "$dir/go.mod"
	for p in "$@"; do
		mkdir -p "$dir/$p"
		printf 'package stub\n' > "$dir/$p/stub.go"
	done
	mods+=$(printf 'require %s v0.0.0\nreplace %s => ./%s\n_' "$module" "$module" "$dir")
	mods=${mods%_}
}
mods=''
stub github.com/moby/buildkit client client/llb
stub github.com/spf13/cobra .
stub github.com/adrg/xdg .
printf 'module github.com/dagger/dagger-lsp\n\ngo 1.26\n\n%s' "$mods" > go.mod

cp "$repo/.golangci.yml" .
"$repo/bin/golangci-lint" run --enable-only depguard,forbidigo \
	--output.json.path findings.json --show-stats=false ./... >/dev/null 2>lint.log || true
bad=0
while read -r file; do
	fired=no
	grep -q "\"Filename\":\"$file\"" findings.json && fired=yes
	wanted=no
	grep -q '// want ' "$file" && wanted=yes
	[[ $fired == "$wanted" ]] || { echo "lint-fires: $file: wanted a finding: $wanted, got one: $fired"; bad=1; }
done < <(find runtime analysis engine lsp cmd -name '*.go' | sort)
[[ $bad == 0 ]] && exit 0
cat lint.log findings.json
exit 1
