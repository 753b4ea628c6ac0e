#!/usr/bin/env bash
# Looks for AVX instructions in weak symbols of the kernels' objects. Of a weak symbol (a
# template's or an inline function's) that several objects have, the linker keeps one: if that
# one was compiled for AVX-512, a processor without it ends at an illegal instruction.
# Usage: weak_symbols.sh [FOLDER], the sources; torch/kernel unless given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case $(uname -m) in
x86_64) ;;
*)
	echo "weak symbols: only x86-64 has several instruction sets here"
	exit
	;;
esac
from=${1:-torch/kernel}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for source in "$from"/*.cc; do
	# As in cgo's flags of torch/kernel/kernel.go.
	"${CXX:-g++}" -std=c++20 -O3 -g0 -fPIC -c "$source" -o "$work/$(basename "$source" .cc).o"
done
# Symbols that are weak (W, V) or unique (u), once for each object that has them.
nm "$work"/*.o | awk 'NF == 3 && $2 ~ /^[WVu]$/ { print $3 }' | sort | uniq -d >"$work/shared"
bad=0
for object in "$work"/*.o; do
	objdump -d --no-show-raw-insn "$object" | awk -v object="$(basename "$object")" -v list="$work/shared" '
		BEGIN { while ((getline name < list) > 0) shared[name] = 1 }
		/^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name); next }
		# VEX and EVEX instructions begin with v, and those on masks with k; ver* are older.
		(name in shared) && ($2 ~ /^(v|k(mov|and|or|not|x|shift|unpck|add|test))/) && $2 !~ /^ver[rw]$/ && !(name in told) {
			told[name] = 1; found = 1
			printf "weak symbols: %s in %s, which other objects have as well, holds %s\n", name, object, $2
		}
		END { exit found }' || bad=1
done
if [ "$bad" = 1 ]; then
	echo "weak symbols: give these functions internal linkage (an unnamed namespace, or static)" >&2
	exit 1
fi
echo "weak symbols: none of $(wc -l <"$work/shared") that kernels share holds AVX instructions"
