"""An acceptance spec as people edit it: as a table, and line by line against another one."""
