"""How good a network is: its answers against labels, and the points it is run at."""
