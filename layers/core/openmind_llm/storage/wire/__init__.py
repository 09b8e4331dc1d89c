"""A lean client of AWS's JSON protocols, as far as requests need it. See docs/adr/0018-lean-aws-client.md."""
