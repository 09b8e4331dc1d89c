"""What a load of many streams needs of AWS, second by second, and what it costs: the tables of docs/performance.md."""
