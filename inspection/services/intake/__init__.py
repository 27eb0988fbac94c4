"""Photos that come by themselves or are fetched: watched folders, cameras of the network."""
