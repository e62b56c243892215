"""Files as merchants export them, into orders and news as told: sheets, mappings, columns, cells."""
