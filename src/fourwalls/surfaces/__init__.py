"""What people see: command line, page, notebook. A surface only renders."""
