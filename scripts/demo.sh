#!/usr/bin/env bash
# Runs the main job on examples/app in a home of its own under .cache/demo, with
# a BuildKit that has no network, and tells what it did and how long it took.
# --stop only ends what an earlier demo left.
set -euo pipefail
cd "$(dirname "$0")/.."

export DAGGER_LSP_HOME=$PWD/.cache/demo NO_COLOR=1
app=(-C examples/app)
lsp() { bin/dagger-lsp "$@"; }
stop() { [[ ! -x bin/dagger-lsp ]] || lsp daemon stop || true; }
if [[ ${1:-} == --stop ]]; then
	[[ ! -d .cache/demo ]] || stop
	exit 0
fi
trap stop EXIT

summary=()
# step WHAT COMMAND...: runs it, shows it, remembers its time.
step() {
	local what=$1 start=$EPOCHREALTIME ms
	shift
	printf '\n== %s\n$ %s\n' "$what" "dagger-lsp ${*:2}"
	if ! "$@"; then
		printf '\ndemo: this step failed. What this machine lacks:\n' >&2
		lsp doctor >&2 || true
		exit 1
	fi
	ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	summary+=("$(printf '%7d ms  %s' "$ms" "$what")")
}

stop
rm -rf .cache/demo
mkdir -p .cache/demo
printf '== set-up: the base image, from the busybox of this machine\n'
scripts/base-image.sh

step 'check: is the pipeline sound?' lsp check examples/app
step 'plan: what would `version` do?' lsp plan "${app[@]}" version
step 'graph: draw it' lsp graph "${app[@]}" -o .cache/demo/graph.svg
step 'run: start BuildKit and do it' lsp run "${app[@]}" --offline version
step 'run again: everything is cached' lsp run "${app[@]}" --offline version

printf '\n== what was done\n'
printf '%s\n' "${summary[@]}"
printf '\nThe picture is in .cache/demo/graph.svg\n'
