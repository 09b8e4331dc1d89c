"""`make cost`: reckons docs/cost.md anew."""

from dev.cost import data, document

if __name__ == "__main__":
    document.PATH.write_text(document.current(data.load()), encoding="utf-8")
