#!/usr/bin/env bash
# Makes dagger-lsp/base:latest, the image of the examples, out of Debian's static
# busybox, and puts it into the local image store. No registry is asked.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/need.sh demo

busybox=$(command -v busybox) || { echo "base-image: busybox is missing: apt-get install busybox-static" >&2; exit 1; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp,usr/bin,usr/lib,var/tmp}
chmod 1777 "$root/tmp" "$root/var/tmp"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
for applet in $("$busybox" --list); do
	[[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
done
echo 'root:x:0:0:root:/root:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
bin/dagger-lsp image import --rootfs "$root" --ref dagger-lsp/base:latest --env PATH=/usr/sbin:/usr/bin:/sbin:/bin
