#!/usr/bin/env bash
# Makes dist/golens-VERSION-linux-ARCH.tar.gz: the program, and shims for the minor versions of
# torch from 2.10 to 2.15, so that a user needs no compiler. Each of these torchs is fetched into
# golens's cache, where none is found (about 0.6 GB each).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/setup/common.sh

torchs="2.10.0 2.11.0 2.12.1 2.13.0 2.14.1 2.15.0"
go build -o bin/golens ./cmd/golens
name=golens-$(bin/golens version | awk 'NR == 1 { sub(/\+.*/, "", $2); print $2 }')-linux-$(go env GOARCH)
rm -rf "dist/$name"
mkdir -p "dist/$name/bin" "dist/$name/lib/golens"
cp LICENSE README.md "dist/$name"
go build -trimpath -ldflags "-s -w" -o "dist/$name/bin/golens" ./cmd/golens
for version in $torchs; do
	ready=$(env -u LIBTORCH -u PYTHON bin/golens setup --torch "$version")
	cp "${ready##*: }" "dist/$name/lib/golens/"
done
tar -C dist -czf "dist/$name.tar.gz" "$name"
ls -l "dist/$name.tar.gz" "dist/$name/lib/golens" >&2
