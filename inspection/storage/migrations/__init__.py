"""Schema versions of the log, run by `inspection.storage.database.prepare`."""
