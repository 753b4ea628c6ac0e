"""Python's huggingface_hub beside golens, for the Go tests of this folder. The
environment names the hub and the cache.

    python.py read NAME [REV]     the folder of a cached model, without a network
    python.py download NAME FILE...  fetches these files
    python.py version ""          the library's version
    python.py verify NAME         compares the cache's checksums with the hub's
"""
import json
import sys

import huggingface_hub

command, name, *rest = sys.argv[1:]
if command == "version":
    print(huggingface_hub.__version__)
elif command == "read":
    print(huggingface_hub.snapshot_download(name, revision=(rest or [None])[0], local_files_only=True))
elif command == "download":
    print(huggingface_hub.snapshot_download(name, allow_patterns=rest))
else:
    found = huggingface_hub.HfApi().verify_repo_checksums(name)
    print(json.dumps({"checked": found.checked_count, "mismatches": len(found.mismatches), "extra": found.extra_paths}))
