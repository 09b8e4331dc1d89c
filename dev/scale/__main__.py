"""`make scale`: reckons the tables of docs/performance.md anew."""

from dev.scale import document

if __name__ == "__main__":
    document.PATH.write_text(document.current(document.PATH.read_text(encoding="utf-8")), encoding="utf-8")
