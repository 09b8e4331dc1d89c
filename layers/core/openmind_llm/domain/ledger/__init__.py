"""Who may spend what, and what was spent: holds before a provider is asked, charges after it has answered.

`granted = balance + held + charged` for each account at every moment; no write of this package can break it.
"""
