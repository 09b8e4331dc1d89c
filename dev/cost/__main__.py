"""`make cost`: reckons docs/cost.md anew."""

import logging

from dev.cost import data, document

if __name__ == "__main__":
    logging.disable()  # SAM's translator speaks of itself
    document.PATH.write_text(document.current(data.load()), encoding="utf-8")
