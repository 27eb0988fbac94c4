"""The command line, one module a subject. Same services as the pages."""
