#!/bin/sh
# Renders each case and compares. The report goes into the result, so that
# whoever copies it depends on the tests having passed.
set -u
passed=0 failed=0
for page in /test/cases/*.md; do
	want=${page%.md}.html
	if awk -f /opt/mdsite/render.awk "$page" | diff - "$want" >/tmp/diff 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $(basename "$page")" >&2
		cat /tmp/diff >&2
	fi
done
echo "$passed passed, $failed failed" | tee /report
[ "$failed" = 0 ]
