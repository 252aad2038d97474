#!/usr/bin/env bash
# Builds bin/runc from the version pinned in tools/buildkit. Where that cannot be
# built, a runc on PATH will do.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=$(awk '$1 == "github.com/opencontainers/runc" && NF > 1 {print $2}' tools/buildkit/go.mod)
if [[ -x bin/runc && $(go version -m bin/runc | awk '$1 == "mod" {print $3}') == "$wanted" ]]; then
	exit 0
fi
scripts/need.sh runc
if command -v gcc >/dev/null && pkg-config --exists libseccomp 2>/dev/null; then
	echo "runc: building $wanted" >&2
	mkdir -p bin
	if (cd tools/buildkit && CGO_ENABLED=1 go build -trimpath -tags 'seccomp netgo osusergo' \
		-ldflags '-s -w -extldflags -static' -o ../../bin/runc github.com/opencontainers/runc); then
		exit 0
	fi
fi
if found=$(command -v runc); then
	echo "runc: could not build the pinned version; using $found" >&2
	exit 0
fi
echo "runc: there is no OCI runtime. Jobs cannot run here; everything else works." >&2
echo "runc: to mend it: apt-get install gcc pkg-config libseccomp-dev, or apt-get install runc" >&2
