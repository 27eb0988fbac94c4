"""`python -m inspection …`"""

from inspection.cli.main import main

if __name__ == "__main__":
    main()
