"""What a release consists of beside the module: notes, bill of materials, OCI image, schema, checksums."""
