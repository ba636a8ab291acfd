"""What we claim about speed, memory and cost, as programs anyone can run: ``python -m bench.NAME``, or `make bench`."""
