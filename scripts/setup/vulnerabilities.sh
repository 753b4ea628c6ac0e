#!/usr/bin/env bash
# Looks for known vulnerabilities in what golens uses. Where the database cannot be
# reached (a closed network) it says so and succeeds; a finding is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if out=$(go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... 2>&1); then
	printf '%s\n' "$out"
	exit
fi
printf '%s\n' "$out"
case $out in
*"fetching vulnerabilities"*) echo "govulncheck: NOT RUN, its database is out of reach from here" ;;
*) exit 1 ;;
esac
