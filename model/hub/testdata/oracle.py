"""Python's huggingface_hub, for the Go tests of this folder.

    oracle.py cache           prints the cache's folder, which the environment chooses
    oracle.py find NAME [REV] prints the snapshot of a cached model, or an empty line
"""
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import huggingface_hub
from huggingface_hub import constants

if sys.argv[1] == "cache":
    print(constants.HF_HUB_CACHE)
else:
    try:
        found = huggingface_hub.try_to_load_from_cache(sys.argv[2], "config.json", revision=(sys.argv[3:] or [None])[0])
        print(os.path.dirname(found) if isinstance(found, str) else "")
    except huggingface_hub.errors.HFValidationError:
        print("")
