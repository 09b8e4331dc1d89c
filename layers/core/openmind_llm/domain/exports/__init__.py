"""The ledger's settled rows as files that others reckon with: invoices, warehouses, spreadsheets."""
