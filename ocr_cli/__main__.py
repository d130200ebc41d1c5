"""`python -m ocr_cli` is `ocr`."""

from ocr_cli.cli.main import main

if __name__ == "__main__":
    main()
