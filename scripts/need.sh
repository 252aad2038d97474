#!/usr/bin/env bash
# need.sh FOR: installs the Debian packages that FOR (demo, test, race, runc)
# needs and that are missing. Where it cannot, it says which and goes on: what
# really needs them fails with its own words.
set -euo pipefail

# command:package
case "${1:-}" in
demo) wanted=(busybox:busybox-static) ;;
test) wanted=(busybox:busybox-static nvim:neovim curl:curl git:git npm:npm) ;;
race) wanted=(busybox:busybox-static nvim:neovim gcc:gcc) ;;
runc) wanted=(gcc:gcc pkg-config:pkg-config) ;;
*) echo "usage: need.sh demo|test|race|runc" >&2; exit 2 ;;
esac

missing=()
for pair in "${wanted[@]}"; do
	command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
done
if [[ $1 == runc ]]; then
	pkg-config --exists libseccomp 2>/dev/null || missing+=(libseccomp-dev libc6-dev)
elif file=$(command -v busybox) && ldd "$file" >/dev/null 2>&1; then
	missing+=(busybox-static) # a dynamic busybox cannot run in an empty image
fi
[[ ${#missing[@]} -eq 0 ]] && exit 0

say() { echo "need: $*" >&2; }
if ! command -v apt-get >/dev/null; then
	say "missing: ${missing[*]} (Debian's names); install them with your package manager"
	exit 0
fi
if [[ $EUID -ne 0 ]]; then
	say "missing: ${missing[*]}; run: sudo apt-get install ${missing[*]}"
	exit 0
fi
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1; }
install || { apt-get update -qq >/dev/null 2>&1 && install; } || say "apt-get could not install ${missing[*]}"
