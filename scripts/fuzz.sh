#!/usr/bin/env bash
# fuzz.sh TIME: runs every fuzz target for TIME.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?usage: fuzz.sh TIME}

count=0
while IFS=: read -r file name; do
	echo "fuzz: $name in $(dirname "$file"), $time"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 20x "./$(dirname "$file")"
	count=$((count + 1))
done < <(git ls-files '*_test.go' | xargs grep -oE '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func /:/')
echo "fuzz: $count targets"
