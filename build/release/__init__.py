"""Creates the files of a release: notes, bill of materials, OCI image, JSON Schema, checksums."""
