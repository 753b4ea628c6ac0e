"""What was measured so far, in a file: a run replaces the rows that it measures, and an interrupted one keeps what it has."""

import json
import os


class Store:
    """Rows of one machine with one set of versions. Rows of another are left out, since they compare with none of these."""

    def __init__(self, path, machine):
        self.path, self.machine, self.rows, self.left = path, machine, {}, []
        try:
            with open(path) as f:
                before = json.load(f)
        except FileNotFoundError:
            return
        # A run that leaves tools out does not know their versions: those of before stand.
        if all(before["machine"][name] == machine[name] for name in before["machine"].keys() & machine.keys()):
            self.rows, self.machine = before["rows"], before["machine"] | machine
        else:
            self.left = list(before["rows"])

    def keep(self, name, row):
        """Writes a row to the file, which is whole at every moment."""
        self.rows[name] = row
        making = f"{self.path}.making"
        with open(making, "w") as f:
            json.dump({"machine": self.machine, "rows": self.rows}, f, indent=1)
        os.replace(making, self.path)
