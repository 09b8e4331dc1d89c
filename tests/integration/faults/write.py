"""`make faults`: plays the matrix, and writes down what came of it."""

import logging

from tests.integration.faults import document, played

if __name__ == "__main__":
    logging.disable()
    document.PATH.write_text(document.text(played.all_of_it()), encoding="utf-8")
